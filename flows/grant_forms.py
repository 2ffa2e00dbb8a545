"""People's acts about grants as Prefect forms; the CLI does the same through the same functions."""

from typing import Annotated, Literal

from prefect import flow
from prefect.client.schemas.objects import State

from flows.acts import config_in_force
from flows.form_answers import answered, answered_signed
from flows.form_fields import Grant, Model, Person, Signature, Words, titled
from flows.grant_acts import Revoking, issue, reconcile, revocation_statement, revoke_grant
from tasks.access.gateway.revoking import REVOCATION_NAMESPACE


@flow(name="issue-key", flow_run_name="{person} makes a key to {model}")
def issue_key(
    model: Model,
    grant: Grant,
    person: Person,
    holder: Annotated[str, titled("Holder of the key")] = "",
) -> State[str]:
    """Make a key for the holder of a grant. The key is put into a file where this flow runs.

    The file's path is told here; the key itself never is.

    Args:
        model: The model's id, such as aster-1.
        grant: The grant's id, or its beginning; `emeritus grants list` shows it.
        person: Who makes it.
        holder: For paid_users, one whom the signed packet names; empty for a researcher's grant.
    """
    return answered(lambda: issue(config_in_force(model), grant, holder, person), where="gateway")


@flow(name="revoke-grant", flow_run_name="{person} revokes a grant of {model}")
def revoke_a_grant(
    model: Model,
    *,
    person: Person,
    grant: Grant,
    reason: Annotated[
        Literal["misuse", "security", "legal", "request", "ended_early", "mistake"],
        titled("Reason"),
    ],
    words: Words,
    signature: Signature = "",
) -> State[str]:
    """End a grant before its day, with all its keys. The gateway is told at once.

    Run it without a signature first: it answers with the words to sign and how.

    Args:
        model: The model's id, such as aster-1.
        person: Your name as listed among the allowed signers.
        grant: The grant's id, or its beginning; `emeritus grants list` shows it.
        reason: Why, from the list.
        words: Why, in your own words.
        signature: The whole signature, from BEGIN SSH SIGNATURE on; empty at first.
    """
    act = Revoking(grant, reason, words)
    return answered_signed(
        signature,
        REVOCATION_NAMESPACE,
        lambda: revocation_statement(config_in_force(model), act),
        lambda: revoke_grant(config_in_force(model), person, act, signature),
    )


@flow(name="reconcile-gateway", flow_run_name="{model}: gateway and records")
def reconcile_gateway(model: Model) -> State[str]:
    """Compare the gateway with the records now; mend what is ours, report what is not.

    Args:
        model: The model's id, such as aster-1.
    """
    return answered(lambda: _compared(model), where="gateway")


def _compared(model: str) -> str:
    said, found = reconcile(config_in_force(model))
    return "\n".join([said, *(f"- {one['done']}: {one['said']}" for one in found)])
