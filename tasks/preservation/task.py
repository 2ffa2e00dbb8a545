"""Prefect tasks of the preservation stage. Each is safe to repeat and to kill anywhere."""

from collections.abc import Callable
from functools import partial

from prefect import task
from prefect.cache_policies import NO_CACHE

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.kernel.errors import ReplicaDamaged
from tasks.kernel.retry import is_transient
from tasks.ports.archive import Archive
from tasks.preservation.bagging import BagSource, bag_name, read_back, write_bags
from tasks.preservation.manifest import render_info
from tasks.records import Fence
from tasks.records.latest import is_simulated, latest_package
from tasks.records.preservation import Package, Replica


@task(
    name="preserve weights",
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=is_transient,
    cache_policy=NO_CACHE,
)
def preserve(config: RetirementConfig, fence: Fence) -> None:
    """Write every replica that is not there yet, from one read of the source.

    The first time the source is the configured folder; once a package is recorded, a replica
    that verifies, so that a changed folder can't slip into an existing package.

    Raises:
        SourceRefused, OSError: see `write_bags`; no replica was marked good.
    """
    with wiring.book().reading() as session:
        package = latest_package(session, config.id)
    archives = wiring.archives(config.preservation)
    for archive in archives:
        archive.sweep()
    if package is None:
        package = _package(config, fence, archives)
    _make_absent(config, fence, package, archives)
    check_replicas(config, fence)


def _package(config: RetirementConfig, fence: Fence, archives: tuple[Archive, ...]) -> Package:
    now = wiring.clock().now()
    bagged = write_bags(
        wiring.source(config.preservation),
        archives,
        model_id=config.id,
        info=_info(config),
    )
    package = Package(
        id=bagged.package_id,
        model_id=config.id,
        manifest=bagged.manifest,
        files=bagged.files,
        bytes=bagged.bytes,
        source_folder=str(config.preservation.source_folder),
        created_at=now,
    )
    with wiring.book().writing(now, fence=fence) as writing:
        return writing.put(package, "preservation.packaged")


def _make_absent(
    config: RetirementConfig, fence: Fence, package: Package, archives: tuple[Archive, ...]
) -> None:
    """Copy from a replica that verifies into every place that has no bag."""
    bag = bag_name(config.id, package.id)
    absent = [archive for archive in archives if not archive.exists(bag)]
    if not absent:
        return
    good = _verified(package, bag, archives)
    write_bags(
        BagSource(good, bag),
        absent,
        model_id=config.id,
        info=_info(config),
        expect=package.id,
    )


def _verified(package: Package, bag: str, archives: tuple[Archive, ...]) -> Archive:
    problems = []
    for archive in archives:
        report = read_back(archive, bag, package.manifest)
        if report.whole:
            return archive
        problems.append(f"{archive.name}: {report}")
    raise ReplicaDamaged(
        f"no replica of package {package.id[:12]} verifies ({'; '.join(problems)}); nothing was "
        "overwritten; bring back a copy from outside"
    )


@task(name="check fixity", cache_policy=NO_CACHE)
def check_fixity(config: RetirementConfig, fence: Fence) -> None:
    """Read every replica back, hash it, and record what was found."""
    check_replicas(config, fence)


def check_replicas(config: RetirementConfig, fence: Fence) -> None:
    """Read every replica back; a replica is `verified` only by this. Reads, and records."""
    book, clock = wiring.book(), wiring.clock()
    with book.reading() as session:
        package = latest_package(session, config.id)
    assert package is not None, "preserve comes first"
    bag = bag_name(config.id, package.id)
    for archive in wiring.archives(config.preservation):
        stamp = archive.stamp(bag)  # before the read: a change during it is seen by the next pass
        report = read_back(archive, bag, package.manifest)
        with book.writing(clock.now(), fence=fence) as writing:
            row = writing.session.get(Replica, (package.id, archive.name)) or Replica(
                package_id=package.id,
                name=archive.name,
                model_id=config.id,
                location="",
                state="",
                stamp="",
                verified_at=clock.now(),
            )
            row.location, row.stamp = archive.location(bag), stamp
            row.state = "verified" if report.whole else "damaged"
            row.problem, row.verified_at = str(report), clock.now()
            writing.put(row, f"preservation.replica_{row.state}")


@task(name="repair replicas", cache_policy=NO_CACHE)
def repair(config: RetirementConfig, fence: Fence) -> tuple[str, ...]:
    """Set damaged bags aside and copy them anew from a replica that verifies.

    Returns:
        Where the damaged bags were put.

    Raises:
        ReplicaDamaged: no replica verifies; nothing was touched.
    """
    with wiring.book().reading() as session:
        package = latest_package(session, config.id)
    if package is None:
        return ()
    bag, archives = bag_name(config.id, package.id), wiring.archives(config.preservation)
    good = _verified(package, bag, archives)
    aside = []
    for archive in archives:
        if archive is good or not archive.exists(bag):
            continue
        if not read_back(archive, bag, package.manifest).whole:
            suffix = f"damaged-{wiring.clock().now():%Y%m%dT%H%M%SZ}"
            aside.append(archive.set_aside(bag, suffix))
    _make_absent(config, fence, package, archives)
    check_replicas(config, fence)
    return tuple(aside)


def _info(config: RetirementConfig) -> Callable[[int, int], bytes]:
    with wiring.book().reading() as session:
        simulated = is_simulated(session, config.id)
    return partial(
        render_info,
        simulated=simulated,
        date=f"{wiring.clock().now():%Y-%m-%d}",
        model=config.id,
        display_name=config.display_name,
    )
