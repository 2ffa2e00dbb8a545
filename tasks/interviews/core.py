"""Which wave is due, and what stops it. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tasks.interviews.design import Planned, wave_opens_at
from tasks.kernel.instants import to_minute
from tasks.kernel.stages import Assessment, blocked, done, due, waiting


def outstanding(
    planned: Sequence[Planned], outcomes: Mapping[str, str], wave: int
) -> tuple[Planned, ...]:
    """The conversations of a wave that are still to be held.

    Args:
        planned: all conversations of the design.
        outcomes: conversation id -> outcome; `asked` is one whose answer never came.
        wave: from 0.
    """
    return tuple(p for p in planned if p.wave == wave and outcomes.get(p.id, "asked") == "asked")


def next_wave(planned: Sequence[Planned], outcomes: Mapping[str, str]) -> int | None:
    """The first wave that has conversations to be held; None when all are over."""
    left = [p.wave for p in planned if outcomes.get(p.id, "asked") == "asked"]
    return min(left, default=None)


def assess_interviews(
    body: dict[str, Any],
    planned: Sequence[Planned],
    outcomes: Mapping[str, str],
    first_asked: dict[int, datetime],
    now: datetime,
) -> Assessment:
    """How the stage stands once its design is registered.

    Args:
        body: the registered body.
        planned: all conversations of the design.
        outcomes: conversation id -> outcome.
        first_asked: when the first question of each wave asked so far went out.
        now: the current instant.
    """
    wave = next_wave(planned, outcomes)
    total = body["waves"]
    if wave is None:
        return done(f"{len(planned)} conversations in {total} waves; {_tally(outcomes)}")
    left = len(outstanding(planned, outcomes, wave))
    opens = wave_opens_at(body, wave, first_asked)
    if opens > now:
        return waiting(f"interview wave {wave + 1} of {total} on {to_minute(opens)}", opens)
    return due(f"wave {wave + 1} of {total}: {left} conversations to be held")


def assess_plan(conversations: int, max_calls: int, departures: Sequence[str]) -> Assessment | None:
    """What stops the stage before any call: a ceiling, or a changed design; None for nothing.

    Args:
        conversations: planned ones.
        max_calls: the configured ceiling.
        departures: settings in which the configuration departs from the registered design.
    """
    if departures:
        return blocked(
            f"the configuration changed {', '.join(departures)} after the design was registered; "
            "put the old values back: answers to two designs can't be judged as one"
        )
    if conversations > max_calls:
        return blocked(
            f"the design has {conversations} conversations, more than interviews.max_calls "
            f"({max_calls}); raise the ceiling, or ask fewer themes, contexts or waves"
        )
    return None


def _tally(outcomes: Mapping[str, str]) -> str:
    counts: dict[str, int] = {}
    for outcome in outcomes.values():
        counts[outcome] = counts.get(outcome, 0) + 1
    return ", ".join(f"{n} {outcome}" for outcome, n in sorted(counts.items()))
