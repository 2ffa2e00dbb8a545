"""Mending a damaged replica from one that verifies: never the reverse, and nothing is lost."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from tasks import wiring
from tasks.preservation import events
from tasks.preservation.copying import copied
from tasks.preservation.making import make_more
from tasks.preservation.upkeep import Standing, check, verify_signature
from tasks.preservation.workshop import Workshop
from tasks.records import Fence
from tasks.records.preservation import Package


def mend(
    shop: Workshop, fence: Fence, package: Package, standings: Sequence[Standing] = ()
) -> tuple[str, ...]:
    """Mend every damaged replica, and read all of them back.

    Replicas of one edition give each other the bytes, file by file, and each is hashed on its way;
    otherwise a new bag is made, see `make_more`. What was damaged is kept.

    Args:
        shop: the model's places and tools.
        fence: the pass's.
        package: what is mended.
        standings: how every replica just read back, whole; read again where left out.

    Returns:
        Where the damaged files were put, or the bags that a new one stands for.

    Raises:
        ReplicaDamaged: nothing holds the package; nothing was touched.
        ManifestSignatureRefused: the records don't agree with the signature; nothing was touched.
    """
    verify_signature(package)
    standings = standings or check(shop, fence, package)
    bad = [one for one in standings if not one.report.whole]
    kept: list[str] = []
    left: list[Standing] = []
    for one in bad:
        sources = _sources(one, standings)
        if sources is None or not one.place.archive.exists(one.copy.bag):
            left.append(one)
            continue
        kept.extend(_mend_files(one, sources))
        names = ", ".join(sorted({other.place.archive.name for other in sources.values()}))
        _tell(fence, package, one, f"mended from {names or 'the records'}: {one.report}")
    if left:
        make_more(shop, fence, package, [one.place for one in left], standings)
        for one in left:
            if one.place.archive.exists(one.copy.bag):
                kept.append(one.copy.archive.location(one.copy.bag))
            _tell(fence, package, one, f"a new bag was made: {one.report}")
    if bad:
        check(shop, fence, package)
    return tuple(kept)


def _sources(one: Standing, standings: Sequence[Standing]) -> Mapping[str, Standing] | None:
    """Path of a damaged payload file -> a replica of the same edition in which it is whole.

    None when there is none for some file. Two damaged replicas can mend each other.
    """
    twins = [
        other for other in standings if other is not one and other.copy.tags.id == one.copy.tags.id
    ]
    tags = one.copy.tags.files(one.copy.fetch)
    found: dict[str, Standing] = {}
    for path in (*one.report.missing, *one.report.altered):
        if path in tags:
            continue  # the records hold it
        for other in twins:
            if other.sampled is None and path not in (*other.report.missing, *other.report.altered):
                found[path] = other
                break
        else:
            return None
    return found


def _mend_files(bad: Standing, sources: Mapping[str, Standing]) -> tuple[str, ...]:
    """Put what is missing or altered from good bags, and what is foreign aside.

    Returns:
        Where what was set aside stands; empty when there was nothing, as for a missing file.
    """
    archive, bag = bad.copy.archive, bad.copy.bag
    aside = f"{bag}.damaged-{wiring.clock().now():%Y%m%dT%H%M%SZ}"
    expected = bad.copy.expected
    tags = bad.copy.tags.files(bad.copy.fetch)
    for path in bad.report.unlisted:
        archive.set_aside(bag, path, aside)
    for path in (*bad.report.missing, *bad.report.altered):
        if path in tags:
            archive.replace(bag, path, (tags[path],), aside)
            continue
        archive.replace(
            *bad.copy.where(path), copied(sources[path].copy, path, expected[path]), aside
        )
    with suppress(OSError):
        if archive.files(aside):
            return (archive.location(aside),)
    return ()


def _tell(fence: Fence, package: Package, one: Standing, detail: str) -> None:
    with wiring.book().writing(wiring.clock().now(), fence=fence) as writing:
        events.tell(
            writing, package, events.REPAIR, events.SUCCESS, detail=detail, replica=one.row.name
        )
