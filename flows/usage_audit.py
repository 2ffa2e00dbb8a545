"""A usage audit without a pass: reads files and records, and changes no record."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from configs.load import load_retirement
from configs.schema import RetirementConfig
from configs.schema.monitoring import MonitoringConfig
from configs.schema.usage import ExportColumns, UsageExport
from tasks import wiring
from tasks.kernel.errors import ConfigError, UsageLogUnusable
from tasks.kernel.instants import start_of
from tasks.kernel.labels import labelled
from tasks.monitoring import audit_words as words
from tasks.monitoring.audit_pages import write_audit
from tasks.monitoring.audit_view import problems_of
from tasks.monitoring.auditing import Audited, audit, audit_folder, default_window
from tasks.monitoring.coverage import Window
from tasks.records.latest import is_simulated

_LINES = 30  # rows of one table on a terminal
_STYLES = {"in_use": "bold red", "unused_in_window": "green", "not_known": "yellow"}


@dataclass(frozen=True, slots=True)
class Asked:
    """Exports as named on the command line; no path stands for the configured ones.

    Attributes:
        paths: files, or patterns of files.
        form: their format.
        columns: `field=column`, for the format `columns`.
        surfaces: surfaces whose calls they hold.
        time_zone: of times without an offset.
    """

    paths: tuple[str, ...] = ()
    form: str = "columns"
    columns: tuple[str, ...] = ()
    surfaces: tuple[str, ...] = ()
    time_zone: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """An audit, and the configuration that it was made with."""

    config: RetirementConfig
    audited: Audited

    @property
    def body(self) -> dict[str, Any]:
        """All that is said of it, as JSON values."""
        return self.audited.body

    @property
    def problems(self) -> list[str]:
        """Why files could not be used."""
        return problems_of(self.audited.body)


def run(model: str, asked: Asked, *, since: date | None, until: date | None) -> Found:
    """Audit now. Safe to repeat: reads only.

    Args:
        model: an id in the records, or a YAML file.
        asked: where to look.
        since: first day of the window; the configured days before its end if None.
        until: the day, UTC, before which it ends; now if None.

    Raises:
        ConfigError: the YAML, an option or an export can't be used, or an option would do nothing.
        NotFound: no such retirement in the records.
        UsageLogUnusable: no file can be used.
    """
    _check_asked(asked)
    config, simulated = _config(model)
    now = wiring.clock().now()
    exports = _asked(asked) if asked.paths else _configured(config.monitoring)
    audited = audit(
        config, now, exports=exports, window=_window(config, now, since, until), simulated=simulated
    )
    found = Found(config, audited)
    if found.problems and len(found.problems) == len(audited.files):
        raise UsageLogUnusable("; ".join(found.problems))
    return found


def write(found: Found) -> str:
    """Write the audit's files; returns the page's path. Safe to repeat. Raises `OSError`.

    They stand beside those of the recorded audit, and never in their place.
    """
    folder = audit_folder(found.config).with_name("usage-audit-on-command")
    write_audit(folder, found.body, found.audited.uses)
    return str(folder / "audit.html")


def _config(model: str) -> tuple[RetirementConfig, bool]:
    """A configuration and whether it is a simulation's; a YAML file needs no records."""
    if model.endswith((".yaml", ".yml")) or Path(model).is_file():
        config = load_retirement(Path(model))
        return config, config.endpoint.simulated
    from flows.acts import config_in_force  # Prefect, which a file does not need

    config = config_in_force(model)
    with wiring.book().reading() as session:
        return config, is_simulated(session, config.id)


def _window(
    config: RetirementConfig, now: datetime, since: date | None, until: date | None
) -> Window:
    end = start_of(until) if until else now
    begin = start_of(since) if since else default_window(config, end).since
    if end > now:
        raise ConfigError(f"--until {until} lies ahead; leave it out for a window until now")
    if begin >= end:
        raise ConfigError(f"the window from {begin:%Y-%m-%d} to {end:%Y-%m-%d} has no day in it")
    return Window(begin, end, open=until is None)


def _configured(monitoring: MonitoringConfig) -> tuple[UsageExport, ...]:
    """The configured exports; where there are none, the usage log."""
    if monitoring.exports:
        return monitoring.exports
    columns = monitoring.columns
    log = ExportColumns(
        timestamp=columns.timestamp,
        callers=(columns.user,),
        model=columns.model,
        cost_usd=columns.cost_usd,
    )
    return (
        UsageExport(name="usage-log", path=monitoring.usage_csv, format="columns", columns=log),
    )


def _check_asked(asked: Asked) -> None:
    """Refuse options that tell how files are read where no file is named: they would do nothing."""
    told = {
        "--format": asked.form != Asked().form,
        "--column": asked.columns,
        "--surface": asked.surfaces,
        "--time-zone": asked.time_zone,
    }
    idle = [option for option, value in told.items() if value]
    if idle and not asked.paths:
        raise ConfigError(
            f"{idle[0]}: says how the files of --export are read, and none is named; name them, or "
            "say it in monitoring.exports for those that are configured"
        )


