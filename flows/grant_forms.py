"""People's acts about grants as Prefect forms; the CLI does the same through the same functions."""

from typing import Literal

from prefect import flow
from prefect.client.schemas.objects import State

from flows.acts import config_in_force
from flows.decisions import _recorded, _refused
from flows.grant_acts import Revoking, issue, reconcile, revoke_grant
from tasks.kernel.errors import EmeritusError, SystemRefused, told


@flow(name="issue-key", flow_run_name="{person} makes a key to {model}")
def issue_key(model: str, grant: str, person: str, holder: str = "") -> State[str]:
    """Make a key for the holder of a grant. The key is put into a file where this flow runs.

    The file's path is told here; the key itself never is.

    Args:
        model: The model's id, such as aster-1.
        grant: The grant's id, or its beginning; `emeritus grants list` shows it.
        person: Who makes it.
        holder: For paid_users, one whom the signed packet names; empty for a researcher's grant.
    """
    try:
        said = issue(config_in_force(model), grant, holder, person)
    except EmeritusError as error:
        return _refused(error)
    except OSError as error:
        return _refused(SystemRefused(told(error, "gateway")))
    return _recorded(said)


@flow(name="revoke-grant", flow_run_name="{person} revokes a grant of {model}")
def revoke_a_grant(
    model: str,
    *,
    person: str,
    grant: str,
    reason: Literal["misuse", "security", "legal", "request", "ended_early", "mistake"],
    words: str,
    signature: str,
) -> State[str]:
    """End a grant before its day, with all its keys. The gateway is told at once.

    Args:
        model: The model's id, such as aster-1.
        person: Your name as listed among the allowed signers.
        grant: The grant's id, or its beginning; `emeritus grants list` shows it.
        reason: Why, from the list.
        words: Why, in your own words.
        signature: The whole signature of the act's statement, from BEGIN SSH SIGNATURE on.
    """
    try:
        act = Revoking(grant, reason, words)
        said = revoke_grant(config_in_force(model), person, act, signature)
    except EmeritusError as error:
        return _refused(error)
    return _recorded(said)


@flow(name="reconcile-gateway", flow_run_name="{model}: gateway and records")
def reconcile_gateway(model: str) -> State[str]:
    """Compare the gateway with the records now; mend what is ours, report what is not.

    Args:
        model: The model's id, such as aster-1.
    """
    try:
        said, found = reconcile(config_in_force(model))
    except EmeritusError as error:
        return _refused(error)
    except OSError as error:
        return _refused(SystemRefused(told(error, "gateway")))
    return _recorded("\n".join([said, *(f"- {one['done']}: {one['said']}" for one in found)]))
