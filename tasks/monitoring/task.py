"""Prefect tasks of the monitoring stage, and the dossier without Prefect."""

import os
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from prefect import task
from prefect.cache_policies import NO_CACHE

from configs.home import home, under_home
from configs.schema import RetirementConfig
from configs.schema.monitoring import MonitoringConfig
from tasks import wiring
from tasks.adapters.files import write_atomically
from tasks.kernel.digests import canonical_json, stable_id
from tasks.kernel.errors import UsageLogUnusable
from tasks.monitoring.core import report_of
from tasks.monitoring.dossier.holdings import Dossier, hold
from tasks.monitoring.dossier.page import dossier_of
from tasks.monitoring.render import fill
from tasks.monitoring.usage import measure, sha256_of
from tasks.monitoring.view import log_path, reading_stamp
from tasks.records import Book, Fence
from tasks.records.latest import is_simulated
from tasks.records.monitoring import Report


@task(name="report usage", task_run_name="report usage of {config.id}", cache_policy=NO_CACHE)
def report_usage(config: RetirementConfig, fence: Fence) -> None:
    """Read the usage log and write its report, or record why it can't be read.

    Safe to repeat: the same bytes make the same row again. What is recorded of an unusable log
    stands until the log, or the configuration of its columns, changes.

    Raises:
        UsageLogUnusable: there is no log, or it changed while it was read; nothing was written.
        OSError: the reports' folder can't be written.
    """
    monitoring, now = config.monitoring, wiring.clock().now()
    path, stamp = log_path(monitoring), reading_stamp(monitoring)
    if not stamp:
        raise UsageLogUnusable(f"the usage log {path} is missing; export it there")
    digest, body = _read(monitoring, path, now)
    if reading_stamp(monitoring) != stamp:
        raise UsageLogUnusable(f"{path}: changed while it was read; the next pass reads it again")
    location = ""
    if "problem" not in body:
        with wiring.book().reading() as session:
            simulated = is_simulated(session, config.id)
        about = {"simulated": simulated, "source": str(path), "source_sha256": digest}
        location = str(_write(config, {**body, **about}))
    _record(
        Report(
            id=stable_id(config.id, digest or stamp),
            model_id=config.id,
            source=str(path),
            source_stamp=stamp,
            source_sha256=digest,
            body=canonical_json(body).decode(),
            location=location,
            made_at=now,
        ),
        fence,
        now,
    )


@task(name="write dossier", task_run_name="write dossier of {config.id}", cache_policy=NO_CACHE)
def write_dossier_page(config: RetirementConfig, fence: Fence) -> str:
    """Write the dossier from the records, and return its path. Safe to repeat; adds no record.

    Raises:
        FenceLost: a later pass took over; nothing was written.
        OSError: the reports' folder can't be written.
    """
    book, now = wiring.book(), wiring.clock().now()
    book.keep_lease(fence, now)
    return str(write_dossier(config, book, now))


def write_dossier(config: RetirementConfig, book: Book, now: datetime) -> Path:
    """Write the dossier from the records, and return its path.

    Safe to repeat: its time is that of the last audit entry, so the same records make the same
    bytes, and then nothing is written. `now` stands in only while there is no entry.

    Raises:
        ConfigError: the template can't be used.
        OSError: the reports' folder can't be written.
    """
    path = _folder(config) / "dossier.html"
    write_atomically(path, dossier_page(config, book, now).encode())
    return path


def dossier_page(
    config: RetirementConfig, book: Book, now: datetime, held: Dossier | None = None
) -> str:
    """The dossier as HTML, from the records, or from what was read of them. Reads only.

    Raises:
        ConfigError: the template can't be used.
    """
    report = _interview_report(config, _folder(config))
    shown = dossier_of(config, held or hold(config, book), now, interview_report=report)
    return fill("dossier.html.j2", d=shown)


def _read(monitoring: MonitoringConfig, path: Path, now: datetime) -> tuple[str, dict[str, Any]]:
    """The log's digest (empty when it can't be read), and the report's body or its problem."""
    digest = ""
    try:
        digest = sha256_of(path)
        usage = measure(path, monitoring.columns, monitoring.model_names, now)
    except UsageLogUnusable as error:
        return digest, {"problem": str(error)}
    except OSError as error:
        return digest, {"problem": f"{path}: can't be read: {error.strerror}; mend its permissions"}
    return digest, report_of(usage, model_names=monitoring.model_names, now=now)


def _interview_report(config: RetirementConfig, beside: Path) -> str:
    """The interview report, as a URL from the dossier's folder; empty while there is none."""
    file = home() / "interviews" / config.id / "report.html"
    return quote(os.path.relpath(file, beside)) if file.is_file() else ""


def _folder(config: RetirementConfig) -> Path:
    return under_home(config.monitoring.reports_folder) / config.id


def _write(config: RetirementConfig, body: dict[str, Any]) -> Path:
    folder = _folder(config)
    text = fill("usage.md.j2", name=config.display_name, report=body)
    write_atomically(folder / "usage.md", text.encode())
    write_atomically(folder / "usage.json", canonical_json(body) + b"\n")
    return folder / "usage.json"


def _record(report: Report, fence: Fence, now: datetime) -> None:
    """Put the row; the same bytes read again change their row, so that it is the latest."""
    with wiring.book().writing(now, fence=fence) as writing:
        row = writing.session.get(Report, report.id)
        if row is None:
            writing.put(report, "monitoring.usage_read")
            return
        for name, value in report.model_dump().items():
            setattr(row, name, value)
        writing.put(row, "monitoring.usage_read_again")
