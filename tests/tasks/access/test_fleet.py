"""Each model's tiers come from its own records; a budget moves tiers and no model's score."""

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from configs.schema import RetirementConfig
from flows.cli import app
from flows.portfolio import page_path, summary
from tasks.access.fleet import FleetModel, fleet_of
from tasks.access.packets import open_grounds
from tasks.access.portfolio import allocate
from tasks.candidate.opening import put_in_force
from tasks.kernel.errors import DecisionRefused
from tasks.records import Book, Fence
from tasks.records.interview import Design
from tasks.records.monitoring import Report
from tasks.records.preservation import Package, Replica
from tasks.records.retirement import Retirement
from tasks.records.validation import Verdict
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement

ALL = ["hard_retire", "research_only", "limited_pilot"]
NOW = FakeClock().now()
RISKS = ["minimal", "low", "moderate", "high", "critical"]


@dataclass(frozen=True)
class Planted:
    """What the records could hold of a model."""

    risk: str
    users: int | None
    calls: int
    research: float | None
    serving_usd: float
    usd_per_1000_calls: float
    wishes: dict[str, tuple[str, str]]
    replicas: int
    months: int

    def rows(self, model_id: str) -> list[Any]:
        why = {"by": "rosa", "on": "2026-11-20", "why": "As she judges it."}
        note = {"scale": "research_value", "value": self.research, **why}
        config = retirement(
            id=model_id,
            candidate={"risk_class": self.risk},
            access={
                "monthly_cost_usd": self.serving_usd,
                "costs": {"usd_per_1000_calls": self.usd_per_1000_calls, "months": self.months},
                "decision": {"notes": [] if self.research is None else [note]},
            },
        )
        text, design = config.model_dump_json(), f"design of {model_id}"
        body = json.dumps({"themes": sorted(self.wishes)})
        found: list[Any] = [
            Retirement(
                model_id=model_id,
                display_name=model_id,
                config_json=text,
                config_sha256="c",
                opened_at=NOW,
            ),
            Design(digest=design, model_id=model_id, body=body, conversations=0, registered_at=NOW),
            Package(
                id=f"package of {model_id}",
                model_id=model_id,
                manifest="",
                files=1,
                bytes=1,
                source_folder="s",
                created_at=NOW,
            ),
        ]
        found += [
            Replica(
                package_id=f"package of {model_id}",
                name=str(number),
                model_id=model_id,
                location="l",
                state="verified",
                stamp="",
                verified_at=NOW,
            )
            for number in range(self.replicas)
        ]
        found += [
            Verdict(
                design_digest=design,
                theme=theme,
                model_id=model_id,
                verdict=verdict,
                polarity=polarity,
                posterior="{}",
                evidence="{}",
                codebook_sha256="c",
                judged_at=NOW,
                simulated=True,
            )
            for theme, (verdict, polarity) in self.wishes.items()
        ]
        return [*found, *self._report(model_id)]

    def _report(self, model_id: str) -> list[Report]:
        if self.users is None:
            return []
        covers = {"from": "2026-09-01T00:00:00Z", "to": "2026-11-30T00:00:00Z"}
        body = {
            "covers": covers,
            "covers_last_7_days": True,
            "recent_users": {"users": self.users, **covers},
            "weeks": [{"week_of": "2026-11-16", "calls": self.calls, "whole": True}],
        }
        row = Report(
            id=f"report of {model_id}",
            model_id=model_id,
            source="s",
            source_stamp="s",
            source_sha256="s",
            body=json.dumps(body),
            location="l",
            made_at=NOW,
        )
        return [row]


planted = st.builds(
    Planted,
    risk=st.sampled_from(RISKS),
    users=st.none() | st.integers(0, 2000),
    calls=st.integers(0, 10**6),
    research=st.none() | st.floats(0, 1),
    serving_usd=st.floats(0, 12_000),
    usd_per_1000_calls=st.floats(0, 20),
    wishes=st.dictionaries(
        st.sampled_from(["share_essays", "keep_in_use", "research_access"]),
        st.tuples(
            st.sampled_from(["stable", "led", "noise"]), st.sampled_from(["want", "reject", "none"])
        ),
    ),
    replicas=st.integers(0, 3),
    months=st.integers(1, 24),
)


def _fleets(book: Book, *added: dict[str, Planted]) -> Iterator[dict[str, FleetModel]]:
    """The fleet as the records tell it after each addition; nothing of it is kept."""
    with book.reading() as session:
        for models in added:
            for model_id, one in models.items():
                session.add_all(one.rows(model_id))
            session.flush()
            yield {one.contender.model_id: one for one in fleet_of(session, NOW)}


def _ranked(fleet: dict[str, FleetModel], among: Iterable[str]) -> list[str]:
    return sorted(among, key=lambda one: (-fleet[one].score.value, one))


