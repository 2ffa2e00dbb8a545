"""Pausing and resuming a withdrawal from the Prefect UI; the CLI does the same."""

from prefect import flow
from prefect.client.schemas.objects import State

from flows.acts import config_in_force
from flows.decisions import _recorded, _refused
from flows.withdrawal_acts import act_on_withdrawal
from tasks.access.withdrawal.standing import PAUSE, RESUME
from tasks.kernel.errors import EmeritusError


@flow(name="pause-withdrawal", flow_run_name="{person} pauses the withdrawal of {model}")
def pause_withdrawal(model: str, person: str, reason: str, signature: str) -> State[str]:
    """Stop a model's withdrawal at the gateway at once.

    Nobody is refused or redirected until it is resumed. One allowed signer is enough.

    Args:
        model: The model's id, such as aster-1.
        person: Your name as listed among the allowed signers.
        reason: Why, in your own words; the same as in the signed statement.
        signature: The whole signature of the act's statement, from BEGIN SSH SIGNATURE on.
    """
    return _act(PAUSE, model, person, reason, signature)


@flow(name="resume-withdrawal", flow_run_name="{person} resumes the withdrawal of {model}")
def resume_withdrawal(model: str, person: str, reason: str, signature: str) -> State[str]:
    """Put a paused withdrawal in force again, by the plan as it stands.

    Read the plan first: emeritus withdrawal show. One allowed signer is enough.

    Args:
        model: The model's id, such as aster-1.
        person: Your name as listed among the allowed signers.
        reason: Why, in your own words; the same as in the signed statement.
        signature: The whole signature of the act's statement, from BEGIN SSH SIGNATURE on.
    """
    return _act(RESUME, model, person, reason, signature)


def _act(action: str, model: str, person: str, reason: str, signature: str) -> State[str]:
    try:
        said = act_on_withdrawal(config_in_force(model), action, person, reason, signature)
    except EmeritusError as error:
        return _refused(error)
    return _recorded(said)
