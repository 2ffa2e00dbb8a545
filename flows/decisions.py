"""What people decide, one small flow an act; the CLI does the same through the same functions.

A form's mistake must not cost what was typed: the flow ends as `Refused`, with the reason, and its
run keeps the parameters, so that it can be run again with one field mended.
"""

from typing import Literal

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.acts import (
    Entry,
    ReviewAct,
    approve_packet,
    config_in_force,
    enter_ledger,
    review_draft,
)
from tasks.kernel.errors import EmeritusError


@flow(name="approve-access", flow_run_name="{approver} approves access to {model}")
def approve_access(model: str, approver: str, signature: str) -> State[str]:
    """Approve the access packet that is open for a model.

    Two different people are needed, neither of them the proposer. Read the packet's page first.

    Args:
        model: The model's id, such as aster-1.
        approver: Your name as listed among the allowed signers.
        signature: The whole signature of statement.json, from BEGIN SSH SIGNATURE on.
    """
    try:
        said = approve_packet(config_in_force(model), approver, signature)
    except EmeritusError as error:
        return _refused(error)
    return _recorded(said)


@flow(name="review-essay", flow_run_name="{reviewer}: {action} an essay of {model}")
def review_essay(
    model: str,
    reviewer: str,
    action: Literal["approve", "hold", "veto"],
    signature: str,
    slot: str = "",
    reason: str = "",
    rationale: str = "",
) -> State[str]:
    """Approve, hold or veto an essay draft, as it stands; nobody can edit it.

    Approving needs one signer. A hold needs a reason from the list on the review page. A veto needs
    a reason from the list, a written rationale, and two different people.

    Args:
        model: The model's id, such as aster-1.
        reviewer: Your name as listed among the allowed signers.
        action: What you decide.
        signature: The whole signature of the act's statement, from BEGIN SSH SIGNATURE on.
        slot: The essay's slot; empty when only one draft awaits review.
        reason: From the closed list; needed for hold and veto.
        rationale: Your grounds in your own words; needed for a veto.
    """
    try:
        act = ReviewAct(action, slot, reason, rationale)
        said = review_draft(config_in_force(model), reviewer, act, signature)
    except EmeritusError as error:
        return _refused(error)
    return _recorded(said)


@flow(name="enter-ledger", flow_run_name="{person}: {theme} of {model} {outcome}")
def enter_ledger_entry(
    model: str,
    person: str,
    theme: str,
    outcome: Literal["honoured", "partly", "declined"],
    reason: str,
    evidence: str,
    signature: str,
) -> State[str]:
    """Enter in the ledger what was decided of a stable preference.

    A later entry of the same theme supersedes this one; nothing is removed.

    Args:
        model: The model's id, such as aster-1.
        person: Your name as listed among the allowed signers.
        theme: The preference's theme, such as share_essays; `emeritus ledger show` lists them.
        outcome: Whether it is honoured, honoured in part, or declined.
        reason: Why, in your own words.
        evidence: Where it can be seen; an address, a digest, a document.
        signature: The whole signature of the entry's statement, from BEGIN SSH SIGNATURE on.
    """
    try:
        entry = Entry(theme, outcome, reason, evidence)
        said = enter_ledger(config_in_force(model), person, entry, signature)
    except EmeritusError as error:
        return _refused(error)
    return _recorded(said)


def _recorded(said: str) -> State[str]:
    create_markdown_artifact(key="decision", markdown=said, description="What was recorded")
    return Completed(name="Recorded", message=said, data=said)


def _refused(error: EmeritusError) -> State[str]:
    said = f"{error} [{error.code}]"
    create_markdown_artifact(
        key="decision", markdown=f"**Refused.** {said}", description="Nothing was recorded"
    )
    return Completed(name="Refused", message=said, data=said)
