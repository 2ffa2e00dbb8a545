"""How an essay came about, as its page tells it. Pure."""

import json
import shlex
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tasks.essays.policy import VETO_REASONS
from tasks.essays.provenance import (
    APPROVAL,
    SIGNATURE,
    SIGNERS,
    WITHDRAWAL,
    WITHDRAWERS,
    verify_commands,
)
from tasks.essays.site.content import Essay
from tasks.essays.statement import REVIEW_NAMESPACE, TEXT, public_key_of
from tasks.records.essay import Review

_KEY_TYPES = {
    "ssh-ed25519": "ED25519",
    "ssh-rsa": "RSA",
    "sk-ssh-ed25519@openssh.com": "ED25519-SK",
}


@dataclass(frozen=True, slots=True)
class Request:
    """A reviewer's request for a new text, and what the model did.

    Attributes:
        at: when it was made.
        person: who made it.
        reason: as the policy calls it.
        means: that reason in words.
        prompt: how it was put to the model, rationale included.
        before_sha256: digest of the text that it was about.
        answer: what came of it.
    """

    at: datetime
    person: str
    reason: str
    means: str
    prompt: str
    before_sha256: str
    answer: str


@dataclass(frozen=True, slots=True)
class Origin:
    """What a page tells of an essay beside its text.

    Attributes:
        sources: what the model was shown, as frozen (see `context.py`).
        requests: requests for a new text, in order.
        signed: digests that the approval binds, by name.
        pointed: places at which checks pointed.
        commands: what a reader types to check it all.
        good: the line that the first of them answers with.
        files: what the reader saves for that.
    """

    sources: tuple[dict[str, Any], ...]
    requests: tuple[Request, ...]
    signed: dict[str, str]
    pointed: int
    commands: tuple[str, str]
    good: str
    files: tuple[str, ...]


_ANSWERS = {
    "drafted": "The model wrote the next text.",
    "declined": "The model left its text as it was.",
    "missed": "No new text came; the one before stood.",
    "asked": "The model has not answered.",
}


def origin_of(essay: Essay) -> Origin:
    """How an essay came about."""
    context = essay.slot.draft.context
    return Origin(
        sources=tuple(json.loads(context)["sources"]) if context else (),
        requests=_requests(essay),
        signed=_signed(essay.approval),
        pointed=len(json.loads(essay.text.findings)),
        commands=verify_commands(essay.approval.person),
        good=good_signature(essay.approval),
        files=(TEXT, APPROVAL, SIGNATURE, SIGNERS),
    )


def signed_policy(essay: Essay) -> str:
    """Digest of the policy that the approval names."""
    return _signed(essay.approval).get("policy", "")


def withdrawal_commands(essay: Essay) -> tuple[str, ...]:
    """What a reader types to check the signed withdrawals."""
    return tuple(
        f"ssh-keygen -Y verify -f {WITHDRAWERS} -I {shlex.quote(act.person)} -n {REVIEW_NAMESPACE} "
        f"-s {WITHDRAWAL.format(number)}.sig < {WITHDRAWAL.format(number)}"
        for number, act in enumerate(essay.slot.withdrawals, start=1)
    )


def good_signature(review: Review) -> str:
    """What `ssh-keygen -Y verify` answers when a review's signature is good."""
    try:
        key_type = public_key_of(review.signature).split(" ", 1)[0]
    except ValueError:  # nobody can publish such a row: only tests make one
        key_type = ""
    kind = _KEY_TYPES.get(key_type, "ECDSA" if "ecdsa" in key_type else key_type)
    who = f'Good "{REVIEW_NAMESPACE}" signature for {review.person}'
    return f"{who} with {kind} key {review.fingerprint}"


def _requests(essay: Essay) -> tuple[Request, ...]:
    reviews = {review.id: review for review in essay.slot.reviews}
    found = []
    for redraft in essay.slot.redrafts:
        asked = reviews.get(redraft.review_id)
        if asked is None:
            continue
        found.append(
            Request(
                at=asked.received_at,
                person=asked.person,
                reason=asked.reason,
                means=VETO_REASONS.get(asked.reason, asked.reason),
                prompt=redraft.prompt,
                before_sha256=asked.draft_sha256,
                answer=_ANSWERS[redraft.outcome],
            )
        )
    return tuple(found)


def _signed(review: Review) -> dict[str, str]:
    """The digests in a signed statement, by what they are of; none in rows of the first version."""
    predicate = json.loads(review.statement)["predicate"] if review.statement else {}
    names = ("prompt", "context", "checks", "policy")
    digests = {name: str(predicate.get(name, {}).get("sha256", "")) for name in names}
    return {name: digest for name, digest in digests.items() if digest}
