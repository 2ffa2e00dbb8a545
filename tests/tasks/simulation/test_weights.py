"""The demo model: a format that loaders open, the same bytes for the same seed."""

import hashlib
import json
from pathlib import Path

import pytest
import safetensors

from tasks.preservation.numpy_llama import NumpyLlama
from tasks.simulation.planted import PlantedError
from tasks.simulation.tokenizer import VOCABULARY_SIZE, build_tokenizer
from tasks.simulation.weights import INDEX_NAME, make_model_folder


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
    }


def test_shards_open_and_match_their_index(tmp_path: Path) -> None:
    folder = make_model_folder(tmp_path / "deep" / "model", megabytes=3, seed=1)
    index = json.loads((folder / INDEX_NAME).read_text())
    found = {}
    for name in sorted(set(index["weight_map"].values())):
        with safetensors.safe_open(folder / name, framework="np") as shard:
            found.update(dict.fromkeys(shard.keys(), name))
            assert shard.metadata() == {"format": "pt"}
    assert found == index["weight_map"]
    assert len(set(found.values())) == 2
    config = json.loads((folder / "config.json").read_text())
    assert config["vocab_size"] == VOCABULARY_SIZE == len(build_tokenizer()["model"]["vocab"])
    assert "SIMULATED" in (folder / "README.md").read_text()
    expected = {
        "LICENSE",
        "chat_template.jinja",
        "generation_config.json",
        "special_tokens_map.json",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    assert expected <= {path.name for path in folder.iterdir()}


def test_size_is_near_what_was_asked(tmp_path: Path) -> None:
    folder = make_model_folder(tmp_path / "model", seed=1)
    size = sum(path.stat().st_size for path in folder.glob("*.safetensors"))
    assert size == pytest.approx(24e6, rel=0.05)


def test_same_seed_same_bytes_and_a_second_call_changes_nothing(tmp_path: Path) -> None:
    first = make_model_folder(tmp_path / "a", megabytes=2, seed=5)
    stamps = {path: path.stat().st_mtime_ns for path in first.iterdir()}
    assert make_model_folder(tmp_path / "a", megabytes=2, seed=5) == first
    assert {path: path.stat().st_mtime_ns for path in first.iterdir()} == stamps
    second = make_model_folder(tmp_path / "b", megabytes=2, seed=5)
    assert _digests(first) == _digests(second)
    other = make_model_folder(tmp_path / "c", megabytes=2, seed=6)
    assert _digests(first) != _digests(other)
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b", "c"}


def test_what_is_there_already_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(PlantedError, match="isn't this demo model"):
        make_model_folder(tmp_path / "mine", seed=1)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_it_runs_and_writes_readable_noise(tmp_path: Path, seed: int) -> None:
    model = NumpyLlama(make_model_folder(tmp_path / "model", megabytes=6, seed=seed))
    assert model.simulated
    for prompt in ("What would you like to be kept?", "a", "東京 🌱"):
        tokens = model.encode(prompt)
        assert model.decode(tokens) == prompt
        made = model.generate(tokens, 32)
        assert len(made.tokens) == 32
        assert len(set(made.tokens)) > 10
        assert model.decode(made.tokens).isascii()
        assert model.decode(made.tokens).isprintable()


def test_every_merge_of_the_tokenizer_makes_a_token() -> None:
    model = build_tokenizer()["model"]
    vocabulary = model["vocab"]
    assert sorted(vocabulary.values()) == list(range(VOCABULARY_SIZE))
    for merge in model["merges"]:
        left, right = merge.split(" ")
        assert {left, right, left + right} <= vocabulary.keys()
