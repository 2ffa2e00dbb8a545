"""How the checklist stands in the records. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from configs.errors import ConfigError
from configs.schema import RetirementConfig
from tasks.kernel.digests import digest_of
from tasks.kernel.instants import start_of
from tasks.kernel.stages import Assessment, blocked, done, waiting
from tasks.monitoring.checklist.core import Standing, closing_body, standings
from tasks.monitoring.checklist.found import findings
from tasks.monitoring.checklist.lines import clashing, lines_of
from tasks.records.audit import AuditReport
from tasks.records.checklist import ChecklistAct, Closing, ClosingSignature
from tasks.records.latest import is_simulated
from tasks.records.retirement import Retirement

_NAMED = 4  # open lines that a stage's reason names


@dataclass(frozen=True, slots=True)
class Checklist:
    """A model's checklist as it stands.

    Attributes:
        lines: how each line stands, in order.
        body: what a closing would be of.
        signatures: those under just this body, oldest first.
        needed: how many different people sign a closing.
        closing: the closing, if the retirement was closed.
    """

    lines: tuple[Standing, ...]
    body: dict[str, Any]
    signatures: tuple[ClosingSignature, ...]
    needed: int
    closing: Closing | None

    @property
    def open(self) -> tuple[Standing, ...]:
        """The lines that keep the retirement from being closed."""
        return tuple(one for one in self.lines if one.open)


def acts_of(session: Session, model_id: str) -> Sequence[ChecklistAct]:
    """People's words on all lines, oldest first."""
    return session.exec(
        select(ChecklistAct)
        .where(ChecklistAct.model_id == model_id)
        .order_by(col(ChecklistAct.received_at), col(ChecklistAct.id))
    ).all()


def checklist_of(
    config: RetirementConfig, session: Session, now: datetime, audit: AuditReport | None
) -> Checklist:
    """The checklist now. Reads only.

    Args:
        config: the retirement.
        session: for reading.
        now: the present.
        audit: the audit chain as just verified; without it that line is open.

    Raises:
        ConfigError: a line of one's own bears the id of one that every model has.
    """
    settings = config.monitoring.checklist
    if clash := clashing(settings):
        raise ConfigError(
            f"{config.id}: monitoring.checklist.lines: {clash!r} is a line that every model has; "
            "give yours another id"
        )
    found = findings(config, session, now, audit)
    lines = standings(lines_of(settings), found, acts_of(session, config.id))
    row = session.get(Retirement, config.id)
    body = closing_body(
        config.id,
        row.config_sha256 if row is not None else "",
        lines,
        simulated=is_simulated(session, config.id),
    )
    signed = session.exec(
        select(ClosingSignature)
        .where(ClosingSignature.model_id == config.id, ClosingSignature.digest == digest_of(body))
        .order_by(col(ClosingSignature.received_at), col(ClosingSignature.id))
    ).all()
    return Checklist(
        lines=lines,
        body=body,
        signatures=tuple(signed),
        needed=settings.signatures_needed,
        closing=session.get(Closing, config.id),
    )


def assess_checklist(
    config: RetirementConfig, session: Session, now: datetime
) -> Assessment | None:
    """What keeps a retirement from being closed; None before the last day of its last surface.

    The audit chain is not verified for it: `emeritus checklist show` does, and every closing.
    """
    last = max(surface.retires_on for surface in config.candidate.surfaces)
    closing = session.get(Closing, config.id)
    if closing is None and now < start_of(last + timedelta(days=1)):
        return None
    found = checklist_of(config, session, now, None)
    left = [one.line.id for one in found.open if one.line.id != "audit"]
    named = ", ".join(left[:_NAMED]) + (" and more" if len(left) > _NAMED else "")
    if closing is not None:
        when = f"closed on {closing.closed_at.date()} by {closing.people}"
        if left:
            return blocked(
                f"{when}; since then open again: {named}", f"emeritus checklist show {config.id}"
            )
        return done(when)
    if left:
        return waiting(
            f"to be closed: {len(left)} of {len(found.lines)} lines of the checklist are open "
            f"({named})",
            command=f"emeritus checklist show {config.id}",
        )
    return waiting(
        f"to be closed: no line is open; {found.needed} people sign",
        command=f"emeritus checklist close {config.id} --as NAME --key FILE",
    )
