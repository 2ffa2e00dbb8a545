"""The Prefect task that reads the sources."""

import json
import tempfile
from dataclasses import asdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from configs.schema import RetirementConfig
from configs.schema.monitoring_sources import (
    AnthropicAdminSource,
    FileSourceConfig,
    SourceConfig,
)
from tasks import wiring
from tasks.kernel.digests import canonical_json, digest_of, stable_id
from tasks.kernel.errors import EmeritusError, EndpointBusy, EndpointFault, SourceMoved, told
from tasks.kernel.instants import to_text
from tasks.kernel.retry import is_transient, is_transient_fault
from tasks.monitoring.sources.judgement import lateness
from tasks.monitoring.sources.organization import KINDS, reading_of
from tasks.monitoring.sources.places import fetched, files_of
from tasks.monitoring.sources.reading import Read, read_files, settings_of, unusable
from tasks.monitoring.sources.rows import LATE, latest_readings
from tasks.monitoring.sources.view import need_of, stamp_of_files
from tasks.records import Fence
from tasks.records.latest import is_simulated
from tasks.records.monitoring import SourceReading


@task(
    name="read sources",
    task_run_name="read sources of {config.id}",
    cache_policy=NO_CACHE,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=is_transient,
)
def read_sources(config: RetirementConfig, fence: Fence) -> None:
    """Read every source that changed or is to be asked again, and record what it tells.

    Safe to repeat: the same bytes and settings change their row and add none. A source that can't
    be used is told of in its reading; one that fails for the moment leaves no row. Neither stops
    another source.

    Raises:
        ConnectionError, TimeoutError, EndpointBusy: a source can't answer now; all others were
            read.
        SourceMoved: files changed while they were read; all others were read.
        FenceLost: a later pass took over.
    """
    later: list[Exception] = []
    for source in config.monitoring.sources:
        try:
            _read_one(config, source, fence)
        except (EndpointBusy, ConnectionError, TimeoutError, SourceMoved) as error:
            later.append(error)
    if later:
        raise later[0]


def _read_one(config: RetirementConfig, source: SourceConfig, fence: Fence) -> None:
    now = wiring.clock().now()
    with wiring.book().reading() as session:
        row = latest_readings(session, config.id).get(source.name)
        simulated = is_simulated(session, config.id)
    need = need_of(config, source, row, now)
    if not need.what:
        return
    if need.what == "state":
        assert row is not None
        _say_late(source, row, fence, now)
        return
    same = json.loads(row.body).get("stamp", "") if row is not None and need.what == "look" else ""
    found = _asked(config, source, same, now)
    if found is None:
        assert row is not None
        _looked(source, row, fence, now)
        return
    read, stamp = found
    about = {
        "stamp": stamp,
        "settings": settings_of(config, source),
        "looked_at": to_text(now),
    }
    new = SourceReading(
        id=stable_id(config.id, source.name, read.basis),
        model_id=config.id,
        source=source.name,
        kind=read.kind,
        basis=read.basis,
        state=read.state,
        body=canonical_json({**read.body, **about}).decode(),
        simulated=read.simulated or simulated,
        read_at=now,
    )
    _record(new, fence, now)


def _asked(
    config: RetirementConfig, source: SourceConfig, same: str, now: datetime
) -> tuple[Read, str] | None:
    """A source's reading and its stamp; None where what is far away has the stamp `same`."""
    if isinstance(source, AnthropicAdminSource):
        return _organization(config, source, now), ""
    if source.bucket is not None:
        return _bucket(config, source, same, now)
    stamp = stamp_of_files(config, source)
    read = read_files(config, source, files_of(source), now)
    if stamp_of_files(config, source) != stamp:
        raise SourceMoved(
            f"source {source.name}: its files changed while they were read; the next pass reads "
            "them again"
        )
    return read, stamp


def _organization(config: RetirementConfig, source: AnthropicAdminSource, now: datetime) -> Read:
    last = now.date()
    first = date.fromordinal(last.toordinal() - source.window_days + 1)
    try:
        reported = wiring.organization_report(source).read(first, last)
    except EndpointBusy:
        raise
    except EndpointFault as error:
        return unusable(config, source, KINDS[source.report], str(error))
    return reading_of(config, source, reported, now)


def _bucket(
    config: RetirementConfig, source: FileSourceConfig, same: str, now: datetime
) -> tuple[Read, str] | None:
    stamp = ""
    try:
        exports = wiring.exports(source)
        listed = exports.listed()
        stamps: list[Any] = [[one.key, one.size, one.stamp] for one in listed]
        stamp = digest_of([settings_of(config, source), stamps])
        if stamp == same:
            return None
        with tempfile.TemporaryDirectory(prefix="emeritus-bucket-") as folder:
            files = fetched(exports, listed, Path(folder), source.most_megabytes)
            return read_files(config, source, files, now), stamp
    except OSError as error:
        if is_transient_fault(error):
            raise
        return unusable(config, source, source.kind, told(error)), stamp
    except EmeritusError as error:
        return unusable(config, source, source.kind, str(error)), stamp


def _record(new: SourceReading, fence: Fence, now: datetime) -> None:
    """Put the row; the same basis read again changes its row, so that it is the latest."""
    with wiring.book().writing(now, fence=fence) as writing:
        row = writing.session.get(SourceReading, new.id)
        latest = latest_readings(writing.session, new.model_id).get(new.source)
        if latest is not None:  # also where a clock went back, the last one written is the latest
            new.read_at = max(now, latest.read_at + timedelta(microseconds=1))
        if row is None:
            writing.put(new, "monitoring.source_read")
            return
        if latest is not None and latest.id == row.id and latest.state == new.state:
            new.read_at = row.read_at  # nothing new was told: since when it stands so is kept
        for name, value in new.model_dump().items():
            setattr(row, name, value)
        writing.put(row, "monitoring.source_read_again")


def _looked(source: SourceConfig, row: SourceReading, fence: Fence, now: datetime) -> None:
    """What is far away has not changed; it may have become late meanwhile."""
    body = {**json.loads(row.body), "looked_at": to_text(now)}
    _change(source, row, body, fence, now)


def _say_late(source: SourceConfig, row: SourceReading, fence: Fence, now: datetime) -> None:
    _change(source, row, json.loads(row.body), fence, now)


def _change(
    source: SourceConfig, row: SourceReading, body: dict[str, Any], fence: Fence, now: datetime
) -> None:
    """Change a row's body, and its state where it turned late; its figures stay."""
    covers = body.get("covers")
    ends = covers and (date.fromisoformat(covers["from"]), date.fromisoformat(covers["to"]))
    late = lateness(ends or None, source.patience_days, now)
    with wiring.book().writing(now, fence=fence) as writing:
        kept = writing.session.get(SourceReading, row.id)
        assert kept is not None
        if late is not None and kept.state != LATE:
            body = {**body, "findings": [*body["findings"], asdict(late)]}
            kept.state, kept.read_at = LATE, now
        kept.body = canonical_json(body).decode()
        writing.put(kept, "monitoring.source_looked_at")
