"""A stage over every model: one that fails stops no other, and is named."""

from pathlib import Path
from typing import Any

import pytest
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from configs.errors import ConfigError
from flows.weekly import over_fleet


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.yaml").write_text("")
    (tmp_path / "notes.txt").write_text("")
    return tmp_path


def _stage(file: Path, *, return_state: bool) -> State[Any]:
    assert return_state
    return Failed(message="no") if file.stem == "b" else Completed()


def test_every_model_has_its_turn_and_the_failed_one_is_named(folder: Path) -> None:
    state = over_fleet(folder, _stage, doing="look at", then=lambda: "the page")
    assert state.is_failed()
    assert state.message == "could not look at b; the page"
    assert state.data == {"a": "Completed", "b": "Failed", "c": "Completed"}


def test_all_well_counts_models(folder: Path) -> None:
    (folder / "b.yaml").unlink()
    state = over_fleet(folder, _stage, doing="look at")
    assert state.is_completed()
    assert state.message == "2 models"


def test_a_folder_without_models_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no"):
        over_fleet(tmp_path, _stage, doing="look at")
