"""How a model is withdrawn at the gateway."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, model_validator

from configs.schema.base import Section
from configs.schema.candidate import CandidateConfig

# In a `Link` header a URL stands between < and >, and at nginx between quotes, where $ begins a
# variable: nothing may end it early or add to it. Write other characters percent-encoded.
Url = Annotated[
    str, Field(pattern=r"^(https?://[A-Za-z0-9._~:/?#\[\]@!&()*+,;=%-]+)?$", max_length=500)
]
_CALLER = r"^(token_id|key_alias|team_id|user_id):[^\s]+$"
_ONE_LINE = r"^[^\x00-\x1f\x7f]*$"

_MOST_BROWNOUT = timedelta(hours=72)


class Brownout(Section):
    """A stretch of time in which the gateway answers 410 to whoever has no grant."""

    starts_at: AwareDatetime = Field(
        description="First instant, with its offset, such as 2027-02-01T10:00:00Z."
    )
    minutes: int = Field(ge=1, le=1440, description="How long it lasts.")


class BrownoutSeries(Section):
    """Brownouts that grow towards the last day, and move with it."""

    days_before: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        default=(), description="Days before the last day; one brownout each, such as [28, 14, 7]."
    )
    minutes: tuple[Annotated[int, Field(ge=1, le=1440)], ...] = Field(
        default=(), description="How long each lasts, in the same order, such as [10, 60, 240]."
    )
    at_utc: str = Field(
        default="10:00",
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$",
        description="Time of day at which each begins; one at which somebody is at work.",
    )

    @model_validator(mode="after")
    def _one_length_each(self) -> Self:
        if len(self.days_before) != len(self.minutes):
            raise ValueError(
                f"{len(self.days_before)} days_before and {len(self.minutes)} minutes; give each "
                "day its minutes"
            )
        return self


class Redirect(Section):
    """One owner's consent that their calls go to another model instead of being refused."""

    owner: str = Field(min_length=1, max_length=120, description="As in candidate.owners.")
    callers: tuple[Annotated[str, Field(pattern=_CALLER, max_length=200)], ...] = Field(
        min_length=1,
        description="How the gateway knows their calls: `token_id:`, `key_alias:`, `team_id:` or "
        "`user_id:`, and what LiteLLM holds for the key that is used.",
    )
    target: str = Field(
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="The model, as the gateway names it, that answers instead.",
    )
    starts_on: date = Field(description="From 00:00 UTC of this day; brownouts included.")
    days: int = Field(
        default=90, ge=1, description="For how long; after that they are refused as others are."
    )
    consented_on: date = Field(description="Day on which they agreed.")
    consented_by: str = Field(min_length=1, max_length=120, description="Person who agreed.")
    evidence: str = Field(
        min_length=1,
        max_length=500,
        description="Where the consent can be seen: an address, a message's id, a document.",
    )

    @model_validator(mode="after")
    def _consent_comes_first(self) -> Self:
        if self.starts_on < self.consented_on:
            raise ValueError(
                f"starts_on ({self.starts_on}) is before consented_on ({self.consented_on}); "
                "nobody is redirected before they agreed"
            )
        return self


class WithdrawalConfig(Section):
    """Headers, brownouts and redirects on the way to the last day."""

    surface: str = Field(
        default="",
        max_length=60,
        description="Which of candidate.surfaces this gateway serves; its date counts. Empty for "
        "the one with the latest date, so that nobody is cut off early.",
    )
    information_url: Url = Field(
        default="",
        description="Page that tells callers of the deprecation (`rel=deprecation`); empty for "
        "none.",
    )
    policy_url: Url = Field(
        default="",
        description="Page on how models are withdrawn in general (`rel=sunset`); empty for none.",
    )
    successor_url: Url = Field(
        default="",
        description="Page or resource of the successor (`rel=successor-version`); empty for none.",
    )
    contact: str = Field(
        default="",
        max_length=200,
        pattern=_ONE_LINE,
        description="Whom refused callers can ask; empty for communication.sender.",
    )
    brownouts: tuple[Brownout, ...] = Field(
        default=(), description="Brownouts at set instants, beside the series."
    )
    brownout_series: BrownoutSeries = Field(
        default=BrownoutSeries(), description="Brownouts counted back from the last day."
    )
    brownout_lead_days: int = Field(
        default=14,
        ge=1,
        le=365,
        description="Shortest time between the day on which every owner was told of a brownout and "
        "its first day; one that any of them was told of later does not begin.",
    )
    redirects: tuple[Redirect, ...] = Field(
        default=(), description="Owners who agreed to be redirected; nobody else ever is."
    )

    @model_validator(mode="after")
    def _one_redirect_a_caller(self) -> Self:
        callers = [caller for redirect in self.redirects for caller in redirect.callers]
        twice = sorted({caller for caller in callers if callers.count(caller) > 1})
        if twice:
            raise ValueError(f"{twice[0]} stands in two redirects; name each caller once")
        return self


_HERE = ("access", "withdrawal")
Problem = tuple[tuple[str | int, ...], str]  # where, and what is wrong and how to mend it


