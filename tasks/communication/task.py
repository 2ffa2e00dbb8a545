"""Prefect tasks of the communication stage."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.communication.core import due_notices
from tasks.communication.pages import PageDue
from tasks.communication.sending import intend, send
from tasks.communication.view import due_pages, standing_of
from tasks.kernel.digests import sha256_hex
from tasks.kernel.errors import ConfigError
from tasks.kernel.instants import start_of
from tasks.ports.notifier import ChannelDown
from tasks.records import Fence
from tasks.records.communication import Page


@task(name="publish pages", task_run_name="publish pages of {config.id}", cache_policy=NO_CACHE)
def publish_pages(config: RetirementConfig, fence: Fence) -> None:
    """Make the pages, calendars and the feed again where the records changed.

    The notices that are due are recorded as intended first: calendar and feed tell the dates that
    owners are told. Safe to repeat: writes nothing while a page's basis stays, and nothing before
    the announcement, or while a date may not be told. A kill between page and row costs the same
    page once more.

    Raises:
        ConfigError: a template can't be used.
        OSError: the pages' place can't be written.
    """
    book, now = wiring.book(), wiring.clock().now()
    if now < start_of(config.candidate.announced_on):
        return
    with book.reading() as session:
        standing = standing_of(config, session, now)
    if standing.held_back:
        return
    owed = due_notices(config, standing.notices, now)
    intend(config.id, fence, owed)
    with book.reading() as session:
        standing = standing_of(config, session, now)
        stale = due_pages(config, session, standing)
    for page in stale:
        _publish(config, fence, page)


def _publish(config: RetirementConfig, fence: Fence, page: PageDue) -> None:
    now, publisher = wiring.clock().now(), wiring.pages(config.communication)
    data = page.data(now)
    publisher.publish({page.path: data})
    with wiring.book().writing(now, fence=fence) as writing:
        row = writing.session.get(Page, (page.model_id, page.name)) or Page(
            model_id=page.model_id, name=page.name, location="", sha256="", basis="", made_at=now
        )
        row.location, row.sha256 = publisher.location(page.path), sha256_hex(data)
        row.basis, row.made_at = page.basis, now
        writing.put(row, "communication.page_made")


@task(name="send notices", task_run_name="send notices of {config.id}", cache_policy=NO_CACHE)
def send_notices(config: RetirementConfig, fence: Fence) -> None:
    """Send every notice that is due, each as intent, try, message, receipt.

    Safe to repeat: a notice keeps its id, so one that went out before a kill is the same message
    again. What the other side says of one message is recorded and keeps no other back; so does a
    channel that is down or wrongly configured, which is told at the end.

    Raises:
        OSError: a channel was down; the next pass tries again.
        ConfigError: a channel or a template can't be used.
    """
    book, now = wiring.book(), wiring.clock().now()
    with book.reading() as session:
        standing = standing_of(config, session, now)
    if standing.held_back:
        return
    owed = due_notices(config, standing.notices, now)
    intend(config.id, fence, owed)
    failure: Exception | None = None
    down: set[str] = set()
    for notice in owed:
        way = notice.contact if notice.channel == "webhook" else notice.channel
        if way in down:
            continue
        try:
            send(config, fence, standing.facts, notice)
        except (ChannelDown, ConfigError) as error:
            down.add(way)  # the others would wait as long for the same answer
            failure = failure or error
        except OSError as error:
            failure = failure or error
    if failure is not None:
        raise failure
