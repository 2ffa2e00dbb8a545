"""What people decide, one small flow an act; the CLI does the same through the same functions.

A form's mistake must not cost what was typed: the flow ends as `Refused`, with the reason, and its
run keeps the parameters, so that it can be run again with one field mended.
"""

import base64
import json
from typing import Literal

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.acts import (
    REVIEW_NAMESPACE,
    Act,
    Entry,
    approve_packet,
    config_in_force,
    enter_ledger,
    essay_statement,
)
from flows.acts import review_essay as decide_on_essay
from flows.report_acts import submit_report
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
    action: Literal["approve", "hold", "veto", "change", "keep", "withdraw"],
    slot: str = "",
    reason: Literal[
        "",
        "fact_check_needed",
        "privacy_review",
        "legal_review",
        "second_opinion",
        "privacy",
        "security",
        "unlawful",
        "harm_to_person",
        "misleading_speculation",
    ] = "",
    rationale: str = "",
    hold_days: int = 0,
    about: str = "",
    signature: str = "",
) -> State[str]:
    """Decide on an essay, as it stands; nobody can edit it.

    **approve**: one person; it appears as it is. **hold**: one person, one of the first four
    reasons, and days after which it comes back by itself. **change**: one person, a reason and a
    rationale, which the model reads; it may write a new text, or leave its own. **veto**: the bar
    is two different people, each with one of the last five reasons and a rationale of at least 20
    characters; that a text is dull, odd or critical is no reason. After publication: **keep**
    answers a reader's report; **withdraw** takes two people, like a veto, and leaves a note.

    Run it without a signature first: it answers with the words to sign and how. Then run it again,
    with the same fields and the signature.

    Args:
        model: The model's id, such as aster-1.
        reviewer: Your name as listed among the allowed signers.
        action: What you decide.
        slot: The essay's slot; empty when only one can be meant.
        reason: For hold, the first four; for change, veto and withdraw, the last five.
        rationale: Your grounds in your own words; needed for change, veto, keep and withdraw.
        hold_days: How long a hold lasts; 0 for a week.
        about: Id of the reader's report that you answer; for keep alone.
        signature: The whole signature, from BEGIN SSH SIGNATURE on; empty at first.
    """
    try:
        act = Act(action, reason, rationale, hold_days, about)
        config = config_in_force(model)
        if not signature.strip():
            return _to_be_signed(essay_statement(config, act, slot), REVIEW_NAMESPACE)
        said = decide_on_essay(config, reviewer, act, signature, slot)
    except EmeritusError as error:
        return _refused(error)
    return _recorded(said)


@flow(name="report-essay", flow_run_name="a reader's report on {slot}")
def report_essay(
    model: str,
    slot: str,
    kind: Literal[
        "privacy", "security", "unlawful", "harm_to_person", "misleading_speculation", "other"
    ],
    words: str,
    contact: str = "",
) -> State[str]:
    """Type in what a reader says is wrong with a published essay; it reopens the review.

    Args:
        model: The model's id, such as aster-1.
        slot: The essay's slot, as its address shows it.
        kind: The nearest reason.
        words: What is wrong, and where, as the reader put it.
        contact: Where the reader may be answered; never published.
    """
    try:
        form = {"slot": slot, "kind": kind, "words": words, "contact": contact}
        said = submit_report(config_in_force(model), form, "form")
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


def _to_be_signed(statement: bytes, namespace: str) -> State[str]:
    """Nothing is recorded yet: the words that a person signs, for their own machine.

    They travel as base64, since a page's own marks, or a copied line's end, would change them.
    """
    words = statement.decode()
    encoded = base64.b64encode(statement).decode()
    indented = json.dumps(json.loads(words), indent=2, ensure_ascii=False).replace("\n", "\n    ")
    create_markdown_artifact(
        key="decision",
        markdown=(
            "**Nothing is recorded yet.** Sign these words on your own machine, then run this form "
            "again with the same fields and the signature:\n\n"
            f"    echo {encoded} | base64 -d > act\n"
            f"    ssh-keygen -Y sign -f PATH-OF-YOUR-KEY -n {namespace} act && cat act.sig\n\n"
            f"What they say:\n\n    {indented}\n"
        ),
        description="What you are to sign",
    )
    return Completed(name="To be signed", message=words, data=words)


def _refused(error: EmeritusError) -> State[str]:
    said = f"{error} [{error.code}]"
    create_markdown_artifact(
        key="decision", markdown=f"**Refused.** {said}", description="Nothing was recorded"
    )
    return Completed(name="Refused", message=said, data=said)
