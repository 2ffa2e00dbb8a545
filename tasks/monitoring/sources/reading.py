"""One reading of one source: read, summed, judged. Reads only; writes nothing but temporaries."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from configs.schema import RetirementConfig
from configs.schema.monitoring_sources import FileSourceConfig, SourceConfig, UsageSource
from tasks.kernel.digests import digest_of
from tasks.monitoring.core import SLACK
from tasks.monitoring.coverage import day_at, day_of
from tasks.monitoring.model_names import ModelNames
from tasks.monitoring.sources.file_scan import Scan
from tasks.monitoring.sources.judgement import (
    Covered,
    covered_by,
    doubled_rows,
    findings_of_days,
    findings_of_files,
    lateness,
    state_of,
)
from tasks.monitoring.sources.places import Found
from tasks.monitoring.sources.rows import UNUSABLE, Finding
from tasks.monitoring.sources.scan import scanned
from tasks.monitoring.sources.sums import Sums, nothing_of, sums_of
from tasks.monitoring.sources.twice import Doubled, count_once

FORMAT = 1  # of a reading's body: an older one is read again


@dataclass(frozen=True, slots=True)
class Read:
    """A reading before it is recorded.

    Attributes:
        kind: as in `SourceReading`.
        state: likewise.
        body: JSON values.
        basis: digest of what was read and of how: the same gives the same row.
        simulated: whether the source says that it is of a simulation.
    """

    kind: str
    state: str
    body: dict[str, Any]
    basis: str
    simulated: bool


def settings_of(config: RetirementConfig, source: SourceConfig) -> str:
    """Digest of what, besides the bytes, a reading follows from."""
    monitoring = config.monitoring
    owners = [[owner.name, list(owner.callers)] for owner in config.candidate.owners]
    own = source.model_dump(mode="json")
    names = [list(monitoring.model_names), list(monitoring.not_model_names)]
    return digest_of([FORMAT, own, names, owners])


def read_files(
    config: RetirementConfig, source: FileSourceConfig, files: Sequence[Found], now: datetime
) -> Read:
    """Read a source's files. The same files and settings give the same basis.

    Args:
        config: the model's.
        source: one of its sources.
        files: what it means.
        now: rows of days after tomorrow are not used.
    """
    owners = config.candidate.owners
    latest = day_of(now + SLACK)
    names = ModelNames(config.monitoring.model_names, config.monitoring.not_model_names)
    with scanned(source, files, owners, latest) as found:
        doubled = count_once(found)
        sums = sums_of(
            found.connection,
            source,
            names,
            [owner.name for owner in owners],
            all_ours=_names_no_model(source),
        )
        scans = found.files
    what = _Scanned(scans, sums, doubled, covered_by(sums.covered, source.quiet_days, scans, now))
    findings = _findings(config, source, what, now)
    usable = sum(not one.problem and not one.same_as for one in scans)
    return Read(
        kind=source.kind,
        state=state_of(findings, what.covered.ends, usable),
        body=_body(source, what, findings),
        basis=digest_of(
            [settings_of(config, source), [[one.sha256, one.problem] for one in scans]]
        ),
        simulated=source.simulated,
    )


@dataclass(frozen=True, slots=True)
class _Scanned:
    """What was read of all files, before it is judged."""

    scans: tuple[Scan, ...]
    sums: Sums
    doubled: Doubled
    covered: Covered


def _findings(
    config: RetirementConfig, source: FileSourceConfig, what: _Scanned, now: datetime
) -> list[Finding]:
    """All that is odd about a source."""
    sums, covered = what.sums, what.covered
    findings = findings_of_files(what.scans)
    if not what.scans:
        findings.append(Finding("unusable", f"{_place(source)}: no file fits it; export one there"))
    if what.doubled.rows:
        findings.append(doubled_rows(what.doubled.rows, what.doubled.days, what.doubled.files))
    usable = [one for one in what.scans if not one.problem and not one.same_as]
    if usable and not covered.days:
        findings.append(Finding("empty", _empty(usable)))
    findings += findings_of_days(
        covered,
        names=config.monitoring.model_names,
        rows=sums.rows,
        others=sums.names,
        near=sums.near,
        nameless=sums.nameless,
    )
    if sums.beyond:
        findings.append(Finding("beyond", "a sum is beyond all bounds and was left out"))
    if late := lateness(covered.ends, source.patience_days, now):
        findings.append(late)
    return findings


def unusable(config: RetirementConfig, source: SourceConfig, kind: str, why: str) -> Read:
    """The reading of a source that could not be reached."""
    finding = {"code": UNUSABLE, "says": why}
    body: dict[str, Any] = {
        "covers": None,
        "days": [],
        "mix": [],
        "totals": {},
        "findings": [finding],
        "sha256": [],
    }
    basis = digest_of([settings_of(config, source), why])
    return Read(kind, UNUSABLE, body, basis, getattr(source, "simulated", False))


def _names_no_model(source: FileSourceConfig) -> bool:
    if isinstance(source, UsageSource) and source.columns is None:
        return False
    assert source.columns is not None
    return not source.columns.model and not getattr(source.columns, "model_asked", "")


def _place(source: FileSourceConfig) -> str:
    if source.path is not None:
        return str(source.path)
    assert source.bucket is not None
    return f"s3://{source.bucket.bucket}/{source.bucket.prefix}"


def _empty(usable: Sequence[Scan]) -> str:
    names = ", ".join(Path(one.name).name for one in usable[:3])
    if any(one.ahead for one in usable):
        return f"{names}: no row that is not ahead of our clock"
    return f"{names}: a header and no row: either nothing happened, or nothing was exported"


def _body(source: FileSourceConfig, what: _Scanned, findings: Sequence[Finding]) -> dict[str, Any]:
    sums, covered, scans = what.sums, what.covered, what.scans
    nothing = nothing_of(sums.days, source)
    days = []
    for day in sorted(covered.days):
        row = {"day": day_at(day).isoformat(), **sums.days.get(day, nothing)}
        days.append({**row, "part": True} if day in covered.part else row)
    ends = covered.ends
    return {
        "covers": ends and {"from": ends[0].isoformat(), "to": ends[1].isoformat()},
        "days": days,
        "mix": list(sums.mix),
        "totals": {
            **_totals(sums),
            "rows": sum(one.rows for one in scans),
            "rows_of_the_model": sums.rows,
            "unreadable": sum(one.unreadable for one in scans),
            "ahead": sum(one.ahead for one in scans),
            "doubled": what.doubled.rows,
            "files": len(scans),
        },
        "findings": [asdict(one) for one in findings],
        "sha256": [one.sha256 for one in scans if one.sha256],
    }


def _totals(sums: Sums) -> dict[str, Any]:
    totals: dict[str, Any] = {}
    for row in sums.days.values():
        for field, value in row.items():
            totals[field] = totals.get(field, 0) + value
    return {
        field: round(value, 6) if isinstance(value, float) else value
        for field, value in totals.items()
    }
