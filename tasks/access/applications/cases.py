"""What the records say of applications. Reads only."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from tasks.access.applications.states import Case
from tasks.access.gateway.grants import RESEARCH, RESEARCH_API, all_grants, in_force
from tasks.kernel.errors import NotFound
from tasks.records.access import Grant, Revocation
from tasks.records.application import Application, ApplicationEvent

_FEWEST_DIGITS = 6


def cases_of(session: Session, model_id: str) -> tuple[Case, ...]:
    """Every application for a model, in order of receipt, with all that came of it."""
    applications = session.exec(
        select(Application)
        .where(Application.model_id == model_id)
        .order_by(col(Application.received_at), col(Application.id))
    ).all()
    return _cases(session, model_id, applications)


def find_case(session: Session, model_id: str, named: str) -> Case:
    """One application by its id, or by its first digits.

    Raises:
        NotFound: no such application, or more than one.
    """
    found = session.exec(
        select(Application).where(
            Application.model_id == model_id,
            col(Application.id).startswith(named.strip(), autoescape=True),
        )
    ).all()
    if len(named.strip()) < _FEWEST_DIGITS or len(found) != 1:
        problem = "names more than one application" if len(found) > 1 else "no such application"
        raise NotFound(
            f"{model_id}: {named!r}: {problem}; `emeritus applications list {model_id}` shows "
            f"their ids, of which {_FEWEST_DIGITS} digits or more name one"
        )
    return _cases(session, model_id, found)[0]


def programme_in_force(session: Session, model_id: str, now: datetime) -> Grant | None:
    """The grant under which researchers are admitted now: that which lasts longest."""
    grants = [one for one in all_grants(session, model_id) if one.kind == RESEARCH_API]
    return max((g for g in grants if in_force(g, now)), key=lambda g: g.ends_at, default=None)


def _cases(
    session: Session, model_id: str, applications: Sequence[Application]
) -> tuple[Case, ...]:
    wanted = [application.id for application in applications]
    events: dict[str, list[ApplicationEvent]] = defaultdict(list)
    query = select(ApplicationEvent).where(ApplicationEvent.model_id == model_id)
    if len(wanted) == 1:
        query = query.where(ApplicationEvent.application_id == wanted[0])
    for event in session.exec(query.order_by(col(ApplicationEvent.at), col(ApplicationEvent.id))):
        events[event.application_id].append(event)
    grants = all_grants(session, model_id)
    upon = {grant.application_id: grant for grant in grants if grant.kind == RESEARCH}
    programmes = {grant.packet_digest: grant for grant in grants if grant.kind == RESEARCH_API}
    revocations = session.exec(select(Revocation).where(Revocation.model_id == model_id)).all()
    ended_by = {row.grant_id: row for row in revocations}
    cases = []
    for application in applications:
        grant, renewed = upon.get(application.id), upon.get(application.renews)
        under = [event.packet_digest for event in events[application.id] if event.packet_digest]
        programme = programmes.get(grant.packet_digest if grant else "".join(under[-1:]))
        ended = [one.id for one in (grant, programme) if one and one.revoked_at]
        cases.append(
            Case(
                application,
                tuple(events[application.id]),
                grant,
                programme,
                next((ended_by[one] for one in ended if one in ended_by), None),
                renewed,
                programmes.get(renewed.packet_digest) if renewed else None,
            )
        )
    return tuple(cases)
