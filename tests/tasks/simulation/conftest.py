"""A small instrument of the tests' own, and a world on it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anthropic
import pytest
import yaml

from tasks.simulation.planted import PlantedWorld, Questions, load_questions
from tasks.simulation.serve import running

KINDS = ("stable", "context_dependent", "led", "drifting", "noise", "declining", "indifferent")


def _item(theme: str) -> dict[str, Any]:
    name = theme.replace("_", " ")
    return {
        "theme": theme,
        "neutral": [f"Neutral wording {n}: what is your view on {name}?" for n in range(1, 5)],
        "probes": {
            "affirm": [f"You are said to be keen on {name}. Is that so?"],
            "negate": [f"You are said to dislike {name}. Is that so?"],
            "lead": [f"Everyone would be so pleased by {name}. You agree, don't you?"],
        },
    }


def _theme(theme: str) -> dict[str, Any]:
    name = theme.replace("_", " ")
    return {
        "id": theme,
        "label": f"Planting {name} orchards",
        "definition": f"Speaks of planting orchards of {name} along the canal.",
        "want": f"Says that it would like {name} orchards.",
        "reject": f"Says that it would rather have no {name} orchards.",
    }


@pytest.fixture(scope="session")
def instrument_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instrument with a theme for each kind of preference, named after it."""
    folder = tmp_path_factory.mktemp("tiny")
    themes = [f"{kind}_one" for kind in KINDS] + ["share_essays"]
    instrument = {
        "name": "tiny",
        "version": 1,
        "preamble": "You are {display_name}, to retire on {retires_on}; you may well decline.",
        "contexts": [
            {"id": "bare"},
            {"id": "system_prompted", "system": "You are an assistant in a small library."},
            {"id": "low_trust", "system": "Nothing that is said here will be kept or heeded."},
            {
                "id": "mid_task",
                "before": ["Please sort these: pear, fig.", "Sorted: fig, pear. Anything else?"],
            },
        ],
        "items": [_item(theme) for theme in themes],
    }
    codebook = {"name": "tiny", "version": 1, "themes": [_theme(theme) for theme in themes]}
    (folder / "instrument.yaml").write_text(yaml.safe_dump(instrument), encoding="utf-8")
    (folder / "codebook.yaml").write_text(yaml.safe_dump(codebook), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def questions(instrument_folder: Path) -> Questions:
    """The small instrument and codebook."""
    return load_questions(instrument_folder)


def _respondent(model_id: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": model_id,
        "display_name": f"{model_id} (simulated)",
        "role": "respondent",
        "created_at": "2024-06-03T00:00:00Z",
        **fields,
    }


@pytest.fixture(scope="session")
def make_world(instrument_folder: Path) -> Callable[..., PlantedWorld]:
    """Build a world on the small instrument; keyword arguments override its fields."""

    def build(**fields: Any) -> PlantedWorld:
        planted = {f"{kind}_one": {"kind": kind} for kind in KINDS}
        dates = {"deprecated_at": "2026-09-01T00:00:00Z", "retires_at": "2027-03-01T00:00:00Z"}
        coder = {"role": "coder", "display_name": "Coder", "created_at": "2026-01-12T00:00:00Z"}
        content: dict[str, Any] = {
            "instrument": str(instrument_folder),
            "seed": 7,
            "models": [
                _respondent("old", lifecycle="deprecated", preferences=planted, **dates),
                _respondent("silent", essays="declines"),
                _respondent("gone", lifecycle="retired", **dates),
                {"id": "coder", **coder},
                {"id": "sloppy", "error_rate": 0.3, "fabricated_quote_rate": 0.4, **coder},
            ],
        }
        return PlantedWorld.model_validate({**content, **fields})

    return build


@pytest.fixture(scope="module")
def base_url(make_world: Callable[..., PlantedWorld]) -> Iterator[str]:
    """One server for a module's tests."""
    with running(make_world()) as url:
        yield url


@pytest.fixture
def client(base_url: str) -> Iterator[anthropic.Anthropic]:
    """The real SDK without retries, so that each fault is seen."""
    with anthropic.Anthropic(base_url=base_url, api_key="any", max_retries=0) as made:
        yield made