@settings(
    deadline=None,
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    models=st.lists(planted, min_size=2, max_size=3),
    added=planted,
    place=st.sampled_from(["aaa", "model-1b", "zzz"]),
    share=st.floats(0, 1.2),
)
def test_an_irrelevant_model_changes_no_other_models_score_nor_their_order(
    book: Book, models: list[Planted], added: Planted, place: str, share: float
) -> None:
    """Whoever else is in the fleet, and wherever they stand in it; and whatever the budget."""
    others = {f"model-{number}": one for number, one in enumerate(models)}
    without, with_it = _fleets(book, others, {place: added})
    assert set(with_it) == {*without, place}
    assert {name: with_it[name] for name in without} == without
    assert _ranked(with_it, without) == _ranked(without, without)
    contenders = [one.contender for one in with_it.values()]
    cheapest, dearest = (
        sum(pick(tier.usd_a_month for tier in one.tiers) for one in contenders)
        for pick in (min, max)
    )
    allocate(contenders, cheapest + share * (dearest - cheapest) + 0.01)
    assert {one.contender.model_id: one.score for one in with_it.values()} == {
        **{name: one.score for name, one in without.items()},
        place: with_it[place].score,
    }


def _in_force(config: RetirementConfig, book: Book, fence: Fence, clock: FakeClock) -> None:
    put_in_force(config, book, fence, clock.now())


def _model(book: Book) -> FleetModel:
    with book.reading() as session:
        (found,) = fleet_of(session, NOW)
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


@pytest.mark.parametrize("days", [0, 29, 31, 60])
def test_what_covered_the_last_days_once_says_nothing_of_these(book: Book, days: int) -> None:
    """A report is of its day: a month after its log ended it tells of no pace, and of no zero."""
    used = Planted("low", 500, 1000, None, 0.0, 2.0, {}, 2, 12)
    idle = replace(used, users=0, calls=0)
    now = NOW + timedelta(days=days)
    with book.reading() as session:
        session.add_all([*used.rows("used"), *idle.rows("idle")])
        session.flush()
        evidence = {
            name: open_grounds(retirement(id=name), session, now)[0] for name in ("used", "idle")
        }
    fresh = days < 30  # the log ended on the day before
    assert (evidence["used"].calls is not None) is fresh
    values = {name: found.scales[0].value for name, found in evidence.items()}
    assert values == {"used": 0.5, "idle": 0.0 if fresh else None}


def test_a_tier_costs_what_its_dearest_month_does(book: Book) -> None:
    """Calls fall, and the budget has to hold in the first month too."""
    with book.reading() as session:
        session.add_all(Planted("low", 500, 1000, None, 10.0, 50.0, {}, 2, 12).rows("used"))
        session.flush()
        (found,) = fleet_of(session, NOW)
        grounds, _ = open_grounds(retirement(id="used"), session, NOW)
    assert grounds.calls is not None
    pilot = found.contender.tiers[2]
    assert pilot.usd_a_month == pytest.approx(10 + grounds.calls * 0.5 * 0.05, abs=0.01)


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
    assert poor["single_step"]["model_id"] == "aster-1"
    said = _run("--budget", "100")
    assert "SIMULATED" in said
    words = " ".join(said.split())
    assert "with all others as they are, aster-1 from hard retire to" in words
    assert "With more money the best allocation may be another one." in words
    assert "proven optimal" in words
    page = page_path().read_text(encoding="utf-8")
    assert "SIMULATED" in page
    assert "aster-1" in page


def test_costs_that_nobody_counted_are_told_of_the_fleet_too(
    judged: RetirementConfig, book: Book, fence: Fence, clock: FakeClock
) -> None:
    said = "without what calls cost, whose number is not known: aster-1"
    _in_force(judged, book, fence, clock)
    assert said not in " ".join(_run("--budget", "100").split())
    costs = judged.access.costs.model_copy(update={"usd_per_1000_calls": 2.0})
    _in_force(_with(judged, "access", costs=costs), book, fence, clock)
    assert said in " ".join(_run("--budget", "100").split())


@given(st.floats(1e-12, 1, exclude_min=True) | st.sampled_from([1e-8, 0.001, 0.01, 0.5, 1.0]))
def test_a_gap_is_never_told_as_none_nor_smaller_than_it_is(gap: float) -> None:
    found = {"models": [], "usd_a_month": 1.0, "budget_usd": 1.0, "value": 1.0, "gap": gap}
    said = summary(found)
    assert "optimal" not in said
    told = float(said.partition("worth up to ")[2].partition(" %")[0])
    assert gap * 100 <= told * (1 + 1e-9)
    assert told <= gap * 100 * 1.11
    assert not math.isclose(told, 0, abs_tol=1e-11)


def test_a_budget_below_the_cheapest_tiers_is_refused(
    judged: RetirementConfig, book: Book, fence: Fence, clock: FakeClock
) -> None:
    costs = judged.access.costs.model_copy(update={"storage_usd_a_month": 50.0})
    _in_force(_with(judged, "access", costs=costs), book, fence, clock)
    with pytest.raises(DecisionRefused, match="raise --budget"):
        _run("--budget", "10")


def test_no_model_is_said_so(book: Book) -> None:
    assert "no model is in the records yet" in _run("--budget", "10")
