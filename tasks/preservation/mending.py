"""Mending a damaged replica from one that verifies: never the reverse, and nothing is lost."""

from collections.abc import Sequence
from contextlib import suppress

from tasks import wiring
from tasks.preservation import events
from tasks.preservation.copying import copied
from tasks.preservation.making import make_bags
from tasks.preservation.upkeep import Standing, check, plain_source, verify_signature
from tasks.preservation.workshop import AGENT, Workshop
from tasks.records import Fence
from tasks.records.preservation import Package


def mend(shop: Workshop, fence: Fence, package: Package) -> tuple[str, ...]:
    """Mend every damaged replica, and read all of them back.

    A replica of the same edition gives the bytes, file by file, and each is hashed on its way;
    otherwise a new bag is made from a replica that can be read in plain, or from the source folder
    while it still holds the package. What was damaged is kept.

    Returns:
        Where the damaged files were put, or the bags that a new one stands for.

    Raises:
        ReplicaDamaged: nothing holds the package; nothing was touched.
        ManifestSignatureRefused: the records don't agree with the signature; nothing was touched.
    """
    verify_signature(package)
    standings = check(shop, fence, package)
    bad = [one for one in standings if not one.report.whole]
    kept: list[str] = []
    left: list[Standing] = []
    for one in bad:
        good = _same_edition(one, standings)
        if good is None or not one.place.archive.exists(one.copy.bag):
            left.append(one)
        else:
            kept.extend(_mend_files(one, good))
            _tell(fence, package, one, f"mended from {good.place.archive.name}: {one.report}")
    if left:
        places = [one.place for one in left]
        make_bags(shop, fence, places, lambda: plain_source(shop, package, standings),
                  package=package)  # fmt: skip
        for one in left:
            kept.append(one.copy.archive.location(one.copy.bag))
            _tell(fence, package, one, f"a new bag was made: {one.report}")
    if bad:
        check(shop, fence, package)
    return tuple(kept)


def _same_edition(one: Standing, standings: Sequence[Standing]) -> Standing | None:
    return next(
        (
            other
            for other in standings
            if other.report.whole and other.copy.tags.id == one.copy.tags.id
        ),
        None,
    )


def _mend_files(bad: Standing, good: Standing) -> tuple[str, ...]:
    """Put what is missing or altered from a good bag, and what is foreign aside.

    Returns:
        Where what was set aside stands; empty when there was nothing, as for a missing file.
    """
    archive, bag = bad.copy.archive, bad.copy.bag
    aside = f"{bag}.damaged-{wiring.clock().now():%Y%m%dT%H%M%SZ}"
    expected = bad.copy.expected()
    tags = bad.copy.tags.files(bad.copy.fetch)
    for path in bad.report.unlisted:
        archive.set_aside(bag, path, aside)
    for path in (*bad.report.missing, *bad.report.altered):
        if path in tags:
            archive.replace(bag, path, (tags[path],), aside)
            continue
        where = bad.copy.origins.get(path, (bag, path)) if bad.copy.fetch else (bag, path)
        archive.replace(*where, copied(good.copy, path, expected[path]), aside)
    with suppress(OSError):
        if archive.files(aside):
            return (archive.location(aside),)
    return ()


def _tell(fence: Fence, package: Package, one: Standing, detail: str) -> None:
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        events.tell(
            writing,
            package,
            events.REPAIR,
            events.SUCCESS,
            detail=detail,
            agent=AGENT,
            at=now,
            replica=one.row.name,
        )
