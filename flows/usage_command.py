"""`emeritus usage`: who still calls a model."""

import json
from datetime import date
from typing import Annotated

import typer


def usage(
    model: Annotated[
        str, typer.Argument(help="The model's id, as `emeritus status` shows it, or its YAML file.")
    ],
    *,
    export: Annotated[
        list[str] | None,
        typer.Option(help="A CSV, CSV.gz or Parquet file, or a pattern; may stand several times."),
    ] = None,
    form: Annotated[
        str, typer.Option("--format", help="anthropic_console, litellm_spend or columns.")
    ] = "columns",
    column: Annotated[
        list[str] | None,
        typer.Option(
            help="For --format columns: `model=NAME`, `timestamp=NAME` or `date=NAME`, "
            "`callers=NAME,NAME`, and where there is one `request_id`, `requests`, "
            "`input_tokens`, `output_tokens`, `cost_usd`, `model_asked`."
        ),
    ] = None,
    surface: Annotated[
        list[str] | None, typer.Option(help="A surface whose calls the files hold, all of them.")
    ] = None,
    time_zone: Annotated[
        str, typer.Option(help="Of the files' times without an offset, such as Europe/Berlin.")
    ] = "",
    since: Annotated[
        str, typer.Option(help="First day of the window, UTC, such as 2026-09-01.")
    ] = "",
    until: Annotated[
        str, typer.Option(help="Day, UTC, before which the window ends; now if left out.")
    ] = "",
    write: Annotated[
        bool, typer.Option("--write", help="Write the report and the owners' packets too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The whole audit, for programs.")] = False,
) -> None:
    """Tell who still calls a model, and where that can't be known.

    Reads the configured exports, or the files named here, and changes no record. "Unused" is only
    said of a window that the exports cover whole.
    """
    from rich.console import Console

    from flows import usage_audit

    asked = usage_audit.Asked(
        tuple(export or ()), form, tuple(column or ()), tuple(surface or ()), time_zone
    )
    found = usage_audit.run(
        model, asked, since=_day(since, "--since"), until=_day(until, "--until")
    )
    location = usage_audit.write(found) if write else ""
    if as_json:
        typer.echo(json.dumps(found.body, indent=2, ensure_ascii=False))
    else:
        usage_audit.show(Console(), found.body)
        if location:
            typer.echo(f"\nwritten: {location}")
    if found.problems:
        raise typer.Exit(1)  # scripts notice a file that could not be used


def _day(text: str, option: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no day; write 2026-09-01", param_hint=option
        ) from None
