"""`emeritus replays` from a terminal."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from configs.schema import RetirementConfig
from flows.replay_commands import replays
from tasks import wiring
from tasks.candidate.opening import put_in_force
from tasks.kernel.errors import NotFound, ReplayRefused
from tasks.monitoring.replays.same_model_task import check_same_model
from tasks.ports.respondent import Answer, Question
from tasks.records import Book, Fence
from tests.fakes.clock import FakeClock
from tests.fakes.respondent import FakeRespondent
from tests.tasks.monitoring.replays.scene import Speaker, config_of, freeze


def run(*arguments: str) -> str:
    """The command's output; its error is raised."""
    done = CliRunner().invoke(replays, arguments, catch_exceptions=False, env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def config(
    home: Path, book: Book, fence: Fence, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> RetirementConfig:
    """A model whose weekly test found another behind half of its answers."""
    config = config_of(home)
    put_in_force(config, book, fence, clock.now())
    freeze(config, book, fence)
    speaker = Speaker(other=0.5)

    def reply(question: Question) -> Answer:
        told = speaker(question)
        return Answer(
            "answered", f"\x1b[31m[bold]{told.text}", "r", "m", "end_turn", simulated=True
        )

    monkeypatch.setattr(wiring, "respondent", lambda _: FakeRespondent(reply))
    check_same_model.fn(config, fence)
    return config


def test_runs_are_listed_with_what_they_found(config: RetirementConfig) -> None:
    shown = run("list", "aster-1")
    assert "[SIMULATED] the answers differ (p = 0.0005)" in shown
    (row,) = json.loads(run("list", "aster-1", "--json"))
    assert (row["purpose"], row["period"], row["outcome"]) == (
        "same_model",
        "2026-11-30",
        "differs",
    )


def test_a_run_shows_its_figures_and_what_stands_beside_them(config: RetirementConfig) -> None:
    (row,) = json.loads(run("list", "aster-1", "--json"))
    shown = run("show", "aster-1", row["id"][:8])
    assert "60 frozen and 60 fresh answers" in shown
    assert "names not seen before: m" in shown
    found = json.loads(run("show", "aster-1", row["id"], "--json"))
    assert found["calls"] == 60
    assert found["body"]["p_value"] == 1 / 2000


def test_answers_are_printed_as_text_that_can_do_nothing(config: RetirementConfig) -> None:
    (row,) = json.loads(run("list", "aster-1", "--json"))
    shown = run("compare", "aster-1", row["id"][:8], "haiku")
    assert "[SIMULATED] haiku, before:" in shown
    assert "\ufffd[31m[bold]" in shown
    assert "\x1b[31m" not in shown
    values = json.loads(run("compare", "aster-1", row["id"], "haiku", "--most", "1", "--json"))
    assert (len(values["before"]), len(values["now"])) == (1, 1)


def test_what_does_not_exist_is_told_of(config: RetirementConfig) -> None:
    with pytest.raises(NotFound):
        run("list", "birch-7b")
    with pytest.raises(ReplayRefused, match="no run begins with 'zz'"):
        run("show", "aster-1", "zz")
    (row,) = json.loads(run("list", "aster-1", "--json"))
    with pytest.raises(ReplayRefused, match="no answer to 'nope'"):
        run("compare", "aster-1", row["id"], "nope")
