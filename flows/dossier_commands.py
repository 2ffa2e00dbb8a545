"""`emeritus dossier` and `emeritus scoreboard`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer


def dossier(
    model: Annotated[str, typer.Argument(help="The model's id; the fleet page if left out.")] = "",
    *,
    evidence: Annotated[
        Path | None,
        typer.Option(
            help="A zip to make, with the page and everything that verifies it; it must not be "
            "there yet."
        ),
    ] = None,
) -> None:
    """Write a model's dossier from the records, or the page of the whole fleet.

    With --evidence, pack it with packets, statements, signatures, manifests, essays and the audit
    chain: VERIFY.md in it tells how a stranger checks them without Emeritus. No weights and no
    secrets are packed; names and addresses are.
    """
    if evidence is not None and not model:
        raise typer.BadParameter(
            "name the model whose evidence is to be packed", param_hint="MODEL"
        )
    from flows import dossiers

    if not model:
        typer.echo(dossiers.write_fleet())
        return
    typer.echo(dossiers.write_model(model))
    if evidence is not None:
        from flows.evidence import pack_evidence

        packed = pack_evidence(model, evidence.absolute())
        typer.echo(f"{evidence}: SHA-256 {packed.sha256}")
        typer.echo("VERIFY.md in it tells how to check it; it holds names and addresses of people")
        if packed.problems:
            typer.echo(
                f"the audit chain in it is broken: {packed.problems[0]}; run `emeritus audit "
                "verify`, and find out who changed it",
                err=True,
            )
            raise typer.Exit(4)  # as `emeritus audit verify` ends


def scoreboard(
    model: Annotated[str, typer.Argument(help="The model's id, as `emeritus status` shows it.")],
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show what was decided beside retiring hard and keeping everything, and what is known of it.

    What is measured comes with its interval, window and source; what is not is "no evidence".
    """
    from flows import dossiers
    from tasks.monitoring.scoreboard.shown import as_json as json_of

    board = dossiers.scoreboard_in_force(model)
    if as_json:
        typer.echo(json.dumps(json_of(board), indent=2, ensure_ascii=False))
        return
    from rich.console import Console

    _show(Console(), board)


def _show(console: Any, board: Any) -> None:
    from rich.table import Table
    from rich.text import Text

    from tasks.kernel.labels import labelled
    from tasks.monitoring.scoreboard.core import interval
    from tasks.monitoring.scoreboard.shown import names_of, sources_of

    names, sources = names_of(board), sources_of(board)
    title = labelled(f"Scoreboard of {board.model_id}, as of {board.as_of} UTC", board.simulated)
    console.print(Text(title, style="bold"))
    for line in board.lines:
        console.print()
        console.print(Text(f"{line.criterion}: {line.question}"))
        table = Table(box=None, pad_edge=False, show_header=False)
        for _ in range(3):
            table.add_column(overflow="fold")
        for way, name in names.items():
            for place, one in enumerate(line.ways[way]):
                between = interval(one)
                said = one.says + (f" ({between})" if between else "")
                said += f" [{sources.index(one.source) + 1}]" if one.source else ""
                table.add_row(name if not place else "", one.ground.value, Text(said))
        console.print(table)
    for number, source in enumerate(sources, start=1):
        window = f", {source.window}" if source.window else ""
        digest = f", SHA-256 {source.sha256}" if source.sha256 else ""
        console.print(
            Text(f"[{number}] {source.name}{window}: {source.query}{digest}", style="dim")
        )
