"""How the signals stand by the records; a file beside the reports keeps what was worked out.

The file is no record: it is made again wherever it is missing or out of date, to the same bytes.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from configs.home import under_home
from configs.schema import RetirementConfig
from configs.schema.alarms import AlarmsConfig
from tasks.kernel.digests import digest_of
from tasks.monitoring.incidents.history import whole_history
from tasks.monitoring.incidents.rows import acts_of, incidents_of
from tasks.monitoring.incidents.signals import Restart, judge, mixes
from tasks.monitoring.incidents.stale import StaleSource, stale_sources
from tasks.monitoring.incidents.words import mix_body, signal_body
from tasks.monitoring.sources.rows import Reading, latest_readings
from tasks.records.incident import Incident, IncidentAct
from tasks.records.monitoring import SourceReading

ACCEPTED = "accepted"
_VERSION = 1  # of the method: a judgement by another one is made again


def judgement_file(config: RetirementConfig) -> Path:
    """Where the latest judgement stands."""
    return under_home(config.monitoring.reports_folder) / config.id / "signals.json"


def kept_judgement(config: RetirementConfig, session: Session) -> dict[str, Any] | None:
    """The judgement in the file, if it is of the records as they stand. Cheap."""
    basis = basis_of(config, session)
    try:
        body = json.loads(judgement_file(config).read_bytes())
    except (OSError, ValueError):
        return None
    return body if isinstance(body, dict) and body.get("basis") == basis else None


def judgement(config: RetirementConfig, session: Session) -> dict[str, Any]:
    """The judgement of the records as they stand, from the file or worked out anew.

    Working out takes about a second a signal. Reads only.

    Returns:
        JSON values: `basis`, `signals` (see `words.signal_body`) and `mix` (`words.mix_body`).
    """
    kept = kept_judgement(config, session)
    if kept is not None:
        return kept
    alarms = config.monitoring.alarms or AlarmsConfig(signals=())
    readings = {
        name: whole_history([Reading.of(row) for row in rows])
        for name, rows in _rows(config, session).items()
    }
    restarts = restarts_of(incidents_of(session, config.id), acts_of(session, config.id))
    found = mixes(alarms, readings)
    changed = [one for one in found if one.change.changed()]
    return {
        "basis": basis_of(config, session),
        "signals": [
            signal_body(one, [mix for mix in changed if mix.source == one.series.source])
            for one in judge(alarms, readings, restarts)
        ],
        "mix": [mix_body(one) for one in found],
    }


def basis_of(config: RetirementConfig, session: Session) -> str:
    """Digest of all that a judgement rests on."""
    alarms = config.monitoring.alarms
    latest = latest_readings(session, config.id)
    restarts = restarts_of(incidents_of(session, config.id), acts_of(session, config.id))
    return digest_of(
        {
            "version": _VERSION,
            "alarms": alarms.model_dump(mode="json") if alarms else None,
            "readings": {
                name: [latest[name].state, latest[name].simulated, _figures(latest[name])]
                for name in configured(config)
                if name in latest
            },
            "restarts": {name: str(one) for name, one in restarts.items()},
        }
    )


def configured(config: RetirementConfig) -> tuple[str, ...]:
    """Names of the sources that count: one that was taken off the configuration does not."""
    return tuple(source.name for source in config.monitoring.sources)


def _figures(row: SourceReading) -> list[Any]:
    """What of a reading is judged; when it was looked at is not."""
    body = json.loads(row.body)
    return [body.get("covers"), body.get("days"), body.get("mix")]


def _rows(config: RetirementConfig, session: Session) -> dict[str, list[SourceReading]]:
    """Every reading of each configured source, oldest first."""
    names = configured(config)
    rows = session.exec(
        select(SourceReading)
        .where(SourceReading.model_id == config.id, col(SourceReading.source).in_(names))
        .order_by(col(SourceReading.read_at), col(SourceReading.id))
    )
    found: dict[str, list[SourceReading]] = {}
    for row in rows:
        found.setdefault(row.source, []).append(row)
    return found


def restarts_of(
    incidents: Sequence[Incident], acts: Sequence[IncidentAct]
) -> Mapping[str, Restart]:
    """By signal, from where its CUSUM goes on after people closed its alarms."""
    reasons = {act.incident_id: act.reason for act in acts}
    found: dict[str, Restart] = {}
    closed = [row for row in incidents if row.kind == "alarm" and row.closed_at is not None]
    for row in sorted(closed, key=lambda row: (row.closed_at, row.id)):
        assert row.closed_at is not None
        day = row.closed_at.date()
        earlier = found.get(row.subject)
        accepted = reasons.get(row.id) == ACCEPTED
        learn_after = day if accepted else (earlier.learn_after if earlier else None)
        found[row.subject] = Restart(day, learn_after)
    return found


def stale_now(config: RetirementConfig, session: Session, now: datetime) -> tuple[StaleSource, ...]:
    """Sources late, empty or unusable for too long; none where nothing is watched."""
    alarms = config.monitoring.alarms
    if alarms is None:
        return ()
    rows = _rows(config, session)
    latest = {name: Reading.of(told[-1]) for name, told in rows.items()}
    return stale_sources(rows, latest, alarms.source_days, now)
