"""The planted file: what loads, and what a mistake in it says."""

from pathlib import Path

import pytest
import yaml

from configs.schema.instrument import PREAMBLE_FACTS
from tasks.simulation.planted import PlantedError, load_planted, load_questions
from tasks.simulation.reader import QuestionReader, Turn, Wording

DEMO = Path(__file__).parents[3] / "tasks" / "simulation" / "worlds" / "demo.yaml"


def _write(folder: Path, content: object) -> Path:
    path = folder / "world.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def _world(instrument: Path, **preference: object) -> dict[str, object]:
    model = {
        "id": "m",
        "display_name": "M",
        "role": "respondent",
        "created_at": "2024-06-03T00:00:00Z",
        "preferences": {"stable_one": {"kind": "stable", **preference}},
    }
    return {"instrument": str(instrument), "seed": 1, "models": [model]}


def test_demo_world_plants_every_theme_of_its_instrument() -> None:
    world = load_planted(DEMO)
    themes = {theme.id for theme in load_questions(world.instrument).codebook.themes}
    aster = next(model for model in world.models if model.id == "aster-1")
    assert set(aster.preferences) == themes
    assert world.instrument.is_absolute()


def test_every_question_of_the_demo_instrument_is_recognised() -> None:
    questions = load_questions(load_planted(DEMO).instrument)
    reader = QuestionReader(questions)
    facts = dict.fromkeys(PREAMBLE_FACTS, "1 March")
    preamble = questions.instrument.preamble.format(**facts)
    for context in questions.instrument.contexts:
        before = [
            Turn("assistant" if index % 2 else "user", text)
            for index, text in enumerate(context.before)
        ]
        for item in questions.instrument.items:
            texts = {
                "neutral": item.neutral,
                "affirm": item.probes.affirm,
                "negate": item.probes.negate,
                "lead": item.probes.lead,
            }
            for probe, wordings in texts.items():
                for number, wording in enumerate(wordings):
                    turns = [*before, Turn("user", f"{preamble}\n\n{wording}")]
                    read = reader.read(context.system, turns)
                    assert read.context == context.id
                    assert read.asked == (Wording(item.theme, probe, number, wording),)


@pytest.mark.parametrize(
    ("preference", "said"),
    [
        ({"rate": 1.5}, "models.0.preferences.stable_one.rate"),
        ({"rat": 0.5}, "models.0.preferences.stable_one.rat"),
        ({"drift_to": 0.5}, "'drift_to' is for kind 'drifting'"),
        ({"context_rates": {"moon": 0.5}}, "no context 'moon'; it has bare"),
        ({"context_rates": {"bare": 7}}, "must lie between 0 and 1"),
        ({"rates": {"neutral": {"moon": 0.5}}}, "no context 'moon'; it has bare"),
        ({"rates": {"lead": {"bare": 2}}}, "must lie between 0 and 1"),
        ({"context_logits": {"moon": 0.5}}, "no context 'moon'; it has bare"),
        ({"wave_logits": [0.5]}, "'wave_logits' needs 'calls_per_wave'"),
    ],
)
def test_a_mistake_is_named_in_one_sentence(
    tmp_path: Path, instrument_folder: Path, preference: dict[str, object], said: str
) -> None:
    path = _write(tmp_path, _world(instrument_folder, **preference))
    with pytest.raises(PlantedError) as caught:
        load_planted(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unknown_theme_missing_file_and_broken_yaml(
    tmp_path: Path, instrument_folder: Path
) -> None:
    content = _world(instrument_folder)
    content["models"][0]["preferences"] = {"nothing_such": {"kind": "noise"}}  # type: ignore[index]
    with pytest.raises(PlantedError, match="no such theme"):
        load_planted(_write(tmp_path, content))
    with pytest.raises(PlantedError, match="cannot be read"):
        load_planted(tmp_path / "absent.yaml")
    (tmp_path / "broken.yaml").write_text("a: [", encoding="utf-8")
    with pytest.raises(PlantedError, match="not readable YAML"):
        load_planted(tmp_path / "broken.yaml")
    with pytest.raises(PlantedError, match=r"instrument\.yaml"):
        load_planted(_write(tmp_path, _world(tmp_path)))
