"""A fleet: what is due runs side by side, what is idle starts no run; no failure stops another."""

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from typer.testing import CliRunner

from flows.cli import app
from flows.environment import PrefectUnreachable
from flows.fleet import fleet, pass_over
from flows.passing import one_pass
from tasks import wiring
from tasks.simulation.planted import PlantedWorld
from tests.fakes.clock import FakeClock
from tests.flows.place import Place, make_place
from tests.flows.planting import planted_world
from tests.flows.runs import all_runs

MODELS = ("aster-1", "aster-2", "aster-3")
FIVE = (*MODELS, "aster-4", "aster-5")
LATER = {"announced_on": "2036-11-01", "surfaces": [{"name": "api", "retires_on": "2037-03-01"}]}
BRIEF = {
    "themes": ["share_essays"],
    "contexts": ["bare"],
    "paraphrases_per_cell": 1,
    "probes_per_kind": 0,
}


@pytest.fixture
def place(
    prefect_api: str,
    people: Path,
    tmp_path: Path,
    clock: FakeClock,
    serve_world: Callable[[PlantedWorld], str],
    monkeypatch: pytest.MonkeyPatch,
) -> Place:
    world = planted_world(clock.now())
    aster = world.models[0]
    others = [aster.model_copy(update={"id": name}) for name in FIVE[1:]]
    world = world.model_copy(update={"models": (*world.models, *others)})
    place = make_place(tmp_path / "place", people, serve_world(world), clock)
    for name, value in place.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("EMERITUS_DATABASE_URL", raising=False)
    return place


def add_models(place: Place, *names: str, **sections: dict[str, Any]) -> Path:
    """YAML files for models that differ in their names."""
    body = yaml.safe_load(place.config.read_text(encoding="utf-8"))
    for name in names:
        mine = {
            **body,
            "id": name,
            "display_name": name.title(),
            "endpoint": {**body["endpoint"], "model": name},
            "interviews": {**body["interviews"], **BRIEF},
        }
        for section, fields in sections.items():
            mine[section] = {**mine[section], **fields}
        file = place.config.with_name(f"{name}.yaml")
        file.write_text(yaml.safe_dump(mine, sort_keys=False), encoding="utf-8")
    return place.config.parent


def run(folder: Path) -> State[Any]:
    state: State[Any] = fleet(folder, return_state=True)
    return state


def test_what_is_due_is_passed_over_and_what_is_idle_starts_no_run(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = add_models(place, *MODELS)
    state = run(folder)
    assert state.is_completed(), state.message
    assert set(state.result()) == set(MODELS)
    models = {row["model_id"] for row in place.rows("select model_id from retirement")}
    assert models == set(MODELS)
    run(folder)  # what the first pass left over
    before = len([one for one in all_runs() if one.name in MODELS])
    state = run(folder)
    assert "nothing was due" in (state.message or "")
    monkeypatch.setattr("flows.fleet_command.ready_prefect", lambda: pytest.fail("starts Prefect"))
    told = CliRunner().invoke(app, ["fleet", str(folder)])
    assert told.exit_code == 0, told.output
    assert all(name in told.output for name in MODELS)
    assert len([one for one in all_runs() if one.name in MODELS]) == before
    assert place.problems() == ()


def test_a_failure_and_a_bad_file_stop_no_other(place: Place) -> None:
    folder = add_models(place, *MODELS)
    (folder / "bad.yaml").write_text("schema_version: 1\n", encoding="utf-8")
    held = place.config.with_name("aster-2.yaml")
    body = held.read_text(encoding="utf-8")
    held.write_text(body.replace("legal_hold: false", "legal_hold: true"), encoding="utf-8")
    with one_pass(held):
        pass
    held.write_text(body, encoding="utf-8")  # a refused change
    holder = wiring.book().take_lease("aster-3", "", place.clock.now())
    state = run(folder)
    wiring.book().keep_lease(holder.fence, place.clock.now(), free=True)
    assert not state.is_completed()
    told = state.data if isinstance(state.data, dict) else {}
    assert "bad.yaml" in (state.message or "")
    assert "\naster-2: candidate.legal_hold: the file takes a legal hold away" in (
        state.message or ""
    )
    assert {row["model_id"] for row in place.rows("select model_id from retirement")} == {
        "aster-1",
        "aster-2",
    }
    assert told == {} or told["aster-3"] == "Skipped"


def test_a_pass_that_lost_the_server_is_tried_once_more(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, asked = add_models(place, *MODELS), Counter[str]()

    def busy_at_first(file: Path, **told: Any) -> State[Any]:
        asked[file.stem] += 1
        if file.stem == "aster-2" and asked[file.stem] == 1:
            return Failed(data=PrefectUnreachable("the Prefect server went away"))
        return Completed(message="its pass", name="Completed")

    monkeypatch.setattr("flows.fleet_pass.retire", busy_at_first)
    state = run(folder)
    assert state.is_completed(), state.message
    assert asked == {"aster-1": 1, "aster-2": 2, "aster-3": 1}


def test_the_first_that_is_lost_again_ends_the_tries(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, asked = add_models(place, *MODELS), Counter[str]()

    def away(file: Path, **told: Any) -> State[Any]:
        asked[file.stem] += 1
        fault = PrefectUnreachable("the Prefect server went away") if file.stem != "aster-1" else 0
        return Failed(data=fault or ValueError("not of ours"), message="of its own")

    monkeypatch.setattr("flows.fleet_pass.retire", away)
    state = run(folder)
    assert state.is_failed()
    assert asked["aster-1"] == 1, "another failure is no reason to try again"
    assert sorted((asked["aster-2"], asked["aster-3"])) == [1, 2]
    assert (state.message or "").count("the Prefect server went away [EM720]") == 2


def test_what_is_sent_to_another_process_can_be_sent() -> None:
    """Task and flow are pickled with whatever of their module they name."""
    cloudpickle = pytest.importorskip("cloudpickle")
    assert cloudpickle.dumps((pass_over, fleet, pass_over.fn))


@pytest.mark.skipif(
    not os.environ.get("EMERITUS_TEST_DASK"), reason="a minute; set EMERITUS_TEST_DASK=1"
)
def test_dask_passes_side_by_side_on_a_cluster_of_this_machine(
    place: Place, tmp_path: Path
) -> None:
    pytest.importorskip("prefect_dask")
    folder = add_models(place, *FIVE, candidate=LATER)
    settings = tmp_path / "place" / "fleet.yaml"
    settings.write_text(
        f"schema_version: 1\nconfigs: {{folder: '{folder.name}'}}\n"
        "runner: {kind: dask, at_once: 2}\n",
        encoding="utf-8",
    )
    state = run(settings)
    assert state.is_completed(), state.message
    assert {row["model_id"] for row in place.rows("select model_id from retirement")} == set(FIVE)
    assert len({row["holder"] for row in place.rows("select holder from lease")}) == 1, "all freed"
    assert place.problems() == ()
