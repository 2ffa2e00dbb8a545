"""The score: additive on fixed scales, with its evidence, and no model's score moves another's."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configs.errors import ConfigError
from configs.schema.access import AccessConfig
from tasks.access.core import Grounds, grounds_of
from tasks.access.evidence import AccessEvidence, PreferenceEvidence
from tests.fakes.configs import retirement

CANDIDATE = retirement().candidate
NOTE = {
    "scale": "research_value",
    "value": 0.8,
    "by": "rosa",
    "on": "2026-11-20",
    "why": "Three labs compare with it.",
}
THEMES = ["share_essays", "keep_in_use", "research_access", "preserve_weights", "other"]


def _access(**fields: Any) -> AccessConfig:
    return retirement(access=fields).access


def _usage(users: int, calls: int | None = 700) -> dict[str, Any]:
    weeks = [{"week_of": "2026-11-16", "calls": calls, "whole": True}]
    return {"users": users, "covers_last_7_days": True, "weeks": weeks}


def _evidence(**fields: Any) -> AccessEvidence:
    values: dict[str, Any] = {
        "preferences": (),
        "package_id": "p",
        "verified_replicas": ("a", "b"),
        "usage": None,
        "simulated": False,
    }
    return AccessEvidence(**{**values, **fields})


def _grounds(access: AccessConfig, evidence: AccessEvidence) -> Grounds:
    return grounds_of(CANDIDATE, access, evidence, "share_essays")


preferences = st.lists(
    st.builds(
        PreferenceEvidence,
        theme=st.sampled_from(THEMES),
        verdict=st.sampled_from(["stable", "led", "noise", "declined", "drifting"]),
        polarity=st.sampled_from(["want", "reject", "none"]),
    ),
    unique_by=lambda p: p.theme,
    max_size=4,
).map(tuple)
evidences = st.builds(
    _evidence,
    preferences=preferences,
    verified_replicas=st.sampled_from([(), ("a",), ("a", "b")]),
    usage=st.none() | st.builds(_usage, st.integers(0, 10**6), st.none() | st.integers(0, 10**7)),
    applications=st.integers(0, 50),
)
accesses = st.builds(
    lambda cost, rate, fall: _access(
        monthly_cost_usd=cost, costs={"usd_per_1000_calls": rate, "calls_fall_a_month": fall}
    ),
    st.floats(0, 20_000),
    st.floats(0, 50),
    st.floats(0, 1),
)


@given(evidences, accesses)
def test_every_number_stays_within_its_bounds(
    evidence: AccessEvidence, access: AccessConfig
) -> None:
    found = _grounds(access, evidence)
    assert all(one.value is None or 0 <= one.value <= 1 for one in found.scales)
    assert 0 <= found.score.low <= found.score.value <= found.score.high <= 1
    for way in found.ways:
        assert all(0 <= worth <= 1 for worth in found.worths[way.id].values())
        assert way.cost.low <= way.cost.total + 0.01
        assert way.cost.total <= way.cost.high + 0.01
    assert not next(w for w in found.ways if w.id == found.scenario).ruled_out_by


@given(st.lists(st.tuples(evidences, accesses), min_size=3, max_size=5))
def test_an_irrelevant_model_never_reorders_the_others(
    models: list[tuple[AccessEvidence, AccessConfig]],
) -> None:
    """Whoever else is on the list: each model's score, and the order of any two, stay."""

    def ranked(indices: tuple[int, ...]) -> list[int]:
        scored = {i: _grounds(models[i][1], models[i][0]).score.value for i in indices}
        return sorted(scored, key=lambda i: (-scored[i], i))

    everybody = tuple(range(len(models)))
    for without in everybody:
        others = tuple(i for i in everybody if i != without)
        assert [i for i in ranked(everybody) if i != without] == ranked(others)


def test_scales_stretched_over_the_list_would_reorder() -> None:
    """What the property above guards against does happen with the usual min-max scaling."""

    def first_is_ahead(*models: tuple[float, float]) -> bool:
        columns = list(zip(*models, strict=True))
        scaled = [
            sum(
                weight * (value - min(column)) / (max(column) - min(column))
                for weight, value, column in zip((1.0, 0.9), model, columns, strict=True)
            )
            for model in models
        ]
        return scaled[0] > scaled[1]

    a, b, irrelevant = (0.30, 0.70), (0.50, 0.45), (1.0, 0.46)
    assert not first_is_ahead(a, b)
    assert first_is_ahead(a, b, irrelevant)


