"""One notice's way out: the try noted first, then the message, then what became of it."""

import json
from datetime import datetime
from typing import Any

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.communication.core import CHANGED, DueNotice
from tasks.communication.delivery import begin_try
from tasks.communication.facts import Facts
from tasks.communication.render import notice_text
from tasks.kernel.digests import canonical_json, sha256_hex
from tasks.kernel.errors import EmeritusError
from tasks.kernel.instants import to_text
from tasks.ports.delivery import outcome_of, wait_after
from tasks.ports.notifier import (
    Event,
    Message,
    PerhapsDelivered,
    RefusedForGood,
    TryLater,
)
from tasks.records import Fence
from tasks.records.communication import Notice
from tasks.records.promises import WEBHOOK


def intend(model_id: str, fence: Fence, notices: tuple[DueNotice, ...]) -> None:
    """Record that these are to be sent, where no row says so yet. Safe to repeat."""
    if not notices:
        return
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        missing = [n for n in notices if writing.session.get(Notice, n.id) is None]
        rows = [row_of(model_id, notice, now) for notice in missing]
        writing.put_all([(row, "communication.notice_intended") for row in rows])


def send(config: RetirementConfig, fence: Fence, facts: Facts, notice: DueNotice) -> None:
    """Try once to deliver; what the other side says of this one message is recorded.

    Raises:
        OSError: nothing can be sent this way now; the next pass tries.
        ConfigError: the channel or a template can't be used.
    """
    subject, text, payload = _words(config, facts, notice)
    row = _begin(fence, notice, sha256_hex(payload or text.encode()))
    assert row.tried_at is not None, "it begins now"
    try:
        if payload:
            name = notice.contact.removeprefix(f"{WEBHOOK}:")
            hook = wiring.event_hook(config.communication, name)
            receipt = hook.post(Event(notice.id, payload, wiring.clock().now()))
        else:
            receipt = wiring.notifier(config.communication).send(
                Message(
                    id=notice.id,
                    sender=config.communication.sender,
                    to=notice.contact,
                    subject=subject,
                    body=text,
                    written_at=row.tried_at,
                )
            )
    except (TryLater, RefusedForGood, PerhapsDelivered) as error:
        _end(fence, notice.id, error)
    except (OSError, EmeritusError) as error:
        _end(fence, notice.id, error)
        raise
    else:
        _end(fence, notice.id, receipt)


def event_body(facts: Facts, notice: DueNotice, subject: str, at: datetime) -> bytes:
    """What a webhook is sent: canonical JSON. It names no owner.

    `text` is for chat systems, which show it; programs read `data`.
    """
    changes = [{"surface": c.surface, "before": c.before, "now": c.now} for c in notice.changes]
    data: dict[str, Any] = {
        "model": facts.model_id,
        "display_name": facts.display_name,
        "kind": notice.kind,
        "retires_on": notice.retires_on,
        **json.loads(notice.told.text),
        "changes": changes,
        "dropped_brownouts": notice.dropped,
        "successor": facts.successor,
        "announced_on": facts.announced_on,
        "help": facts.help_link,
        "calendar": facts.calendar_link,
        "feed": facts.feed_link,
        "simulated": facts.simulated,
    }
    changed = changes or notice.hold_changed or notice.brownouts_changed
    kind = CHANGED if changed else "notice"
    return canonical_json(
        {"type": f"retirement.{kind}", "timestamp": to_text(at), "text": subject, "data": data}
    )


def _words(
    config: RetirementConfig, facts: Facts, notice: DueNotice
) -> tuple[str, str, bytes | None]:
    """Subject and text of a mail, or a webhook's body; by the day of the try."""
    with wiring.book().reading() as session:
        row = session.get(Notice, notice.id)
    now = wiring.clock().now()
    subject, text = notice_text(facts, notice, now.date())
    if notice.channel != WEBHOOK:
        return subject, text, None
    began = row.intended_at if row else now
    return subject, text, event_body(facts, notice, subject, began)


def row_of(model_id: str, notice: DueNotice, now: datetime) -> Notice:
    """The intent to send a notice."""
    return Notice(
        id=notice.id,
        model_id=model_id,
        kind=notice.kind,
        owner=notice.owner,
        contact=notice.contact,
        retires_on=notice.retires_on,
        intended_at=now,
        channel=notice.channel,
        told=notice.told.text,
    )


def _begin(fence: Fence, notice: DueNotice, digest: str) -> Notice:
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        row = writing.session.get_one(Notice, notice.id)
        row.channel, row.body_sha256 = notice.channel, digest
        begin_try(row, now)
        writing.put(row, "communication.notice_tried")
    return row


def _end(fence: Fence, notice_id: str, outcome: str | Exception) -> None:
    """Record what became of the try."""
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        row = writing.session.get_one(Notice, notice_id)
        if isinstance(outcome, str):
            row.outcome, row.sent_at, row.receipt = "sent", now, outcome
            writing.put(row, "communication.notice_sent")
            return
        row.said, row.outcome = str(outcome), outcome_of(outcome)
        if row.outcome == "doubtful":
            row.doubtful = (row.doubtful or 0) + 1
            row.again_at = now + wait_after(row.tries or 1)
        elif isinstance(outcome, TryLater):
            row.again_at = now + wait_after(row.tries or 1, outcome.after)
        writing.put(row, f"communication.notice_{row.outcome}")
