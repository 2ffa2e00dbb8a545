"""Each knock-out fires on its ground alone, says what lifts it, and is lifted by that."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.access.core import Grounds, grounds_of
from tasks.access.evidence import AccessEvidence, PreferenceEvidence
from tests.fakes.configs import retirement


def _grounds(
    *,
    candidate: dict[str, Any] | None = None,
    access: dict[str, Any] | None = None,
    verdict: tuple[str, str] | None = None,
    replicas: tuple[str, ...] = ("a", "b"),
    package: str = "p",
    usage: dict[str, Any] | None = None,
) -> Grounds:
    config = retirement(candidate=candidate or {}, access=access or {})
    themes = () if verdict is None else (PreferenceEvidence("keep_in_use", *verdict),)
    evidence = AccessEvidence(themes, package, replicas, usage, simulated=False)
    return grounds_of(config.candidate, config.access, evidence, "share_essays")


def _ids(found: Grounds) -> list[str]:
    return [one.id for one in found.knock_outs]


@pytest.mark.parametrize(
    ("given_", "knock_out"),
    [
        ({"candidate": {"risk_class": "high"}}, "KO-RISK"),
        ({"access": {"monthly_cost_usd": 10_001.0}}, "KO-COST"),
        ({"access": {"costs": {"oversight_usd_a_month": 10_001.0}}}, "KO-COST"),
        ({"verdict": ("stable", "reject")}, "KO-PREFERENCE"),
        ({"verdict": ("led", "none")}, "KO-UNSTABLE"),
        ({"verdict": ("context_dependent", "none")}, "KO-UNSTABLE"),
        ({"verdict": ("drifting", "none")}, "KO-UNSTABLE"),
    ],
)
def test_what_bars_callers_leaves_full_retirement(given_: dict[str, Any], knock_out: str) -> None:
    found = _grounds(**given_)
    assert _ids(found) == [knock_out]
    assert (found.scenario, found.grants, found.barring) == ("hard_retire", (), ())
    assert found.knock_outs[0].lifted_by


@pytest.mark.parametrize(
    ("given_", "knock_out"),
    [
        ({"candidate": {"legal_hold": True}}, "KO-HOLD"),
        ({"replicas": ("a",)}, "KO-PRESERVATION"),
        ({"replicas": ()}, "KO-PRESERVATION"),
        ({"package": ""}, "KO-PRESERVATION"),
    ],
)
def test_what_could_lose_the_model_bars_any_decision(
    given_: dict[str, Any], knock_out: str
) -> None:
    found = _grounds(**given_)
    assert [one.id for one in found.barring] == [knock_out]


@pytest.mark.parametrize("verdict", ["noise", "borderline", "indifferent", "declined"])
def test_what_is_only_unknown_rules_nothing_out(verdict: str) -> None:
    assert _ids(_grounds(verdict=(verdict, "none"))) == []


def test_the_dearest_month_counts_and_not_the_mean() -> None:
    """Calls fall by half a month, so that the first month is far above the mean of twelve."""
    costs = {"usd_per_1000_calls": 10.0, "calls_fall_a_month": 0.5}
    weeks = [{"week_of": "2026-11-16", "calls": 300_000, "whole": True}]
    usage = {"covers_last_7_days": True, "weeks": weeks}
    for ceiling, ids in ((6_000.0, ["KO-COST"]), (7_000.0, [])):
        access = {"costs": costs, "monthly_cost_ceiling_usd": ceiling}
        found = _grounds(access=access, usage=usage)
        pilot = found.ways[1].cost
        assert pilot.mean < 6_000 < pilot.monthly[0] < 7_000
        assert _ids(found) == ids


def test_nothing_applies_by_default() -> None:
    assert _ids(_grounds(verdict=("stable", "want"))) == []


@given(
    st.sampled_from(["minimal", "low", "moderate", "high", "critical"]),
    st.sampled_from(["minimal", "low", "moderate", "high", "critical"]),
)
def test_risk_knocks_out_just_above_the_limit(risk: str, limit: str) -> None:
    order = ["minimal", "low", "moderate", "high", "critical"]
    found = _grounds(candidate={"risk_class": risk}, access={"highest_risk_class": limit})
    assert ("KO-RISK" in _ids(found)) == (order.index(risk) > order.index(limit))