@given(evidences, accesses)
def test_more_users_never_lower_the_score(evidence: AccessEvidence, access: AccessConfig) -> None:
    few, many = (
        _grounds(access, _evidence(preferences=evidence.preferences, usage=_usage(users)))
        for users in (10, 500)
    )
    assert few.score.value <= many.score.value


def test_what_is_not_known_counts_half_and_is_told() -> None:
    found = _grounds(_access(), _evidence(applications=3))
    scales = {one.scale: one for one in found.scales}
    assert scales["users_need"].value is None
    assert scales["preferences"].value is None
    assert scales["research_value"].value is None
    assert "3 applications" in scales["research_value"].says
    assert found.score.high - found.score.low == pytest.approx(0.25 + 0.25 + 0.15)
    assert found.score.value == pytest.approx((found.score.high + found.score.low) / 2)


def test_no_use_is_only_read_from_a_log_that_covers_the_days() -> None:
    covered = {**_usage(0), "covers_last_7_days": True}
    old = {**_usage(0), "covers_last_7_days": False}
    values = [
        {s.scale: s.value for s in _grounds(_access(), _evidence(usage=usage)).scales}
        for usage in (covered, old)
    ]
    assert [v["users_need"] for v in values] == [0.0, None]


def test_a_note_names_who_judged_and_stands_behind_a_measurement() -> None:
    note = {**NOTE, "scale": "users_need"}
    access = _access(decision={"notes": [NOTE, note]})
    scales = {s.scale: s for s in _grounds(access, _evidence(usage=_usage(200))).scales}
    assert (scales["research_value"].value, scales["research_value"].kind) == (0.8, "note")
    assert scales["research_value"].source == "rosa, 2026-11-20"
    assert (scales["users_need"].value, scales["users_need"].kind) == (0.2, "report")
    without = {s.scale: s for s in _grounds(access, _evidence()).scales}
    assert (without["users_need"].value, without["users_need"].kind) == (0.8, "note")


@pytest.mark.parametrize(
    ("decision", "problem"),
    [
        ({"weights": {"cost": 0.5}}, "sum to 1"),
        ({"notes": [NOTE, NOTE]}, "2 notes on research_value"),
    ],
)
def test_what_cannot_be_weighed_is_refused(decision: dict[str, Any], problem: str) -> None:
    with pytest.raises((ConfigError, ValueError), match=problem):
        _access(decision=decision)


@given(evidences)
def test_the_channel_is_proposed_only_for_a_stable_wish(evidence: AccessEvidence) -> None:
    grounds = _grounds(_access(), evidence)
    assert ("essay_channel" in grounds.grants) == evidence.wants("share_essays")


def test_losing_the_usage_report_never_raises_the_score_by_what_calls_cost() -> None:
    """A model whose calls are dear is not cheap because nobody counted them."""
    access = _access(costs={"usd_per_1000_calls": 5.0}, monthly_cost_ceiling_usd=50_000.0)
    known = _grounds(access, _evidence(usage=_usage(10, calls=500_000)))
    unknown = _grounds(access, _evidence())
    scales = {one.scale: one for one in unknown.scales}
    assert scales["cost"].value is None
    assert unknown.score.low <= known.score.value
    stale = {**_usage(10, calls=500_000), "covers_last_7_days": False}
    assert _grounds(access, _evidence(usage=stale)).calls is None


@pytest.mark.parametrize("may", [True, False])
def test_keeping_everything_is_barred_by_its_own_cost(may: bool) -> None:
    access = _access(
        decision={"may_keep_everything": may, "pilot_share_of_users": 0.1},
        costs={"usd_per_1000_calls": 10.0},
        monthly_cost_ceiling_usd=10_000.0,
    )
    found = _grounds(access, _evidence(usage=_usage(900, calls=500_000)))
    assert found.knock_outs == ()
    assert "KO-COST" in found.ways[2].ruled_out_by
    assert found.scenario == "limited_pilot"
