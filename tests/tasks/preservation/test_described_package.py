"""A package's description tells what the read of its files found, on disk."""

import json
from pathlib import Path

from tasks.preservation.task import preserve
from tasks.records import Fence
from tasks.simulation.weights import make_model_folder
from tests.fakes.configs import retirement


def test_a_package_tells_what_its_own_files_say(home: Path, fence: Fence) -> None:
    folder = home / "models" / "aster-1"
    make_model_folder(folder, megabytes=2, seed=1)
    config = json.loads((folder / "config.json").read_text())
    (folder / "tokenizer_config.json").write_text('{"chat_template": "{{ messages }}"}')
    preserve.fn(retirement(), fence)
    (metadata,) = (home / "replicas" / "a").glob("aster-1-*/metadata")
    told = json.loads((metadata / "description.json").read_text())["files_tell"]
    (name,) = config["architectures"]
    assert told["architecture_in_config_json"] == f"{name} ({config['model_type']})"
    assert told["elements_in_safetensors_headers"] > 500_000
    files = {one["path"]: one for one in json.loads((metadata / "files.json").read_text())["files"]}
    assert files["config.json"]["role"] == "model configuration"
    assert files["tokenizer_config.json"]["note"] == "holds a chat template"
    card = (metadata / "model-card.md").read_text()
    assert "Its architecture." not in card
    assert "Its chat template" not in card
