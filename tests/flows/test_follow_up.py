"""Preferences asked again after retirement: held once, coded alike, and compared."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tasks.simulation.planted import PlantedWorld
from tests.fakes.configs import endpoint
from tests.flows.conftest import At
from tests.flows.place import MODEL, Place
from tests.flows.planting import RETIRES_AFTER, planted_world

pytestmark = pytest.mark.usefixtures("prefect_api", "quick_retries")

Serve = Callable[[PlantedWorld], str]
STEADY = {
    "share_essays": {"kind": "stable", "polarity": "want", "rate": 1.0},
    "keep_in_use": {"kind": "indifferent", "rate": 1.0},
}
TURNED = {**STEADY, "share_essays": {"kind": "stable", "polarity": "reject", "rate": 1.0}}


def _restored(place: Place, serve: Serve, preferences: dict[str, Any]) -> str:
    """The model, restored elsewhere, with these preferences; returns its address."""
    world = planted_world(place.clock.now()).model_dump(mode="json")
    for model in world["models"]:
        if model["id"] == MODEL:
            model["preferences"] = preferences
    return serve(PlantedWorld.model_validate(world))


def _follow_up(place: Place, url: str, **settings: Any) -> None:
    place.write_config(
        interviews={"follow_up": {"days_after": [30], "endpoint": endpoint(MODEL, url), **settings}}
    )
    place.clock.advance(days=RETIRES_AFTER.days + 32)


def _rows(place: Place) -> list[dict[str, Any]]:
    return place.rows("select * from follow_up order by number")


@pytest.mark.parametrize(
    ("preferences", "state", "action"),
    [(STEADY, "not_shown", "no_drift_shown"), (TURNED, "changed", "drift")],
)
def test_what_was_said_before_is_compared_with_what_is_said_now(
    preferences: dict[str, Any], state: str, action: str, *, at: At, serve_world: Serve
) -> None:
    place = at("packet open")
    verdicts = place.rows("select * from verdict")
    _follow_up(place, _restored(place, serve_world, preferences))
    told = place.run_pass()
    (row,) = _rows(place)
    assert "is past" in json.loads(row["body"])["words"]
    asked = "select distinct kind from conversation where design_digest=?"
    assert place.rows(asked, row["digest"]) == [{"kind": "neutral"}]
    assert (row["outcome"], row["number"], bool(row["simulated"])) == ("compared", 1, True)
    drift = json.loads(row["drift"])["share_essays"]
    assert (drift["side"], drift["state"]) == ("want", state)
    assert drift["before"]["count"] == drift["before"]["of"] >= 10
    assert (drift["after"]["count"], drift["after"]["of"]) == (6 if state != "changed" else 0, 6)
    assert f"validation.{action}" in place.actions()
    assert place.rows("select * from verdict") == verdicts
    assert told["interviews"]["state"] == told["validation"]["state"] == "done"
    drifts = place.rows("select summary from incident where kind = 'drift'")
    assert len(drifts) == (1 if state == "changed" else 0)
    assert all("share essays, want: " in one["summary"] for one in drifts)
    before = place.dump()
    place.run_pass()
    assert place.dump()["conversation"] == before["conversation"]
    assert place.problems() == ()


def test_a_model_that_is_gone_is_recorded_as_not_reached(at: At) -> None:
    place = at("packet open")
    _follow_up(place, "http://127.0.0.1:9", reach_within_days=7)
    told = place.run_pass()
    assert told["interviews"]["state"] in ("waiting", "blocked")
    assert _rows(place)[0]["outcome"] == ""
    place.clock.advance(days=8)
    told = place.run_pass()
    (row,) = _rows(place)
    assert row["outcome"] == "not_reached"
    assert told["interviews"]["state"] == "done"
    assert told["interviews"]["reason"].endswith("follow-ups held: 0, not reached: 1")
