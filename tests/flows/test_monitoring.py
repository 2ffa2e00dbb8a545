"""The monitoring stage within passes: an alarm is told once, numbers stand where people look."""

from datetime import timedelta

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from flows.monitoring import weekly_monitoring
from tasks.simulation.monitoring import World, make_sources, sources_of
from tests.flows.conftest import At
from tests.flows.place import MODEL, Place

pytestmark = pytest.mark.usefixtures("prefect_api")


def _watch(place: Place) -> None:
    today = place.clock.now().date()
    world = World(MODEL, today, days=120, seed=3, unsafe=0.02, unsafe_from=today - timedelta(28))
    make_sources(place.home / "figures", world)
    place.write_config(
        monitoring={
            "sources": sources_of("figures"),
            "alarms": {"contacts": ["on-call@example.org"]},
        }
    )


def test_a_crossing_is_one_incident_and_one_message_however_many_passes_look(at: At) -> None:
    place = at("published")
    letters = len(place.letters())
    _watch(place)
    told = place.run_pass()
    assert told["monitoring"]["state"] == "waiting"
    assert "unsafe answers (usage): alarm on" in told["monitoring"]["reason"]
    (incident,) = place.rows("select * from incident where kind = 'alarm'")
    assert (incident["subject"], bool(incident["simulated"])) == ("unsafe:usage", True)
    assert len(place.letters()) == letters + 1
    place.run_pass()
    place.clock.advance(hours=30)
    place.run_pass()
    assert len(place.letters()) == letters + 1
    assert len(place.rows("select * from incident where kind = 'alarm'")) == 1
    metrics = (place.home / "reports" / MODEL / "emeritus.prom").read_text()
    assert (
        'emeritus_incidents_open{model="aster-1",severity="high",simulated="true"} 1.0' in metrics
    )
    assert place.problems() == ()


def test_the_weekly_pass_shows_numbers_scoreboard_and_fleet(at: At) -> None:
    place = at("published")
    _watch(place)
    state = weekly_monitoring(place.config.parent, return_state=True)
    assert state.is_completed(), state.message
    assert MODEL in (place.home / "reports" / "fleet.html").read_text()
    with get_client(sync_client=True) as client:
        wanted = [f"numbers-{MODEL}", f"scoreboard-{MODEL}"]
        keys = ArtifactFilter(key=ArtifactFilterKey(any_=wanted))
        found = {artifact.key for artifact in client.read_artifacts(artifact_filter=keys)}
    assert found == set(wanted)
