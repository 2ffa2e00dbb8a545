"""What the records, and a look at sizes and times, say of the preserved copies."""

from datetime import datetime

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.kernel.stages import Assessment
from tasks.ports.archive import Archive
from tasks.preservation.bagging import bag_name
from tasks.preservation.core import ReplicaView, assess_preservation
from tasks.records import Book
from tasks.records.latest import latest_package
from tasks.records.preservation import Package, Replica


def replica_view(archive: Archive, package: Package, row: Replica | None) -> ReplicaView:
    """One replica as it is recorded, and whether its files were touched since."""
    bag = bag_name(package.model_id, package.id)
    location = archive.location(bag)
    if row is None:
        return ReplicaView(archive.name, location, "absent")
    touched = row.location != location or row.stamp != archive.stamp(bag)
    return ReplicaView(archive.name, location, row.state, touched, row.verified_at, row.problem)


def assess(config: RetirementConfig, book: Book, now: datetime) -> Assessment:
    """How the stage stands. Reads records, and the replicas' sizes and times; no content."""
    replicas = []
    with book.reading() as session:
        package = latest_package(session, config.id)
        if package is not None:
            replicas = [
                replica_view(archive, package, session.get(Replica, (package.id, archive.name)))
                for archive in wiring.archives(config.preservation)
            ]
    return assess_preservation(
        config.preservation,
        model_id=config.id,
        package_id=package.id if package else "",
        replicas=replicas,
        now=now,
    )
