"""The words that a reviewer signs: an in-toto statement about one text. Pure.

Its digests bind the act to the text's bytes, to what the model was asked, to what the checks said,
to the policy, and to all that people did before; whatever of it changes, the signature counts no
more. The form is https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md.
"""

import base64
import binascii
import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tasks.kernel.digests import canonical_json, digest_of, sha256_hex
from tasks.kernel.instants import to_text
from tasks.records.essay import Draft, Redraft, Review

#: Namespace of review signatures: one made for another purpose does not count here.
REVIEW_NAMESPACE = "emeritus-review@v1"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:emeritus:essay-review:v1"
TEXT = "index.md"


@dataclass(frozen=True, slots=True)
class Act:
    """What a person decides.

    Attributes:
        action: one of `policy.RULES`.
        reason: from the closed list of the action.
        rationale: grounds in the reviewer's own words.
        hold_days: how long a hold lasts; 0 for other acts.
        about: id of the reader's report that `keep` answers.
    """

    action: str
    reason: str = ""
    rationale: str = ""
    hold_days: int = 0
    about: str = ""


def review_statement(
    draft: Draft,
    text: Draft | Redraft,
    act: Act,
    *,
    before: Sequence[Review],
    prompt: bytes,
    policy_sha256: str,
    decided_on: date,
) -> bytes:
    """The exact bytes to sign: canonical JSON (RFC 8785), UTF-8, and one line feed.

    Args:
        draft: the slot.
        text: the text that is decided on.
        act: what is decided.
        before: all acts on the slot so far.
        prompt: what the model was asked, as it is disclosed.
        policy_sha256: digest of the policy in force.
        decided_on: day of the decision, UTC.
    """
    body = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": TEXT, "digest": {"sha256": text.sha256}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "model": text.model_id,
            "slot": draft.slot_id,
            "slot_opened_at": to_text(draft.opens_at),
            "answered_at": to_text(text.answered_at) if text.answered_at else "",
            "served_model": text.served_model,
            "simulated": text.simulated,
            "prompt": {"sha256": sha256_hex(prompt)},
            "context": {"sha256": sha256_hex(draft.context.encode()) if draft.context else ""},
            "checks": {"sha256": sha256_hex(text.findings.encode())},
            "policy": {"sha256": policy_sha256},
            "before": {"sha256": digest_of([review.id for review in before])},
            "decision": {
                "action": act.action,
                "reason": act.reason,
                "rationale": act.rationale,
                "hold_days": act.hold_days,
                "about": act.about,
                "decided_on": decided_on.isoformat(),
            },
        },
    }
    return canonical_json(body) + b"\n"


def says(review: Review) -> bool:
    """Whether what was signed is what a review's row tells; false for rows of the first version."""
    try:
        body = json.loads(review.statement)
        told, decision = body["predicate"], body["predicate"]["decision"]
        return bool(
            body["_type"] == STATEMENT_TYPE
            and body["predicateType"] == PREDICATE_TYPE
            and [one["digest"]["sha256"] for one in body["subject"]] == [review.draft_sha256]
            and (told["model"], told["slot"]) == (review.model_id, review.slot_id)
            and (decision["action"], decision["reason"]) == (review.action, review.reason)
            and decision["rationale"] == review.rationale
        )
    except (ValueError, LookupError, TypeError):
        return False


def policy_under(review: Review) -> str:
    """Digest of the policy under which an act was signed; empty for rows of the first version."""
    try:
        return str(json.loads(review.statement)["predicate"]["policy"]["sha256"])
    except (ValueError, LookupError, TypeError):
        return ""


def public_key_of(signature: str) -> str:
    """The signer's public key out of an armoured SSH signature, as `ssh-ed25519 AAAA…`.

    The format is OpenSSH's PROTOCOL.sshsig: `SSHSIG`, a version, the public key.

    Raises:
        ValueError: not such a signature.
    """
    lines = [line for line in signature.strip().splitlines() if not line.startswith("-----")]
    try:
        blob = base64.b64decode("".join(lines), validate=True)
        if blob[:6] != b"SSHSIG":
            raise ValueError("not an SSH signature")
        (length,) = struct.unpack(">I", blob[10:14])
        key = blob[14 : 14 + length]
        (name_length,) = struct.unpack(">I", key[:4])
        name = key[4 : 4 + name_length].decode("ascii")
    except (binascii.Error, struct.error, UnicodeDecodeError):
        raise ValueError("not an SSH signature") from None
    return f"{name} {base64.b64encode(key).decode()}"
