"""What the records say that may be told. Reads records and the codebook only."""

from datetime import datetime
from typing import TypeVar

from sqlalchemy import func
from sqlmodel import Session, select

from configs.errors import ConfigError
from configs.load import INSTRUMENTS, load_as
from configs.schema import RetirementConfig
from configs.schema.instrument import Codebook
from tasks import wiring
from tasks.communication.facts import Facts, Holdings, Links, tell
from tasks.records.access import Approval, Grant
from tasks.records.columns import Row
from tasks.records.communication import Page
from tasks.records.decisions import latest_packet, standing
from tasks.records.essay import Draft, Publication
from tasks.records.interview import Conversation
from tasks.records.latest import is_simulated, latest_design, latest_package, verdicts_of
from tasks.records.preservation import Replica

CALENDAR, FEED = "calendar.ics", "lifecycle.json"
"""Names of pages that people subscribe to: a model's calendar, and the feed of all models."""
APPLY = "criteria.html"
"""Name of the access stage's page for researchers."""

_Row = TypeVar("_Row", bound=Row)


def facts_of(config: RetirementConfig, session: Session, now: datetime) -> Facts:
    """What may be told about the retirement now."""
    held = _holdings(session, config.id, now)
    links = Links(
        help=wiring.page_address(config.communication, f"{config.id}/help.html"),
        calendar=wiring.page_address(config.communication, f"{config.id}/{CALENDAR}"),
        feed=wiring.page_address(config.communication, FEED),
        apply=_apply_page(config, session),
        site=wiring.site_address(config.essays),
    )
    labels = _labels(config) if held.verdicts else {}
    return tell(config, held, labels=labels, links=links, now=now)


def _apply_page(config: RetirementConfig, session: Session) -> str:
    """Where researchers read how to apply, once the access stage has published it."""
    made = session.get(Page, (config.id, APPLY))
    return wiring.page_address(config.communication, f"{config.id}/{APPLY}") if made else ""


def _holdings(session: Session, model_id: str, now: datetime) -> Holdings:
    package = latest_package(session, model_id)
    packet = standing(session, model_id, now) or latest_packet(session, model_id)
    signed = packet.digest if packet else ""
    counts = _outcomes(session, model_id)
    verdicts = tuple(verdicts_of(session, model_id))
    drafts = tuple(_all(session, Draft, model_id))
    replicas = _all(session, Replica, model_id)
    grants = sorted(_all(session, Grant, model_id), key=lambda g: (g.kind, g.id))
    return Holdings(
        simulated=is_simulated(session, model_id)
        or any(v.simulated for v in verdicts)
        or any(d.simulated for d in drafts),
        package=package,
        replicas=tuple(r for r in replicas if package and r.package_id == package.id),
        conversations=sum(counts.values()),
        answered=counts.get("answered", 0),
        verdicts=verdicts,
        packet=packet,
        approvals=tuple(a for a in _all(session, Approval, model_id) if a.packet_digest == signed),
        grants=tuple(g for g in grants if g.packet_digest == signed),
        drafts=drafts,
        publications=tuple(_all(session, Publication, model_id)),
    )


def _outcomes(session: Session, model_id: str) -> dict[str, int]:
    """Conversations of the design in force, by outcome; those without one yet aside."""
    design = latest_design(session, model_id)
    if design is None:
        return {}
    found = session.exec(
        select(Conversation.outcome, func.count())
        .where(Conversation.design_digest == design.digest)
        .group_by(Conversation.outcome)
    ).all()
    return {outcome: count for outcome, count in found if outcome != "asked"}


def _labels(config: RetirementConfig) -> dict[str, str]:
    """Themes in a person's words; ids stand in where the codebook can't be read."""
    path = INSTRUMENTS / config.interviews.instrument_folder / "codebook.yaml"
    try:
        return {theme.id: theme.label for theme in load_as(Codebook, path).themes}
    except ConfigError:
        return {}


def _all(session: Session, table: type[_Row], model_id: str) -> list[_Row]:
    return list(session.exec(select(table).filter_by(model_id=model_id)))
