"""People's acts on applications. The Prefect forms and the CLI both end here.

Each act adds one row in one transaction, and is safe to repeat: the same act again gives the row
that is there.
"""

from datetime import datetime, timedelta

from sqlmodel import Session

from configs.schema import RetirementConfig
from tasks.access.applications.cases import find_case, programme_in_force
from tasks.access.applications.rules import (
    APPLICATION_NAMESPACE,
    Circumstances,
    before,
    check_act,
    check_name,
    check_person,
    decision_statement,
    joined,
    tidied,
)
from tasks.access.applications.states import GRANTING, Act, Case
from tasks.kernel.digests import sha256_hex, stable_id
from tasks.kernel.errors import DecisionRefused
from tasks.ports.signatures import SignatureVerifier
from tasks.records import Book
from tasks.records.application import Application, ApplicationEvent


def statement_to_sign(
    config: RetirementConfig, book: Book, named: str, act: Act, now: datetime
) -> bytes:
    """What a person signs for a decision, with `APPLICATION_NAMESPACE`. Reads records only.

    Raises:
        NotFound: no such application.
        DecisionRefused: not possible as the records stand, or not as it is written.
    """
    with book.reading() as session:
        return _prepared(config, session, find_case(session, config.id, named), act, now)[2]


def decide(
    config: RetirementConfig,
    book: Book,
    verifier: SignatureVerifier,
    *,
    named: str,
    act: Act,
    person: str,
    signature: str,
    now: datetime,
) -> ApplicationEvent:
    """Record a signed step: a question, a decision, or the decision on an appeal.

    Nothing is granted here: the next pass verifies the signature again and makes the grant.

    Args:
        config: the model's.
        book: the records.
        verifier: knows who may sign.
        named: the application's id, or its first digits.
        act: what is decided.
        person: name in the list of allowed signers.
        signature: armoured SSH signature of `statement_to_sign(...)` with the same act.
        now: our clock's time of receipt.

    Raises:
        NotFound: no such application.
        DecisionRefused: not possible as the records stand, or not by this person.
        SignatureRefused: not this person's signature under this statement.
    """
    with book.reading() as session:
        case = find_case(session, config.id, named)
        found, _, statement, _ = _prepared(config, session, case, act, now)
    check_person(found, act.kind, person, "")
    signer = verifier.verify(
        statement, signature, namespace=APPLICATION_NAMESPACE, person=person, at=now
    )
    check_person(found, act.kind, signer.person, signer.fingerprint)
    with book.writing(now, actor=signer.person) as writing:
        case = _locked(writing.session, config.id, case.application.id)
        found, settled, again, packet = _prepared(config, writing.session, case, act, now)
        if again != statement:
            raise DecisionRefused(
                f"application {case.application.id[:12]} changed while this was signed; read it "
                f"with `emeritus applications show {config.id} {case.application.id[:12]}`, and "
                "sign anew"
            )
        if found is not case:  # its last step is this very act
            return _repeated(case, signer.person)
        row = _event(
            case,
            settled,
            id=sha256_hex(statement)[:24],
            person=signer.person,
            fingerprint=signer.fingerprint,
            signature=signature,
            packet_digest=packet,
            now=now,
        )
        return writing.put(row, f"access.application_{settled.kind}")


def take_step(
    config: RetirementConfig, book: Book, *, named: str, act: Act, person: str, now: datetime
) -> ApplicationEvent:
    """Record a step of the applicant: an answer, an appeal, or a withdrawal.

    It needs no signature, since none of them can lead to a grant by itself.

    Args:
        config: the model's.
        book: the records.
        named: the application's id, or its first digits.
        act: `answered`, `appealed` or `withdrawn`, and the applicant's words.
        person: who typed it in: the applicant, or somebody on their behalf.
        now: our clock's time of receipt.

    Raises:
        NotFound: no such application.
        DecisionRefused: not possible as the records stand, not as it is written, or nobody is
            named who typed it in.
    """
    if act.kind not in ("answered", "appealed", "withdrawn"):
        raise DecisionRefused(f"{act.kind}: only a signer of the access decision can do that")
    person = check_name(person)
    with book.writing(now, actor=person) as writing:
        case = find_case(writing.session, config.id, named)
        case = _locked(writing.session, config.id, case.application.id)
        found, settled, _, _ = _prepared(config, writing.session, case, act, now)
        if found is not case:
            return case.history[-1]
        row = _event(
            case,
            settled,
            id=stable_id(case.last_id, settled.kind, settled.words),
            person=person,
            now=now,
        )
        return writing.put(row, f"access.application_{settled.kind}")


def _prepared(
    config: RetirementConfig, session: Session, case: Case, act: Act, now: datetime
) -> tuple[Case, Act, bytes, str]:
    """The case as the act finds it, the act as it is recorded, the bytes to sign, the packet."""
    programme = programme_in_force(session, config.id, now)
    act = tidied(case, act)
    found = before(case, act)
    check_act(found, act, Circumstances(now, programme, config.candidate.legal_hold))
    packet = programme.packet_digest if programme and act.kind in GRANTING else ""
    return found, act, decision_statement(found, act, packet), packet


def _locked(session: Session, model_id: str, application_id: str) -> Case:
    """The case, with its application's row held, so that one step is taken at a time."""
    session.get_one(Application, application_id, with_for_update=True)
    return find_case(session, model_id, application_id)


def _repeated(case: Case, person: str) -> ApplicationEvent:
    last = case.history[-1]
    if last.person != person:
        raise DecisionRefused(
            f"application {case.application.id[:12]} was {last.kind} in these words by "
            f"{last.person!r} already; nothing is to sign"
        )
    return last


def _event(
    case: Case,
    act: Act,
    *,
    id: str,  # the row's own name for it
    person: str,
    now: datetime,
    fingerprint: str = "",
    signature: str = "",
    packet_digest: str = "",
) -> ApplicationEvent:
    # One instant a step, so that the order in which they were taken is never in doubt.
    after = [event.at + timedelta(microseconds=1) for event in case.history[-1:]]
    return ApplicationEvent(
        id=id,
        model_id=case.application.model_id,
        application_id=case.application.id,
        kind=act.kind,
        person=person,
        fingerprint=fingerprint,
        signature=signature,
        packet_digest=packet_digest,
        reasons=joined(act.reasons),
        words=act.words,
        at=max([now, case.application.received_at, *after]),
    )
