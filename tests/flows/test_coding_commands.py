"""`emeritus coding` from a terminal."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.coding_commands import coding
from tasks.candidate.opening import put_in_force
from tasks.kernel.errors import DecisionRefused
from tasks.records import Book, Fence
from tasks.validation.sheet import SheetRow, read_sheet, write_sheet
from tests.fakes.clock import FakeClock
from tests.tasks.validation.answering import config_of, hold, readings, register, says


def run(*arguments: str) -> str:
    """The command's output; its error is raised."""
    done = CliRunner().invoke(coding, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_out_to_a_file_and_back(book: Book, fence: Fence, clock: FakeClock, tmp_path: Path) -> None:
    config, file = config_of(), tmp_path / "answers.csv"
    put_in_force(config, book, fence, clock.now())
    hold(book, fence, register(config, book, fence, clock), says, waves=[0])
    assert "4 answers to be coded" in run(
        "export", "aster-1", str(file), "--sample", "4", "--seed", "7"
    )
    done = []
    for row in read_sheet(file.read_text(encoding="utf-8")):
        polarity, quote = readings(row.answer).get(row.theme, ("", ""))
        done.append(SheetRow(row.conversation_id, row.theme, row.answer, polarity, quote))
    file.write_text(write_sheet(done), encoding="utf-8", newline="")
    said = run("import", "aster-1", str(file), "--coder", "ada")
    assert said.startswith("4 answers coded by ada are recorded, 0 were before.")
    assert "human-ada: nothing yet to compare with the settled coding" in run(
        "agreement", "aster-1"
    )


def test_a_bad_sheet_is_refused_line_by_line(
    book: Book, fence: Fence, clock: FakeClock, tmp_path: Path
) -> None:
    config, file = config_of(), tmp_path / "answers.csv"
    put_in_force(config, book, fence, clock.now())
    hold(book, fence, register(config, book, fence, clock), says, waves=[0])
    rows = [SheetRow("nobody", "share_essays", "x", "want", "x")] * 2
    file.write_text(write_sheet(rows), encoding="utf-8", newline="")
    with pytest.raises(DecisionRefused) as refused:
        run("import", "aster-1", str(file), "--coder", "ada")
    lines = str(refused.value).splitlines()
    assert [line.split(": ")[0] for line in lines[:2]] == [f"{file}:2", f"{file}:3"]
    assert all(": conversation_id: " in line or ": theme: " in line for line in lines)
