"""The retirement checklist as Prefect forms; the CLI does the same through the same functions."""

from typing import Literal

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
from flows.decisions import _recorded, _refused, _to_be_signed
from tasks.kernel.errors import EmeritusError
from tasks.kernel.labels import artifact_key


@flow(name="checklist", flow_run_name="checklist of {model}")
def show_checklist(model: str) -> State[str]:
    """Show every line of a retirement's checklist with its evidence, and what is open.

    Args:
        model: The model's id, such as aster-1.
    """
    try:
        found = checklist_now(config_in_force(model))
    except EmeritusError as error:
        return _refused(error)
    said = said_of(found)
    create_table_artifact(
        key=artifact_key("checklist", model), table=rows_of(found), description=said
    )
    return Completed(name="Open" if found.open else "Complete", message=said, data=said)


@flow(name="check-line", flow_run_name="{person}: {line} of {model}")
def check_line(
    model: str,
    person: str,
    line: str,
    action: Literal["confirm", "not_applicable", "reopen"],
    evidence: str,
    signature: str = "",
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
    try:
        config, word = config_in_force(model), Word(line, action, evidence)
        if not signature.strip():
            return _to_be_signed(line_words(config, word), CHECKLIST_NAMESPACE)
        said = say_of_line(config, person, word, signature)
    except EmeritusError as error:
        return _refused(error)
    return _recorded(said)


@flow(name="close-retirement", flow_run_name="{person} closes the retirement of {model}")
def close_a_retirement(model: str, person: str, signature: str = "") -> State[str]:
    """Sign the closing of a retirement. Two different people are needed; no line may be open.

    Run it without a signature first: it answers with the words to sign and how.

    Args:
        model: The model's id, such as aster-1.
        person: Your name as listed among the allowed signers.
        signature: The whole signature, from BEGIN SSH SIGNATURE on; empty at first.
    """
    try:
        config = config_in_force(model)
        if not signature.strip():
            return _to_be_signed(closing_words(config), CLOSING_NAMESPACE)
        said = close_retirement(config, person, signature)
    except EmeritusError as error:
        return _refused(error)
    return _recorded(said)
