"""compose.yaml: what its schema says, and that no container may do more than it needs."""

import os
import re
import subprocess
from itertools import pairwise
from typing import Any

import pytest

from configs.home import CHECKOUT
from flows.services import program
from tests.deployments.compose_file import (
    CHOSEN,
    EXAMPLE,
    FILE,
    VariableMissing,
    compose,
    image_environment,
)

SERVICES: dict[str, dict[str, Any]] = compose(CHOSEN)["services"]
NETWORKS: dict[str, dict[str, Any]] = compose(CHOSEN)["networks"]
_EACH = pytest.mark.parametrize("name", SERVICES)


def _lines(example: str) -> dict[str, str]:
    """Variables of an env file, those in comments too."""
    return dict(re.findall(r"^(?:# )?([A-Z_]+)=(\S*)", example, flags=re.MULTILINE))


def test_its_schema_takes_it() -> None:
    command = [program("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", str(FILE)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("name", CHOSEN)
def test_nothing_starts_without_a_secret_and_none_has_a_default(name: str) -> None:
    for values in ({**CHOSEN, name: ""}, {k: v for k, v in CHOSEN.items() if k != name}):
        with pytest.raises(VariableMissing, match=f"{name}: write "):
            compose(values)


def test_the_example_names_every_variable_and_chooses_no_secret() -> None:
    told = _lines(EXAMPLE.read_text(encoding="utf-8"))
    used = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", FILE.read_text(encoding="utf-8")))
    assert set(told) == used
    assert {name for name, value in told.items() if not value} == set(CHOSEN)


def test_git_leaves_out_what_a_person_fills_in() -> None:
    for name in ("deployments/.env", "deployments/worker.env", "deployments/compose.override.yaml"):
        run = subprocess.run(["git", "check-ignore", "--quiet", name], cwd=CHECKOUT, check=False)
        assert run.returncode == 0, name


@_EACH
def test_a_container_can_do_no_more_than_it_needs(name: str) -> None:
    told = SERVICES[name]
    assert told["read_only"] is True
    assert told["cap_drop"] == ["ALL"]
    assert "cap_add" not in told
    assert told["security_opt"] == ["no-new-privileges:true"]
    assert told.get("privileged", False) is False
    assert told.get("user", "image's") != "0:0"
    limits = told["deploy"]["resources"]["limits"]
    assert set(limits) == {"cpus", "memory", "pids"}
    assert told["restart"] in {"unless-stopped", "on-failure:3"}
    assert "healthcheck" in told or name == "worker", "the worker has the image's"


@_EACH
def test_nothing_listens_beyond_this_machine(name: str) -> None:
    told = SERVICES[name]
    assert all(str(port).startswith("127.0.0.1:") for port in told.get("ports", []))
    assert "network_mode" not in told
    assert "docker.sock" not in str(told)


def test_the_database_is_reached_by_those_who_need_it_and_reaches_nobody() -> None:
    (its,) = SERVICES["database"]["networks"]
    assert NETWORKS[its]["internal"] is True
    assert {n for n, told in SERVICES.items() if its in told["networks"]} == {
        "database",
        "server",
        "worker",
    }
    assert "ports" not in SERVICES["database"]


def test_what_is_published_is_on_a_network_that_can_be() -> None:
    """A network with `internal` publishes nothing, whatever `ports` says."""
    for name, told in SERVICES.items():
        if told.get("ports"):
            assert any(not NETWORKS[one].get("internal") for one in told["networks"]), name


@_EACH
def test_a_service_has_no_secret_of_another(name: str) -> None:
    allowed = {
        "database": {"POSTGRES_PASSWORD", "PREFECT_DB_PASSWORD", "EMERITUS_DB_PASSWORD"},
        "server": {"PREFECT_DB_PASSWORD", "PREFECT_AUTH", "PREFECT_ENCRYPTION_KEY"},
        "deploy": {"PREFECT_AUTH"},
        "worker": {"EMERITUS_DB_PASSWORD", "PREFECT_AUTH"},
        "pages": {"EMERITUS_PAGES_AUTH"},
    }
    values = set(SERVICES[name].get("environment", {}).values())
    assert {secret for secret, value in CHOSEN.items() if value in values} == allowed[name]
    elsewhere = {**SERVICES[name], "environment": {}}
    assert not [value for value in CHOSEN.values() if value in str(elsewhere)]


def test_they_start_one_after_the_other() -> None:
    order = ("database", "server", "deploy", "worker")
    conditions = {"deploy": "service_completed_successfully"}
    for before, after in pairwise(order):
        wanted = conditions.get(before, "service_healthy")
        assert SERVICES[after]["depends_on"][before] == {"condition": wanted}


def test_what_the_image_s_user_writes_is_a_volume_or_memory() -> None:
    told = image_environment()
    for name in ("server", "deploy", "worker", "pages"):
        mounts = {one.partition(":")[0] for one in SERVICES[name]["tmpfs"]}
        assert mounts == {"/tmp", told["PREFECT_HOME"]}
        assert all("uid=10001" in one for one in SERVICES[name]["tmpfs"])
    assert f"home:{told['EMERITUS_HOME']}" in SERVICES["worker"]["volumes"]
    assert SERVICES["pages"]["volumes"] == [f"home:{told['EMERITUS_HOME']}:ro"]


def test_what_is_mounted_is_there() -> None:
    for told in SERVICES.values():
        for volume in told.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (FILE.parent / source).exists(), source
    script = FILE.parent / "postgres" / "10-databases.sh"
    assert os.access(script, os.X_OK), "else PostgreSQL's image sources it into its own shell"


def test_one_image_runs_everything_of_ours() -> None:
    images = {told["image"] for name, told in SERVICES.items() if name != "database"}
    assert len(images) == 1
