"""What a scoreboard is made of, and the rules by which a figure may stand in it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tasks.monitoring.core import wilson_95

PILOT, RETIRE, KEEP = "decided", "hard_retire", "keep_everything"
WAYS = (PILOT, RETIRE, KEEP)
CRITERIA = ("continuity", "safety", "cost", "preferences")


class Ground(StrEnum):
    """What a finding rests on."""

    MEASURED = "measured"
    DEFINED = "by definition"
    MODELLED = "modelled"
    NONE = "no evidence"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a figure comes from.

    Attributes:
        name: the source, in words.
        sha256: digest of what was read; empty where the records themselves were counted.
        query: how it is counted.
        window: from when to when, in words; empty where it is not of a time.
    """

    name: str
    query: str
    sha256: str = ""
    window: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of one way on one question.

    Attributes:
        ground: what it rests on.
        says: one sentence, or a figure in words.
        value: the figure; None where there is none.
        low: lower end of its interval (95 %), or of the modelled range.
        high: upper end.
        unit: of the figure: `share`, `calls`, `usd`, `grants`, ...
        hits: cases counted, of `of`.
        of: cases looked at.
        source: where it comes from; None for what is true by definition and for no evidence.
    """

    ground: Ground
    says: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    hits: int | None = None
    of: int | None = None
    source: Source | None = None

    def __post_init__(self) -> None:
        """Refuse what a scoreboard may not show.

        Raises:
            ValueError: a figure without a source, or a figure where there is no evidence.
        """
        shown = self.value is not None
        if self.ground in (Ground.MEASURED, Ground.MODELLED) and self.source is None:
            raise ValueError(f"{self.says!r} is {self.ground} and names no source")
        if self.ground is Ground.NONE and shown:
            raise ValueError(f"{self.says!r} has no evidence and shows a figure")
        if not self.says:
            raise ValueError("a finding has to say something")


@dataclass(frozen=True, slots=True)
class Line:
    """One question, and what is known of it for each way; several sources may each say something.

    Attributes:
        id: stable, for programs.
        criterion: one of `CRITERIA`.
        question: as a person asks it.
        ways: one of `WAYS` -> its findings, at least one each.
    """

    id: str
    criterion: str
    question: str
    ways: dict[str, tuple[Finding, ...]]

    def __post_init__(self) -> None:
        """Refuse a line that leaves a way out.

        Raises:
            ValueError: a way without a finding, or an unknown criterion.
        """
        if self.criterion not in CRITERIA or set(self.ways) != set(WAYS):
            raise ValueError(f"{self.id}: needs a criterion and all ways")
        if not all(self.ways.values()):
            raise ValueError(f"{self.id}: a way says nothing; say that there is no evidence")


@dataclass(frozen=True, slots=True)
class Scoreboard:
    """A model's scoreboard.

    Attributes:
        model_id: the model.
        decided: what was decided, in words; `not decided yet`.
        packet: digest of the signed packet; empty without one.
        as_of: time of the last recorded change, in words.
        last_day: last day of service, ISO.
        simulated: whether it tells of a simulation.
        lines: in the order of `CRITERIA`.
    """

    model_id: str
    decided: str
    packet: str
    as_of: str
    last_day: str
    simulated: bool
    lines: tuple[Line, ...]


def no_evidence(why: str) -> tuple[Finding, ...]:
    """Nothing is known, and why; one finding."""
    return (Finding(Ground.NONE, why),)


def defined(says: str, value: float | None = None, unit: str = "") -> tuple[Finding, ...]:
    """What is true of a way whatever happens; one finding."""
    return (Finding(Ground.DEFINED, says, value=value, unit=unit),)


def rate(hits: int, of: int, what: str, source: Source) -> Finding:
    """A measured share with Wilson's 95 % interval.

    Raises:
        ValueError: `of` is not positive, or `hits` is not among them.
    """
    low, high = wilson_95(hits, of)
    return Finding(
        Ground.MEASURED,
        f"{100 * hits / of:.2f} % {what}",
        value=hits / of,
        low=low,
        high=high,
        unit="share",
        hits=hits,
        of=of,
        source=source,
    )


def counts(lines: Sequence[Line]) -> dict[str, dict[Ground, int]]:
    """Way -> how many of its questions are answered by what. No score: a count of evidence."""
    found: dict[str, dict[Ground, int]] = {way: dict.fromkeys(Ground, 0) for way in WAYS}
    for line in lines:
        for way in WAYS:
            best = min(line.ways[way], key=lambda one: list(Ground).index(one.ground))
            found[way][best.ground] += 1
    return found


def interval(one: Finding) -> str:
    """`95 % interval 0.42 % to 1.84 %, 7 of 812`; of a model `24,000.00 to 48,000.00 USD`."""
    if one.low is None or one.high is None:
        return ""
    if one.ground is Ground.MODELLED:
        return f"{one.low:,.2f} to {one.high:,.2f} USD"
    of = f"; {one.hits:,} of {one.of:,}" if one.hits is not None and one.of is not None else ""
    return f"95 % interval {100 * one.low:.2f} % to {100 * one.high:.2f} %{of}"
