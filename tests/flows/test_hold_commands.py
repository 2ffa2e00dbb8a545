"""Lifting a legal hold from a terminal and from a form."""

import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app
from tasks.candidate.opening import put_in_force
from tasks.kernel.errors import DecisionRefused, KeyRevoked
from tasks.records import Book, Fence
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement
from tests.fakes.git_repo import listed, make_key

LIFT = ["hold", "lift", "aster-1", "--reason", "Matter 114 is closed."]


@pytest.fixture
def lena(book: Book, fence: Fence, clock: FakeClock, tmp_path: Path) -> Path:
    """The key of somebody who may lift the hold on aster-1."""
    key = make_key(tmp_path / "people", "lena")
    signers = tmp_path / "allowed_signers"
    signers.write_text(listed(key, "lena"))
    access = {"allowed_signers": str(signers)}
    put_in_force(
        retirement(access=access, candidate={"legal_hold": True}), book, fence, clock.now()
    )
    return key


def test_it_is_signed_and_told(lena: Path, book: Book) -> None:
    result = CliRunner().invoke(app, [*LIFT, "--as", "lena", "--key", str(lena)])
    assert result.exit_code == 0, result.output
    assert "lena lifted the legal hold of aster-1; it stands until" in result.output
    again = CliRunner().invoke(app, [*LIFT, "--as", "lena", "--key", str(lena)])
    assert isinstance(again.exception, DecisionRefused)
    assert book.verify_audit().problems == ()


def test_it_can_be_signed_on_another_machine(lena: Path, tmp_path: Path) -> None:
    statement = CliRunner().invoke(app, ["hold", "statement", *LIFT[2:]])
    file = tmp_path / "act"
    file.write_bytes(statement.stdout_bytes)
    subprocess.run(
        ["ssh-keygen", "-Y", "sign", "-q", "-f", lena, "-n", "emeritus-legal-hold@v1", file],
        check=True,
    )
    signed = str(file.with_suffix(".sig"))
    result = CliRunner().invoke(app, [*LIFT, "--as", "lena", "--signature", signed])
    assert result.exit_code == 0, result.output


def test_a_stranger_lifts_nothing(lena: Path, tmp_path: Path) -> None:
    other = make_key(tmp_path / "others", "mallory")
    result = CliRunner().invoke(app, [*LIFT, "--as", "mallory", "--key", str(other)])
    assert isinstance(result.exception, KeyRevoked)


def test_what_was_signed_is_part_of_the_evidence(lena: Path, book: Book) -> None:
    from flows.signed_statements import signed_statements

    CliRunner().invoke(app, [*LIFT, "--as", "lena", "--key", str(lena)])
    with book.reading() as session:
        (found,) = signed_statements(session, "aster-1")
    assert (found.act, found.person) == ("legal-hold", "lena")
    assert b'"act":"lift-legal-hold"' in (found.statement or b"")


def test_the_form_answers_with_the_words_to_sign(prefect_api: str, lena: Path) -> None:
    from flows.hold_forms import lift_hold

    state = lift_hold("aster-1", "lena", "Matter 114 is closed.", return_state=True)
    assert state.name == "To be signed"
    assert '"act":"lift-legal-hold"' in (state.message or "")
