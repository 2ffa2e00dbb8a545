"""What stands beside a published essay, so that a reader can check it without us. Pure.

    essays/<slot>/index.md           the essay: byte for byte what the model sent
    essays/<slot>/approval.json      in-toto statement that the reviewer signed: digests of the
                                     essay, of what was asked, of the checks and of the policy
    essays/<slot>/approval.json.sig  their SSH signature under it
    essays/<slot>/allowed_signers    the reviewer's public key, for ssh-keygen
    essays/<slot>/prompt.txt         what the model was asked, all of it
    essays/<slot>/SHA256SUMS         digests of all of the above

None of these ever changes: they are made of the text's and the approval's rows alone. A withdrawn
essay loses its text; the withdrawals and their signatures take its place.
"""

import json
import shlex

from tasks.essays.context import public_sources
from tasks.essays.slot_record import SlotRecord, Standing
from tasks.essays.statement import REVIEW_NAMESPACE, TEXT, public_key_of, says
from tasks.kernel.digests import sha256_hex
from tasks.kernel.errors import PublicationRefused
from tasks.records.essay import Draft, Redraft, Review

APPROVAL = "approval.json"
SIGNATURE = "approval.json.sig"
SIGNERS = "allowed_signers"
PROMPT = "prompt.txt"
SUMS = "SHA256SUMS"
WITHDRAWAL = "withdrawal-{}.json"
WITHDRAWERS = "withdrawal_signers"


def essay_path(slot_id: str, name: str = "") -> str:
    """Path of a published essay's file on the site."""
    return f"essays/{slot_id}/{name}"


def approved_files(slot: SlotRecord) -> dict[str, bytes]:
    """Path -> bytes of an approved essay and its proof, the essay first.

    Raises:
        PublicationRefused: the slot is not approved, or its text is not what was approved.
    """
    text, approval = slot.current, slot.approval
    slot_id = slot.draft.slot_id
    data = text.text.encode("utf-8")
    if approval is None or slot.standing in (Standing.VETOED, Standing.CHANGE_ASKED):
        raise PublicationRefused(f"{slot_id}: no approval is in force; nothing is published")
    if not (sha256_hex(data) == text.sha256 == approval.draft_sha256 and says(approval)):
        raise PublicationRefused(
            f"{slot_id}: the draft in the records is not the text that {approval.person} "
            "approved: its digest differs; run `emeritus audit verify` and restore the row"
        )
    files = {
        TEXT: data,
        APPROVAL: approval.statement.encode(),
        SIGNATURE: approval.signature.encode(),
        SIGNERS: _signers([approval]),
        PROMPT: disclosed_prompt(slot.draft, text),
    }
    if sha256_hex(files[PROMPT]) != _prompt_digest(approval):
        raise PublicationRefused(
            f"{slot_id}: the prompt in the records is not the one that {approval.person} read; "
            "run `emeritus audit verify` and restore the row"
        )
    files[SUMS] = _sums(files)
    return {essay_path(slot_id, name): data for name, data in files.items()}


def withdrawal_files(slot: SlotRecord) -> dict[str, bytes]:
    """Path -> bytes of the proof that stays when an essay is withdrawn."""
    files: dict[str, bytes] = {}
    for number, review in enumerate(slot.withdrawals, start=1):
        name = WITHDRAWAL.format(number)
        files[name] = review.statement.encode()
        files[f"{name}.sig"] = review.signature.encode()
    files[WITHDRAWERS] = _signers(slot.withdrawals)
    return {essay_path(slot.draft.slot_id, name): data for name, data in files.items()}


def withdrawn_paths(slot_id: str) -> tuple[str, ...]:
    """Paths that a withdrawal takes from the site; the approval stays."""
    return tuple(essay_path(slot_id, name) for name in (TEXT, SUMS, "verify.html"))


def disclosed_prompt(draft: Draft, text: Draft | Redraft) -> bytes:
    """All that the model was asked for a text, for readers; quotes from others by their digests."""
    parts = [draft.prompt]
    if draft.context:
        quoted = public_sources(draft.context)
        parts = [_HEAD.format("First stood quotes from others, marked as such"), quoted]
        parts += [_HEAD.format("Then"), draft.prompt]
    if isinstance(text, Redraft):
        first = f"The model answered with a text that did not appear (SHA-256 {draft.sha256}); then"
        parts += [_HEAD.format(first), text.prompt]
    return ("\n\n".join(parts) + "\n").encode("utf-8")


_HEAD = "[{}:]"


def verify_commands(person: str) -> tuple[str, str]:
    """What a reader types in the essay's folder: who signed, and that it is these bytes.

    The digest is taken out of the signed statement, whose last one is the essay's.
    """
    return (
        f"ssh-keygen -Y verify -f {SIGNERS} -I {shlex.quote(person)} -n {REVIEW_NAMESPACE} "
        f"-s {SIGNATURE} < {APPROVAL}",
        f'sed -E \'s/.*"sha256":"([0-9a-f]+)".*/\\1  {TEXT}/\' {APPROVAL} | sha256sum -c -',
    )


def _signers(reviews: tuple[Review, ...] | list[Review]) -> bytes:
    lines = []
    for review in reviews:
        try:
            key = public_key_of(review.signature)
        except ValueError:
            raise PublicationRefused(
                f"{review.slot_id}: the {review.action} by {review.person} carries no SSH signature"
            ) from None
        lines.append(f'{review.person} namespaces="{REVIEW_NAMESPACE}" {key}\n')
    return "".join(lines).encode()


def _sums(files: dict[str, bytes]) -> bytes:
    return "".join(f"{sha256_hex(data)}  {name}\n" for name, data in files.items()).encode()


def _prompt_digest(review: Review) -> str:
    return str(json.loads(review.statement)["predicate"]["prompt"]["sha256"])
