"""The retirement checklist as Prefect forms; the CLI does the same through the same functions."""

from typing import Annotated, Literal

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.acts import config_in_force
from flows.checklist_acts import (
    CHECKLIST_NAMESPACE,
    CLOSING_NAMESPACE,
    Word,
    checklist_now,
    close_retirement,
    closing_words,
    line_words,
    say_of_line,
)
from flows.checklist_table import rows_of, said_of
from flows.form_answers import answered_signed, refused
from flows.form_fields import Evidence, Model, Person, Signature, titled
from tasks.kernel.errors import EmeritusError
from tasks.kernel.labels import artifact_key


@flow(name="checklist", flow_run_name="checklist of {model}")
def show_checklist(model: Model) -> State[str]:
    """Show every line of a retirement's checklist with its evidence, and what is open.

    Args:
        model: The model's id, such as aster-1.
    """
    try:
        found = checklist_now(config_in_force(model))
    except EmeritusError as error:
        return refused(error)
    said = said_of(found)
    create_table_artifact(
        key=artifact_key("checklist", model), table=rows_of(found), description=said
    )
    return Completed(name="Open" if found.open else "Complete", message=said, data=said)


@flow(name="check-line", flow_run_name="{person}: {line} of {model}")
def check_line(
    model: Model,
    person: Person,
    line: Annotated[str, titled("Line of the checklist", "dns")],
    action: Annotated[Literal["confirm", "not_applicable", "reopen"], titled("What you say of it")],
    evidence: Evidence,
    signature: Signature = "",
) -> State[str]:
    """Say of one line of the checklist that it is done, or does not apply.

    Only lines that the records can't tell take a person's word. Run it without a signature first:
    it answers with the words to sign and how. Then run it again, with the same fields and the
    signature.

    Args:
        model: The model's id, such as aster-1.
        person: Your name as listed among the allowed signers.
        line: The line's id, such as dns; the checklist shows them.
        action: What you say of it.
        evidence: Where it can be seen, an address, a ticket, a digest; or why it does not apply.
        signature: The whole signature, from BEGIN SSH SIGNATURE on; empty at first.
    """
    word = Word(line, action, evidence)
    return answered_signed(
        signature,
        CHECKLIST_NAMESPACE,
        lambda: line_words(config_in_force(model), word),
        lambda: say_of_line(config_in_force(model), person, word, signature),
    )


@flow(name="close-retirement", flow_run_name="{person} closes the retirement of {model}")
def close_a_retirement(model: Model, person: Person, signature: Signature = "") -> State[str]:
    """Sign the closing of a retirement. Two different people are needed; no line may be open.

    Run it without a signature first: it answers with the words to sign and how.

    Args:
        model: The model's id, such as aster-1.
        person: Your name as listed among the allowed signers.
        signature: The whole signature, from BEGIN SSH SIGNATURE on; empty at first.
    """
    return answered_signed(
        signature,
        CLOSING_NAMESPACE,
        lambda: closing_words(config_in_force(model)),
        lambda: close_retirement(config_in_force(model), person, signature),
    )
