"""How the stage stands by the records."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, select

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.communication.core import assess_communication
from tasks.communication.facts import Facts
from tasks.communication.fleet import Fleet, fleet_of
from tasks.communication.holdings import facts_of
from tasks.communication.pages import PageDue, pages_due, pages_of
from tasks.communication.plan import Plan, plan_of
from tasks.kernel.errors import NotFound
from tasks.kernel.stages import Assessment
from tasks.records import Book
from tasks.records.communication import Notice, Page
from tasks.records.latest import latest_check
from tasks.records.promises import broken_promise, contradiction


@dataclass(frozen=True, slots=True)
class Standing:
    """All that the stage acts on, as read in one snapshot.

    Attributes:
        facts: what may be told of the model.
        notices: its notices.
        fleet: the public models; this one among them once its owners are told.
        broken: a promise that the configured dates would break; nobody is told then.
        contradicted: what the endpoint says against them; nobody is told then.
    """

    facts: Facts
    notices: tuple[Notice, ...]
    fleet: Fleet
    broken: str
    contradicted: str

    @property
    def held_back(self) -> bool:
        """Whether nothing may be told now."""
        return bool(self.broken or self.contradicted)


def standing_of(config: RetirementConfig, session: Session, now: datetime) -> Standing:
    """How the stage stands by the records."""
    notices = tuple(notices_of(session, config.id))
    return Standing(
        facts=facts_of(config, session, now),
        notices=notices,
        fleet=fleet_of(config, session, now),
        broken=broken_promise(config.candidate, notices, now),
        contradicted=contradiction(config.candidate, latest_check(session, config.id), now),
    )


def notices_of(session: Session, model_id: str) -> list[Notice]:
    """All recorded notices of the model."""
    return list(session.exec(select(Notice).filter_by(model_id=model_id)))


def due_pages(config: RetirementConfig, session: Session, standing: Standing) -> list[PageDue]:
    """The pages to be made now; none that would tell what may not be told."""
    if standing.held_back:
        return []
    return pages_due(config, session, standing.facts, standing.fleet)


def assess(config: RetirementConfig, book: Book, now: datetime) -> Assessment:
    """How the stage stands. Reads records and templates only."""
    with book.reading() as session:
        standing = standing_of(config, session, now)
        stale = due_pages(config, session, standing)
    return assess_communication(
        config,
        notices=standing.notices,
        stale_pages=[page.path for page in stale],
        now=now,
        broken=standing.broken,
        contradicted=standing.contradicted,
    )


def plan_now(config: RetirementConfig) -> tuple[Plan, bool]:
    """The plan of notices as the records stand, and whether the model is simulated."""
    now = wiring.clock().now()
    with wiring.book().reading() as session:
        standing = standing_of(config, session, now)
    held_back = standing.broken or standing.contradicted
    return plan_of(config, standing.notices, held_back, now), standing.facts.simulated


def page_now(config: RetirementConfig, path: str) -> bytes:
    """A page's bytes by the records: those that are published, unless something changed since.

    Args:
        config: the model's.
        path: under the pages folder.

    Raises:
        NotFound: there is no such page (yet).
    """
    now = wiring.clock().now()
    with wiring.book().reading() as session:
        standing = standing_of(config, session, now)
        pages = pages_of(config, standing.facts, standing.fleet)
        page = next((one for one in pages if one.path == path), None)
        if page is None:
            raise NotFound(f"{path}: not public yet; it is once owners were told of {config.id}")
        made = session.get(Page, (page.model_id, page.name))
    return page.data(made.made_at if made and made.basis == page.basis else now)
