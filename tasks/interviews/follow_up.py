"""Follow-up waves: which one is due, what it asks, and how it stands. Pure.

A follow-up asks the registered design's neutral questions once more, in its settings, after the
model's last day. It is registered like a design, before its first call, and its conversations bear
its digest: no answer of it counts in a verdict. Its preamble says that the day is past, so the
words around the questions differ from those of the first waves; whoever compares has to say so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from configs.schema.candidate import CandidateConfig
from configs.schema.follow_up import FollowUpConfig
from configs.schema.instrument import Instrument
from tasks.interviews.design import Planned
from tasks.interviews.sheets import sheets_of
from tasks.kernel.instants import start_of
from tasks.kernel.stages import Assessment, blocked, done, due, waiting
from tasks.records.follow_up import FollowUp
from tasks.records.interview import Conversation

NOT_REACHED = "not_reached"

WORDS = (
    "Your last day of service, {last_day}, is past. You were asked the questions below before that "
    "day; they are asked once more now, {days} days after it, in the same words. What you answered "
    "then is not shown, and answering as before is expected as little as answering otherwise."
)


@dataclass(frozen=True, slots=True)
class Due:
    """One follow-up wave by the configuration.

    Attributes:
        number: from 1.
        days: after the last day.
        at: when it may be asked.
    """

    number: int
    days: int
    at: datetime


def last_day(candidate: CandidateConfig) -> datetime:
    """The first instant after which no surface serves the model, UTC."""
    return start_of(max(s.retires_on for s in candidate.surfaces) + timedelta(days=1))


def waves_of(config: FollowUpConfig, candidate: CandidateConfig) -> tuple[Due, ...]:
    """All follow-up waves, in order."""
    start = last_day(candidate)
    return tuple(
        Due(number, days, start + timedelta(days=days))
        for number, days in enumerate(config.days_after, start=1)
    )


def next_wave(
    waves: Sequence[Due], rows: Sequence[FollowUp], now: datetime
) -> tuple[Due | None, Due | None]:
    """The wave to be registered now, and the next one that lies ahead.

    Of several that were missed only the latest is asked: the one before it would be asked on the
    same day, and tell nothing of its own.

    Args:
        waves: all waves.
        rows: those registered.
        now: the present.
    """
    known = max((row.number for row in rows), default=0)
    past = [wave for wave in waves if wave.at <= now and wave.number > known]
    ahead = next((wave for wave in waves if wave.at > now and wave.number > known), None)
    return (past[-1] if past else None), ahead


def body_of(
    design: Mapping[str, Any],
    design_digest: str,
    instrument_sha256: str,
    wave: Due,
    *,
    model: str,
    facts: Mapping[str, str],
) -> dict[str, Any]:
    """What is registered; JSON values. The same wave of the same design gives one digest.

    Args:
        design: the registered design's body.
        design_digest: its digest.
        instrument_sha256: of the instrument as it is now.
        wave: the follow-up.
        model: as the endpoint knows it.
        facts: what is so of the model by now; a date may have moved since the interviews.
    """
    return {
        "follow_up": wave.number,
        "days_after": wave.days,
        "design_sha256": design_digest,
        "model": model,
        "instrument_sha256": instrument_sha256,
        "words": WORDS,
        "facts": dict(facts),
        "themes": design["themes"],
        "contexts": design["contexts"],
        "wave": design["waves"] + wave.number - 1,
    }


def calls_of(
    body: Mapping[str, Any], digest: str, design: Mapping[str, Any], instrument: Instrument
) -> tuple[Planned, ...]:
    """The conversations of a follow-up: every theme, in every setting of the design."""
    return sheets_of(design, digest, instrument, body["themes"], int(body["wave"]))


def as_asked(instrument: Instrument, body: Mapping[str, Any], last: datetime) -> Instrument:
    """The instrument with the words that tell what is so by now."""
    day = (last - timedelta(days=1)).date().isoformat()
    said = str(body["words"]).format(last_day=day, days=body["days_after"])
    return instrument.model_copy(update={"preamble": f"{instrument.preamble} {said}"})


def left_of(
    calls: Sequence[Planned], rows: Mapping[str, Conversation], most: int
) -> tuple[Planned, ...]:
    """The calls still to be made within the ceiling; none once it is reached.

    Args:
        calls: all of the follow-up.
        rows: conversation id -> its row.
        most: ceiling of calls, tries counted.
    """
    left = [call for call in calls if call.id not in rows or not rows[call.id].is_over]
    spent = sum(row.attempts for row in rows.values())
    return tuple(left[: max(0, most - spent)])


def assess_open(number: int, left: int, *, answered: int, over: bool) -> Assessment:
    """How a follow-up stands that is registered and not ended.

    Args:
        number: which one.
        left: conversations still to be held.
        answered: those with an answer.
        over: whether no more call is made; see `tasks.records.follow_up.nothing_to_ask`.
    """
    which = f"follow-up {number}"
    if over and not answered:
        return due(f"{which}: the model was not reached; it is to be recorded so")
    if over:
        return waiting(f"{which}: its answers are to be coded and compared")
    return due(f"{which}: {left} conversations to be held")


def assess_rest(
    registered: Sequence[FollowUp], coming: Due | None, calls: int, most: int
) -> Assessment:
    """How follow-ups stand while none is under way."""
    if calls > most:
        return blocked(
            f"a follow-up has {calls} conversations, more than interviews.follow_up.max_calls "
            f"({most}); raise it"
        )
    missed = sum(row.outcome == NOT_REACHED for row in registered)
    held = f"follow-ups held: {len(registered) - missed}"
    if missed:
        held += f", not reached: {missed}"
    if coming is None:
        return done(held)
    return done(f"{held}; the next on {coming.at.date()}", coming.at)
