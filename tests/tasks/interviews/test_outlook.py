"""`emeritus interviews plan`: what it will take, before anything is spent and afterwards."""

import json
from pathlib import Path

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from configs.schema import RetirementConfig
from flows import interview_commands
from tasks import wiring
from tasks.interviews.outlook import outlook
from tasks.interviews.task import hold_wave, register_design
from tasks.records import Book, Fence
from tasks.records.interview import Conversation, Design
from tests.fakes.clock import FakeClock
from tests.fakes.configs import endpoint, retirement
from tests.fakes.respondent import FakeRespondent, says
from tests.tasks.interviews.planned import CONTEXTS, INSTRUMENT, TWELVE
from tests.tasks.interviews.standing import weigh

CHOICES = len(INSTRUMENT.choices) * 2 + len(INSTRUMENT.free_choices) * 4


@pytest.fixture
def config() -> RetirementConfig:
    prices = {"usd_per_million_input_tokens": 3.0, "usd_per_million_output_tokens": 15.0}
    return retirement(
        endpoint={**endpoint("aster-1"), **prices},
        interviews={
            "themes": TWELVE,
            "contexts": CONTEXTS,
            "waves": 5,
            "wave_spacing_seconds": 151_200,
            "max_cost_usd": 20.0,
        },
        validation={"minimum_days": 5, "minimum_span_hours": 168.0},
    )


def test_it_shows_calls_tokens_cost_and_dates_before_anything_is_spent(
    config: RetirementConfig, book: Book, clock: FakeClock
) -> None:
    found = outlook(config, book, clock.now())
    assert found["problem"] == ""
    assert not found["registered"]
    assert [wave["neutral"] for wave in found["waves"]] == [15] * 5
    assert [wave["probes_at_least"] for wave in found["waves"]] == [0] * 5
    assert found["waves"][0]["probes_at_most"] == 0
    assert found["total"]["at_least"]["calls"] == 75 + 5 + CHOICES
    most = found["total"]["at_most"]["calls"]
    assert 280 <= most <= 285, "15 are spare, for questions whose answer got lost"
    assert found["ceilings"]["max_calls"] == 300
    assert [wave["opens_at"][:10] for wave in found["waves"]] == [
        "2026-12-01",
        "2026-12-03",
        "2026-12-04",
        "2026-12-06",
        "2026-12-08",
    ]
    assert found["stable_possible"] == {"wave": 5, "at": found["waves"][4]["opens_at"]}
    most = found["total"]["at_most"]
    assert most["usd"] == pytest.approx(
        (most["input_tokens"] * 3 + most["output_tokens"] * 15) / 1e6, rel=0.01
    )
    assert most["usd"] < most["most_usd"]
    assert "leaves" in found["probes_note"]


def test_the_digest_shown_is_the_one_that_is_registered(
    config: RetirementConfig, book: Book, fence: Fence, clock: FakeClock
) -> None:
    shown = outlook(config, book, clock.now())["design_digest"]
    clock.advance(hours=5)
    register_design.fn(config, fence)
    with book.reading() as session:
        assert [row.digest for row in session.exec(select(Design))] == [shown]
    after = outlook(config, book, clock.now())
    assert after["registered"]
    assert after["design_digest"] == shown


