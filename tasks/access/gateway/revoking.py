"""A person's signed act: ending a grant before its day. One signature is enough to close."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from sqlmodel import Session

from configs.plain_text import hidden_in
from tasks.access.gateway.grants import RESEARCH, RESEARCH_API, all_grants, keys_of
from tasks.access.gateway.keys import find_grant
from tasks.kernel.digests import canonical_json, digest_of, sha256_hex
from tasks.kernel.errors import DecisionRefused
from tasks.kernel.instants import to_minute
from tasks.ports.signatures import SignatureVerifier
from tasks.records import Book
from tasks.records.access import Grant, GrantKey, Revocation

#: Namespace of signatures under revocations: one made for another purpose does not count here.
REVOCATION_NAMESPACE = "emeritus-revocation@v1"

Reason = Literal["misuse", "security", "legal", "request", "ended_early", "mistake"]
REASONS: tuple[str, ...] = get_args(Reason)
LONGEST = 4000


@dataclass(frozen=True, slots=True)
class Revoking:
    """What a person ends, and why.

    Attributes:
        grant: the grant's id, or the beginning of it.
        reason: one of `REASONS`.
        words: the grounds in the person's own words.
    """

    grant: str
    reason: str
    words: str


def statement_to_sign(book: Book, model_id: str, act: Revoking) -> bytes:
    """What a person signs, with `REVOCATION_NAMESPACE`. Reads records only.

    Raises:
        NotFound, DecisionRefused: no such grant, revoked already, or not as it is written.
    """
    act = _checked(act)
    with book.reading() as session:
        return _statement(session, model_id, act)[1]


def revoke(
    book: Book,
    verifier: SignatureVerifier,
    *,
    model_id: str,
    act: Revoking,
    person: str,
    signature: str,
    now: datetime,
) -> tuple[Revocation, tuple[str, ...]]:
    """Record the end of a grant and of its keys. The caller then tells the gateway.

    Whoever revokes `research_api` ends the grants of all researchers under the same decision.

    Args:
        book: the records.
        verifier: knows who may sign.
        model_id: the model.
        act: what is ended.
        person: name in the list of allowed signers.
        signature: armoured SSH signature of `statement_to_sign(...)` with the same act.
        now: our clock's time of receipt; the grant ends at it.

    Returns:
        The record, and the token ids that open nothing any more.

    Raises:
        NotFound, DecisionRefused: not possible as the records stand, or not as it is written.
        SignatureRefused: not this person's signature under this statement, or no such person.
    """
    act = _checked(act)
    with book.reading() as session:
        _, statement = _statement(session, model_id, act)
    signer = verifier.verify(
        statement, signature, namespace=REVOCATION_NAMESPACE, person=person, at=now
    )
    with book.writing(now, actor=signer.person) as writing:
        grant, again = _statement(writing.session, model_id, act, lock=True)
        if again != statement:
            raise DecisionRefused(
                f"grant {grant.id[:12]} changed while this was signed; read it with "
                f"`emeritus grants list {model_id}`, and sign anew"
            )
        row = Revocation(
            id=sha256_hex(statement)[:24],
            model_id=model_id,
            grant_id=grant.id,
            person=signer.person,
            fingerprint=signer.fingerprint,
            signature=signature,
            reason=act.reason,
            words=act.words,
            received_at=now,
        )
        grant.revoked_at, grant.revocation_id = now, row.id
        keys = _keys_under(writing.session, grant)
        for key in keys:
            key.revoked_at = now
        ended = [(key, "access.key_closed") for key in keys]
        writing.put_all([(row, "access.revoked"), (grant, "access.grant_ended"), *ended])
        return row, tuple(key.token_id for key in keys)


def _keys_under(session: Session, grant: Grant) -> list[GrantKey]:
    """Live keys of the grant, and of the researchers' grants that hang on it."""
    ended = {grant.id}
    if grant.kind == RESEARCH_API:
        rows = all_grants(session, grant.model_id)
        same = [r for r in rows if r.packet_digest == grant.packet_digest and r.kind == RESEARCH]
        ended |= {row.id for row in same}
    keys = keys_of(session, grant.model_id)
    return [key for key in keys if key.grant_id in ended and key.revoked_at is None]


def _checked(act: Revoking) -> Revoking:
    if act.reason not in REASONS:
        raise DecisionRefused(f"{act.reason!r} is no reason; choose one of {', '.join(REASONS)}")
    words = act.words.strip()
    if not words:
        raise DecisionRefused("the words are empty; say in your own words why")
    if len(words) > LONGEST:
        raise DecisionRefused(f"the words have {len(words)} characters; keep it to {LONGEST}")
    if hidden := hidden_in(words):
        raise DecisionRefused(f"the words hold a hidden character ({hidden}); write without it")
    return Revoking(act.grant, act.reason, words)


def _statement(
    session: Session, model_id: str, act: Revoking, *, lock: bool = False
) -> tuple[Grant, bytes]:
    """The grant, and the words to sign as the records stand."""
    grant = find_grant(session, model_id, act.grant)
    if lock:
        grant = session.get_one(Grant, grant.id, with_for_update=True)
    if grant.revoked_at is not None:
        raise DecisionRefused(
            f"grant {grant.id[:12]} was revoked on {to_minute(grant.revoked_at)} already"
        )
    body = {
        "act": "revoke-grant",
        "model_id": model_id,
        "grant_id": grant.id,
        "grant_sha256": digest_of(grant.witness()),
        "reason": act.reason,
        "words": act.words,
    }
    return grant, canonical_json(body) + b"\n"
