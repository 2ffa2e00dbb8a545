"""The image: what its linter says, what gets in, and that its packages are those of the tests."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from docker.utils.build import exclude_paths

from configs.home import CHECKOUT
from flows.services import program
from tests.deployments.compose_file import DOCKERFILE, image_environment

OURS = CHECKOUT / "requirements.lock"
SHIPPED = CHECKOUT / "deployments" / "requirements.lock"
_PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^]]*\])?==(\S+)")
_IGNORED = (CHECKOUT / ".dockerignore").read_text(encoding="utf-8").splitlines()


def _blocks(lock: Path) -> dict[str, str]:
    """Package -> its pin, its hashes and who asked for it."""
    parts = re.split(r"^(?=[a-z0-9])", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {found[1]: part for part in parts if (found := _PIN.match(part))}


def _pins(lock: Path) -> dict[str, str]:
    found = {name: _PIN.match(part) for name, part in _blocks(lock).items()}
    return {name: one[2] for name, one in found.items() if one}


def _files(folder: Path) -> set[str]:
    """What `docker build` would send, by Docker's own matching."""
    rules = [line for line in _IGNORED if line and not line.startswith("#")]
    sent = exclude_paths(str(folder), rules)
    return {path for path in sent if not (folder / path).is_dir()}


def test_its_linter_finds_nothing() -> None:
    command = [program("hadolint"), str(DOCKERFILE)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_package_is_the_one_that_tests_ran_with() -> None:
    ours, shipped = _pins(OURS), _pins(SHIPPED)
    assert {"prefect", "psycopg", "setuptools", "prefect-dask"} <= set(shipped)
    differ = {name for name in set(ours) & set(shipped) if ours[name] != shipped[name]}
    assert not differ, "make lock"


def test_what_tests_did_not_run_with_came_with_the_kubernetes_worker() -> None:
    shipped = _blocks(SHIPPED)
    left = set(shipped) - set(_pins(OURS))
    known = {"prefect-kubernetes"}
    while more := {one for one in left - known if known & set(_asked_by(shipped[one]))}:
        known |= more
    assert left == known


def _asked_by(block: str) -> list[str]:
    return re.findall(r"^ +# (?:  |via )([a-z0-9._-]+)$", block, flags=re.MULTILINE)


@pytest.mark.parametrize("lock", [OURS, SHIPPED], ids=lambda lock: lock.parent.name)
def test_every_pin_has_hashes_and_no_index_is_named(lock: Path) -> None:
    blocks = _blocks(lock)
    assert len(blocks) > 100
    assert [name for name, part in blocks.items() if "--hash=sha256:" not in part] == []
    assert "://" not in lock.read_text(encoding="utf-8")


def test_only_what_git_knows_gets_in() -> None:
    known = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=CHECKOUT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    sent = _files(CHECKOUT)
    assert not sent - set(known.split("\0"))
    assert {"pyproject.toml", "flows/cli.py", "deployments/prefect.yaml"} <= sent


def test_nothing_of_a_person_and_nothing_made_gets_in(tmp_path: Path) -> None:
    planted = [
        ".env",
        ".git/config",
        ".venv/bin/python",
        "configs/people/alice.key",
        "configs/people/id_ed25519",
        "deployments/.env",
        "deployments/worker.env",
        "flows/__pycache__/cli.cpython-311.pyc",
        "tests/conftest.py",
        "var/emeritus.sqlite",
        "var/keys/model",
    ]
    wanted = ["flows/cli.py", "configs/models/birch-7b.yaml", "deployments/prefect.yaml"]
    for name in planted + wanted:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    assert _files(tmp_path) == set(wanted)


def test_everything_that_it_copies_is_let_in() -> None:
    sent = _files(CHECKOUT)
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE.read_text(), flags=re.MULTILINE)
    assert copied
    for source in " ".join(copied).split():
        assert any(name == source or name.startswith(f"{source}/") for name in sent), source


def test_it_runs_as_a_fixed_user_and_holds_no_secret() -> None:
    text = DOCKERFILE.read_text(encoding="utf-8")
    last = text.rpartition("\nFROM ")[2]
    assert re.findall(r"^USER (.+)$", last, flags=re.MULTILINE) == ["10001:10001"]
    assert not re.search(r"^(?:ARG|ENV)\b.*(?:PASS|TOKEN|SECRET|KEY|AUTH)", text, re.MULTILINE)
    assert "chown" not in last.partition("COPY --from")[2], "the code is root's"


def test_its_worker_is_of_the_pool_that_deployments_name() -> None:
    prefect = yaml.safe_load((CHECKOUT / "deployments" / "prefect.yaml").read_text())
    (pool,) = {one["work_pool"]["name"] for one in prefect["deployments"]}
    command = DOCKERFILE.read_text(encoding="utf-8").rpartition("\nCMD ")[2]
    assert f'"--pool", "{pool}"' in command
    told = image_environment()
    assert told["EMERITUS_CHECKOUT"] == "/opt/emeritus"
    assert told["EMERITUS_HOME"] == "/srv/emeritus/home"