def _asked(asked: Asked) -> tuple[UsageExport, ...]:
    fields: dict[str, Any] = {}
    for one in asked.columns:
        name, equals, column = one.partition("=")
        if not equals:
            raise ConfigError(f"--column {one}: write it as field=column, such as model=model_name")
        fields[name] = tuple(column.split(",")) if name == "callers" else column
    exports = []
    for number, path in enumerate(asked.paths, start=1):
        values: dict[str, Any] = {
            "name": f"file-{number}" if len(asked.paths) > 1 else "file",
            "path": Path(path).absolute(),
            "format": asked.form,
            "surfaces": asked.surfaces,
            "time_zone": asked.time_zone,
        }
        if asked.form == "columns" or fields:
            values["columns"] = fields
        try:
            exports.append(UsageExport.model_validate(values))
        except ValidationError as error:
            raise ConfigError(f"--export {path}: {_told(error)}") from None
    return tuple(exports)


def _told(error: ValidationError) -> str:
    """The first mistake; an unknown field, which often explains a missing one, before others."""
    mistakes = sorted(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
    where = ".".join(str(part) for part in mistakes[0]["loc"])
    said = str(mistakes[0].get("ctx", {}).get("error", mistakes[0]["msg"]))
    if mistakes[0]["type"] == "extra_forbidden":
        said = f"is no field; the fields are {', '.join(ExportColumns.model_fields)}"
    return f"{where}: {said}" if where else said


def show(console: Console, body: dict[str, Any]) -> None:
    """Print an audit: the state, what keeps it from being known, owners, unknown callers, names."""
    window = body["window"]
    title = labelled(f"{body['display_name']} ({body['model_id']})", body["simulated"])
    state = Text(words.state(body["state"]), style=_STYLES[body["state"]])
    spoken = f" from {words.minute(window['from'])} to {words.minute(window['until'])}"
    console.print(Text.assemble((title, "bold"), ": ", state, spoken))
    if body["doubts"]:
        console.print("That somebody does not call it can't be concluded, because:")
        for doubt in body["doubts"]:
            console.print(Text(f"  - {doubt}"))
    console.print()
    console.print(_owners(body["owners"]))
    for owner in body["owners"]:
        if owner["why"] and owner["why"][0] not in body["doubts"]:
            console.print(Text(f"  {owner['name']}: {owner['why'][0]}"))
    _show_unknown(console, body)
    _show_names(console, body)
    for export in body["exports"]:
        for note in export["notes"]:
            console.print(Text(f"note: {note}", style="dim"))
    if body["duplicates"]:
        said = f"note: {body['duplicates']:,} rows told of a call that stood before; counted once"
        console.print(Text(said, style="dim"))


def _owners(owners: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for head in ("owner", "state", "in the window", "last 30 days", "trend", "last call"):
        table.add_column(head, overflow="fold")
    for owner in owners:
        seen = [words.amount(owner), words.recent(owner, 30), owner["trend"].replace("_", " ")]
        table.add_row(
            Text(owner["name"]),
            Text(words.state(owner["state"]), style=_STYLES[owner["state"]]),
            *(seen if owner["rows"] else ["none seen", "", ""]),
            words.day(owner["last_at"]),
        )
    return table


def _show_unknown(console: Console, body: dict[str, Any]) -> None:
    unknown = body["unknown_callers"]
    if unknown:
        table = Table(box=None, pad_edge=False, title_justify="left")
        for head in (
            "caller without a known owner",
            "export",
            "in the window",
            "last 30 days",
            "last call",
        ):
            table.add_column(head, overflow="fold")
        for one in unknown[:_LINES]:
            figures = [words.amount(one), words.recent(one, 30), words.day(one["last_at"])]
            table.add_row(Text(one["caller"]), one["export"], *figures)
        console.print()
        console.print(table)
        if more := len(unknown[_LINES:]) + body["unknown_callers_left"]:
            console.print(f"  and {more:,} more; --json lists {len(unknown):,}, --write all")
    if body["no_caller"]["rows"]:
        console.print(f"rows that name no caller: {words.amount(body['no_caller'])}")


def _show_names(console: Console, body: dict[str, Any]) -> None:
    console.print()
    if not body["called_as"]:
        console.print(Text(f"no row names {' or '.join(body['names'])}"))
    for one in body["called_as"][:_LINES]:
        console.print(Text(f"read as the model: {one['name']} ({one['rows']:,} rows)"))
    for one in body["near_names"][:_LINES]:
        said = f"near to it, decide: {one['name']} ({one['rows']:,} rows)"
        console.print(Text(said, style="yellow"))
