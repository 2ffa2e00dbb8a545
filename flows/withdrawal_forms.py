"""Pausing and resuming a withdrawal from the Prefect UI; the CLI does the same."""

from prefect import flow
from prefect.client.schemas.objects import State

from flows.acts import config_in_force
from flows.form_answers import answered, answered_signed
from flows.form_fields import Model, Person, Signature, Words
from flows.withdrawal_acts import act_on_withdrawal, stands_already, withdrawal_statement
from tasks.access.withdrawal.act import WITHDRAWAL_NAMESPACE
from tasks.access.withdrawal.standing import PAUSE, RESUME
from tasks.kernel.errors import EmeritusError


@flow(name="pause-withdrawal", flow_run_name="{person} pauses the withdrawal of {model}")
def pause_withdrawal(
    model: Model, person: Person, reason: Words, signature: Signature = ""
) -> State[str]:
    """Stop a model's withdrawal at the gateway at once.

    Nobody is refused or redirected until it is resumed. One allowed signer is enough. Run it
    without a signature first: it answers with the words to sign and how.

    Args:
        model: The model's id, such as aster-1.
        person: Your name as listed among the allowed signers.
        reason: Why, in your own words; the same as in the signed statement.
        signature: The whole signature, from BEGIN SSH SIGNATURE on; empty at first.
    """
    return _act(PAUSE, model, person, reason, signature)


@flow(name="resume-withdrawal", flow_run_name="{person} resumes the withdrawal of {model}")
def resume_withdrawal(
    model: Model, person: Person, reason: Words, signature: Signature = ""
) -> State[str]:
    """Put a paused withdrawal in force again, by the plan as it stands.

    Read the plan first: emeritus withdrawal show. One allowed signer is enough. Run it without a
    signature first: it answers with the words to sign and how.

    Args:
        model: The model's id, such as aster-1.
        person: Your name as listed among the allowed signers.
        reason: Why, in your own words; the same as in the signed statement.
        signature: The whole signature, from BEGIN SSH SIGNATURE on; empty at first.
    """
    return _act(RESUME, model, person, reason, signature)


def _act(action: str, model: str, person: str, reason: str, signature: str) -> State[str]:
    def act() -> str:
        return act_on_withdrawal(config_in_force(model), action, person, reason, signature)

    def words() -> bytes:
        return withdrawal_statement(config_in_force(model), action, reason)

    if not signature.strip() and _stands(model, action):
        return answered(act)  # nothing is left to sign; the gateway is told again
    return answered_signed(signature, WITHDRAWAL_NAMESPACE, words, act)


def _stands(model: str, action: str) -> bool:
    """Whether it was signed already; an unknown model is told of by the act itself."""
    try:
        return bool(stands_already(config_in_force(model), action))
    except EmeritusError:
        return False
