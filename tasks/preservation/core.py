"""Which replica is whole, and what is due. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from itertools import groupby
from operator import itemgetter

from configs.schema.preservation import PreservationConfig
from tasks.kernel.instants import to_minute
from tasks.kernel.stages import Assessment, blocked, done, due

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class FixityReport:
    """How recomputed digests compare with a manifest; paths, sorted."""

    missing: tuple[str, ...]
    altered: tuple[str, ...]
    unlisted: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """True when every listed file is there, unaltered, and no other."""
        return not (self.missing or self.altered or self.unlisted)

    def __str__(self) -> str:
        parts = [("missing", self.missing), ("altered", self.altered), ("unlisted", self.unlisted)]
        return "; ".join(f"{what}: {some(paths)}" for what, paths in parts if paths)


def legible(text: str) -> str:
    """Text in which bytes that are no UTF-8, and what does not print, stand as escapes.

    A foreign file may have any name; records, terminals and logs take only text.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def some(paths: Sequence[str]) -> str:
    """The first of many paths, legibly: a sentence is for people."""
    more = len(paths) - _MOST_NAMED
    named = ", ".join(legible(path) for path in paths[:_MOST_NAMED])
    return named + (f" and {more} more" if more > 0 else "")


@dataclass(frozen=True, slots=True)
class ReplicaView:
    """One configured replica as the records and a look at the disk show it.

    Attributes:
        name: its name in the configuration.
        location: where it stands.
        state: `absent` (never made), `verified` or `damaged`.
        touched: whether sizes or times differ from those of the last read-back.
        verified_at: end of the last full read-back; None when absent.
        problem: what the last read-back found.
        sampled_at: end of the last sampled read-back; None without one.
    """

    name: str
    location: str
    state: str
    touched: bool = False
    verified_at: datetime | None = None
    problem: str = ""
    sampled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DrillView:
    """The last restore drill of the package.

    Attributes:
        passed: whether it passed.
        at: when it ended.
        said: what it proved, or found.
    """

    passed: bool
    at: datetime
    said: str


@dataclass(frozen=True, slots=True)
class Holdings:
    """All that the stage's assessment rests on.

    Attributes:
        package_id: empty until a package counts.
        replicas: in the configuration's order.
        missing: required topics that are not told, as clauses; only asked without a package.
        golden_left: calls of golden prompts that are not asked yet; likewise.
        drill: the last one, or None.
    """

    package_id: str = ""
    replicas: Sequence[ReplicaView] = ()
    missing: Sequence[str] = ()
    golden_left: int = 0
    drill: DrillView | None = None


def side_by_side(
    expected: Iterable[tuple[str, str]], found: Iterable[str]
) -> Iterator[tuple[str, str, bool]]:
    """What should be there beside what is, without holding either.

    Args:
        expected: paths and their SHA-256, sorted by path.
        found: paths, sorted; one may stand twice.

    Yields:
        Path, its digest or empty where it is not expected, and whether it is there; sorted.
    """
    both = merge(((path, 0, sha256) for path, sha256 in expected),
                 ((path, 1, "") for path in found))  # fmt: skip
    for path, of in groupby(both, key=itemgetter(0)):
        told = list(of)
        yield path, told[0][2], told[-1][1] == 1


def assess_preservation(
    config: PreservationConfig, holdings: Holdings, *, model_id: str, now: datetime
) -> Assessment:
    """How the stage stands."""
    if not holdings.package_id:
        return _before_packaging(config, holdings)
    work = _due_work(config, holdings.replicas, now)
    if work is not None:
        return due(work)
    replicas = holdings.replicas
    damaged = [replica for replica in replicas if replica.state == "damaged"]
    if damaged:
        return blocked(_damage(damaged, len(replicas)), f"emeritus repair {model_id}")
    drill = _drill(config, holdings.drill, model_id, now)
    if isinstance(drill, Assessment):
        return drill
    names = ", ".join(replica.name for replica in replicas)
    next_look = min(_next_checks(config, replicas, now))
    return done(
        f"package {holdings.package_id[:12]} in {len(replicas)} verified replicas ({names}); "
        f"{drill}next fixity check {to_minute(next_look)}",
        next_look,
    )


def _due_work(
    config: PreservationConfig, replicas: Sequence[ReplicaView], now: datetime
) -> str | None:
    """What a pass can do about the replicas now."""
    absent = [replica.name for replica in replicas if replica.state == "absent"]
    if absent:
        return f"replica {', '.join(absent)} is to be made"
    touched = [replica.name for replica in replicas if replica.touched]
    if touched:
        return f"files of replica {', '.join(touched)} changed since they were last read"
    next_full, next_sample = _next_checks(config, replicas, now)
    if next_full <= now:
        return "fixity is to be checked"
    return "fixity of a sample is to be checked" if next_sample <= now else None


def sample_is_due(
    config: PreservationConfig, replicas: Sequence[ReplicaView], now: datetime
) -> bool:
    """Whether a sample is all that is to be read back now."""
    if any(r.state == "absent" or r.touched for r in replicas):
        return False
    next_full, next_sample = _next_checks(config, replicas, now)
    return next_sample <= now < next_full


def drill_is_due(config: PreservationConfig, drill: DrillView | None, now: datetime) -> bool:
    """Whether the package is to be restored and tried."""
    if config.drill is None:
        return False
    return drill is None or drill.at + timedelta(hours=config.drill.interval_hours) <= now


def _before_packaging(config: PreservationConfig, holdings: Holdings) -> Assessment:
    if holdings.missing:
        return blocked(f"preservation: {'; '.join(holdings.missing)}")
    if holdings.golden_left:
        return due(f"{holdings.golden_left} answers to golden prompts are to be asked")
    what = config.source_folder or "the answers to golden prompts (no weights are held)"
    return due(f"{what} is to be preserved")


def _next_checks(
    config: PreservationConfig, replicas: Sequence[ReplicaView], now: datetime
) -> tuple[datetime, datetime]:
    """When the next full check is due, and the next sampled one (never after the full one)."""
    full = timedelta(hours=config.fixity_interval_hours)
    next_full = min(r.verified_at or now for r in replicas) + full
    if not config.sampled_fixity_interval_hours:
        return next_full, next_full
    sample = timedelta(hours=config.sampled_fixity_interval_hours)
    read = [max(filter(None, (r.verified_at, r.sampled_at)), default=now) for r in replicas]
    return next_full, min(next_full, min(read) + sample)


def _drill(
    config: PreservationConfig, drill: DrillView | None, model_id: str, now: datetime
) -> Assessment | str:
    if config.drill is None:
        return ""
    if drill_is_due(config, drill, now):
        return due("the package is to be restored and tried (restore drill)")
    assert drill is not None, "one that is not due was made"
    if not drill.passed:
        return blocked(f"restore drill failed: {drill.said}", f"emeritus drill {model_id}")
    return f"restored and tried on {drill.at:%Y-%m-%d}; "


def _damage(damaged: Sequence[ReplicaView], total: int) -> str:
    said = " | ".join(f"replica {r.name}: {r.problem} (in {r.location})" for r in damaged)
    if len(damaged) == total:
        return f"{said}; no replica verifies: bring back a copy from outside before anything else"
    return f"{said}; repair it from a replica that verifies"
