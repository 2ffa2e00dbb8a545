"""What the records say of monitoring, part by part."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlmodel import Session, col, select

from configs.home import under_home
from configs.schema import RetirementConfig
from configs.schema.monitoring import MonitoringConfig
from tasks.kernel.digests import digest_of
from tasks.kernel.stages import Assessment
from tasks.monitoring.audit_view import with_audit
from tasks.monitoring.checklist.view import assess_checklist
from tasks.monitoring.core import assess_monitoring
from tasks.monitoring.incidents.drift import assess_drift
from tasks.monitoring.incidents.view import assess_incidents
from tasks.monitoring.replays.same_model_view import assess_same_model
from tasks.monitoring.replays.successor_view import assess_successor
from tasks.monitoring.retrospective.view import assess_retrospective
from tasks.monitoring.sources.view import assess_sources
from tasks.monitoring.together import together
from tasks.monitoring.usage import stamp_of
from tasks.records import Book
from tasks.records.monitoring import Report

_BODY = 2  # what a report holds: a log read before `recent_users` is read again


def log_path(config: MonitoringConfig) -> Path:
    """Where the usage log is expected."""
    return under_home(config.usage_csv)


def reading_stamp(config: MonitoringConfig) -> str:
    """`size:mtime_ns:settings`; empty when there is no log.

    The settings' digest makes a log be read again after a person mended the column map.
    """
    stamp = stamp_of(log_path(config))
    settings = [_BODY, str(config.usage_csv), config.columns.model_dump(), list(config.model_names)]
    return f"{stamp}:{digest_of(settings)[:12]}" if stamp else ""


def last_reading(session: Session, model_id: str) -> Report | None:
    """The latest reading of the log, also where it only told of a problem."""
    return session.exec(
        select(Report).where(Report.model_id == model_id).order_by(col(Report.made_at).desc())
    ).first()


Part = Callable[[RetirementConfig, Session, datetime], Assessment | None]

#: Every part of the stage beside the usage log; None where it isn't wanted or says nothing.
PARTS: dict[str, Part] = {
    "sources": assess_sources,
    "same_model": assess_same_model,
    "successor": assess_successor,
    "drift": assess_drift,
    "retrospective": assess_retrospective,
    "incidents": assess_incidents,
    "checklist": assess_checklist,
}


def assess(config: RetirementConfig, book: Book, now: datetime) -> Assessment:
    """How the stage stands. Reads records, and sizes and times of the files that it watches."""
    with book.reading() as session:
        row = last_reading(session, config.id)
        log = assess_monitoring(
            where=str(log_path(config.monitoring)),
            stamp=reading_stamp(config.monitoring),
            read_stamp=row.source_stamp if row else "",
            body=json.loads(row.body) if row else None,
        )
        parts = [part(config, session, now) for part in PARTS.values()]
        log = with_audit(log, config, session)
        return together([log, *(part for part in parts if part is not None)])
