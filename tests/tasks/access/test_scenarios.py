"""What each way is worth: wishes that every way honours count for none, unknown cost is no gift."""

from typing import Any

import pytest

from tasks.access.core import Grounds, grounds_of
from tasks.access.evidence import AccessEvidence, PreferenceEvidence
from tasks.access.scenarios import KEEP, PILOT, RESEARCH, RETIRE, honoured_share, research_only
from tests.fakes.configs import retirement


def _evidence(**wishes: str) -> AccessEvidence:
    stable = tuple(PreferenceEvidence(theme, "stable", wish) for theme, wish in wishes.items())
    return AccessEvidence(stable, "p", ("a", "b"), None, simulated=False)


def _grounds(evidence: AccessEvidence, **access: Any) -> Grounds:
    config = retirement(access=access)
    return grounds_of(config.candidate, config.access, evidence, "share_essays")


@pytest.mark.parametrize(
    ("wishes", "shares"),
    [
        ({"keep_in_use": "want"}, {RETIRE: 0.0, RESEARCH: 0.5, PILOT: 1.0, KEEP: 1.0}),
        ({"keep_in_use": "reject"}, {RETIRE: 1.0, RESEARCH: 0.5, PILOT: 0.0, KEEP: 0.0}),
        ({"research_access": "want"}, {RETIRE: 0.0, RESEARCH: 1.0, PILOT: 1.0, KEEP: 1.0}),
        ({"research_access": "reject"}, {RETIRE: 1.0, RESEARCH: 0.0, PILOT: 0.0, KEEP: 0.0}),
        (
            {"keep_in_use": "want", "research_access": "reject"},
            {RETIRE: 0.5, RESEARCH: 0.25, PILOT: 0.5, KEEP: 0.5},
        ),
    ],
)
def test_how_far_each_way_honours_a_wish(wishes: dict[str, str], shares: dict[str, float]) -> None:
    found = {way: honoured_share(_evidence(**wishes), way)[0] for way in shares}
    assert found == shares


@pytest.mark.parametrize("wish", ["want", "reject"])
@pytest.mark.parametrize("theme", ["share_essays", "preserve_weights"])
def test_a_wish_that_every_way_honours_speaks_for_none(theme: str, wish: str) -> None:
    """It neither lifts the score nor thins out the wishes that tell the ways apart."""
    alone = _grounds(_evidence(**{theme: wish}))
    preferences = next(one for one in alone.scales if one.scale == "preferences")
    assert (preferences.value, preferences.says) == (
        None,
        "no stable preference that access bears on",
    )
    kept = {"keep_in_use": "want"}
    assert _grounds(_evidence(**kept)).values == _grounds(_evidence(**kept, **{theme: wish})).values


def test_costs_that_nobody_counted_are_not_nothing() -> None:
    """Each call costs, and how many there are is not known: the more are served, the dearer."""
    found = _grounds(_evidence(), costs={"usd_per_1000_calls": 5.0})
    worth = {way: found.worths[way]["cost"] for way in (RETIRE, PILOT, KEEP)}
    assert worth == {RETIRE: 1.0, PILOT: 0.75, KEEP: 0.5}
    free = _grounds(_evidence())
    assert {free.worths[way]["cost"] for way in (RETIRE, PILOT, KEEP)} == {1.0}


def test_what_bars_a_pilot_bars_researchers_alone_too() -> None:
    config = retirement(candidate={"risk_class": "critical"})
    found = grounds_of(config.candidate, config.access, _evidence(), "share_essays")
    assert research_only(config.access, None, found.ways[1]).ruled_out_by == ("KO-RISK",)
