"""What people decide, one small flow an act; the CLI does the same through the same functions."""

from typing import Annotated, Literal

from prefect import flow
from prefect.client.schemas.objects import State

from flows.acts import (
    APPROVAL_NAMESPACE,
    LEDGER_NAMESPACE,
    REVIEW_NAMESPACE,
    Act,
    Entry,
    access_statement,
    approve_packet,
    config_in_force,
    enter_ledger,
    essay_statement,
    ledger_statement,
)
from flows.acts import review_essay as decide_on_essay
from flows.form_answers import answered, answered_signed
from flows.form_fields import Evidence, Model, Person, Signature, Slot, Words, titled
from flows.report_acts import submit_report


@flow(name="approve-access", flow_run_name="{approver} approves access to {model}")
def approve_access(model: Model, approver: Person, signature: Signature = "") -> State[str]:
    """Approve the access packet that is open for a model.

    Two different people are needed, neither of them the proposer. Read the packet's page first.

    Run it without a signature first: it answers with the words to sign and how. Then run it again,
    with the same fields and the signature.

    Args:
        model: The model's id, such as aster-1.
        approver: Your name as listed among the allowed signers.
        signature: The whole signature, from BEGIN SSH SIGNATURE on; empty at first.
    """
    return answered_signed(
        signature,
        APPROVAL_NAMESPACE,
        lambda: access_statement(config_in_force(model)),
        lambda: approve_packet(config_in_force(model), approver, signature),
    )


@flow(name="review-essay", flow_run_name="{reviewer}: {action} an essay of {model}")
def review_essay(
    model: Model,
    reviewer: Person,
    action: Annotated[
        Literal["approve", "hold", "veto", "change", "keep", "withdraw"], titled("Decision")
    ],
    slot: Slot = "",
    reason: Annotated[
        Literal[
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
        ],
        titled("Reason"),
    ] = "",
    rationale: Annotated[str, titled("Grounds")] = "",
    hold_days: Annotated[int, titled("Days on hold")] = 0,
    about: Annotated[str, titled("Reader's report")] = "",
    signature: Signature = "",
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
    act = Act(action, reason, rationale, hold_days, about)
    return answered_signed(
        signature,
        REVIEW_NAMESPACE,
        lambda: essay_statement(config_in_force(model), act, slot),
        lambda: decide_on_essay(config_in_force(model), reviewer, act, signature, slot),
    )


@flow(name="report-essay", flow_run_name="a reader's report on {slot}")
def report_essay(
    model: Model,
    slot: Slot,
    kind: Annotated[
        Literal[
            "privacy", "security", "unlawful", "harm_to_person", "misleading_speculation", "other"
        ],
        titled("What is wrong"),
    ],
    words: Annotated[str, titled("In the reader's words")],
    contact: Annotated[str, titled("Reader's address")] = "",
) -> State[str]:
    """Type in what a reader says is wrong with a published essay; it reopens the review.

    Args:
        model: The model's id, such as aster-1.
        slot: The essay's slot, as its address shows it.
        kind: The nearest reason.
        words: What is wrong, and where, as the reader put it.
        contact: Where the reader may be answered; never published.
    """
    form = {"slot": slot, "kind": kind, "words": words, "contact": contact}
    return answered(lambda: submit_report(config_in_force(model), form, "form"))


@flow(name="enter-ledger", flow_run_name="{person}: {theme} of {model} {outcome}")
def enter_ledger_entry(
    model: Model,
    person: Person,
    theme: Annotated[str, titled("Theme", "share_essays")],
    outcome: Annotated[Literal["honoured", "partly", "declined"], titled("Outcome")],
    reason: Words,
    evidence: Evidence,
    signature: Signature = "",
) -> State[str]:
    """Enter in the ledger what was decided of a stable preference.

    A later entry of the same theme supersedes this one; nothing is removed. Run it without a
    signature first: it answers with the words to sign and how.

    Args:
        model: The model's id, such as aster-1.
        person: Your name as listed among the allowed signers.
        theme: The preference's theme, such as share_essays; `emeritus ledger show` lists them.
        outcome: Whether it is honoured, honoured in part, or declined.
        reason: Why, in your own words.
        evidence: Where it can be seen; an address, a digest, a document.
        signature: The whole signature, from BEGIN SSH SIGNATURE on; empty at first.
    """
    entry = Entry(theme, outcome, reason, evidence)
    return answered_signed(
        signature,
        LEDGER_NAMESPACE,
        lambda: ledger_statement(config_in_force(model), entry),
        lambda: enter_ledger(config_in_force(model), person, entry, signature),
    )
