"""Each model's tiers come from its own records; a budget moves tiers and no model's score."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from configs.schema import RetirementConfig
from flows.cli import app
from flows.portfolio import page_path
from tasks.access.fleet import FleetModel, fleet_of
from tasks.candidate.opening import put_in_force
from tasks.kernel.errors import DecisionRefused
from tasks.records import Book, Fence
from tasks.records.preservation import Replica
from tests.fakes.clock import FakeClock

ALL = ["hard_retire", "research_only", "limited_pilot"]


def _in_force(config: RetirementConfig, book: Book, fence: Fence, clock: FakeClock) -> None:
    put_in_force(config, book, fence, clock.now())


def _model(book: Book) -> FleetModel:
    with book.reading() as session:
        (found,) = fleet_of(session)
    return found


def _with(config: RetirementConfig, section: str, **fields: Any) -> RetirementConfig:
    part = getattr(config, section).model_copy(update=fields)
    return config.model_copy(update={section: part})


def test_a_sound_model_has_every_tier_and_more_access_is_worth_no_less_to_users(
    judged: RetirementConfig, book: Book, fence: Fence, clock: FakeClock
) -> None:
    _in_force(judged, book, fence, clock)
    found = _model(book)
    assert [tier.id for tier in found.contender.tiers] == ALL
    assert found.knocked_out == ()
    assert found.simulated
    assert found.score.low <= found.contender.score <= found.score.high


def test_what_bars_callers_leaves_full_retirement(
    judged: RetirementConfig, book: Book, fence: Fence, clock: FakeClock
) -> None:
    _in_force(_with(judged, "candidate", risk_class="critical"), book, fence, clock)
    found = _model(book)
    assert [tier.id for tier in found.contender.tiers] == ["hard_retire"]
    assert found.knocked_out == ("KO-RISK",)


def test_what_could_lose_the_model_leaves_everything_as_it_is(
    judged: RetirementConfig, book: Book, fence: Fence, clock: FakeClock
) -> None:
    _in_force(judged, book, fence, clock)
    with book.writing(clock.now()) as writing:
        row = writing.session.get_one(Replica, ("p", "b"))
        row.state = "damaged"
        writing.put(row, "x")
    assert [tier.id for tier in _model(book).contender.tiers] == ["keep_everything"]


def _run(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["portfolio", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_the_command_shows_score_and_allocation_apart(
    judged: RetirementConfig, book: Book, fence: Fence, clock: FakeClock
) -> None:
    config = _with(judged, "access", monthly_cost_usd=800.0)
    _in_force(config, book, fence, clock)
    poor, rich = (json.loads(_run("--budget", b, "--json")) for b in ("100", "5000"))
    assert poor["models"][0]["tier"] == "hard_retire"
    assert rich["models"][0]["tier"] != "hard_retire"
    assert poor["models"][0]["score"] == rich["models"][0]["score"]
    assert poor["gap"] == rich["gap"] == 0
    assert poor["next_upgrade"]["model_id"] == "aster-1"
    said = _run("--budget", "100")
    assert "SIMULATED" in said
    assert "Next best: aster-1 from hard retire to" in " ".join(said.split())
    page = page_path().read_text(encoding="utf-8")
    assert "SIMULATED" in page
    assert "aster-1" in page


def test_a_budget_below_the_cheapest_tiers_is_refused(
    judged: RetirementConfig, book: Book, fence: Fence, clock: FakeClock
) -> None:
    costs = judged.access.costs.model_copy(update={"storage_usd_a_month": 50.0})
    _in_force(_with(judged, "access", costs=costs), book, fence, clock)
    with pytest.raises(DecisionRefused, match="raise --budget"):
        _run("--budget", "10")


def test_no_model_is_said_so(book: Book) -> None:
    assert "no model is in the records yet" in _run("--budget", "10")
