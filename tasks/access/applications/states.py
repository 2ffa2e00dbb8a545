"""An application's life: which step may follow which, and who may take it. Pure.

    received -> accepted | declined | asked -> answered -> accepted | declined
    declined -> appealed -> upheld | overturned

An applicant withdraws while nothing is decided; an application from the same file, changed, takes
the place of one that is not decided (superseded); a question that stays open lapses (expired).
Decisions are signed; an appeal is decided by another person, with another key, than the decision.
"""

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from configs.schema.applications import ApplicationsConfig
from tasks.kernel.digests import canonical_json, digest_of, stable_id
from tasks.records.access import Grant, Revocation
from tasks.records.application import Application, ApplicationEvent

RECEIVED = "received"
FILE = "file"  # source of an application that stands as a file in git
TOLD = "told"
#: How the receipt begins of a message that its receiver's side refused for good.
UNDELIVERED = "not delivered:"
#: Reason for declining where no access decision grants research; not a published criterion.
NO_PROGRAMME = "NO-PROGRAMME"

_UNDECIDED = frozenset(("asked", "accepted", "declined", "withdrawn", "superseded"))
#: Step -> the steps that may follow it.
STEPS: dict[str, frozenset[str]] = {
    RECEIVED: _UNDECIDED,
    "asked": frozenset(("answered", "withdrawn", "superseded", "expired")),
    "answered": _UNDECIDED,
    "accepted": frozenset(),
    "declined": frozenset(("appealed",)),
    "appealed": frozenset(("upheld", "overturned", "withdrawn")),
    "upheld": frozenset(),
    "overturned": frozenset(),
    "withdrawn": frozenset(),
    "superseded": frozenset(),
    "expired": frozenset(),
}
SIGNED = frozenset(("asked", "accepted", "declined", "upheld", "overturned"))
GRANTING = frozenset(("accepted", "overturned"))
DECIDING = frozenset(("accepted", "declined", "upheld", "overturned"))
TO_DECIDE = frozenset((RECEIVED, "answered"))
#: Not decided, and neither given up.
OPEN = TO_DECIDE | {"asked"}


