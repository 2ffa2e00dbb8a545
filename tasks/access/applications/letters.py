"""Which message is due to whom about an application. Pure.

The applicant is told of the last thing that happened, and of the end of a grant before it comes;
reviewers are told that somebody waits for them, and reminded of the deadline. Each once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from configs.schema.applications import ApplicationsConfig
from tasks.access.applications.clock import running_clock
from tasks.access.applications.states import GRANTING, RECEIVED, TOLD, Case
from tasks.kernel.digests import stable_id

REVIEWERS = "reviewers"


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that is due.

    Attributes:
        topic: what it is about; the same topic of the same application is one message.
        template: name of its template, without `application_` and the suffix.
        is_reminder: whether it comes again, of what was told before.
    """

    topic: str
    template: str
    is_reminder: bool = False

    @property
    def of_step(self) -> bool:
        """Whether it tells of a step, whose signature is proven first."""
        return self.template not in (REVIEWERS, "expires", "ended", "revoked")

    @property
    def to_reviewers(self) -> bool:
        """Whether it goes to the reviewers, and not to the applicant."""
        return self.template == REVIEWERS

    def id(self, case: Case) -> str:
        """Id of the message, and of the row that tells of it."""
        return stable_id(case.application.id, TOLD, self.topic)


def letters_due(
    case: Case, config: ApplicationsConfig, now: datetime, *, held: bool
) -> tuple[Letter, ...]:
    """What should be sent now about one application; `held`: whether a legal hold stands."""
    told = {e.reasons for e in case.events if e.kind == TOLD and e.receipt}
    of_term = _of_term(case, config, now, held=held)
    found = (*_of_steps(case), *of_term, *_to_reviewers(case, config, now))
    return tuple(letter for letter in found if letter.topic not in told)


def next_letter_at(case: Case, config: ApplicationsConfig, now: datetime) -> datetime | None:
    """The next instant at which time alone makes a message due, or lets a question lapse."""
    endings = _endings(case, config, held=False)  # a hold changes no instant
    instants = [at for at, _ in (*_reminders(case, config, now), *endings)]
    instants += [case.question_until] if case.question_until else []
    return min((at for at in instants if at > now), default=None)


def _of_steps(case: Case) -> Iterator[Letter]:
    """That it arrived, and the last thing that happened to it."""
    if case.state == "superseded":  # the receipt of the later one says so
        return
    yield Letter(RECEIVED, RECEIVED)
    if case.history:
        last = case.history[-1]
        kind = last.kind
        if kind in GRANTING:  # with the dates, once there are some
            kind = "accepted" if case.grant is not None else "accepted_waiting"
        yield Letter(f"{kind}:{last.id}", kind)


def _of_term(
    case: Case, config: ApplicationsConfig, now: datetime, *, held: bool
) -> Iterator[Letter]:
    """What is told of a grant's end: of all that is past, only the latest."""
    grant = case.grant
    if grant is None or case.ends_at is None:
        return
    if case.ends_at < grant.ends_at:
        if case.ends_at <= now:
            yield Letter("revoked", "revoked")
        return
    past = [letter for at, letter in _endings(case, config, held=held) if at <= now]
    yield from past[-1:]


def _endings(
    case: Case, config: ApplicationsConfig, *, held: bool
) -> list[tuple[datetime, Letter]]:
    """The end, and the days on which it is told before; anew when a hold came to stand since."""
    grant = case.grant
    if grant is None:
        return []
    before = [
        (
            grant.ends_at - timedelta(days=days),
            Letter(f"expires:{days}{':held' if held else ''}", "expires"),
        )
        for days in sorted(set(config.expiry_reminder_days), reverse=True)
    ]
    # one that falls before the grant begins would say no more than the acceptance
    kept = [(at, letter) for at, letter in before if at > grant.starts_at]
    return [*kept, (grant.ends_at, Letter("ended", "ended"))]


def _to_reviewers(case: Case, config: ApplicationsConfig, now: datetime) -> Iterator[Letter]:
    past = [letter for at, letter in _reminders(case, config, now) if at <= now]
    yield from past[-1:]


def _reminders(
    case: Case, config: ApplicationsConfig, now: datetime
) -> list[tuple[datetime, Letter]]:
    clock = running_clock(case, now)
    if clock is None or clock.due_at is None:
        return []
    at_once = (clock.started_at, Letter(f"{REVIEWERS}:{clock.started_by}", REVIEWERS))
    later = [
        (
            clock.due_at - timedelta(days=days),
            Letter(f"{REVIEWERS}:{clock.started_by}:{days}", REVIEWERS, is_reminder=True),
        )
        for days in sorted(set(config.reminder_days_before_deadline), reverse=True)
    ]
    return [at_once, *((at, letter) for at, letter in later if at > clock.started_at)]