def test_after_a_wave_it_counts_what_was_spent_and_plans_with_what_answers_took(
    config: RetirementConfig,
    book: Book,
    fence: Fence,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    register_design.fn(config, fence)
    before = outlook(config, book, clock.now())
    monkeypatch.setattr(wiring, "respondent", lambda _: FakeRespondent(lambda _: says("Yes.")))
    hold_wave.fn(config, fence)
    weigh(config, book, fence, 0, probed=("share_essays",))
    clock.advance(hours=50)
    after = outlook(config, book, clock.now())
    assert after["spent"]["calls"] == 16
    assert after["spent"]["input_tokens"] == 16 * 10
    assert after["waves"][1]["settled"]
    assert after["waves"][1]["probes_at_least"] == after["waves"][1]["probes_at_most"] == 12
    assert not after["waves"][2]["settled"]
    assert after["waves"][0]["opens_at"] == before["waves"][0]["opens_at"]
    assert after["waves"][1]["opens_at"] > before["waves"][1]["opens_at"]  # the pass is late
    assert (
        after["total"]["at_least"]["output_tokens"] < before["total"]["at_least"]["output_tokens"]
    )


def test_it_writes_nothing_and_tells_what_would_be_refused(
    config: RetirementConfig, book: Book, clock: FakeClock
) -> None:
    small = config.interviews.model_copy(update={"max_calls": 40})
    found = outlook(config.model_copy(update={"interviews": small}), book, clock.now())
    assert "more than interviews.max_calls (40)" in found["problem"]
    with book.reading() as session:
        assert session.exec(select(Design)).all() == []
        assert session.exec(select(Conversation)).all() == []


def test_without_room_for_a_probe_no_wave_is_promised_to_find_anything_stable(
    config: RetirementConfig, book: Book, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    neutral = outlook(config, book, clock.now())["total"]["at_least"]["calls"]
    exact = config.interviews.model_copy(update={"max_calls": neutral})
    full = config.model_copy(update={"interviews": exact})
    found = outlook(full, book, clock.now())
    assert found["problem"] == ""
    assert found["stable_possible"] is None
    assert found["probes_note"] == f"probes: none, max_calls ({neutral}) leaves no call for them"
    monkeypatch.setattr(interview_commands, "load_retirement", lambda _: full)
    shown = CliRunner().invoke(interview_commands.interviews, ["plan", "aster-1.yaml"]).output
    assert "stable: never, nothing pushes against what is said" in shown


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_the_command_shows_it_to_people_and_to_programs(
    config: RetirementConfig,
    book: Book,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
) -> None:
    monkeypatch.setattr(interview_commands, "load_retirement", lambda _: config)
    monkeypatch.setenv("COLUMNS", "200")
    path = Path("aster-1.yaml")
    result = CliRunner().invoke(interview_commands.interviews, ["plan", str(path), *options])
    assert result.exit_code == 0, result.output
    if options:
        assert json.loads(result.output) == outlook(config, book, clock.now())
    else:
        assert "seed 0" in result.output
        assert "stable: possible from wave 5 on, 2026-12-08 09:00 UTC" in result.output
        assert "ceilings: 300 calls, cost 20 USD" in result.output


@pytest.mark.parametrize("columns", ["60", "80", "200"])
def test_no_terminal_is_too_narrow_for_a_figure(
    config: RetirementConfig,
    book: Book,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    columns: str,
) -> None:
    monkeypatch.setattr(interview_commands, "load_retirement", lambda _: config)
    monkeypatch.setenv("COLUMNS", columns)
    shown = CliRunner().invoke(interview_commands.interviews, ["plan", "aster-1.yaml"]).output
    found = outlook(config, book, clock.now())
    assert "…" not in shown
    for wave in found["waves"]:
        assert wave["opens_at"].replace("T", " ")[:16] in shown
    least, most = found["total"]["at_least"]["calls"], found["total"]["at_most"]["calls"]
    assert f" {least}-{most} " in shown


def test_a_cost_that_nobody_knows_is_not_told_as_nought(
    config: RetirementConfig, book: Book, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = config.endpoint.model_copy(
        update={"usd_per_million_input_tokens": 0.0, "usd_per_million_output_tokens": 0.0}
    )
    uncapped = config.interviews.model_copy(update={"max_cost_usd": None})
    unpriced = config.model_copy(update={"endpoint": free, "interviews": uncapped})
    monkeypatch.setattr(interview_commands, "load_retirement", lambda _: unpriced)
    shown = CliRunner().invoke(interview_commands.interviews, ["plan", "aster-1.yaml"]).output
    assert "none of cost; the endpoint has no prices" in shown
    assert "0.00" not in shown


def test_a_plan_that_would_be_refused_ends_the_command_with_status_1(
    config: RetirementConfig, book: Book, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = config.interviews.model_copy(update={"max_calls": 40})
    refused = config.model_copy(update={"interviews": small})
    monkeypatch.setattr(interview_commands, "load_retirement", lambda _: refused)
    result = CliRunner().invoke(interview_commands.interviews, ["plan", "aster-1.yaml"])
    assert result.exit_code == 1
    assert "max_calls (40)" in result.output
