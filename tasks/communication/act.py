"""What a person does about notices: send a test, try again, or record that they told somebody."""

import json
import secrets

from configs.plain_text import hidden_in
from configs.schema import RetirementConfig
from tasks import wiring
from tasks.communication.core import owed_notices
from tasks.communication.delivery import BY_HAND
from tasks.communication.facts import Facts
from tasks.communication.holdings import facts_of
from tasks.communication.sending import row_of
from tasks.communication.view import notices_of, standing_of
from tasks.kernel.errors import DecisionRefused, NotFound
from tasks.kernel.instants import to_text
from tasks.kernel.labels import SIMULATED, labelled
from tasks.ports.delivery import MOST_DOUBTFUL
from tasks.ports.notifier import Event, Message
from tasks.records.communication import Notice

LONGEST = 300
"""Characters of a name, or of the words by which a person records that they told an owner."""


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


def record_told(config: RetirementConfig, contact: str, person: str, words: str) -> Notice:
    """Record that a person told an owner what is owed to them, as where their mail fails.

    It counts as a receipt, in the person's words, and stands in the audit chain. Nobody signs it:
    it weighs as much as the configuration, where the same person could take the owner out. Takes
    the model's lease for the moment, since it changes rows that a pass writes. Not safe to repeat:
    once it stands, nothing is owed.

    Args:
        config: the model's.
        contact: the owner's address, as in the YAML.
        person: who told them.
        words: how, such as "by telephone, she repeated the date".

    Returns:
        The notice, with that receipt.

    Raises:
        NotFound: no owner has this address.
        DecisionRefused: nothing is owed to them now, nobody may be told, or the words don't do.
        LeaseHeld: a pass is under way.
    """
    contacts = [owner.contact for owner in config.candidate.owners]
    if contact not in contacts:
        known = ", ".join(dict.fromkeys(contacts))
        raise NotFound(f"{contact!r}: no owner of {config.id} has this address; known are {known}")
    person, words = (_checked(text, what) for text, what in ((person, "name"), (words, "words")))
    book, now = wiring.book(), wiring.clock().now()
    fence = book.take_lease(config.id, "", now).fence
    try:
        with book.writing(now, fence=fence, actor=person) as writing:
            standing = standing_of(config, writing.session, now)
            if standing.held_back:
                why = standing.broken or standing.contradicted
                raise DecisionRefused(f"{config.id}: nobody may be told now: {why}")
            owed = owed_notices(config, standing.notices, now)
            notice = next((one for one in owed if one.contact == contact), None)
            if notice is None:
                raise DecisionRefused(
                    f"{config.id}: nothing is owed to {contact} now; `emeritus notices plan "
                    f"{config.id}` shows what they had"
                )
            row = writing.session.get(Notice, notice.id) or row_of(config.id, notice, now)
            row.channel, row.outcome, row.said, row.again_at = BY_HAND, "sent", "", None
            row.tried_at = row.sent_at = now
            row.receipt = f"told by {person}: {words}"
            return writing.put(row, "communication.notice_told_by_person")
    finally:
        book.keep_lease(fence, wiring.clock().now(), free=True)


def _checked(text: str, what: str) -> str:
    text = " ".join(text.split())
    if not text or len(text) > LONGEST or hidden_in(text):
        raise DecisionRefused(
            f"the {what} of who told them should be 1 to {LONGEST} characters that people can see"
        )
    return text


def _stands(row: Notice) -> bool:
    return row.sent_at is None and (row.outcome == "refused" or bool(row.doubtful or row.again_at))


def _test_text(facts: Facts) -> str:
    label = f"{SIMULATED}: the retirement is one of a simulation.\n\n" if facts.simulated else ""
    return (
        f"{label}This is a test of how notices about {facts.display_name} ({facts.model_id}) "
        "arrive.\nNothing is announced by it, and no notice is recorded.\n\n"
        f"Questions: {facts.contact}\n"
    )
