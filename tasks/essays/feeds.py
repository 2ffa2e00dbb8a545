"""What the model is shown before it writes: feeds read now, and essays that are public."""

from datetime import datetime

from configs.schema import RetirementConfig
from configs.schema.essays import NewsFeedConfig
from tasks import wiring
from tasks.essays.context import EarlierEssay, freeze
from tasks.essays.markup import title_of
from tasks.essays.permalinks import permalink
from tasks.essays.rows import slots_of
from tasks.essays.slot_record import PUBLIC
from tasks.kernel.digests import stable_id
from tasks.kernel.errors import FeedRefused
from tasks.ports.feeds import FeedReading
from tasks.records import Fence
from tasks.records.essay import FeedReading as Kept


async def frozen_context(config: RetirementConfig, fence: Fence, now: datetime) -> str:
    """The context of a slot that is about to be asked, as canonical JSON; empty for none.

    A feed that can't be read is told in it, and costs the model nothing else.
    """
    settings = config.essays.context
    essays = _earlier(config, settings.earlier_essays, now)
    reader = wiring.news_feeds(settings) if settings.feeds else None
    read: list[tuple[NewsFeedConfig, FeedReading | FeedRefused]] = []
    for feed in settings.feeds:
        assert reader is not None
        try:
            reading = await reader.read(feed, _last(config, feed))
        except FeedRefused as problem:
            read.append((feed, problem))
        else:
            _keep(config, fence, reading)
            read.append((feed, reading))
    return freeze(read, essays, at=now)


def _earlier(config: RetirementConfig, most: int, now: datetime) -> list[EarlierEssay]:
    """The latest public essays, the oldest of them first."""
    if not most:
        return []
    with wiring.book().reading() as session:
        slots = slots_of(session, config.id, now)
    public = [slot for slot in slots if slot.standing in PUBLIC][-most:]
    return [
        EarlierEssay(
            name=slot.draft.slot_id,
            url=permalink(config.essays, slot.draft.slot_id),
            title=title_of(slot.current.text),
            published_at=slot.publication.published_at,
            text=slot.current.text,
        )
        for slot in public
        if slot.publication is not None
    ]


def _last(config: RetirementConfig, feed: NewsFeedConfig) -> FeedReading | None:
    with wiring.book().reading() as session:
        kept = session.get(Kept, stable_id(config.id, feed.url))
    try:
        return FeedReading.from_json(kept.body) if kept else None
    except ValueError:
        return None


def _keep(config: RetirementConfig, fence: Fence, reading: FeedReading) -> None:
    now, key = wiring.clock().now(), stable_id(config.id, reading.url)
    with wiring.book().writing(now, fence=fence) as writing:
        row = writing.session.get(Kept, key)
        if row is None:
            row = Kept(id=key, model_id=config.id, url=reading.url, body="", read_at=now)
        row.body, row.read_at = reading.to_json(), now
        writing.session.add(row)
