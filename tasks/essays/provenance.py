"""What stands beside a published essay, so that a reader can check it without us. Pure.

    essays/<slot>/index.md                     the essay: byte for byte what the model sent
    essays/<slot>/approval.json                what was asked, what checks saw, who decided
    essays/<slot>/approval.json.statement      the exact bytes that the reviewer signed
    essays/<slot>/approval.json.statement.sig  their SSH signature under it
    essays/<slot>/allowed_signers              the reviewer's public key, for ssh-keygen
    essays/<slot>/SHA256SUMS                   digests of all of the above

None of these ever changes: they are made of the draft's and the approval's rows alone.
"""

import json
import shlex

from tasks.essays.core import SlotRecord
from tasks.essays.statement import REVIEW_NAMESPACE, public_key_of, review_statement
from tasks.kernel.digests import canonical_json, sha256_hex
from tasks.kernel.errors import PublicationRefused
from tasks.kernel.instants import to_text
from tasks.records.essay import Draft, Review

TEXT = "index.md"
APPROVAL = "approval.json"
STATEMENT = "approval.json.statement"
SIGNATURE = "approval.json.statement.sig"
SIGNERS = "allowed_signers"
SUMS = "SHA256SUMS"


def essay_path(slot_id: str, name: str = "") -> str:
    """Path of a published essay's file on the site."""
    return f"essays/{slot_id}/{name}"


def approved_files(slot: SlotRecord) -> dict[str, bytes]:
    """Path -> bytes of an approved essay and its proof, the essay first.

    Raises:
        PublicationRefused: the slot is not approved, or its text is not what was approved.
    """
    draft, approval = slot.draft, slot.approval
    text = draft.text.encode("utf-8")
    if approval is None or len(slot.vetoes) >= 2:
        raise PublicationRefused(f"{draft.slot_id}: no approval is in force; nothing is published")
    if not sha256_hex(text) == draft.sha256 == approval.draft_sha256:
        raise PublicationRefused(
            f"{draft.slot_id}: the draft in the records is not the text that {approval.person} "
            "approved: its digest differs; run `emeritus audit verify` and restore the row"
        )
    statement = statement_of(approval)
    try:
        key = public_key_of(approval.signature)
    except ValueError:
        raise PublicationRefused(
            f"{draft.slot_id}: the approval by {approval.person} carries no SSH signature"
        ) from None
    signers = f'{approval.person} namespaces="{REVIEW_NAMESPACE}" {key}\n'
    files = {
        TEXT: text,
        APPROVAL: _approval(draft, approval, statement),
        STATEMENT: statement,
        SIGNATURE: approval.signature.encode(),
        SIGNERS: signers.encode(),
    }
    sums = "".join(f"{sha256_hex(data)}  {name}\n" for name, data in files.items())
    files[SUMS] = sums.encode()
    return {essay_path(draft.slot_id, name): data for name, data in files.items()}


def statement_of(review: Review) -> bytes:
    """The bytes that were signed for a review."""
    return review_statement(
        model_id=review.model_id,
        slot_id=review.slot_id,
        draft_sha256=review.draft_sha256,
        action=review.action,
        reason=review.reason,
        rationale=review.rationale,
    )


def verify_commands(person: str) -> tuple[str, str]:
    """What a reader types in the essay's folder: digests, then the signature."""
    return (
        f"sha256sum -c {SUMS}",
        f"ssh-keygen -Y verify -f {SIGNERS} -I {shlex.quote(person)} -n {REVIEW_NAMESPACE} "
        f"-s {SIGNATURE} < {STATEMENT}",
    )


def _approval(draft: Draft, approval: Review, statement: bytes) -> bytes:
    body = {
        "format": "emeritus-essay-approval@v1",
        "slot_id": draft.slot_id,
        "model_id": draft.model_id,
        "draft": {
            "path": TEXT,
            "sha256": draft.sha256,
            "bytes": len(draft.text.encode("utf-8")),
            "slot_opened_at": to_text(draft.opens_at),
            "asked_at": to_text(draft.asked_at),
            "answered_at": to_text(draft.answered_at) if draft.answered_at else "",
            "served_model": draft.served_model,
            "simulated": draft.simulated,
        },
        "policy": {
            "prompt": draft.prompt,
            "prompt_sha256": sha256_hex(draft.prompt.encode()),
            "checks_sha256": sha256_hex(draft.findings.encode()),
            "checks_pointed_at": len(json.loads(draft.findings)),
        },
        "decision": {
            "action": approval.action,
            "rationale": approval.rationale,
            "person": approval.person,
            "fingerprint": approval.fingerprint,
            "received_at": to_text(approval.received_at),
        },
        "statement": {
            "path": STATEMENT,
            "sha256": sha256_hex(statement),
            "signature": SIGNATURE,
            "namespace": REVIEW_NAMESPACE,
        },
    }
    return canonical_json(body) + b"\n"
