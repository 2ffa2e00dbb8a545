"""Mending damaged replicas from files that are whole: never the reverse, and nothing is lost."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from tasks import wiring
from tasks.kernel.errors import EmeritusError, ReplicaDamaged, told
from tasks.kernel.retry import is_transient_fault
from tasks.preservation import events
from tasks.preservation.copying import copied, is_taken
from tasks.preservation.core import legible
from tasks.preservation.making import make_more
from tasks.preservation.trust import verify_signature
from tasks.preservation.upkeep import Standing, check, copies
from tasks.preservation.workshop import Workshop
from tasks.records import Fence
from tasks.records.preservation import Package


@dataclass
class _Done:
    """What was tried.

    Attributes:
        how: replica -> what was done to it.
        kept: where what was damaged stands.
        problems: what failed.
    """

    how: dict[str, str] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def failed(self, error: EmeritusError | OSError) -> None:
        said = told(error) if isinstance(error, OSError) else str(error)
        self.problems.append(legible(said))


def mend(
    shop: Workshop, fence: Fence, package: Package, standings: Sequence[Standing] = ()
) -> tuple[str, ...]:
    """Mend every damaged replica, and read back what was changed.

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
        ReplicaDamaged: a replica is still damaged, and why; the others are mended.
        ManifestSignatureRefused: the records don't agree with the signature; nothing was touched.
    """
    verify_signature(package)
    standings = standings or check(shop, fence, package)
    bad = [one for one in standings if not one.report.whole]
    if not bad:
        return ()
    done = _Done()
    try:
        standings = _mend_by_file(shop, fence, package, standings, done)
        left = [o.place for o in standings if not o.report.whole and o.row.name not in done.how]
        if left:
            make_more(shop, fence, package, left, standings)
    except (EmeritusError, OSError) as error:
        done.failed(error)
    _conclude(shop, fence, package, bad, done)
    return tuple(done.kept)


def _mend_by_file(
    shop: Workshop, fence: Fence, package: Package, standings: Sequence[Standing], done: _Done
) -> list[Standing]:
    """Mend what the twins of a replica can give.

    Returns:
        How every replica stands now; those that were mended are read back.
    """
    for one in standings:
        sources = None if one.report.whole else _sources(one, standings)
        if sources is None:
            continue
        names = sorted({other.place.archive.name for other in sources.values()})
        done.how[one.row.name] = f"mended from {', '.join(names) or 'the records'}"
        try:
            _mend_files(one, sources, done.kept)
        except (EmeritusError, OSError) as error:
            done.failed(error)
    again = {}
    if done.how:
        again = {one.row.name: one for one in check(shop, fence, package, only=done.how)}
    return [again.get(one.row.name, one) for one in standings]


def _sources(one: Standing, standings: Sequence[Standing]) -> Mapping[str, Standing] | None:
    """Path of a damaged payload file -> a replica of the same edition in which it is whole.

    None when there is none for some file, or no bag that could be mended. Two damaged replicas can
    mend each other.
    """
    try:
        one.copy.archive.files(one.copy.bag)
    except OSError as error:
        if is_transient_fault(error):
            raise
        return None
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


def _mend_files(bad: Standing, sources: Mapping[str, Standing], kept: list[str]) -> None:
    """Put what is missing or altered from good bags, and what is foreign aside.

    Args:
        bad: the replica.
        sources: see `_sources`.
        kept: gets the place where what was set aside stands, if there was anything.
    """
    archive, bag = bad.copy.archive, bad.copy.bag
    aside = f"{bag}.damaged-{wiring.clock().now():%Y%m%dT%H%M%SZ}"
    wanted = {*bad.report.missing, *bad.report.altered}
    expected = {path: sha256 for path, sha256 in bad.copy.entries() if path in wanted}
    tags = bad.copy.tags.files(bad.copy.fetch)
    try:
        for path in bad.report.unlisted:
            archive.set_aside(bag, path, aside)
        for path in (*bad.report.missing, *bad.report.altered):
            if path in tags:
                archive.replace(bag, path, tags[path].parts(), aside)
                continue
            archive.replace(
                *bad.copy.where(path), copied(sources[path].copy, path, expected[path]), aside
            )
    finally:
        with suppress(OSError):
            if any(archive.files(aside)):
                kept.append(archive.location(aside))


def _conclude(
    shop: Workshop, fence: Fence, package: Package, bad: Sequence[Standing], done: _Done
) -> None:
    """Tell of each replica that was damaged how it stands now, as it was read back last.

    Raises:
        ReplicaDamaged: one is still damaged.
    """
    now = {row.name: (row, copy) for _, row, copy in copies(shop, package)}
    said, left = [], {}
    for one in bad:
        row, copy = now[one.row.name]
        if copy.bag != one.copy.bag and is_taken(one.copy.archive, one.copy.bag):
            left[row.name] = one.copy.archive.location(one.copy.bag)
            done.kept.append(left[row.name])
    with wiring.book().writing(wiring.clock().now(), fence=fence) as writing:
        for one in bad:
            row, _ = now[one.row.name]
            if row.state == "verified":
                how = done.how.get(row.name, f"a new bag was made, {row.location}")
                if row.name in left:
                    how += f"; {left[row.name]} is left as it was"
                outcome, detail = events.SUCCESS, f"{how}: {one.report}"
            else:
                outcome, detail = events.FAILURE, f"still damaged: {row.problem}"
                said.append(f"replica {row.name} is {detail} (in {row.location})")
            events.tell(writing, package, events.REPAIR, outcome, detail=detail, replica=row.name)
    if said:
        kept = f"what was damaged is kept in {', '.join(done.kept)}"
        said += [*done.problems, kept if done.kept else "nothing was overwritten"]
        raise ReplicaDamaged("; ".join(said))
