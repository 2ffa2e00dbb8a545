"""`emeritus reports`: what readers say is wrong with a published essay."""

import json
from typing import Annotated

import typer

from flows.command_options import AsJson, Model

reports = typer.Typer(
    help="Reports by readers on published essays: list, add, and the webhook that takes them.",
    no_args_is_help=True,
)


@reports.command("list")
def list_reports(model: Model, as_json: AsJson = False) -> None:
    """List reports, and which of them wait for a person."""
    from flows import acts, report_acts

    found = report_acts.reports_now(acts.config_in_force(model))
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for one in found:
        state = "open" if one["open"] else f"answered; the essay is {one['stands']}"
        typer.echo(f"{one['id']}  {one['received_at']}  {one['slot']}  {one['kind']}: {state}")
        typer.echo(f"    {one['words']}")
    if not found:
        typer.echo("no reader reported anything so far")


@reports.command()
def add(
    model: Model,
    slot: Annotated[str, typer.Argument(help="The essay's slot.")],
    kind: Annotated[
        str,
        typer.Option(
            help="privacy, security, unlawful, harm_to_person, misleading_speculation or other"
        ),
    ],
    words: Annotated[str, typer.Option(help="What is wrong, and where.")],
    contact: Annotated[
        str, typer.Option(help="Where the reader may be answered; never published.")
    ] = "",
) -> None:
    """Record a report that came by mail or telephone; it reopens the review."""
    from flows import acts, report_acts

    form = {"slot": slot, "kind": kind, "words": words, "contact": contact}
    typer.echo(report_acts.submit_report(acts.config_in_force(model), form, "cli"))


@reports.command()
def serve(
    model: Model,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8087,
) -> None:
    """Take signed reports at POST /reports, for any model of the same inbox, until Ctrl-C.

    Put it behind the web server that speaks TLS. Reports go into the inbox folder as files; the
    next pass reads them.
    """
    from flows import acts, report_acts

    config = acts.config_in_force(model)
    typer.echo(f"taking reports at http://{host}:{port}/reports (Ctrl-C stops)")
    report_acts.serve_reports(config, host, port)
