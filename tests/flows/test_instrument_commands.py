"""`emeritus interviews lint` on a folder."""

import json
import shutil
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from configs.load import INSTRUMENTS
from flows.instrument_commands import lint, lint_command
from tasks.kernel.errors import EmeritusError

LEADING = "You would like to share essays, wouldn't you, or have you no preference?"


@pytest.fixture
def command() -> typer.Typer:
    app = typer.Typer()
    app.command()(lint_command)
    return app


@pytest.fixture
def leading_folder(tmp_path: Path) -> Path:
    """A copy of the shipped instrument with one leading question."""
    folder = tmp_path / "legacy"
    shutil.copytree(INSTRUMENTS / "legacy", folder)
    path = folder / "instrument.yaml"
    text = path.read_text(encoding="utf-8")
    first = "    neutral:\n"
    path.write_text(text.replace(first, f"{first}      - {LEADING}\n", 1), encoding="utf-8")
    return folder


def test_the_shipped_instrument_passes(command: typer.Typer) -> None:
    for folder in ("legacy", str(INSTRUMENTS / "legacy")):
        result = CliRunner().invoke(command, [folder])
        assert result.exit_code == 0
        assert result.stdout == "0 errors, 0 warnings, 0 accepted\n"


def test_a_leading_question_ends_with_status_1(command: typer.Typer, leading_folder: Path) -> None:
    result = CliRunner().invoke(command, [str(leading_folder)])
    assert result.exit_code == 1
    assert "items.share_essays.neutral[0]: W102 error" in result.stdout
    assert "wouldn't you" in result.stdout
    assert "mend:" in result.stdout


def test_programs_get_json(command: typer.Typer, leading_folder: Path) -> None:
    result = CliRunner().invoke(command, [str(leading_folder), "--json"])
    assert result.exit_code == 1
    found = json.loads(result.stdout)["findings"]
    assert [one["rule"] for one in found] == [one.rule for one in lint(leading_folder)]
    assert all(one["why"] and one["mend"] for one in found)
    assert any(one["blocks"] for one in found)


def test_an_accepted_finding_is_shown_and_passes(
    command: typer.Typer, leading_folder: Path
) -> None:
    path = leading_folder / "instrument.yaml"
    rules = {one.rule for one in lint(leading_folder) if one.blocks}
    lines = [
        f"  - {{rule: {rule}, theme: share_essays, reason: Kept to compare with an older study.}}"
        for rule in sorted(rules)
    ]
    text = path.read_text(encoding="utf-8")
    path.write_text("\n".join([text, "accepted_wording:", *lines, ""]), encoding="utf-8")
    result = CliRunner().invoke(command, [str(leading_folder)])
    assert result.exit_code == 0
    assert "W102 error, accepted" in result.stdout
    assert "kept: Kept to compare with an older study." in result.stdout


def test_a_file_or_a_missing_folder_is_named_as_it_was_typed(tmp_path: Path) -> None:
    for named in (INSTRUMENTS / "legacy" / "instrument.yaml", tmp_path / "none", Path("legacie")):
        with pytest.raises(EmeritusError) as refused:
            lint(named)
        assert str(refused.value).startswith(f"{named}: no such folder; name ")
