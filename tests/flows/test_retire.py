"""A whole retirement in this process: what stands at every station, and what people see."""

import hashlib
from collections import Counter
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.client.schemas.objects import FlowRun

from tasks.kernel.labels import SIMULATED
from tests.fakes.configs import DISCLAIMER
from tests.flows.conftest import At
from tests.flows.place import MODEL, Place, told_to_the_gateway
from tests.flows.runs import all_runs
from tests.flows.story import Story

pytestmark = pytest.mark.usefixtures("prefect_api")

STATES = {
    "wave 1": ("done", "done", "waiting", "waiting", "waiting", "waiting", "done", "done"),
    "wave 2": ("done", "done", "waiting", "waiting", "waiting", "waiting", "done", "done"),
    "packet open": ("done", "done", "done", "done", "waiting", "waiting", "done", "done"),
    "in review": ("done", "done", "done", "done", "done", "waiting", "done", "done"),
    "published": ("done", "done", "done", "done", "done", "waiting", "done", "done"),
}
STAGES = (
    "candidate",
    "preservation",
    "interviews",
    "validation",
    "access",
    "essays",
    "communication",
    "monitoring",
)


@pytest.mark.parametrize("station", STATES)
def test_every_stage_stands_as_it_should(story: Story, station: str) -> None:
    told = story.stations[station].told
    assert {name: row["state"] for name, row in told.items()} == dict(
        zip(STAGES, STATES[station], strict=True)
    ), {name: row["reason"] for name, row in told.items()}


def test_what_is_waited_for_is_told(story: Story) -> None:
    def reason(station: str, stage: str) -> str:
        return str(story.stations[station].told[stage]["reason"])

    assert "interview wave 2 of 3 on" in reason("wave 1", "interviews")
    assert "1 of 3 waves are over, and the 7 answers are coded" in reason("wave 1", "validation")
    assert reason("packet open", "validation").startswith(f"[{SIMULATED}]")
    assert "1 stable of 2: share_essays (want)" in reason("packet open", "validation")
    assert "signature 1 of 2" in reason("packet open", "access")
    assert "signed by alice, bob" in reason("in review", "access")
    assert "waits for a reviewer" in reason("in review", "essays")
    assert "next slot opens on" in reason("published", "essays")


def test_nothing_is_granted_or_published_without_people(story: Story) -> None:
    for station in ("packet open", "signed once", "decided"):
        assert not story.stations[station].dump["grant"]
        assert told_to_the_gateway(story.stations[station].home) == []
    for station in ("in review", "approved"):
        assert not story.stations[station].dump["publication"]
        assert not list(story.stations[station].home.glob("site/**/index.md"))
    assert "1 more needed" in story.stations["signed once"].said
    assert "the decision is made" in story.stations["decided"].said


def test_grants_are_what_was_signed(story: Story) -> None:
    kinds = ["essay_channel", "paid_users", "research_api"]
    dump = story.stations["in review"].dump
    assert sorted(grant["kind"] for grant in dump["grant"]) == kinds
    assert told_to_the_gateway(story.place.home) == kinds


@pytest.mark.parametrize("station", ["wave 1", "in review", "published"])
def test_a_pass_with_nothing_due_changes_no_row(story: Story, station: str) -> None:
    before, after = story.again[station]
    assert before == after


def test_the_essay_is_published_byte_for_byte(story: Story) -> None:
    (draft,) = story.stations["published"].dump["draft"]
    (text,) = story.place.home.glob("site/essays/*/index.md")
    assert text.read_bytes() == draft["text"].encode("utf-8")
    assert hashlib.sha256(text.read_bytes()).hexdigest() == draft["sha256"]
    page = text.with_name("index.html").read_text(encoding="utf-8")
    assert DISCLAIMER in page


def test_no_record_is_there_twice(story: Story) -> None:
    dump = story.stations["published"].dump
    kinds = Counter(row["kind"] for row in dump["conversation"])
    probes = dict.fromkeys(("affirm", "negate", "lead"), 4)  # of the one theme that takes a side
    assert kinds == {
        "neutral": 2 * 3 * 3,  # settings, wordings, waves
        "follow_up": 3,
        **probes,
        "forced": 2 * 2,  # themes, orders
        "free": 2 * 4,  # menus, orders
    }
    assert {row["attempts"] for row in dump["conversation"]} == {1}
    assert len(dump["replica"]) == 2
    assert len(dump["packet"]) == 1
    assert len(dump["publication"]) == 1
    assert len(dump["notice"]) == len(list((story.place.home / "outbox").iterdir())) == 1
    assert len(story.place.bags()) == 2


def test_the_records_verify(story: Story, at: At) -> None:
    assert at("published").problems() == ()


def test_simulated_stands_wherever_a_person_looks(story: Story) -> None:
    home = story.place.home
    seen = {
        "dossier": [home / "reports" / MODEL / "dossier.html"],
        "usage report": [home / "reports" / MODEL / "usage.md"],
        "review page": [p for p in home.glob("reports/**/*.html") if "dossier" not in p.name],
        "site": list(home.glob("site/**/*.html")),
        "help and statement": list(home.glob(f"pages/{MODEL}/*.html")),
        "packet": list(home.glob(f"pages/{MODEL}/access/*/packet.html")),
        "notices": list(home.glob("outbox/*.eml")),
    }
    for what, files in seen.items():
        assert files, what
        unlabelled = [p for p in files if SIMULATED not in _readable(p)]
        assert not unlabelled, f"{what}: no {SIMULATED} in {unlabelled}"


def test_runs_are_named_after_the_model_and_end_well(story: Story) -> None:
    runs = _runs_of(story.place)
    passes = [run for run in runs if run.parent_task_run_id is None]
    assert {run.name for run in passes} == {MODEL}
    assert len(passes) == 8
    assert {run.state.type.value for run in runs if run.state} == {"COMPLETED"}
    assert {run.state_name for run in passes} == {"Waiting"}


def test_every_pass_leaves_a_page_of_what_it_waits_for(story: Story) -> None:
    passes = [run for run in _runs_of(story.place) if run.parent_task_run_id is None]
    wanted = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run.id for run in passes]))
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(artifact_filter=wanted)
    pages = [artifact for artifact in found if artifact.key == f"stages-{MODEL}"]
    assert len(pages) == len(passes)
    for page in pages:
        told = str(page.data)
        assert SIMULATED in told.splitlines()[0]
        assert [line.split(" | ")[0][2:] for line in told.splitlines() if line.startswith("| ")][
            2:
        ] == list(STAGES)
    assert any("`emeritus approve " in str(page.data) for page in pages)


def _readable(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _runs_of(place: Place) -> list[FlowRun]:
    return [run for run in all_runs() if str(run.parameters.get("config")) == str(place.config)]