def last_day(candidate: CandidateConfig, withdrawal: WithdrawalConfig) -> date:
    """The last day of service on the gateway's surface. Pure."""
    named = [s.retires_on for s in candidate.surfaces if s.name == withdrawal.surface]
    return max(named or [surface.retires_on for surface in candidate.surfaces])


def sunset_of(candidate: CandidateConfig, withdrawal: WithdrawalConfig) -> datetime:
    """The first instant without service: midnight UTC that ends the last day. Pure."""
    last = min(last_day(candidate, withdrawal), date.max - timedelta(days=1))  # "never"
    return _midnight(last + timedelta(days=1))


def brownout_windows(
    candidate: CandidateConfig, withdrawal: WithdrawalConfig
) -> list[tuple[datetime, datetime]]:
    """All brownouts as (first instant, first instant after), by time, touching ones joined. Pure.

    What reaches beyond the sunset is cut there: from then on it is no brownout.
    """
    sunset = sunset_of(candidate, withdrawal)
    found = sorted((s, min(e, sunset)) for _, s, e in _placed(candidate, withdrawal) if s < sunset)
    joined: list[tuple[datetime, datetime]] = []
    for start, end in found:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def withdrawal_problems(
    candidate: CandidateConfig, withdrawal: WithdrawalConfig, names: tuple[str, ...]
) -> Iterator[Problem]:
    """What of the plan can't be kept beside the candidate's dates, each with its place. Pure.

    Args:
        candidate: dates and owners.
        withdrawal: the plan.
        names: every name under which the gateway serves the model.
    """
    surfaces = [surface.name for surface in candidate.surfaces]
    if withdrawal.surface and withdrawal.surface not in surfaces:
        known = ", ".join(surfaces)
        yield (*_HERE, "surface"), f"{withdrawal.surface!r} is no surface; candidate has {known}"
        return
    yield from _brownout_problems(candidate, withdrawal)
    owners = [owner.name for owner in candidate.owners]
    for index, redirect in enumerate(withdrawal.redirects):
        place = (*_HERE, "redirects", index)
        if redirect.owner not in owners:
            yield (
                (*place, "owner"),
                f"{redirect.owner!r} is not in candidate.owners; add them there",
            )
        if redirect.starts_on < candidate.announced_on:
            told = f"before the announcement ({candidate.announced_on}); begin then or later"
            yield (*place, "starts_on"), f"{redirect.starts_on} is {told}"
        if redirect.target in names:
            yield (*place, "target"), f"{redirect.target!r} is the model that is withdrawn"


def _brownout_problems(
    candidate: CandidateConfig, withdrawal: WithdrawalConfig
) -> Iterator[Problem]:
    earliest = _midnight(candidate.announced_on + timedelta(days=candidate.notice_floor_days))
    led = _midnight(candidate.announced_on + timedelta(days=withdrawal.brownout_lead_days))
    sunset = sunset_of(candidate, withdrawal)
    for where, start, end in _placed(candidate, withdrawal):
        if start < earliest:
            yield (
                (*_HERE, *where),
                f"the brownout of {start:%Y-%m-%d %H:%M} UTC lies within notice_floor_days "
                f"({candidate.notice_floor_days}) after the announcement, for which callers were "
                f"promised service; begin on {earliest:%Y-%m-%d} or later",
            )
        elif start < led:
            yield (
                (*_HERE, *where),
                f"the brownout of {start:%Y-%m-%d %H:%M} UTC begins fewer than "
                f"{withdrawal.brownout_lead_days} days (brownout_lead_days) after the announcement "
                f"({candidate.announced_on}), on which owners are told of it; begin on "
                f"{led:%Y-%m-%d} or later",
            )
        if end > sunset - timedelta(days=1):
            yield (
                (*_HERE, *where),
                f"the brownout that ends on {end:%Y-%m-%d %H:%M} UTC reaches into the last day of "
                "service or beyond, too late for anybody to act on; end it before "
                f"{sunset - timedelta(days=1):%Y-%m-%d}",
            )
    dark = sum((end - start for start, end in brownout_windows(candidate, withdrawal)), timedelta())
    if dark > _MOST_BROWNOUT:
        yield (
            (*_HERE, "brownouts"),
            f"all brownouts together last {dark / timedelta(hours=1):.0f} hours, more than "
            f"{_MOST_BROWNOUT / timedelta(hours=1):.0f}: a reminder is no withdrawal; shorten them",
        )


def _placed(
    candidate: CandidateConfig, withdrawal: WithdrawalConfig
) -> Iterator[tuple[tuple[str | int, ...], datetime, datetime]]:
    """Each brownout with its place in the file."""
    for index, brownout in enumerate(withdrawal.brownouts):
        start = brownout.starts_at.astimezone(UTC)
        yield ("brownouts", index), start, start + timedelta(minutes=brownout.minutes)
    series = withdrawal.brownout_series
    last = last_day(candidate, withdrawal)
    for index, (days, minutes) in enumerate(zip(series.days_before, series.minutes, strict=True)):
        day = datetime.combine(last - timedelta(days=days), time.fromisoformat(series.at_utc), UTC)
        yield ("brownout_series", "days_before", index), day, day + timedelta(minutes=minutes)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
