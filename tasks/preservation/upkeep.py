"""Reading replicas back, recording how they stand, and finding what can be copied from."""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from configs.schema.preservation import Form
from tasks import wiring
from tasks.kernel.errors import ReplicaDamaged, SourceRefused
from tasks.ports.cipher import Decipher
from tasks.ports.source import Source
from tasks.preservation import events
from tasks.preservation.core import FixityReport, some
from tasks.preservation.edition import BagTags
from tasks.preservation.fixity import Copy, choose_sample, read_back
from tasks.preservation.holdings import copy_of, replicas_of
from tasks.preservation.manifest import parse_payload
from tasks.preservation.packaging import Place, manifest_of
from tasks.preservation.restored_source import GatheredSource, RestoredSource
from tasks.preservation.sizes import sizes_of
from tasks.preservation.workshop import Workshop
from tasks.records import Fence
from tasks.records.book import Writing
from tasks.records.preservation import Package, Replica


@dataclass(frozen=True, slots=True)
class Standing:
    """A replica and how it read back.

    Attributes:
        place: its place.
        row: as it is recorded.
        copy: its bag, as it should be.
        report: what the read-back found.
        stamp: the bag's sizes and times before it was read.
        sampled: the files that were hashed; None for all.
    """

    place: Place
    row: Replica
    copy: Copy
    report: FixityReport
    stamp: str
    sampled: Sequence[str] | None = None

    @property
    def problem(self) -> str:
        """What is wrong with it, as far as is known; empty where nothing is.

        A sample that finds nothing takes nothing back of what was found before.
        """
        if self.sampled is not None and self.report.whole and self.row.state == "damaged":
            return self.row.problem or "damaged, as an earlier check found"
        return str(self.report)


def copies(shop: Workshop, package: Package) -> list[tuple[Place, Replica, Copy]]:
    """Every configured replica that is recorded, with its bag as it should be."""
    found: list[tuple[Place, Replica, Copy]] = []
    known: dict[str, BagTags] = {}
    with wiring.book().reading() as session:
        rows = replicas_of(session, package)
        for place in shop.places:
            row = rows.get(place.archive.name)
            if row is not None:
                copy = copy_of(session, place.archive, package, row, known.get(row.edition_id))
                known[row.edition_id] = copy.tags
                found.append((place, row, copy))
    return found


def check(
    shop: Workshop,
    fence: Fence,
    package: Package,
    *,
    fraction: float = 1.0,
    only: Container[str] | None = None,
) -> list[Standing]:
    """Read every recorded replica back, or `only` those of these names, and record how each stands.

    A sampled check (`fraction` below 1) that finds a fault marks the replica damaged; one that
    finds none makes no replica `verified` that was not.

    Raises:
        ConnectionError, TimeoutError: a place can't be asked now; the others' checks are recorded.
    """
    standings, away = [], None
    for place, row, copy in copies(shop, package):
        if only is not None and row.name not in only:
            continue
        sample = _sample(copy, fraction, row)
        try:
            stamp = place.archive.stamp(copy.bag)  # before the read: a change in it is seen later
            report = read_back(copy, only=sample, progress=shop.progress)
        except (ConnectionError, TimeoutError) as error:
            away = away or error  # the others are checked all the same
            continue
        standings.append(Standing(place, row, copy, report, stamp, sample))
    record_checks(fence, package, standings)
    if away is not None:
        raise away
    return standings


def _sample(copy: Copy, fraction: float, row: Replica) -> Sequence[str] | None:
    if fraction >= 1:
        return None
    seed = f"{row.package_id} {row.name} {wiring.clock().now().isoformat()}"
    paths = (path for path, _ in copy.entries())
    return choose_sample(paths, total=copy.total, fraction=fraction, seed=seed)


def record_checks(
    fence: Fence,
    package: Package,
    standings: Sequence[Standing],
    *,
    also: Callable[[Session], None] | None = None,
    new: bool = False,
) -> None:
    """Record read-backs, and the events that tell of them, in one transaction.

    Args:
        fence: the pass's.
        package: whose replicas.
        standings: how they read back.
        also: done in the same transaction.
        new: whether the bags were just written.
    """
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        for one in standings:
            if new:
                events.tell(
                    writing,
                    package,
                    events.REPLICATION,
                    events.SUCCESS,
                    detail=_written(writing, one.row),
                    replica=one.row.name,
                )
            _record_check(writing, package, one)
        if also is not None:
            also(writing.session)


def _written(writing: Writing, row: Replica) -> str:
    old = writing.session.get(Replica, (row.package_id, row.name))
    said = f"written to {row.location}"
    if old is None or old.location == row.location:
        return said
    return f"{said}, in place of {old.location}"


def _record_check(writing: Writing, package: Package, one: Standing) -> None:
    row, report, total = one.row, one.report, one.copy.total
    row.location, row.problem = one.copy.archive.location(one.copy.bag), one.problem
    if one.sampled is None:
        row.state, row.stamp = ("verified" if report.whole else "damaged"), one.stamp
        row.verified_at = writing.now
        scope = f"all {total} files"
    else:
        row.sampled_at = writing.now
        if not report.whole:
            row.state, row.stamp = "damaged", one.stamp
        scope = f"a sample of {len(one.sampled)} of {total} files"
    row = writing.put(writing.session.merge(row), f"preservation.replica_{row.state}")
    outcome = events.SUCCESS if report.whole else events.FAILURE
    said = f"{scope} read back; {'all as recorded' if report.whole else report}"
    events.tell(writing, package, events.FIXITY, outcome, detail=said, replica=row.name)


def plain_source(shop: Workshop, package: Package, standings: Sequence[Standing]) -> Source:
    """Where the payload can be had in plain: replicas, each file from one in which it is whole,
    those that verify first; else the source folder.

    Raises:
        ReplicaDamaged: nowhere.
    """
    decipher = wiring.decipher(shop.config.preservation)
    found, lost = _gather(package, standings, decipher)
    if not lost:
        return GatheredSource(found)
    try:
        folder = shop.source()
        if manifest_of(folder, shop.terms()) == package.manifest:
            return folder
        said = "the source folder holds other files now"
    except SourceRefused as error:
        said = str(error)
    told = [f"{one.place.archive.name}: {one.report}" for one in standings if not one.report.whole]
    told += [
        f"{one.place.archive.name} is encrypted and preservation.identity_file names no key"
        for one in standings
        if one.copy.tags.form is Form.AGE and decipher is None
    ]
    raise ReplicaDamaged(
        f"no replica that can be read here holds {some(lost)} of package {package.id[:12]} whole "
        f"({'; '.join(told)}), nor does the source ({said}); bring back a copy from outside"
    )


def _gather(
    package: Package, standings: Sequence[Standing], decipher: Decipher | None
) -> tuple[dict[str, RestoredSource], list[str]]:
    """Each file of the payload that is whole in a replica -> that replica; and the other files."""
    paths = sorted(parse_payload(package.manifest))
    found: dict[str, RestoredSource] = {}
    for one in sorted(standings, key=lambda one: not one.report.whole):
        if one.copy.tags.form is Form.AGE and decipher is None:
            continue
        try:
            source = RestoredSource(one.copy, sizes_of(package, one.copy), decipher)
        except OSError:  # of a time when sizes were not recorded, and a file is not there
            continue
        bad = {*one.report.missing, *one.report.altered}
        for path in paths:
            if path not in found and bad.isdisjoint(source.stored(path)):
                found[path] = source
    return found, [path for path in paths if path not in found]
