"""What the records, and a look at sizes and times, say of the preserved copies."""

from datetime import datetime

from sqlmodel import Session, col, select

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.kernel.stages import Assessment
from tasks.ports.archive import Archive
from tasks.preservation.core import DrillView, Holdings, ReplicaView, assess_preservation
from tasks.preservation.description import missing_topics
from tasks.preservation.description_files import exists
from tasks.preservation.events import DRILL, SUCCESS
from tasks.preservation.golden_rows import all_failed, look
from tasks.preservation.holdings import bag_of, replicas_of
from tasks.preservation.place_faults import telling_replica
from tasks.records import Book
from tasks.records.latest import latest_package
from tasks.records.preservation import Package, PreservationEvent, Replica


def replica_view(archive: Archive, package: Package, row: Replica | None) -> ReplicaView:
    """One replica as it is recorded, and whether its files were touched since."""
    bag = bag_of(package, row)
    location = archive.location(bag)
    if row is None:
        return ReplicaView(archive.name, location, "absent")
    with telling_replica([archive]):
        touched = row.location != location or row.stamp != archive.stamp(bag)
    return ReplicaView(
        archive.name,
        location,
        row.state,
        touched,
        row.verified_at,
        row.problem,
        row.sampled_at,
    )


def holdings_of(config: RetirementConfig, session: Session) -> Holdings:
    """What is held of a model. Reads records, sizes and times; no content."""
    package = latest_package(session, config.id)
    if package is None:
        golden = look(config, session)
        return Holdings(
            missing=(*missing_topics(config, exists), *all_failed(config, golden)),
            golden_left=len(golden.left) if golden else 0,
        )
    rows = replicas_of(session, package)
    return Holdings(
        package_id=package.id,
        replicas=[
            replica_view(archive, package, rows.get(archive.name))
            for archive in wiring.archives(config.preservation)
        ],
        drill=last_drill(session, package),
    )


def last_drill(session: Session, package: Package) -> DrillView | None:
    """The last restore drill of a package."""
    event = session.exec(
        select(PreservationEvent)
        .where(PreservationEvent.package_id == package.id, PreservationEvent.kind == DRILL)
        .order_by(col(PreservationEvent.at).desc())
    ).first()
    return DrillView(event.outcome == SUCCESS, event.at, event.detail) if event else None


def assess(config: RetirementConfig, book: Book, now: datetime) -> Assessment:
    """How the stage stands."""
    with book.reading() as session:
        holdings = holdings_of(config, session)
    return assess_preservation(config.preservation, holdings, model_id=config.id, now=now)