@dataclass(frozen=True, slots=True)
class Terms:
    """What was published when an application came, and holds for it until its end.

    Attributes:
        criteria: `{id, text, kind}` of each criterion.
        answer_within_days: from receipt to an answer.
        question_open_days: from a question until the application lapses.
        appeal_within_days: from being told to an appeal.
        appeal_answer_within_days: from an appeal to its answer.
    """

    criteria: tuple[dict[str, str], ...]
    answer_within_days: int
    question_open_days: int
    appeal_within_days: int
    appeal_answer_within_days: int

    @classmethod
    def of(cls, config: ApplicationsConfig) -> "Terms":
        """The terms in force."""
        return cls(
            tuple(criterion.model_dump() for criterion in config.criteria),
            config.answer_within_days,
            config.question_open_days,
            config.appeal_within_days,
            config.appeal_answer_within_days,
        )

    @classmethod
    def from_text(cls, text: str) -> "Terms":
        """The inverse of `to_text`."""
        body = json.loads(text)
        return cls(**{**body, "criteria": tuple(body["criteria"])})

    def to_text(self) -> str:
        """Canonical JSON."""
        return canonical_json({**asdict(self), "criteria": list(self.criteria)}).decode()

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of all criteria."""
        return tuple(criterion["id"] for criterion in self.criteria)

    @property
    def required(self) -> tuple[str, ...]:
        """Ids of the criteria that an acceptance must affirm."""
        return tuple(c["id"] for c in self.criteria if c["kind"] == "required")


@dataclass(frozen=True, slots=True)
class Case:
    """One application and all that came of it.

    Attributes:
        application: as it was received.
        events: all of its events, oldest first.
        grant: what was granted upon it.
        programme: the `research_api` grant of the access decision under which it was accepted.
        revocation: a person's act that ended its grant early, or its programme's.
        renewed: the grant that it would prolong.
        renewed_under: the `research_api` grant under which that one was given.
    """

    application: Application
    events: tuple[ApplicationEvent, ...] = ()
    grant: Grant | None = None
    programme: Grant | None = None
    revocation: Revocation | None = None
    renewed: Grant | None = None
    renewed_under: Grant | None = None

    @property
    def terms(self) -> Terms:
        """What stood when it came."""
        return Terms.from_text(self.application.terms)

    @property
    def history(self) -> tuple[ApplicationEvent, ...]:
        """Its steps, oldest first; messages are none."""
        return tuple(event for event in self.events if event.kind != TOLD)

    @property
    def state(self) -> str:
        """The step that it took last; `received` before the first."""
        return self.history[-1].kind if self.history else RECEIVED

    @property
    def last_id(self) -> str:
        """Id of its last step, or its own before the first."""
        return self.history[-1].id if self.history else self.application.id

    @property
    def decided(self) -> ApplicationEvent | None:
        """The first decision: accepted or declined."""
        return next((e for e in self.history if e.kind in ("accepted", "declined")), None)

    def told_at(self, topic: str) -> datetime | None:
        """When a message on a topic was delivered; None if it was not yet."""
        found = (e for e in self.events if e.kind == TOLD and e.reasons == topic)
        arrived = (e for e in found if e.receipt and not e.receipt.startswith(UNDELIVERED))
        return next((event.at for event in arrived), None)

    @property
    def undelivered(self) -> tuple[ApplicationEvent, ...]:
        """Messages that were refused for good."""
        return tuple(e for e in self.events if e.receipt.startswith(UNDELIVERED))

    @property
    def appeal_until(self) -> datetime | None:
        """Until when a decline can be appealed; None while the applicant was not told of it."""
        last = self.history[-1] if self.history else None
        if last is None or last.kind != "declined":
            return None
        told = self.told_at(f"declined:{last.id}")
        return told + timedelta(days=self.terms.appeal_within_days) if told else None

    @property
    def question_until(self) -> datetime | None:
        """Until when the applicant may answer; None while nothing is asked."""
        if self.state != "asked":
            return None
        return self.history[-1].at + timedelta(days=self.terms.question_open_days)

    @property
    def ends_at(self) -> datetime | None:
        """When its grant ends or ended, revoked or not; None without one."""
        return end_of(self.grant, self.programme) if self.grant else None


@dataclass(frozen=True, slots=True)
class Act:
    """A step that somebody wants to take.

    Attributes:
        kind: `asked`, `answered`, `accepted`, `declined`, `appealed`, `upheld`, `overturned`,
            `withdrawn`.
        words: question, answer or grounds, in the person's own words.
        reasons: ids of criteria: those affirmed, or those that are not met.
    """

    kind: str
    words: str = ""
    reasons: tuple[str, ...] = field(default=())


def application_id(model_id: str, said: dict[str, Any]) -> str:
    """The same applicant saying the same of the same model makes the same application.

    Args:
        model_id: the model.
        said: all fields of the form but version and model.
    """
    who = {name: folded(str(said[name])) for name in ("applicant", "contact")}
    return stable_id("application", model_id, digest_of({**said, **who}))


def folded(name: str) -> str:
    """A name for comparing: case, width and space make no other person."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def same_hand(one: Application, other: Application) -> bool:
    """Whether one hand surely made two applications: the same file in git, of the same applicant.

    A name and an address prove nothing, since anybody can write somebody else's; neither does who
    typed it in. Who may change a file is for git to tell. In it a name or an address may be mended.
    """
    alike = (
        folded(one.applicant) == folded(other.applicant),
        folded(one.contact) == folded(other.contact),
    )
    same_file = one.source == other.source == FILE and one.entered_by == other.entered_by
    return same_file and any(alike)


def beside(case: Case, cases: Sequence[Case]) -> tuple[Case, ...]:
    """Other open applications for the same address, while this one is open too."""
    if case.state not in OPEN:
        return ()
    contact = folded(case.application.contact)
    return tuple(
        one
        for one in cases
        if one.state in OPEN
        and one.application.id != case.application.id
        and folded(one.application.contact) == contact
    )


def replaced_by(case: Case, cases: Sequence[Case]) -> tuple[Case, ...]:
    """The applications whose place this one took."""
    given_way = (one for one in cases if one.state == "superseded")
    return tuple(one for one in given_way if one.history[-1].words == case.application.id)


def truncated(case: Case, event: ApplicationEvent) -> Case:
    """The case as it was before one of its steps; messages stay."""
    place = case.history.index(event)
    kept = {one.id for one in case.history[:place]}
    events = tuple(one for one in case.events if one.kind == TOLD or one.id in kept)
    return replace(case, events=events)


def end_of(grant: Grant, under: Grant | None) -> datetime:
    """When a grant ends, by its term, its revocation, or that of the one it was given under."""
    early = [one.revoked_at for one in (grant, under) if one and one.revoked_at]
    return min([grant.ends_at, *early])
