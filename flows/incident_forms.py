"""Closing an incident from the Prefect UI; the CLI does the same through the same functions."""

from typing import Annotated, Literal

from prefect import flow
from prefect.client.schemas.objects import State

from flows.acts import config_in_force
from flows.form_answers import answered_signed
from flows.form_fields import Model, Person, Signature, Words, titled
from flows.incident_acts import INCIDENT_NAMESPACE, Closing, close, closing_statement


@flow(name="close-incident", flow_run_name="{person} closes incident {incident} of {model}")
def close_incident(
    model: Model,
    *,
    person: Person,
    incident: Annotated[str, titled("Incident")],
    reason: Annotated[
        Literal["resolved", "false_alarm", "accepted", "duplicate"], titled("Reason")
    ],
    words: Words,
    signature: Signature = "",
) -> State[str]:
    """Close an incident that monitoring opened. Its signal is watched anew from the next day on.

    **resolved**: the cause was found and mended. **false_alarm**: there was none. **accepted**: the
    new level is as it should be; what is usual is learnt anew. **duplicate**: another incident
    tells of it.

    Run it without a signature first: it answers with the words to sign and how. Then run it again,
    with the same fields and the signature.

    Args:
        model: The model's id, such as aster-1.
        person: Your name as listed among the allowed signers.
        incident: The incident's id, or its beginning; `emeritus incidents list` shows it.
        reason: Why, from the list.
        words: What you found, in your own words, at least 20 characters.
        signature: The whole signature, from BEGIN SSH SIGNATURE on; empty at first.
    """
    act = Closing(incident, reason, words)
    return answered_signed(
        signature,
        INCIDENT_NAMESPACE,
        lambda: closing_statement(config_in_force(model), act),
        lambda: close(config_in_force(model), person, act, signature),
    )
