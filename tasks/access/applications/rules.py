"""Which act is possible, by whom, and the bytes that they sign. Pure."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from configs.schema.application import LONGEST_WORDS, check_line, check_words
from tasks.access.applications.states import (
    DECIDING,
    GRANTING,
    NO_PROGRAMME,
    STEPS,
    Act,
    Case,
    end_of,
    folded,
    truncated,
)
from tasks.kernel.digests import canonical_json, digest_of
from tasks.kernel.errors import DecisionRefused
from tasks.kernel.instants import to_minute
from tasks.records.access import Grant
from tasks.records.application import ApplicationEvent

#: Namespace of signatures under decisions: one made for another purpose does not count here.
APPLICATION_NAMESPACE = "emeritus-application@v1"
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What an act rests on beside the application.

    Attributes:
        now: the instant.
        programme: the `research_api` grant in force, if there is one.
        held: whether a legal hold stands.
    """

    now: datetime
    programme: Grant | None
    held: bool


def tidied(case: Case, act: Act) -> Act:
    """The act with its words trimmed, and its reasons once each, in the criteria's order."""
    words = unicodedata.normalize("NFC", act.words.replace("\r\n", "\n")).strip()
    known = (*case.terms.ids, NO_PROGRAMME)
    unknown = tuple(reason for reason in act.reasons if reason not in known)
    return Act(act.kind, words, tuple(one for one in known if one in act.reasons) + unknown)


def before(case: Case, act: Act) -> Case:
    """The case as a tidied act finds it: without its last step where that is this very act.

    So a repeated act is checked, and signs, as the first time.
    """
    if not case.history or not same(case.history[-1], act):
        return case
    return truncated(case, case.history[-1])


def same(event: ApplicationEvent, act: Act) -> bool:
    """Whether a row says what an act says."""
    return (event.kind, event.words, event.reasons) == (act.kind, act.words, joined(act.reasons))


def joined(reasons: Sequence[str]) -> str:
    """Reasons as a row keeps them."""
    return ",".join(reasons)


def check_act(case: Case, act: Act, at: Circumstances) -> None:
    """Refuse a tidied act that is not possible.

    Raises:
        DecisionRefused: not in this state, not now, or not in this form.
    """
    _check_step(case, act)
    _check_words(act)
    if act.kind in DECIDING and at.held:
        raise DecisionRefused(
            f"{case.application.model_id}: KO-HOLD: a legal hold stands; nothing is decided"
        )
    _check_reasons(case, act, programme=at.programme is not None)
    if act.kind in GRANTING:
        _check_room(case, at)
    until = case.appeal_until
    if act.kind == "appealed" and until is not None and at.now >= until:
        raise DecisionRefused(
            f"{_name(case)} could be appealed until {to_minute(until)}; apply anew instead"
        )


def _check_step(case: Case, act: Act) -> None:
    if act.kind in STEPS[case.state]:
        return
    last = case.history[-1] if case.history else None
    how = f"{case.state} on {to_minute(last.at)} by {last.person}" if last else "only received"
    possible = " or ".join(sorted(STEPS[case.state] - {"superseded", "expired"}))
    then = f"next it can be {possible}" if possible else "nothing more can happen to it"
    raise DecisionRefused(f"{_name(case)} was {how}, so it can't be {act.kind} now; {then}")


def _check_words(act: Act) -> None:
    if act.kind in ("accepted", "withdrawn") and not act.words:
        return
    try:
        check_words(act.words, 1, LONGEST_WORDS)
    except ValueError as error:
        raise DecisionRefused(f"the words: {error}") from None


