"""Pausing and resuming a withdrawal: the forms and the CLI both end in these functions."""

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.access.gateway.settling import apply_now
from tasks.access.withdrawal.act import already, record, statement_to_sign
from tasks.access.withdrawal.outlook import Outlook, outlook
from tasks.access.withdrawal.standing import PAUSE, plan_body
from tasks.access.withdrawal.words import state_words
from tasks.kernel.errors import SignatureRefused, SystemRefused, told
from tasks.kernel.labels import labelled


def withdrawal_outlook(config: RetirementConfig) -> Outlook:
    """How the withdrawal stands now. Reads only."""
    with wiring.book().reading() as session:
        return outlook(config, session, wiring.clock().now())


def withdrawal_statement(config: RetirementConfig, action: str, words: str) -> bytes:
    """The bytes that a person signs with `WITHDRAWAL_NAMESPACE`. Raises `DecisionRefused`."""
    return statement_to_sign(wiring.book(), config, action, words, wiring.clock().now())


def stands_already(config: RetirementConfig, action: str) -> str:
    """Who paused or resumed it before and when, if it stands so already; else empty. Reads only."""
    return already(wiring.book(), config, action)


def act_on_withdrawal(
    config: RetirementConfig, action: str, person: str, words: str, signature: str
) -> str:
    """Record a pause or a resumption and tell the gateway at once; returns a sentence.

    Safe to repeat: where it stands so already, the gateway is told again and nothing is recorded,
    so that an act that did not reach the gateway can be sent once more.

    Raises:
        DecisionRefused, SignatureRefused: see `tasks.access.withdrawal.act.record`.
        SystemRefused: recorded, but the gateway could not be told; a pass tries it too.
    """
    by = stands_already(config, action)
    if by:
        said = f"{config.id}: {action}d already, by {by}"
    else:
        row = record(
            wiring.book(),
            wiring.signatures(config.access),
            config=config,
            action=action,
            person=person,
            words=words,
            signature=signature,
            now=wiring.clock().now(),
        )
        said = f"{row.person} {action}d the withdrawal of {config.id}"
    try:
        where = apply_now(config)
    except (OSError, SignatureRefused) as error:
        harm = "it goes on refusing" if action == PAUSE else "it goes on letting everybody through"
        why = told(error) if isinstance(error, OSError) else str(error)
        raise SystemRefused(
            f"{said}; that is recorded, but the gateway could not be told ({why}), so "
            f"{harm}; mend it and run the command again"
        ) from None
    with wiring.book().reading() as session:
        plan = plan_body(config, session, wiring.clock().now())
    state = state_words(plan["held_by"], by or person)
    return labelled(
        f"{said}; the gateway was told ({where}); the plan is {state}", plan["simulated"]
    )
