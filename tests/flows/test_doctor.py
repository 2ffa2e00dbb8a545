"""`emeritus doctor`: one line a check, in order, whatever hangs or breaks."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from configs.home import CHECKOUT
from flows import doctor
from flows.doctor import as_json, examine, show
from flows.services import program
from tasks.ports.checks import Check
from tests.fakes.configs import retirement

PASSWORD = "hidden-word-0123"


def tries(monkeypatch: pytest.MonkeyPatch, **sections: object) -> None:
    monkeypatch.setattr(doctor, "of_installation", lambda: {**sections, "Clock": list})


def sound() -> Iterable[Check]:
    return [Check("a", "ok", "is there")]


def test_what_hangs_costs_the_others_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    never = threading.Event()

    def hanging() -> Iterator[Check]:
        yield Check("first", "ok", "answers")
        never.wait()

    tries(monkeypatch, Hanging=hanging, Sound=sound)
    report = examine((), patience_seconds=0.3)
    assert report.unfinished
    assert report.failed
    found = {s.title: [(c.name, c.state) for c in s.checks] for s in report.sections}
    assert found["Hanging"] == [("first", "ok"), ("patience", "fail")]
    assert found["Sound"] == [("a", "ok")]
    never.set()


def test_a_check_that_breaks_is_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaking() -> Iterator[Check]:
        yield from sound()
        raise RuntimeError(f"postgresql://u:{PASSWORD}@host/name")

    tries(monkeypatch, Breaking=breaking, Sound=sound)
    report = examine((), patience_seconds=5)
    (broken,) = [c for s in report.sections for c in s.checks if c.state == "fail"]
    assert "RuntimeError" in broken.said
    assert PASSWORD not in broken.said
    assert not report.unfinished


def test_sections_stand_in_their_order_and_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    warned = [Check("b", "warn", "is late")]
    tries(monkeypatch, One=sound, Two=lambda: warned)
    report = examine((), patience_seconds=5)
    console = Console(record=True, width=100, file=open(os.devnull, "w"))  # noqa: SIM115
    show(console, report)
    text = console.export_text()
    assert text.index("One") < text.index("is there") < text.index("Two") < text.index("is late")
    assert "3 checks: 2 ok, 1 warn, 0 fail" in text
    told = as_json(report)
    assert told["failed"] is False
    assert told["checks"][1] == {
        "section": "Two", "check": "b", "state": "warn", "said": "is late",
    }  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a configuration that is refused and one whose endpoint is away."""
    config = retirement(
        access={"allowed_signers": str(tmp_path / "signers")},
        endpoint={"api_key_env": "file:key"},
    )
    folder = tmp_path / "models"
    folder.mkdir()
    (tmp_path / "signers").touch()
    written = yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False)
    (folder / "aster-1.yaml").write_text(written)
    (folder / "broken.yaml").write_text("id: broken\n")
    return tmp_path


def run(place: Path, *arguments: object, **environment: str) -> "subprocess.CompletedProcess[str]":
    known = {n: v for n, v in os.environ.items() if not n.startswith(("PREFECT_", "EMERITUS_"))}
    home = {"EMERITUS_HOME": str(place / "var"), "PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run(
        [program("emeritus"), "doctor", *map(str, arguments)],
        env={**known, **home, **environment},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stderr == ""
    return done


def test_a_folder_of_configurations_is_tried_whole_and_nothing_is_made(place: Path) -> None:
    done = run(
        place,
        place / "models",
        "--json",
        EMERITUS_DATABASE_URL=f"postgresql://emeritus:{PASSWORD}@127.0.0.1:1/records",
        PREFECT_API_URL=f"http://ops:{PASSWORD}@127.0.0.1:1/api",
    )
    assert done.returncode == 1
    told = json.loads(done.stdout)
    failed = {(one["section"], one["check"]) for one in told["checks"] if one["state"] == "fail"}
    assert {
        ("Records", "records"),
        ("Prefect", "Prefect"),
        (str(place / "models" / "broken.yaml"), "configuration"),
        ("aster-1: configuration", "secret file:key"),
        ("aster-1: endpoint of the model", "endpoint"),
        ("aster-1: endpoint of coder-a", "endpoint"),
        ("aster-1: people", "people"),
    } <= failed
    assert not [one for one in failed if one[1] in ("this check", "patience")]
    assert PASSWORD not in done.stdout
    assert not (place / "var").exists()


def test_a_fleets_settings_lead_to_its_models(place: Path) -> None:
    settings = place / "fleet.yaml"
    settings.write_text(
        "schema_version: 1\nconfigs: {folder: models}\n"
        "runner: {kind: dask, scheduler_env: SCHEDULER}\n"
    )
    done = run(place, settings, "--json", SCHEDULER="tcp://127.0.0.1:1")
    told = {
        (one["section"], one["check"]): (one["state"], one["said"])
        for one in json.loads(done.stdout)["checks"]
    }
    fleet = f"{settings}: fleet"
    assert told[fleet, "files"] == ("ok", f"{place / 'models'}: 1 can be used")
    assert told[fleet, "policy"] == ("ok", "none: any commit is applied")
    state, said = told[fleet, "runner"]
    assert state == "fail"
    assert "SCHEDULER" in said
    assert told[f"broken: {place / 'models' / 'broken.yaml'}", "configuration"][0] == "fail"
    assert told["aster-1: configuration", "secret file:key"][0] == "fail"
    settings.write_text("schema_version: 1\nconfigs: {foldr: models}\n")
    done = run(place, settings)
    assert done.returncode == 1
    assert "configs.foldr" in done.stdout


def test_settings_that_can_not_be_read_in_time_are_a_failure(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, never = place / "fleet.yaml", threading.Event()
    settings.write_text("schema_version: 1\n")
    tries(monkeypatch, Sound=sound)

    def hanging(path: Path, *, free: bool) -> dict[str, object]:
        never.wait()
        return {}

    def breaking(path: Path, *, free: bool) -> dict[str, object]:
        raise RuntimeError("a bug")

    for found, name in ((hanging, "patience"), (breaking, "this check")):
        monkeypatch.setattr(doctor, "of_fleet", found)
        report = examine((settings,), patience_seconds=0.2)
        assert {s.title: [c.name for c in s.checks] for s in report.sections} == {
            "Sound": ["a"],
            "Clock": ["clock"],
            str(settings): [name],
        }
    never.set()


def test_an_installation_alone_is_tried_without_a_configuration(place: Path) -> None:
    done = run(place)
    assert done.returncode == 0, done.stdout
    for title in ("This machine", "Home", "Records", "Prefect", "Clock"):
        assert f"\n{title}\n" in f"\n{done.stdout}"
    assert " 0 fail" in done.stdout


def test_it_is_quick_to_say_how_it_is_used() -> None:
    script = "import sys, flows.doctor_command; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=CHECKOUT, check=False).returncode == 0
