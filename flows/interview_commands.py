"""`emeritus interviews`: what the interviews will take, before anything is spent."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from configs.load import load_retirement

interviews = typer.Typer(
    help="The interviews: their plan, their wording, their record.", no_args_is_help=True
)

_WIDEST = 500  # columns of a terminal; no table of ours is wider


@interviews.callback()
def _group() -> None:
    """Keep the commands by their names, however few they are."""


@interviews.command()
def plan(
    config: Annotated[
        Path, typer.Argument(help="The model's YAML file, such as configs/models/NAME.yaml.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show calls, tokens, cost and dates of the interviews. Asks nothing, and changes nothing.

    Ends with status 1 if the plan as it stands would be refused.
    """
    from tasks import wiring
    from tasks.interviews.outlook import outlook

    found = outlook(load_retirement(config), wiring.book(), wiring.clock().now())
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        _show(Console(), found)
    if found["problem"]:
        raise typer.Exit(1)


def _show(console: Console, found: dict[str, Any]) -> None:
    design = found["design"]
    state = f"registered {_minute(found['registered_at'])}" if found["registered"] else "as planned"
    console.print(Text(f"Interviews of {found['model']}, {state}", style="bold"))
    console.print(
        Text(
            f"{design['themes']} themes, {design['themes_per_conversation']} a conversation; "
            f"{len(design['contexts'])} contexts x {design['paraphrases_per_cell']} paraphrases x "
            f"{design['waves']} waves; orders from seed {found['seed']}"
        )
    )
    if found["problem"]:
        console.print(Text(found["problem"], style="bold red"))
    if found["waves"]:
        table = _table(found)
        # No figure is ever cut: a terminal too narrow for the table breaks its lines.
        wide = console.options.update(width=_WIDEST)
        table.width = Measurement.get(console, wide, table).maximum
        console.print(table, soft_wrap=True)
    for line in _footer(found):
        console.print(Text(line), soft_wrap=True)


def _table(found: dict[str, Any]) -> Table:
    priced = found["ceilings"]["priced"]
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for name in ("wave", "opens (UTC)", "neutral", "follow-\nups", "choices", "probes", "calls"):
        table.add_column(name, justify="left" if name == "opens (UTC)" else "right", no_wrap=True)
    for name in ("tokens\nin", "tokens\nout", *(["USD"] if priced else [])):
        table.add_column(name, justify="right", no_wrap=True)
    for wave in (*found["waves"], found["total"]):
        last = wave is found["total"]
        least, most = wave["at_least"], wave["at_most"]
        cells = [
            "all" if last else str(wave["wave"]),
            "" if last else _minute(wave["opens_at"]).removesuffix(" UTC"),
            str(wave["neutral"]),
            str(wave["follow_ups"]),
            str(wave["choices"]),
            _between(wave["probes_at_least"], wave["probes_at_most"]),
            _between(least["calls"], most["calls"]),
            _between(_tokens(least["input_tokens"]), _tokens(most["input_tokens"])),
            _between(_tokens(least["output_tokens"]), _tokens(most["output_tokens"])),
        ]
        if priced:
            cells.append(_between(f"{least['usd']:.2f}", f"{most['usd']:.2f}"))
        table.add_row(*cells, style="bold" if last else "")
    return table


def _footer(found: dict[str, Any]) -> list[str]:
    ceilings, spent = found["ceilings"], found["spent"]
    cost = f"cost {ceilings['max_cost_usd']:g} USD" if ceilings["max_cost_usd"] else "none of cost"
    spent_usd = f", {spent['usd']:.2f} USD" if ceilings["priced"] else "; what that cost is unknown"
    priced = (
        f"; at most {found['total']['at_most']['most_usd']:.2f} USD if every answer is as long as "
        "it may be"
        if ceilings["priced"]
        else "; the endpoint has no prices in the configuration"
    )
    lines = [
        f"ceilings: {ceilings['max_calls']} calls, {cost}{priced}",
        f"so far: {spent['calls']} calls, {spent['input_tokens']} tokens in, "
        f"{spent['output_tokens']} out{spent_usd if spent['calls'] else ''}",
        _stable(found),
        f"estimate: {found['estimate']}",
        f"design digest: {found['design_digest']}",
    ]
    if found["probes_note"]:
        lines.insert(2, found["probes_note"])
    return lines


def _stable(found: dict[str, Any]) -> str:
    stable = found["stable_possible"]
    if stable:
        return f"stable: possible from wave {stable['wave']} on, {_minute(stable['at'])}"
    if not found["total"]["probes_at_most"]:
        return "stable: never, nothing pushes against what is said"
    return "stable: never; it needs more probes a kind, settings, days or a longer span"


def _between(least: object, most: object) -> str:
    return str(most) if least == most else f"{least}-{most}"


def _tokens(count: int) -> str:
    """Thousands from ten thousand on: they are estimates, and `--json` has them whole."""
    return str(count) if count < 10_000 else f"{count / 1000:.0f}k"


def _minute(text: str) -> str:
    from tasks.kernel.instants import to_minute

    return to_minute(datetime.fromisoformat(text))
