"""A person's act: pausing a withdrawal at the gateway, or resuming it. Forms and CLI end here."""

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from configs.plain_text import hidden_in
from configs.schema import RetirementConfig
from tasks.access.withdrawal.standing import ACTIONS, RESUME, acts_of, latest_act, plan_body
from tasks.kernel.digests import canonical_json, digest_of, sha256_hex
from tasks.kernel.errors import DecisionRefused
from tasks.kernel.instants import to_minute
from tasks.ports.signatures import SignatureVerifier
from tasks.records import Book
from tasks.records.access import WithdrawalAct
from tasks.records.retirement import Retirement

#: Namespace of signatures under these acts: one made for another purpose does not count here.
WITHDRAWAL_NAMESPACE = "emeritus-withdrawal@v1"
LONGEST = 4000
_IN_FORCE_ONLY = ("in_force", "held_by")


def statement_to_sign(
    book: Book, config: RetirementConfig, action: str, words: str, now: datetime
) -> bytes:
    """What a person signs, with `WITHDRAWAL_NAMESPACE`. Reads records only.

    It names the act before it, so that an old signature can't pause or resume once more. A
    resumption names the plan that it puts in force; a pause names none, since it must be possible
    whatever became of the plan meanwhile.

    Raises:
        DecisionRefused: no such action, no usable words, or it stands so already.
    """
    words = _checked(action, words)
    with book.reading() as session:
        return _statement(session, config, action, words, now)


def already(book: Book, config: RetirementConfig, action: str) -> str:
    """Who did it before and when, if it stands so already; empty if the act is open. Reads only."""
    with book.reading() as session:
        act = latest_act(session, config.id)
    if act is None or act.action != action:
        return ""
    return f"{act.person} on {to_minute(act.received_at)}"


def record(
    book: Book,
    verifier: SignatureVerifier,
    *,
    config: RetirementConfig,
    action: str,
    person: str,
    words: str,
    signature: str,
    now: datetime,
) -> WithdrawalAct:
    """Record one person's signed pause or resumption. The caller then tells the gateway.

    Not safe to repeat: once it stands, the same act is refused, and the sentence says so.

    Args:
        book: the records.
        verifier: knows who may sign.
        config: the model's configuration.
        action: `pause` or `resume`.
        person: name in the list of allowed signers.
        words: why, in the person's words.
        signature: armoured SSH signature of `statement_to_sign(...)` with the same words.
        now: our clock's time of receipt.

    Raises:
        DecisionRefused: not possible as the records stand, or not as it is written.
        SignatureRefused: not this person's signature under this statement, or no such person.
    """
    words = _checked(action, words)
    with book.reading() as session:
        statement = _statement(session, config, action, words, now)
    signer = verifier.verify(
        statement, signature, namespace=WITHDRAWAL_NAMESPACE, person=person, at=now
    )
    with book.writing(now, actor=signer.person) as writing:
        # one act at a time
        writing.session.get(Retirement, config.id, with_for_update=True)
        if _statement(writing.session, config, action, words, now) != statement:
            raise DecisionRefused(
                f"{config.id}: another act, or another plan, came in between; read it with "
                f"`emeritus withdrawal show {config.id}`, and sign anew"
            )
        earlier = acts_of(writing.session, config.id)
        after = [earlier[-1].received_at + timedelta(microseconds=1)] if earlier else []
        row = WithdrawalAct(
            id=sha256_hex(statement)[:24],
            model_id=config.id,
            action=action,
            person=signer.person,
            fingerprint=signer.fingerprint,
            signature=signature,
            words=words,
            received_at=max([now, *after]),  # which came last is never in doubt
        )
        return writing.put(row, f"access.withdrawal_{action}d")


def _statement(
    session: Session, config: RetirementConfig, action: str, words: str, now: datetime
) -> bytes:
    act = latest_act(session, config.id)
    if (act.action if act is not None else RESUME) == action:
        if act is None:
            raise DecisionRefused(
                f"{config.id}: the withdrawal is not paused; nothing is to resume"
            )
        told = f"by {act.person} on {to_minute(act.received_at)}"
        raise DecisionRefused(f"{config.id}: the withdrawal was {action}d already, {told}")
    body: dict[str, Any] = {
        "act": f"{action}-withdrawal",
        "model_id": config.id,
        "follows": act.id if act is not None else "",
        "words": words,
    }
    if action == RESUME:
        plan = plan_body(config, session, now)
        body["plan_sha256"] = digest_of({k: v for k, v in plan.items() if k not in _IN_FORCE_ONLY})
    return canonical_json(body) + b"\n"


def _checked(action: str, words: str) -> str:
    if action not in ACTIONS:
        raise DecisionRefused(f"{action!r} is no act; choose one of {', '.join(ACTIONS)}")
    words = words.strip()
    if not words:
        raise DecisionRefused("the reason is empty; say in your own words why")
    if len(words) > LONGEST:
        raise DecisionRefused(f"the reason has {len(words)} characters; keep it to {LONGEST}")
    if hidden := hidden_in(words):
        raise DecisionRefused(f"the reason holds an invisible {hidden}; write it without")
    return words
