"""Every stage has its room, with the same furniture; what is missing is named."""

import ast
import importlib
import inspect
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import configs.errors
from configs.home import CHECKOUT
from configs.schema import RetirementConfig
from flows.cli import StageName
from flows.stages import STAGES

LONGEST = 500
FOLDERS = ("flows", "tasks", "configs", "tests")


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_has_all_its_parts(stage: str) -> None:
    package = importlib.import_module(f"tasks.{stage}")
    assert (package.__doc__ or "").strip(), f"tasks/{stage}/__init__.py says nothing"
    for word in ("Enters:", "Leaves:", "Always holds:"):
        assert word.lower() in (package.__doc__ or "").lower(), f"tasks/{stage}: no {word!r}"
    for part in ("core", "task", "view"):
        importlib.import_module(f"tasks.{stage}.{part}")
    assess = importlib.import_module(f"tasks.{stage}.view").assess
    assert STAGES[stage] is assess
    assert list(inspect.signature(assess).parameters) == ["config", "book", "now"]
    flow = getattr(importlib.import_module(f"flows.{stage}"), stage)
    assert flow.name == stage
    assert stage in RetirementConfig.model_fields, f"RetirementConfig has no section {stage}"
    assert (CHECKOUT / "configs" / "schema" / f"{stage}.py").is_file()
    assert (CHECKOUT / "docs" / "stages" / f"{stage}.md").is_file(), f"no docs/stages/{stage}.md"
    assert (CHECKOUT / "tests" / "tasks" / stage).is_dir(), f"no tests/tasks/{stage}"


def test_every_stage_can_be_advanced_on_its_own() -> None:
    from flows.retire import ADVANCE

    assert list(ADVANCE) == list(STAGES) == [name.value for name in StageName]
    for name, flow in ADVANCE.items():  # as `emeritus stage` finds it
        assert getattr(importlib.import_module(f"flows.{name}"), name) is flow


def test_nobody_waits_for_prefect_to_be_told_how_things_stand() -> None:
    """Importing it takes seconds: `status`, and a pass with nothing due, do without."""
    known = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    script = "import sys, flows.report, flows.acts; sys.exit('prefect' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], cwd=CHECKOUT, env=known, check=False)
    assert run.returncode == 0


def test_every_stage_package_is_shipped() -> None:
    settings = (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
    packages = {
        ".".join(file.parent.relative_to(CHECKOUT).parts)
        for top in ("flows", "tasks", "configs")
        for file in (CHECKOUT / top).rglob("__init__.py")
    }
    missing = [name for name in sorted(packages) if f'"{name}"' not in settings]
    assert not missing, f"not listed under [tool.setuptools] packages: {missing}"


def test_no_module_grows_past_its_limit() -> None:
    long = {
        str(file.relative_to(CHECKOUT)): lines
        for top in FOLDERS
        for file in (CHECKOUT / top).rglob("*.py")
        if (lines := len(file.read_text(encoding="utf-8").splitlines())) > LONGEST
    }
    assert not long


def test_every_error_has_a_code_of_its_own_that_is_listed() -> None:
    listed = (CHECKOUT / "docs" / "errors.md").read_text(encoding="utf-8")
    codes: dict[str, str] = {}
    for error in _errors():
        code = error.__dict__.get("code")
        assert code, f"{error.__name__} has no code of its own"
        assert codes.setdefault(code, error.__name__) == error.__name__, f"{code} stands twice"
        assert code in listed, f"docs/errors.md does not list {code} ({error.__name__})"


def test_no_test_folder_hides_a_package() -> None:
    """With tests/__init__.py, `import tasks` would find tests/tasks."""
    assert not list((CHECKOUT / "tests").rglob("__init__.py"))


def test_prefect_is_the_pinned_one() -> None:
    settings = (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'"prefect=={version("prefect")}"' in settings
    lock = (CHECKOUT / "requirements.lock").read_text(encoding="utf-8")
    assert f"prefect=={version('prefect')}" in lock
    assert f"fastapi=={version('fastapi')}" in lock
    assert "--index-url" not in lock


def test_the_pinned_prefect_serves(prefect_api: str, prefect_home: Path) -> None:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        assert client.api_healthcheck() is None
    log = (prefect_home / "server.log").read_text(encoding="utf-8")
    assert "Traceback" not in log


def _errors() -> set[type[configs.errors.EmeritusError]]:
    """Every error of ours, by reading which modules define one."""
    found: set[type[configs.errors.EmeritusError]] = set()
    for top in ("flows", "tasks", "configs"):
        for file in (CHECKOUT / top).rglob("*.py"):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            names = [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
            if not any(_is_error(node) for node in ast.walk(tree)):
                continue
            module = importlib.import_module(
                ".".join(file.relative_to(CHECKOUT).with_suffix("").parts)
            )
            found |= {
                value
                for name in names
                if isinstance(value := getattr(module, name, None), type)
                and issubclass(value, configs.errors.EmeritusError)
            }
    return found


def _is_error(node: ast.AST) -> bool:
    return isinstance(node, ast.ClassDef) and any(
        isinstance(base, ast.Name) and base.id.startswith(("Emeritus", "Endpoint", "Exception"))
        for base in node.bases
    )
