"""`emeritus dossier` and `emeritus scoreboard`, from a terminal."""

import json
from datetime import date
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from flows.dossier_commands import dossier, scoreboard
from tasks import wiring
from tasks.kernel.errors import EmeritusError, NotFound
from tasks.records import Book
from tasks.records.retirement import Retirement
from tests.fakes.clock import FakeClock
from tests.fakes.watched_rows import reading, usage_days
from tests.fakes.whole_case import Signers, WholeCase


@pytest.fixture
def case(book: Book, clock: FakeClock, tmp_path: Path) -> WholeCase:
    """An opened retirement with a source."""
    signers = Signers.make(tmp_path / "keys")
    found = WholeCase(signers, signers.config(), clock.now())
    with book.writing(found.now) as writing:
        for row in (*found.opened(), reading(found.now, days=usage_days(date(2026, 9, 1), 9))):
            writing.put(row, "test.put")
    return found


def run(*arguments: object) -> tuple[int, str]:
    """Exit status and output; an error of ours is raised, as `emeritus` catches it."""
    app = typer.Typer()
    app.command()(dossier)
    app.command()(scoreboard)
    done = CliRunner().invoke(app, [str(one) for one in arguments], env={"COLUMNS": "120"})
    if isinstance(done.exception, EmeritusError):
        raise done.exception
    return done.exit_code, done.output


def test_without_a_model_the_fleet_page_is_written(case: WholeCase, home: Path):
    status, said = run("dossier")
    assert status == 0
    page = home / "reports" / "fleet.html"
    assert said.strip() == str(page)
    assert 'href="aster-1/dossier.html"' in page.read_text()
    stamp = page.stat().st_mtime_ns
    assert run("dossier")[0] == 0
    assert page.stat().st_mtime_ns == stamp


def test_a_model_whose_configuration_cant_be_read_stops_no_other(
    case: WholeCase, book: Book, home: Path
):
    with book.writing(case.now) as writing:
        row = Retirement(
            model_id="birch-7b",
            display_name="Birch",
            config_json="{}",
            config_sha256="b" * 64,
            opened_at=case.now,
        )
        writing.put(row, "test.put")
    assert run("dossier")[0] == 0
    page = (home / "reports" / "fleet.html").read_text()
    assert "can’t read the configuration that is recorded of them: birch-7b" in page
    assert 'href="aster-1/dossier.html"' in page


def test_an_empty_fleet_has_a_page_too(book: Book, clock: FakeClock, home: Path):
    assert run("dossier")[0] == 0
    assert "No retirement yet" in (home / "reports" / "fleet.html").read_text()


def test_with_a_model_its_dossier_and_its_evidence(case: WholeCase, home: Path, tmp_path: Path):
    before = wiring.book().verify_audit().entries
    status, said = run("dossier", "aster-1", "--evidence", tmp_path / "e.zip")
    assert status == 0
    assert str(home / "reports" / "aster-1" / "dossier.html") in said
    assert "SHA-256 " in said
    assert (tmp_path / "e.zip").is_file()
    assert wiring.book().verify_audit().entries == before


def test_a_broken_chain_is_packed_and_told(case: WholeCase, book: Book, tmp_path: Path):
    with book.reading() as session:
        session.get_one(Retirement, "aster-1").display_name = "Another"
        session.commit()  # past the audit chain
    status, said = run("dossier", "aster-1", "--evidence", tmp_path / "e.zip")
    assert status == 4
    assert "the audit chain in it is broken: row aster-1 of retirement" in said
    assert (tmp_path / "e.zip").is_file()


def test_evidence_of_the_whole_fleet_is_refused_by_name(case: WholeCase, tmp_path: Path):
    status, said = run("dossier", "--evidence", tmp_path / "e.zip")
    assert status == 2
    assert "name the model" in said


def test_an_unknown_model_is_told(case: WholeCase):
    with pytest.raises(NotFound, match="known are aster-1"):
        run("dossier", "birch-7b")
    with pytest.raises(NotFound, match="known are aster-1"):
        run("scoreboard", "birch-7b")


def test_the_scoreboard_is_shown_with_its_sources_and_label(case: WholeCase):
    status, said = run("scoreboard", "aster-1")
    assert status == 0
    assert said.startswith("[SIMULATED] Scoreboard of aster-1")
    assert "no evidence" in said
    assert "[1] gateway, 1 Sep 2026 to 9 Sep 2026: sum(calls)" in said


def test_the_scoreboard_for_programs(case: WholeCase):
    found = json.loads(run("scoreboard", "aster-1", "--json")[1])
    assert found["simulated"] is True
    (kept,) = [
        one
        for line in found["lines"]
        if line["id"] == "unsafe_rate"
        for one in line["ways"]["keep_everything"]
    ]
    assert kept["ground"] == "measured"
    assert kept["low"] < kept["value"] < kept["high"]
    assert len(kept["source"]["sha256"]) == 64