def _check_reasons(case: Case, act: Act, *, programme: bool) -> None:
    if act.kind not in DECIDING:
        if act.reasons:
            raise DecisionRefused("only a decision names criteria; leave the reasons out")
        return
    known = case.terms.ids
    closed = () if programme or act.kind in GRANTING else (NO_PROGRAMME,)
    for reason in act.reasons:
        if reason == NO_PROGRAMME and not closed:
            raise DecisionRefused(
                f"{NO_PROGRAMME}: an access decision grants research now, so this is no reason; "
                f"name criteria: {', '.join(known)}"
            )
        if reason not in (*known, *closed):
            raise DecisionRefused(
                f"{reason!r} is no published criterion of this application; there are "
                f"{', '.join((*known, *closed))}"
            )
    if act.kind in GRANTING:
        missing = [one for one in case.terms.required if one not in act.reasons]
        if missing:
            raise DecisionRefused(
                f"accepting affirms every required criterion; missing: {', '.join(missing)}"
            )
    elif not act.reasons:
        raise DecisionRefused(f"name the criteria that are not met: {', '.join((*known, *closed))}")


def _check_room(case: Case, at: Circumstances) -> None:
    """Refuse an acceptance that could grant nothing."""
    model = case.application.model_id
    if at.programme is None:
        raise DecisionRefused(
            f"{model}: no access decision grants research now, so nothing could be given; wait for "
            f"one, or decline with {NO_PROGRAMME}"
        )
    if case.renewed is not None and case.renewed.revoked_at is not None:
        raise DecisionRefused(
            f"{model}: the grant that it renews was revoked; decline it, and let them apply anew"
        )
    if term_of(case, at.programme, at.now) is None:
        raise DecisionRefused(
            f"{model}: the grant that it renews lasts until research access ends itself, on "
            f"{to_minute(at.programme.ends_at)}; accept it under the next access decision"
        )


def term_of(case: Case, programme: Grant, now: datetime) -> tuple[datetime, datetime] | None:
    """Start and end of what could be granted now; None if nothing is left.

    It begins now, or where the grant that it renews ends, and ends with the study or with research
    access itself.
    """
    starts = now
    if case.renewed is not None:
        if case.renewed.revoked_at is not None:
            return None
        starts = max(now, end_of(case.renewed, case.renewed_under))
    ends = min(starts + timedelta(days=case.application.study_days), programme.ends_at)
    return (starts, ends) if starts < ends else None


def check_name(person: str) -> str:
    """The name of whoever typed something in.

    Raises:
        DecisionRefused: empty, too long, or more than a line.
    """
    try:
        return check_line(person, _LONGEST_NAME)
    except ValueError as error:
        raise DecisionRefused(f"who typed it in: {error}") from None


def check_person(case: Case, kind: str, person: str, fingerprint: str) -> None:
    """Refuse a decision by somebody who may not take it.

    Args:
        case: as the act finds it.
        kind: what is decided.
        person: name among the allowed signers.
        fingerprint: of the key that signed; empty before it is known.

    Raises:
        DecisionRefused: the applicant themselves; on an appeal whoever decided first, or their key.
    """
    application = case.application
    if folded(person) in (folded(application.applicant), folded(application.contact)):
        raise DecisionRefused(
            f"{person!r} is the applicant of {_name(case)}; another person must decide"
        )
    first = case.decided
    if kind not in ("upheld", "overturned") or first is None:
        return
    if folded(person) == folded(first.person):
        raise DecisionRefused(
            f"{person!r} declined {_name(case)}; another person must decide the appeal"
        )
    if fingerprint and fingerprint == first.fingerprint:
        raise DecisionRefused(
            f"{person!r} signed with the key that {first.person!r} declined with; "
            "two people need two keys"
        )


def decision_statement(case: Case, act: Act, packet_digest: str) -> bytes:
    """The bytes to sign with `APPLICATION_NAMESPACE`: canonical JSON, UTF-8, and one line feed.

    It names the whole application by its digest, and the step that it follows, so that a signature
    can be moved neither to another application nor to another moment of this one.

    Args:
        case: as the act finds it.
        act: what is decided.
        packet_digest: the access decision under which it is accepted; empty for other acts.
    """
    body = {
        "act": "decide-application",
        "model_id": case.application.model_id,
        "application_id": case.application.id,
        "application_sha256": digest_of(case.application.witness()),
        "after": case.last_id,
        "decision": act.kind,
        "reasons": list(act.reasons),
        "words": act.words,
        "packet_sha256": packet_digest,
    }
    return canonical_json(body) + b"\n"


def _name(case: Case) -> str:
    return f"application {case.application.id[:12]}"
