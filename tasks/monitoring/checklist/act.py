"""People's signed acts: a word on a line, and the closing."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from configs.schema import RetirementConfig
from tasks.kernel.digests import canonical_json, digest_of, sha256_hex
from tasks.kernel.errors import DecisionRefused, NotFound
from tasks.monitoring.checklist.core import (
    ACTIONS,
    CHECKLIST_NAMESPACE,
    CLOSING_NAMESPACE,
    CONFIRM,
    REOPEN,
    act_statement,
    closing_statement,
    may_be_said,
)
from tasks.monitoring.checklist.found import findings
from tasks.monitoring.checklist.lines import Line, lines_of
from tasks.monitoring.checklist.view import Checklist, acts_of, checklist_of
from tasks.ports.signatures import SignatureVerifier, Signer
from tasks.records import Book
from tasks.records.checklist import ChecklistAct, Closing, ClosingSignature
from tasks.records.retirement import Retirement

SHORTEST_EVIDENCE, LONGEST_EVIDENCE = 8, 2000


@dataclass(frozen=True, slots=True)
class Word:
    """What a person says of a line.

    Attributes:
        line: its id.
        action: one of `core.ACTIONS`.
        evidence: where it can be seen; why it does not apply; or what happened since.
    """

    line: str
    action: str
    evidence: str


def line_statement(config: RetirementConfig, book: Book, word: Word, now: datetime) -> bytes:
    """What a person signs for a line, with `CHECKLIST_NAMESPACE`. Reads only.

    Raises:
        NotFound: no such line.
        DecisionRefused: not possible as the records stand, or not as it is written.
    """
    found, word = _checked(config, word)
    with book.reading() as session:
        known = findings(config, session, now, None).get(found.id)
        if not may_be_said(found, known):
            said = f" ({known.said})" if known else ""
            raise DecisionRefused(
                f"{config.id}: the line {found.id} is told by the records alone{said}; {found.help}"
            )
        earlier = [act for act in acts_of(session, config.id) if act.line == found.id]
    if earlier and _says(earlier[-1], word):
        earlier = earlier[:-1]  # the same words again are the same act
    if word.action == REOPEN and not earlier:
        raise DecisionRefused(f"{config.id}: nobody said anything of the line {found.id} yet")
    after = earlier[-1].id if earlier else ""
    return act_statement(config.id, found, word.action, word.evidence, after=after)


def _says(act: ChecklistAct, word: Word) -> bool:
    return (act.action, act.evidence) == (word.action, word.evidence)


def say(
    config: RetirementConfig,
    book: Book,
    verifier: SignatureVerifier,
    *,
    word: Word,
    person: str,
    signature: str,
    now: datetime,
) -> ChecklistAct:
    """Record a person's word on a line; it stands until a later one. Safe to repeat.

    Raises:
        NotFound, DecisionRefused: as `line_statement`.
        SignatureRefused: not this person's signature under this statement.
    """
    statement = line_statement(config, book, word, now)
    signer = verifier.verify(
        statement, signature, namespace=CHECKLIST_NAMESPACE, person=person, at=now
    )
    found, word = _checked(config, word)
    with book.writing(now, actor=signer.person) as writing:
        writing.session.get(Retirement, config.id, with_for_update=True)  # one act at a time
        row_id = sha256_hex(statement)[:24]
        if row := writing.session.get(ChecklistAct, row_id):
            return row
        earlier = [act for act in acts_of(writing.session, config.id) if act.line == found.id]
        after = earlier[-1].id if earlier else ""
        if statement != act_statement(config.id, found, word.action, word.evidence, after=after):
            raise DecisionRefused(
                f"{found.id}: somebody else told of this line meanwhile; read it with "
                f"`emeritus checklist show {config.id}`, and sign anew"
            )
        # one instant an act, so that the order in which they were made is never in doubt
        least = [earlier[-1].received_at + timedelta(microseconds=1)] if earlier else []
        row = ChecklistAct(
            id=row_id,
            model_id=config.id,
            line=found.id,
            action=word.action,
            evidence=word.evidence,
            person=signer.person,
            fingerprint=signer.fingerprint,
            statement=statement.decode(),
            signature=signature,
            received_at=max([now, *least]),
        )
        return writing.put(row, f"monitoring.checklist_{word.action}")


def closable(config: RetirementConfig, book: Book, now: datetime) -> Checklist:
    """The checklist that a closing would be of, the audit chain verified. Reads only.

    Raises:
        DecisionRefused: a line is open, or the retirement is closed already.
    """
    audit = book.verify_audit()
    with book.reading() as session:
        found = checklist_of(config, session, now, audit)
    _refuse_open(config, found)
    return found


def _refuse_open(config: RetirementConfig, found: Checklist) -> None:
    if found.closing is not None:
        raise DecisionRefused(
            f"{config.id} was closed on {found.closing.closed_at.date()} by {found.closing.people}"
        )
    if found.open:
        told = "; ".join(f"{one.line.id}: {one.evidence}" for one in found.open)
        number = len(found.open)
        raise DecisionRefused(
            f"{config.id} can't be closed: {number} {'line is' if number == 1 else 'lines are'} "
            f"open: {told}"
        )


def close(
    config: RetirementConfig,
    book: Book,
    verifier: SignatureVerifier,
    *,
    person: str,
    signature: str,
    now: datetime,
) -> Checklist:
    """Record one person's signature under the closing; with enough of them it is closed.

    Safe to repeat: the same person's signature under the same checklist is recorded once.

    Args:
        config: the retirement.
        book: the records.
        verifier: knows who may sign.
        person: name in the list of allowed signers.
        signature: armoured SSH signature of `core.closing_statement`.
        now: our clock's time of receipt.

    Raises:
        DecisionRefused: a line is open, it is closed already, or the key signed before.
        SignatureRefused: the signature does not count, and why.
    """
    found = closable(config, book, now)
    signer = verifier.verify(
        closing_statement(found.body),
        signature,
        namespace=CLOSING_NAMESPACE,
        person=person,
        at=now,
    )
    audit = book.verify_audit()
    with book.writing(now, actor=signer.person) as writing:
        writing.session.get(Retirement, config.id, with_for_update=True)
        again = checklist_of(config, writing.session, now, audit)
        _refuse_open(config, again)
        if again.body != found.body:
            raise DecisionRefused(
                f"{config.id}: the checklist changed while it was signed; read it with "
                f"`emeritus checklist show {config.id}`, and sign anew"
            )
        signed = [one.person for one in again.signatures]
        if signer.person not in signed:
            _refuse_second_name(again, signer)
            writing.put(
                _signature(config.id, again, signer, signature, now), "monitoring.closing_signed"
            )
            signed.append(signer.person)
        if len(signed) >= again.needed:
            row = Closing(
                model_id=config.id,
                digest=digest_of(again.body),
                people=", ".join(signed),
                closed_at=now,
            )
            writing.put(row, "monitoring.closed")
        return checklist_of(config, writing.session, now, audit)


def _signature(
    model_id: str, found: Checklist, signer: Signer, signature: str, now: datetime
) -> ClosingSignature:
    digest = digest_of(found.body)
    return ClosingSignature(
        id=sha256_hex(f"{digest} {signer.person}".encode())[:24],
        model_id=model_id,
        digest=digest,
        body=canonical_json(found.body).decode(),
        person=signer.person,
        fingerprint=signer.fingerprint,
        signature=signature,
        received_at=now,
    )


def _refuse_second_name(found: Checklist, signer: Signer) -> None:
    for one in found.signatures:
        if one.fingerprint == signer.fingerprint:
            raise DecisionRefused(
                f"{signer.person!r} signed with the key that {one.person!r} signed with; "
                "two people need two keys"
            )


def _checked(config: RetirementConfig, word: Word) -> tuple[Line, Word]:
    lines = {one.id: one for one in lines_of(config.monitoring.checklist)}
    if word.line not in lines:
        raise NotFound(f"{word.line!r}: no such line; there are {', '.join(lines)}")
    if word.action not in ACTIONS:
        raise DecisionRefused(f"{word.action!r} is no act; choose one of {', '.join(ACTIONS)}")
    evidence = " ".join(word.evidence.split())
    if not evidence.isprintable() or not SHORTEST_EVIDENCE <= len(evidence) <= LONGEST_EVIDENCE:
        wanted = {
            CONFIRM: "say where it can be seen: an address, a ticket, a digest",
            REOPEN: "say what happened since",
        }.get(word.action, "say why it does not apply, and who decided it")
        raise DecisionRefused(
            f"{word.line}: the evidence must be plain text of {SHORTEST_EVIDENCE} to "
            f"{LONGEST_EVIDENCE} characters; {wanted}"
        )
    return lines[word.line], Word(word.line, word.action, evidence)
