"""Runs that clone a bare repository take their code from it; deploying twice changes nothing."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client

from configs.home import CHECKOUT
from flows.services import program
from tests.operation.conftest import ASKED_FOR
from tests.operation.installation import Installation, installation

pytestmark = pytest.mark.skipif(
    not os.environ.get(ASKED_FOR), reason="takes a minute or two: `make test-faults` runs it"
)
_CODE = 'code = "EM110"'  # of NotFound, in tasks/kernel/errors.py
_MARK = 'code = "EM999"'


def test_a_run_takes_its_code_from_the_repository_and_deploying_again_changes_nothing(
    tmp_path: Path,
) -> None:
    bare = _marked_repository(tmp_path)
    home = tmp_path / "home"
    with installation(tmp_path / "place") as place:
        arguments = ["deploy", "--repository", str(bare), "--ref", "main", "--home", str(home)]
        _emeritus(place, *arguments)
        _switch_off("fleet/folder")
        before = _deployed()
        _emeritus(place, *arguments)
        assert _deployed() == before
        place.start_worker()
        run = place.ended(place.trigger("checklist/checklist", model="nobody"))
        assert run.state is not None
        assert run.state.name == "Refused"
        assert "[EM999]" in str(run.state.message)
    assert (home / "emeritus.sqlite").is_file(), "records stand outside the clone"


def _marked_repository(folder: Path) -> Path:
    """This checkout as it is committed, with one change under `tasks`."""
    work, bare = folder / "work", folder / "emeritus.git"
    _git(folder, "clone", "--quiet", str(CHECKOUT), str(work))
    _git(work, "checkout", "--quiet", "-B", "main")
    errors = work / "tasks" / "kernel" / "errors.py"
    text = errors.read_text(encoding="utf-8")
    assert text.count(_CODE) == 1
    errors.write_text(text.replace(_CODE, _MARK), encoding="utf-8")
    _git(work, "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qam", "a mark")
    _git(folder, "clone", "--quiet", "--bare", str(work), str(bare))
    shutil.rmtree(work)
    return bare


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


def _emeritus(place: Installation, *arguments: str) -> None:
    environment = {**os.environ, "PREFECT_API_URL": place.api}
    command = [program("emeritus"), *arguments]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def _switch_off(deployment: str) -> None:
    with get_client(sync_client=True) as client:
        found = client.read_deployment_by_name(deployment)
        (schedule,) = found.schedules
        client.update_deployment_schedule(found.id, schedule.id, active=False)


def _deployed() -> dict[str, Any]:
    """What a second deployment must leave alone, by name."""
    with get_client(sync_client=True) as client:
        return {
            one.name: (
                one.id,
                one.tags,
                one.parameters,
                one.pull_steps,
                one.job_variables,
                [(s.id, s.active, str(s.schedule)) for s in one.schedules],
            )
            for one in client.read_deployments(limit=200)
        }
