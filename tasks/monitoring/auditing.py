"""One audit from its exports: read, counted, judged. Reads only; writes nothing but temporaries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from configs.home import under_home
from configs.schema import RetirementConfig
from configs.schema.usage import UsageExport
from tasks.kernel.digests import digest_of
from tasks.kernel.errors import ConfigError
from tasks.kernel.instants import start_of, to_text
from tasks.monitoring.audit import FORMAT, Subject, body_of
from tasks.monitoring.audit_counts import Use, count
from tasks.monitoring.callers import Callers
from tasks.monitoring.core import SLACK
from tasks.monitoring.coverage import Window
from tasks.monitoring.export_views import view_of
from tasks.monitoring.exports import files_of, read_exports
from tasks.monitoring.file_read import FileRead
from tasks.monitoring.model_names import ModelNames
from tasks.monitoring.usage import stamp_of


@dataclass(frozen=True, slots=True)
class Audited:
    """An audit.

    Attributes:
        body: all that is said of it, as JSON values.
        uses: every caller, also those that the body's lists have no room for.
        files: what was read.
    """

    body: dict[str, Any]
    uses: tuple[Use, ...]
    files: tuple[FileRead, ...]


def audit(
    config: RetirementConfig,
    now: datetime,
    *,
    exports: Sequence[UsageExport],
    window: Window | None = None,
    simulated: bool = False,
) -> Audited:
    """Find out who still calls a model. Safe to repeat; the same files make the same audit.

    Args:
        config: the model's.
        now: the audit's time; later rows are no coverage.
        exports: where to look.
        window: the time that it speaks of; by default the configured days until now.
        simulated: whether the model is.

    Raises:
        ConfigError: an export names a surface that the candidate has not.
    """
    check_surfaces(config, exports)
    monitoring = config.monitoring
    span = window or default_window(config, now)
    names = ModelNames(monitoring.model_names, monitoring.not_model_names)
    callers = Callers(config.candidate.owners)
    with read_exports(exports, now + SLACK) as read:
        counts = count(read, names, callers, span)
        files, duplicates = read.files, read.duplicates
    none: frozenset[int] = frozenset()
    views = [view_of(one, files, counts.days.get(one.name, none), span) for one in exports]
    subject = Subject(
        config.id, config.display_name, monitoring.model_names, config.candidate, simulated
    )
    body = body_of(subject, views, counts, span, duplicates=duplicates, made_at=to_text(now))
    return Audited(body, counts.uses, files)


def default_window(config: RetirementConfig, now: datetime) -> Window:
    """The configured number of whole days before today, and today so far."""
    days = timedelta(days=config.monitoring.audit_window_days)
    return Window(start_of(now.date()) - days, now, open=True)


def audit_folder(config: RetirementConfig) -> Path:
    """Where the files of a model's audit stand."""
    return under_home(config.monitoring.reports_folder) / config.id / "usage-audit"


def check_surfaces(config: RetirementConfig, exports: Sequence[UsageExport]) -> None:
    """Refuse an export that is said to hold the calls of an unknown surface.

    Raises:
        ConfigError: naming the surfaces that there are.
    """
    known = [surface.name for surface in config.candidate.surfaces]
    for export in exports:
        for name in export.surfaces:
            if name not in known:
                raise ConfigError(
                    f"{config.id}: monitoring.exports {export.name}: {name!r} is no surface of the "
                    f"candidate; its surfaces are {', '.join(known)}"
                )


def settings_of(config: RetirementConfig) -> dict[str, Any]:
    """What, besides the files, an audit follows from."""
    monitoring = config.monitoring
    return {
        "format": FORMAT,
        "name": config.display_name,
        "names": list(monitoring.model_names),
        "not_names": list(monitoring.not_model_names),
        "days": monitoring.audit_window_days,
        "exports": [one.model_dump(mode="json") for one in monitoring.exports],
        "candidate": config.candidate.model_dump(mode="json"),
    }


def basis_of(config: RetirementConfig) -> str:
    """Digest of the settings and of every export's size and time; cheap, since nothing is read."""
    stamps = [
        [one.name, str(path), stamp_of(path)]
        for one in config.monitoring.exports
        for path in files_of(one)
    ]
    return digest_of([settings_of(config), stamps])
