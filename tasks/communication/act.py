"""What a person asks of the notices: to send a test, or to try again what was given up."""

import json
import secrets

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.communication.core import owed_notices
from tasks.communication.facts import Facts
from tasks.communication.holdings import facts_of
from tasks.communication.view import notices_of
from tasks.kernel.errors import DecisionRefused, NotFound
from tasks.kernel.instants import to_text
from tasks.kernel.labels import SIMULATED, labelled
from tasks.ports.delivery import MOST_DOUBTFUL
from tasks.ports.notifier import Event, Message
from tasks.records.communication import Notice


def send_test(config: RetirementConfig, to: str) -> str:
    """Send one message that says it is a test, through the real channel; nothing is recorded.

    Each call sends another one.

    Args:
        config: the model's.
        to: a mail address, or the name of a webhook.

    Returns:
        The receipt.

    Raises:
        NotFound: neither an address nor a configured webhook.
        OSError: not delivered.
        ConfigError: the channel can't be used as it is configured.
    """
    now = wiring.clock().now()
    with wiring.book().reading() as session:
        facts = facts_of(config, session, now)
    subject = labelled(f"TEST: how notices of {config.display_name} arrive", facts.simulated)
    test_id = f"test-{secrets.token_hex(8)}"
    if "@" in to:
        return wiring.notifier(config.communication).send(
            Message(test_id, config.communication.sender, to, subject, _test_text(facts), now)
        )
    names = [hook.name for hook in config.communication.channels.webhooks]
    if to not in names:
        known = f"; webhooks are {', '.join(names)}" if names else "; no webhook is configured"
        raise NotFound(f"{to!r} is neither a mail address nor a webhook{known}")
    body = {
        "type": "retirement.test",
        "timestamp": to_text(now),
        "text": subject,
        "data": {"model": config.id, "simulated": facts.simulated},
    }
    data = json.dumps(body, ensure_ascii=False, sort_keys=True).encode()
    return wiring.event_hook(config.communication, to).post(Event(test_id, data, now))


def try_again(config: RetirementConfig, contact: str = "") -> int:
    """Let the next pass try what is owed and was given up, or waits. Safe to repeat.

    Takes the model's lease for the moment, since it changes rows that a pass writes.

    Args:
        config: the model's.
        contact: only this address, or `webhook:<name>`; everybody if empty.

    Returns:
        How many notices.

    Raises:
        DecisionRefused: there is nothing to try again.
        LeaseHeld: a pass is under way.
    """
    book, now = wiring.book(), wiring.clock().now()
    fence = book.take_lease(config.id, "", now).fence
    try:
        with book.writing(now, fence=fence, actor="operator") as writing:
            notices = notices_of(writing.session, config.id)
            owed = owed_notices(config, notices, now)
            ids = {one.id for one in owed if contact in ("", one.contact)}
            rows = [row for row in notices if row.id in ids and _stands(row)]
            for row in rows:
                row.outcome = "later"
                row.again_at = None
                if row.doubtful:
                    row.doubtful = min(row.doubtful, MOST_DOUBTFUL - 1)
            writing.put_all([(row, "communication.notice_retry_asked") for row in rows])
    finally:
        book.keep_lease(fence, wiring.clock().now(), free=True)
    if not rows:
        whom = f" to {contact}" if contact else ""
        raise DecisionRefused(
            f"{config.id}: no notice{whom} was given up or waits for its next try"
        )
    return len(rows)


def _stands(row: Notice) -> bool:
    return row.sent_at is None and (row.outcome == "refused" or bool(row.doubtful or row.again_at))


def _test_text(facts: Facts) -> str:
    label = f"{SIMULATED}: the retirement is one of a simulation.\n\n" if facts.simulated else ""
    return (
        f"{label}This is a test of how notices about {facts.display_name} ({facts.model_id}) "
        "arrive.\nNothing is announced by it, and no notice is recorded.\n\n"
        f"Questions: {facts.contact}\n"
    )
