"""How the sources stand, by the records and by the sizes and times of files. Reads only."""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from configs.schema import RetirementConfig
from configs.schema.monitoring_sources import AnthropicAdminSource, SourceConfig
from tasks.kernel.digests import digest_of
from tasks.kernel.instants import from_text, start_of
from tasks.kernel.stages import Assessment, blocked, done, due
from tasks.monitoring.sources.judgement import late_on
from tasks.monitoring.sources.places import files_of
from tasks.monitoring.sources.reading import settings_of
from tasks.monitoring.sources.rows import EMPTY, LATE, UNUSABLE, latest_readings
from tasks.records.monitoring import SourceReading

_SHOWN = 3  # sources in one sentence


@dataclass(frozen=True, slots=True)
class Need:
    """What a pass would do about a source.

    Attributes:
        what: `read` it; `look` whether what is far away changed; say that it is late (`state`);
            or nothing (empty).
        why: for people.
        until: when it is worth looking again; None where only a change of a file is.
    """

    what: str
    why: str = ""
    until: datetime | None = None


def is_remote(source: SourceConfig) -> bool:
    """Whether a source is asked over the network, so on a schedule."""
    return isinstance(source, AnthropicAdminSource) or source.bucket is not None


def stamp_of_files(config: RetirementConfig, source: SourceConfig) -> str:
    """What changes with a source's files here, or with its settings; nothing is read."""
    stamps: list[list[str]] = []
    if not isinstance(source, AnthropicAdminSource) and source.bucket is None:
        stamps = [[one.name, one.stamp] for one in files_of(source)]
    return digest_of([settings_of(config, source), stamps])


def need_of(
    config: RetirementConfig, source: SourceConfig, row: SourceReading | None, now: datetime
) -> Need:
    """What a pass would do about one source now."""
    if row is None:
        return Need("read", f"{source.name} is to be read")
    body = json.loads(row.body)
    if is_remote(source):
        if body.get("settings") != settings_of(config, source):
            return Need("read", f"{source.name} changed: it is to be read again")
        again = from_text(body["looked_at"]) + timedelta(hours=source_look_hours(source))
        if now >= again:
            return Need("look", f"{source.name} is to be asked for what is new")
    else:
        again = None
        if body.get("stamp") != stamp_of_files(config, source):
            return Need("read", f"{source.name} changed: it is to be read again")
    turns = turns_late(source, row, body)
    if turns is not None and now >= start_of(turns):
        return Need("state", f"{source.name} is late")
    instants = [one for one in (again, start_of(turns) if turns else None) if one is not None]
    return Need("", until=min(instants, default=None))


def source_look_hours(source: SourceConfig) -> int:
    """How often something far away is looked at."""
    return source.look_every_hours


def turns_late(source: SourceConfig, row: SourceReading, body: dict[str, Any]) -> date | None:
    """The day from which on a reading's state is no longer true; None where none is known."""
    if row.state in (LATE, EMPTY, UNUSABLE) or not body.get("covers"):
        return None
    return late_on(date.fromisoformat(body["covers"]["to"]), source.patience_days)


def due_sources(config: RetirementConfig, session: Session, now: datetime) -> str:
    """Why sources are to be read now; empty when none is."""
    rows = latest_readings(session, config.id)
    for source in config.monitoring.sources:
        need = need_of(config, source, rows.get(source.name), now)
        if need.what:
            return need.why
    return ""


def assess_sources(config: RetirementConfig, session: Session, now: datetime) -> Assessment | None:
    """How the sources stand; None where none is configured. No network, no file is read."""
    sources = config.monitoring.sources
    if not sources:
        return None
    rows = latest_readings(session, config.id)
    needs = {one.name: need_of(config, one, rows.get(one.name), now) for one in sources}
    if wanted := [need for need in needs.values() if need.what]:
        return due(wanted[0].why)
    states = {one.name: rows[one.name].state for one in sources}
    until = min((need.until for need in needs.values() if need.until), default=None)
    for name, state in states.items():
        if state in (UNUSABLE, EMPTY):
            says = json.loads(rows[name].body)["findings"]
            why = next((one["says"] for one in says if one["code"] == state), state)
            return blocked(f"source {name}: {why}")
    odd = [f"the source {name} is {state}" for name, state in states.items() if state != "whole"]
    count = f"{len(sources)} source{'s' if len(sources) > 1 else ''}"
    if not odd:
        return done(f"{count} read", until)
    shown = ", ".join(odd[:_SHOWN]) + (f" and {len(odd) - _SHOWN} more" if odd[_SHOWN:] else "")
    return done(f"{count} read; {shown}", until)
