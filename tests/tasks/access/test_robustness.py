"""The robustness report: what it counts, and the exact weights at which a choice turns."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.schema.access import AccessConfig
from tasks.access.core import Grounds, grounds_of
from tasks.access.evidence import AccessEvidence, PreferenceEvidence
from tasks.access.robustness import Robustness, robustness_of
from tasks.access.scenarios import value_of
from tests.fakes.configs import retirement

WISHES = (
    PreferenceEvidence("keep_in_use", "stable", "want"),
    PreferenceEvidence("research_access", "stable", "want"),
)


def _case(
    users: int | None = 900,
    research: float | None = 0.9,
    cost: float = 500.0,
    wishes: tuple[PreferenceEvidence, ...] = WISHES,
    *,
    per_1000: float = 0.0,
    **decision: Any,
) -> tuple[AccessConfig, AccessEvidence, Grounds, Robustness]:
    why = {"by": "rosa", "on": "2026-11-20", "why": "As she judges it."}
    notes = [] if research is None else [{"scale": "research_value", "value": research, **why}]
    config = retirement(
        access={
            "monthly_cost_usd": cost,
            "costs": {"usd_per_1000_calls": per_1000},
            "decision": {"notes": notes, **decision},
        },
        candidate={"risk_class": "moderate"},
    )
    recent = {"users": users, "from": "2026-09-01T00:00:00Z", "to": "2026-11-30T00:00:00Z"}
    usage = {"recent_users": recent, "covers_last_7_days": True, "weeks": []}
    evidence = AccessEvidence(
        wishes, "p", ("a", "b"), usage if users is not None else None, simulated=False
    )
    found = grounds_of(config.candidate, config.access, evidence, "share_essays")
    report = robustness_of(config.access, evidence, found.scales, found.ways, seed=7)
    return config.access, evidence, found, report


def test_a_clear_case_stays_whatever_the_weights() -> None:
    _, _, found, report = _case()
    assert (report.choice, found.scenario) == ("limited_pilot", "limited_pilot")
    assert report.stays > 0.99
    assert report.enough
    assert report.unknown == ()


def test_a_case_on_the_edge_needs_human_judgement() -> None:
    """A dear model that few need: the weights of cost and of research decide."""
    _, _, _, report = _case(users=50, research=0.3, cost=5_000.0, wishes=())
    assert 0.05 < report.stays < 0.9
    assert not report.enough
    assert sum(report.wins.values()) == pytest.approx(1.0, abs=1e-3)


def test_what_is_not_known_makes_a_choice_less_robust() -> None:
    known = _case(users=500, research=0.5, cost=4_000.0)[3]
    unknown = _case(users=None, research=None, cost=4_000.0)[3]
    assert unknown.unknown == ("users_need", "research_value")
    assert unknown.stays < known.stays


def test_costs_that_nobody_counted_are_drawn_too() -> None:
    """Few users, some research: whether a pilot pays hangs on what its calls cost."""
    weights = {"users_need": 0.2, "research_value": 0.2, "safety": 0.1, "cost": 0.5}
    case = {"users": None, "research": 0.8, "weights": {**weights, "preferences": 0}, "wishes": ()}
    free, dear = _case(**case)[3], _case(**case, per_1000=5.0)[3]
    assert free.unknown == ("users_need",)
    assert dear.unknown == ("users_need", "cost")
    assert dear.choice == free.choice == "limited_pilot"
    assert dear.stays < free.stays


def test_a_baseline_never_wins_but_is_told_where_it_is_ahead() -> None:
    report = _case(users=1000, cost=0.0)[3]
    assert "keep_everything" not in report.wins
    assert report.baseline_ahead > 0
    allowed = _case(users=1000, cost=0.0, may_keep_everything=True)[3]
    assert "keep_everything" in allowed.wins
    assert allowed.baseline_ahead == 0


def test_the_same_seed_gives_the_same_report() -> None:
    assert _case()[3] == _case()[3]


def test_a_scale_that_does_not_count_is_never_drawn() -> None:
    weights = {"users_need": 0, "research_value": 0, "safety": 0, "cost": 1, "preferences": 0}
    report = _case(cost=500.0, weights=weights)[3]
    assert (report.choice, report.stays) == ("hard_retire", 1.0)


@settings(deadline=None, max_examples=40)
@given(
    users=st.integers(0, 1200),
    research=st.floats(0, 1),
    cost=st.floats(0, 10_000),
    wishes=st.sampled_from([(), WISHES, WISHES[:1]]),
)
def test_at_the_turning_weight_two_ways_are_worth_the_same_and_beyond_it_the_other_wins(
    users: int, research: float, cost: float, wishes: tuple[PreferenceEvidence, ...]
) -> None:
    access, _, found, report = _case(users, research, cost, wishes)
    weights = access.decision.weights.by_scale()

    def values(scale: str, at: float) -> dict[str, float]:
        rest = 1 - weights[scale]  # type: ignore[index]
        moved = {s: at if s == scale else w / rest * (1 - at) for s, w in weights.items()}
        return {id_: value_of(worth, moved) for id_, worth in found.worths.items()}

    for turn in report.turns:
        if turn.at is None:
            for at in (0.0, 1.0):
                found_values = values(turn.scale, at)
                for way in ("hard_retire", "limited_pilot"):
                    assert found_values[report.choice] >= found_values[way] - 1e-6
            continue
        at_it = values(turn.scale, turn.at)
        assert at_it[report.choice] == pytest.approx(at_it[turn.to], abs=1e-3)
        beyond = turn.at + (0.02 if turn.at > turn.weight else -0.02)
        if 0 <= beyond <= 1 and abs(turn.at - turn.weight) > 1e-3:
            there = values(turn.scale, beyond)
            assert there[turn.to] > there[report.choice] - 1e-6
