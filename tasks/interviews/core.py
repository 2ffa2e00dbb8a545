"""Which wave is due, and what stops it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tasks.interviews.design import Planned
from tasks.kernel.instants import to_minute
from tasks.kernel.stages import Assessment, blocked, done, due, waiting


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a registered design got.

    Attributes:
        calls: those of every wave that can be planned so far.
        outcomes: conversation id -> outcome; `asked` is one that is to be asked (again).
        waves: waves of the design.
        planned_waves: waves that can be planned so far.
        whole: whether no wave comes after them.
        next_opens_at: when the next wave with something to ask opens; None if none is left.
        exhausted: why no call may be made any more, or empty.
        settled: themes that are asked about no more.
    """

    calls: Sequence[Planned]
    outcomes: Mapping[str, str]
    waves: int
    planned_waves: int
    whole: bool
    next_opens_at: datetime | None
    exhausted: str
    settled: int


def outstanding(
    calls: Sequence[Planned], outcomes: Mapping[str, str], wave: int
) -> tuple[Planned, ...]:
    """The calls of a wave that are still to be made.

    Args:
        calls: all of the plan so far.
        outcomes: conversation id -> outcome; `asked` is one whose answer never came.
        wave: from 0.
    """
    return tuple(c for c in calls if c.wave == wave and outcomes.get(c.id, "asked") == "asked")


def next_wave(calls: Sequence[Planned], outcomes: Mapping[str, str]) -> int | None:
    """The first wave with calls still to be made; None when all are over."""
    left = [c.wave for c in calls if outcomes.get(c.id, "asked") == "asked"]
    return min(left, default=None)


def assess_interviews(progress: Progress, now: datetime) -> Assessment:
    """How the stage stands once its design is registered."""
    wave, opens = next_wave(progress.calls, progress.outcomes), progress.next_opens_at
    if wave is None and progress.whole:
        return done(_told(progress))
    if wave is None:
        before = f"the coding of wave {progress.planned_waves}"
        which = f"interview wave {progress.planned_waves + 1} of {progress.waves}"
        if opens is not None and opens > now:
            return waiting(f"{which} on {to_minute(opens)}, after {before}", opens)
        return waiting(f"{before}: {which} follows from it")
    which = f"interview wave {wave + 1} of {progress.waves}"
    if opens is not None and opens > now:
        return waiting(f"{which} on {to_minute(opens)}", opens)
    if progress.exhausted:
        return blocked(progress.exhausted)
    left = len(outstanding(progress.calls, progress.outcomes, wave))
    return due(f"{which}: {left} conversations to be held")


def assess_plan(least: int, max_calls: int, departures: Sequence[str]) -> Assessment | None:
    """What stops the stage before any call: a ceiling, or a changed design; None for nothing.

    Args:
        least: calls of the design without any probe.
        max_calls: the ceiling that is, or would be, registered.
        departures: settings in which the configuration departs from the registered design.
    """
    if departures:
        return blocked(
            f"the configuration changed {', '.join(departures)} after the design was registered; "
            "put the old values back: answers to two designs can't be judged as one"
        )
    if least > max_calls:
        return blocked(
            f"the design has {least} conversations before any probe, more than "
            f"interviews.max_calls ({max_calls}); raise the ceiling, or ask with fewer contexts, "
            "paraphrases or waves, or about more themes a conversation"
        )
    return None


def _told(progress: Progress) -> str:
    counts: dict[str, int] = {}
    for outcome in progress.outcomes.values():
        counts[outcome] = counts.get(outcome, 0) + 1
    tally = ", ".join(f"{n} {outcome}" for outcome, n in sorted(counts.items()))
    waves = max((call.wave + 1 for call in progress.calls), default=0)
    early = f"; {progress.settled} themes settled early" if waves < progress.waves else ""
    return f"{len(progress.calls)} conversations in {waves} waves; {tally}{early}"
