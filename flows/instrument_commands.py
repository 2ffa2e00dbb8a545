"""`emeritus interviews lint`: what is wrong with the words of an instrument."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from configs.errors import ConfigError
from configs.load import INSTRUMENTS, load_instrument

if TYPE_CHECKING:
    from tasks.interviews.wording import Finding


def lint(folder: Path) -> "list[Finding]":
    """All objections to an instrument's wording, accepted ones among them.

    Args:
        folder: with instrument.yaml and codebook.yaml; a relative one that isn't there stands
            under configs/instruments/.

    Raises:
        ConfigError: the instrument can't be used, whatever its wording.
    """
    from tasks.interviews.wording import findings_in  # patterns: a tenth of a second

    if not (folder.is_dir() or (INSTRUMENTS / folder).is_dir()):
        raise ConfigError(
            f"{folder}: no such folder; name an instrument's folder, or one under {INSTRUMENTS}"
        )
    instrument, _ = load_instrument(folder.resolve() if folder.is_dir() else folder)
    return list(findings_in(instrument))


def lint_command(
    folder: Annotated[
        Path, typer.Argument(help="The instrument's folder, such as configs/instruments/legacy.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Check an instrument for leading, loaded and double-barrelled wording, with reasons.

    Reads the folder and nothing else. Ends with status 1 if there is an error that the instrument
    does not accept: no design is registered with it. Knows English only.
    """
    found = lint(folder)
    if as_json:
        rows = [{**asdict(one), "blocks": one.blocks} for one in found]
        typer.echo(json.dumps({"findings": rows}, indent=2, ensure_ascii=False))
    else:
        for one in found:
            typer.echo(_said(one))
        typer.echo(_summary(found))
    if any(one.blocks for one in found):
        raise typer.Exit(1)


def _said(one: "Finding") -> str:
    level = f"{one.level}, accepted" if one.accepted else one.level
    lines = [f"{one.place}: {one.rule} {level}: {one.why}", f'  found: "{one.words}"']
    lines.append(f"  kept: {one.accepted}" if one.accepted else f"  mend: {one.mend}")
    return "\n".join(lines)


def _summary(found: "list[Finding]") -> str:
    errors = sum(one.blocks for one in found)
    accepted = sum(bool(one.accepted) for one in found)
    warnings = len(found) - errors - accepted
    return f"{errors} errors, {warnings} warnings, {accepted} accepted"
