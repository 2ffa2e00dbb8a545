"""Prefect tasks of the preservation stage. Each is safe to repeat and to kill anywhere."""

import contextlib
from collections.abc import Sequence
from functools import partial

from prefect import task
from prefect.cache_policies import NO_CACHE

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.kernel.errors import ReplicaDamaged, SourceRefused
from tasks.kernel.retry import is_transient
from tasks.ports.archive import Archive
from tasks.ports.source import Source
from tasks.preservation.bagging import (
    BagSource,
    bag_name,
    package_of,
    read_back,
    write_bags,
)
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
    """Make every replica that is not there yet, and read all of them back.

    The first time the source is the configured folder, read once; after that a replica that
    verifies, so that a changed folder can't slip into an existing package. The package is
    recorded only when one of its bags reads back whole.

    Raises:
        SourceRefused, OSError: see `write_bags`; no replica was marked good.
        ReplicaDamaged: no bag reads back whole.
    """
    with wiring.book().reading() as session:
        package = latest_package(session, config.id)
    archives = wiring.archives(config.preservation)
    for archive in archives:
        archive.sweep(config.id)
    if package is None:
        package = _first_bags(config, archives)
        _check(config, fence, package, new=True)
        return
    bag = bag_name(config.id, package.id)
    absent = [archive for archive in archives if not archive.exists(bag)]
    if absent:
        _copy_to(config, package, absent, _good_source(config, package, archives))
    _check(config, fence, package)


def _first_bags(config: RetirementConfig, archives: tuple[Archive, ...]) -> Package:
    now = wiring.clock().now()
    with wiring.book().reading() as session:
        simulated = is_simulated(session, config.id)
    info = partial(
        render_info,
        date=f"{now:%Y-%m-%d}",
        model=config.id,
        display_name=config.display_name,
        simulated=simulated,
    )
    source = wiring.source(config.preservation)
    bagged = write_bags(source, archives, model_id=config.id, info=info, aside=_suffix())
    return Package(
        id=bagged.package_id,
        model_id=config.id,
        manifest=bagged.manifest,
        bag_info=bagged.info,
        files=bagged.files,
        bytes=bagged.bytes,
        source_folder=str(config.preservation.source_folder),
        created_at=now,
    )


def _copy_to(
    config: RetirementConfig, package: Package, archives: Sequence[Archive], source: Source
) -> None:
    write_bags(
        source,
        archives,
        model_id=config.id,
        info=lambda *_: package.bag_info.encode(),
        aside=_suffix(),
        expect=package.id,
    )


def _good_source(
    config: RetirementConfig, package: Package, archives: tuple[Archive, ...]
) -> Source:
    """A replica that reads back whole, or the configured folder if it still holds the package.

    Raises:
        ReplicaDamaged: neither; nothing was touched.
    """
    bag, problems = bag_name(config.id, package.id), []
    for archive in archives:
        report = read_back(archive, bag, package.manifest, package.bag_info)
        if report.whole:
            return BagSource(archive, bag)
        problems.append(f"{archive.name}: {report}")
    folder = wiring.source(config.preservation)
    with contextlib.suppress(SourceRefused):
        if package_of(folder) == package.id:
            return folder
    raise ReplicaDamaged(
        f"no replica of package {package.id[:12]} verifies ({'; '.join(problems)}), nor does the "
        "source folder hold it; nothing was overwritten; bring back a copy from outside"
    )


def _check(config: RetirementConfig, fence: Fence, package: Package, *, new: bool = False) -> None:
    """Read every replica back, and record it; a replica is `verified` only by this."""
    book, clock = wiring.book(), wiring.clock()
    bag, rows = bag_name(config.id, package.id), []
    for archive in wiring.archives(config.preservation):
        stamp = archive.stamp(bag)  # before the read: a change during it is seen by the next pass
        report = read_back(archive, bag, package.manifest, package.bag_info)
        row = Replica(
            package_id=package.id,
            name=archive.name,
            model_id=config.id,
            location=archive.location(bag),
            state="verified" if report.whole else "damaged",
            stamp=stamp,
            verified_at=clock.now(),
            problem=str(report),
        )
        rows.append(row)
    if new and all(row.state == "damaged" for row in rows):
        said = "; ".join(f"{row.name}: {row.problem}" for row in rows)
        raise ReplicaDamaged(f"no bag reads back as it was written ({said}); check the disks")
    with book.writing(clock.now(), fence=fence) as writing:
        if new:
            writing.put(package, "preservation.packaged")
        for row in rows:
            writing.put(writing.session.merge(row), f"preservation.replica_{row.state}")


@task(name="repair replicas", cache_policy=NO_CACHE)
def repair(config: RetirementConfig, fence: Fence) -> tuple[str, ...]:
    """Set damaged bags aside and copy them anew from what still holds the package.

    Returns:
        Where the damaged bags were put.

    Raises:
        ReplicaDamaged: nothing holds it; nothing was touched.
    """
    with wiring.book().reading() as session:
        package = latest_package(session, config.id)
    if package is None:
        return ()
    bag, archives = bag_name(config.id, package.id), wiring.archives(config.preservation)
    good = _good_source(config, package, archives)
    bad = [
        archive
        for archive in archives
        if not read_back(archive, bag, package.manifest, package.bag_info).whole
    ]
    aside = [archive.set_aside(bag, _suffix()) for archive in bad if archive.exists(bag)]
    if bad:
        _copy_to(config, package, bad, good)
    _check(config, fence, package)
    return tuple(aside)


def _suffix() -> str:
    return f"damaged-{wiring.clock().now():%Y%m%dT%H%M%SZ}"
