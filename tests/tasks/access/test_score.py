"""The score: additive on fixed scales, with its evidence, and no model's score moves another's."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configs.errors import ConfigError
from configs.schema.access import AccessConfig
from tasks.access.core import Grounds, grounds_of
from tasks.access.evidence import AccessEvidence, PreferenceEvidence
from tasks.access.score import ScaleScore
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


def _usage(
    users: int | None, calls: int | None = 700, ends: str = "2026-11-30", current: bool = True
) -> dict[str, Any]:
    """A report: `users` in the latest 90 days, and ten thousand ever."""
    recent = {"users": users, "from": "2026-09-01T00:00:00Z", "to": f"{ends}T09:00:00Z"}
    weeks = [{"week_of": "2026-11-16", "calls": calls, "whole": True}]
    return {
        "users": 10_000,
        "recent_users": recent,
        "covers_last_7_days": current,
        "weeks": weeks,
    }


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


def test_scales_stretched_over_the_list_would_reorder() -> None:
    """What the property in test_fleet.py guards against happens with the usual min-max scaling."""

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
    covered, old = _usage(0), _usage(0, current=False)
    values = [
        {s.scale: s.value for s in _grounds(_access(), _evidence(usage=usage)).scales}
        for usage in (covered, old)
    ]
    assert [v["users_need"] for v in values] == [0.0, None]


def _users_need(usage: dict[str, Any] | None, noted_on: str = "2026-11-20") -> ScaleScore:
    note = {**NOTE, "scale": "users_need", "on": noted_on}
    scales = _grounds(_access(decision={"notes": [note]}), _evidence(usage=usage)).scales
    return next(one for one in scales if one.scale == "users_need")


def test_a_note_names_who_judged() -> None:
    scales = {s.scale: s for s in _grounds(_access(decision={"notes": [NOTE]}), _evidence()).scales}
    assert (scales["research_value"].value, scales["research_value"].kind) == (0.8, "note")
    assert scales["research_value"].source == "rosa, 2026-11-20"


@pytest.mark.parametrize(
    ("usage", "noted_on", "kind"),
    [
        (_usage(200), "2026-11-20", "report"),
        (_usage(200), "2026-12-01", "report"),  # what was counted up to now stands before a guess
        (_usage(200, ends="2026-09-01", current=False), "2026-08-20", "report"),
        (_usage(200, ends="2026-09-01", current=False), "2026-09-01", "report"),
        (_usage(200, ends="2026-09-01", current=False), "2026-09-02", "note"),
        (_usage(None), "2026-08-20", "note"),
        (_usage(0, current=False), "2026-08-20", "note"),
        (None, "2026-08-20", "note"),
    ],
    ids=["now", "now, note newer", "older note", "same day", "newer note", "nameless", "0", "none"],
)
def test_the_newest_evidence_counts_and_the_other_is_told(
    usage: dict[str, Any] | None, noted_on: str, kind: str
) -> None:
    found = _users_need(usage, noted_on)
    assert (found.kind, found.value) == (kind, {"report": 0.2, "note": 0.8}[kind])
    if usage and usage["recent_users"]["users"]:
        assert "200 users from 2026-09-01 to" in found.says
        assert "Three labs compare with it." in found.says
        aside = found.says.partition("Set aside: ")[2]
        assert aside.startswith({"report": f"0.8, as rosa, {noted_on}", "note": "0.2, 200"}[kind])


def test_users_are_those_of_the_window_that_is_told_and_not_of_the_whole_log() -> None:
    scales = _grounds(_access(), _evidence(usage=_usage(200))).scales
    assert scales[0].value == 0.2
    assert scales[0].says == (
        "200 users from 2026-09-01 to 2026-11-30 in the usage report; 1,000 or more give 1"
    )
    stale = _grounds(_access(), _evidence(usage=_usage(200, current=False))).scales[0]
    assert stale.says.endswith("It says nothing of the last days")


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
    stale = _usage(10, calls=500_000, current=False)
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
