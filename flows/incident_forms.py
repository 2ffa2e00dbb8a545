"""Closing an incident from the Prefect UI; the CLI does the same through the same functions."""

from typing import Literal

from prefect import flow
from prefect.client.schemas.objects import State

from flows.acts import config_in_force
from flows.decisions import _recorded, _refused, _to_be_signed
from flows.incident_acts import INCIDENT_NAMESPACE, Closing, close, closing_statement
from tasks.kernel.errors import EmeritusError


@flow(name="close-incident", flow_run_name="{person} closes incident {incident} of {model}")
def close_incident(
    model: str,
    *,
    person: str,
    incident: str,
    reason: Literal["resolved", "false_alarm", "accepted", "duplicate"],
    words: str,
    signature: str = "",
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
    try:
        act, config = Closing(incident, reason, words), config_in_force(model)
        if not signature.strip():
            return _to_be_signed(closing_statement(config, act), INCIDENT_NAMESPACE)
        said = close(config, person, act, signature)
    except EmeritusError as error:
        return _refused(error)
    return _recorded(said)
