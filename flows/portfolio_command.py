"""`emeritus portfolio`: tiers of access for all models under one budget."""

import json
from typing import Annotated

import typer


def portfolio(
    budget: Annotated[
        float, typer.Option(min=0, help="Most that all models together may cost, USD a month.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Choose a tier of access for every model, as good as a common budget allows.

    It records nothing: each model's access is still decided by its own packet, and signed.
    """
    from rich.console import Console

    from flows import portfolio_table
    from flows.portfolio import page_path, worked_out

    found = worked_out(budget)
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        portfolio_table.show(Console(), found)
        typer.echo(f"as a page: {page_path()}")
