"""Lifting a legal hold from the Prefect UI; the CLI does the same through the same functions."""

from prefect import flow
from prefect.client.schemas.objects import State

from flows.form_answers import answered_signed
from flows.form_fields import Model, Person, Signature, Words
from flows.hold_acts import HOLD_NAMESPACE, hold_statement
from flows.hold_acts import lift_hold as lift


@flow(name="lift-hold", flow_run_name="{person} lifts the legal hold of {model}")
def lift_hold(model: Model, person: Person, reason: Words, signature: Signature = "") -> State[str]:
    """Sign that the legal hold on a model is lifted.

    The hold stands until the model's YAML says so too and a pass took that over. Run it without a
    signature first: it answers with the words to sign and how. Then run it again, with the same
    fields and the signature.

    Args:
        model: The model's id, such as aster-1.
        person: Your name as listed among the allowed signers.
        reason: On what grounds, in your own words; the same as in the signed statement.
        signature: The whole signature, from BEGIN SSH SIGNATURE on; empty at first.
    """
    return answered_signed(
        signature,
        HOLD_NAMESPACE,
        lambda: hold_statement(model, reason),
        lambda: lift(model, person, reason, signature),
    )
