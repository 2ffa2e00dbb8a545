"""A person's signed act: closing an incident. Forms and CLI end here; no program closes one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from sqlmodel import Session

from configs.plain_text import hidden_in
from tasks.kernel.digests import canonical_json, digest_of, sha256_hex
from tasks.kernel.errors import DecisionRefused, NotFound
from tasks.kernel.instants import to_minute
from tasks.monitoring.incidents.rows import acts_of, incidents_of
from tasks.ports.signatures import SignatureVerifier
from tasks.records import Book
from tasks.records.incident import Incident, IncidentAct

#: Namespace of signatures under closings: one made for another purpose does not count here.
INCIDENT_NAMESPACE = "emeritus-incident@v1"

Reason = Literal["resolved", "false_alarm", "accepted", "duplicate"]
REASONS: tuple[str, ...] = get_args(Reason)
CLOSE = "close"
FEWEST, LONGEST = 20, 4000  # characters of the words


@dataclass(frozen=True, slots=True)
class Closing:
    """What a person closes, and why.

    Attributes:
        incident: the incident's id, or the beginning of it.
        reason: one of `REASONS`; `accepted` makes the level after it the new usual one.
        words: what was found, in the person's own words, at least 20 characters.
    """

    incident: str
    reason: str
    words: str


def statement_to_sign(book: Book, model_id: str, act: Closing) -> bytes:
    """What a person signs, with `INCIDENT_NAMESPACE`. Reads records only.

    Raises:
        NotFound, DecisionRefused: no such incident, closed already, or not as it is written.
    """
    act = checked(act)
    with book.reading() as session:
        return _statement(session, model_id, act)[1]


def close_incident(
    book: Book,
    verifier: SignatureVerifier,
    *,
    model_id: str,
    act: Closing,
    person: str,
    signature: str,
    now: datetime,
) -> IncidentAct:
    """Record one person's closing. The same signature again returns the row that is there.

    Args:
        book: the records.
        verifier: knows who may sign.
        model_id: the model.
        act: what is closed.
        person: name in the list of allowed signers.
        signature: armoured SSH signature of `statement_to_sign(...)` with the same act.
        now: our clock's time of receipt; the incident ends at it.

    Raises:
        NotFound, DecisionRefused: not possible as the records stand, or not as it is written.
        SignatureRefused: not this person's signature under this statement, or no such person.
    """
    act = checked(act)
    with book.reading() as session:
        if before := _handed_in(session, model_id, person, signature):
            return before
        _, statement = _statement(session, model_id, act)
    signer = verifier.verify(
        statement, signature, namespace=INCIDENT_NAMESPACE, person=person, at=now
    )
    with book.writing(now, actor=signer.person) as writing:
        if before := _handed_in(writing.session, model_id, signer.person, signature):
            return before
        incident, again = _statement(writing.session, model_id, act, lock=True)
        if again != statement:
            raise DecisionRefused(
                f"incident {incident.id[:12]} changed while this was signed; read it with "
                f"`emeritus incidents show {model_id} {incident.id[:12]}`, and sign anew"
            )
        row = IncidentAct(
            id=sha256_hex(statement)[:24],
            model_id=model_id,
            incident_id=incident.id,
            action=CLOSE,
            reason=act.reason,
            person=signer.person,
            fingerprint=signer.fingerprint,
            words=act.words,
            statement=statement.decode(),
            signature=signature,
            received_at=now,
        )
        incident.closed_at = now
        writing.put_all(
            [(row, "monitoring.incident_act"), (incident, "monitoring.incident_closed")]
        )
        return row


def find_incident(session: Session, model_id: str, incident: str) -> Incident:
    """An incident by its id or the beginning of it.

    Raises:
        NotFound: none, or several.
    """
    rows = [row for row in incidents_of(session, model_id) if row.id.startswith(incident.strip())]
    if not incident.strip() or len(rows) != 1:
        many = (
            f"{len(rows)} incidents begin so" if rows and incident.strip() else "no such incident"
        )
        raise NotFound(
            f"{model_id}: {incident!r}: {many}; see `emeritus incidents list {model_id}`"
        )
    return rows[0]


def checked(act: Closing) -> Closing:
    """The act with its words trimmed.

    Raises:
        DecisionRefused: no such reason, or no usable words.
    """
    if act.reason not in REASONS:
        raise DecisionRefused(f"{act.reason!r} is no reason; choose one of {', '.join(REASONS)}")
    words = act.words.strip()
    if not FEWEST <= len(words) <= LONGEST:
        raise DecisionRefused(
            f"the words have {len(words)} characters; say what was found, in {FEWEST} to {LONGEST}"
        )
    if hidden := hidden_in(words):
        raise DecisionRefused(f"the words hold a hidden character ({hidden}); write without it")
    return Closing(act.incident, act.reason, words)


def _statement(
    session: Session, model_id: str, act: Closing, *, lock: bool = False
) -> tuple[Incident, bytes]:
    """The incident, and the words to sign as the records stand."""
    incident = find_incident(session, model_id, act.incident)
    if lock:
        incident = session.get_one(
            Incident, incident.id, with_for_update=True, populate_existing=True
        )
    if incident.closed_at is not None:
        raise DecisionRefused(
            f"incident {incident.id[:12]} was closed on {to_minute(incident.closed_at)} already"
        )
    body = {
        "act": "close-incident",
        "model_id": model_id,
        "incident_id": incident.id,
        "incident_sha256": digest_of(incident.witness()),
        "reason": act.reason,
        "words": act.words,
    }
    return incident, canonical_json(body) + b"\n"


def _handed_in(session: Session, model_id: str, person: str, signature: str) -> IncidentAct | None:
    """The row of this very signature, if it was handed in before."""
    for row in acts_of(session, model_id):
        if row.person == person and row.signature.split() == signature.split():
            return row
    return None
