"""Prefect tasks of the communication stage."""

from datetime import datetime

from prefect import task
from prefect.cache_policies import NO_CACHE

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.communication.core import DueNotice, due_notices
from tasks.communication.facts import Facts
from tasks.communication.render import basis_of, notice_text, page_bytes
from tasks.communication.view import facts_of, notices_of, stale_pages
from tasks.kernel.digests import sha256_hex
from tasks.kernel.instants import start_of
from tasks.ports.notifier import Message
from tasks.records import Fence
from tasks.records.communication import Notice, Page


@task(name="publish pages", cache_policy=NO_CACHE)
def publish_pages(config: RetirementConfig, fence: Fence) -> None:
    """Make the help page and the statement again where the records changed.

    Safe to repeat: writes nothing while a page's basis stays, and nothing before the announcement.
    A kill between page and row costs the same bytes once more.

    Raises:
        ConfigError: a template can't be used.
        OSError: the pages' place can't be written.
    """
    book, now = wiring.book(), wiring.clock().now()
    if now < start_of(config.candidate.announced_on):
        return
    with book.reading() as session:
        facts = facts_of(config, session, now)
        stale = stale_pages(session, facts)
    publisher = wiring.pages(config.communication)
    for name in stale:
        path, data = f"{config.id}/{name}", page_bytes(facts, name)
        publisher.publish({path: data})
        with book.writing(now, fence=fence) as writing:
            row = writing.session.get(Page, (config.id, name))
            if row is None:
                row = Page(
                    model_id=config.id, name=name, location="", sha256="", basis="", made_at=now
                )
            row.location, row.sha256 = publisher.location(path), sha256_hex(data)
            row.basis, row.made_at = basis_of(facts, name), now
            writing.put(row, "communication.page_made")


@task(name="send notices", cache_policy=NO_CACHE)
def send_notices(config: RetirementConfig, fence: Fence) -> None:
    """Send every notice that is due, each as intent, message, receipt.

    Safe to repeat: a notice keeps its id, so one that went out before a kill is not sent twice.
    One that can't be delivered doesn't keep the others back.

    Raises:
        OSError: a notice was not delivered; the next pass tries again.
    """
    book, now = wiring.book(), wiring.clock().now()
    with book.reading() as session:
        facts = facts_of(config, session, now)
        notices = notices_of(session, config.id)
    failure: OSError | None = None
    for notice in due_notices(config.id, config.candidate, config.communication, notices, now):
        try:
            _send(config, fence, facts, notice)
        except OSError as error:
            failure = failure or error
    if failure is not None:
        raise failure


def _send(config: RetirementConfig, fence: Fence, facts: Facts, notice: DueNotice) -> None:
    intended_at = _intend(config.id, fence, notice)
    subject, body = notice_text(facts, notice, intended_at.date())
    receipt = wiring.notifier(config.communication).send(
        Message(
            id=notice.id,
            sender=config.communication.sender,
            to=notice.contact,
            subject=subject,
            body=body,
            written_at=intended_at,
        )
    )
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        row = writing.session.get_one(Notice, notice.id)
        row.sent_at, row.receipt = now, receipt
        writing.put(row, "communication.notice_sent")


def _intend(model_id: str, fence: Fence, notice: DueNotice) -> datetime:
    """Record the intent; returns its instant, the first one's where a pass died after it."""
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        row = writing.session.get(Notice, notice.id)
        if row is None:
            row = Notice(
                id=notice.id,
                model_id=model_id,
                kind=notice.kind,
                owner=notice.owner,
                contact=notice.contact,
                retires_on=notice.retires_on,
                intended_at=now,
            )
            writing.put(row, "communication.notice_intended")
        return row.intended_at
