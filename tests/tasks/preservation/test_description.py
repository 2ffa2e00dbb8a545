"""What a package's `metadata/` holds, and what keeps a package from being made."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.kernel.spool import whole
from tasks.preservation.description import Described, missing_topics, render_description
from tasks.preservation.description_files import exists
from tasks.preservation.payload import PayloadFile, TensorDigest
from tests.fakes.described import (
    FILES,
    FULL,
    GOLDEN,
    TENSOR,
    TEXTS,
    WEIGHTS,
    described,
    fully_described,
)

PROMPTS = "prompts:\n  - {id: a, text: A?}\n  - {id: b, text: B?}\n"
TOPICS = (
    "model_version",
    "training_details",
    "training_notes_file",
    "evaluation_results",
    "known_behaviours",
    "notable_strengths",
    "licence",
    "licence_file",
)
MEND = ": tell it, or take it off metadata.required"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMERITUS_HOME", str(tmp_path))


def missing(metadata: dict[str, object], **preservation: object) -> tuple[str, ...]:
    return missing_topics(described(metadata, preservation=preservation).config, exists)


def _rendered(d: Described) -> dict[str, bytes]:
    return {path: whole(content) for path, content in render_description(d).items()}


def test_every_required_topic_that_is_not_told_is_named() -> None:
    required = [*TOPICS, "golden_prompts"]
    assert missing({"required": required}) == (
        *(f"metadata.{topic} is empty{MEND}" for topic in TOPICS),
        f"golden_prompts is empty{MEND}",
    )


@pytest.mark.parametrize(
    ("field", "blank"),
    [
        ("licence", "  "),
        ("known_behaviours", ["", " "]),
        ("training_details", {"developed_by": " ", "parameters": 0}),
    ],
)
def test_blanks_tell_nothing(field: str, blank: object) -> None:
    assert missing({field: blank, "required": [field]}) == (f"metadata.{field} is empty{MEND}",)


def test_nothing_is_missing_where_all_is_told(tmp_path: Path) -> None:
    for name in ("licence", "notes.md"):
        (tmp_path / name).write_text("x")
    (tmp_path / "prompts.yaml").write_text(PROMPTS)
    told = {**FULL, "licence_file": "licence", "training_notes_file": "notes.md"}
    golden = {"prompts_file": "prompts.yaml", "samples": 1}
    assert missing({**told, "required": [*TOPICS, "golden_prompts"]}, golden_prompts=golden) == ()


@pytest.mark.parametrize(
    ("outputs", "bare"),
    [
        ("", "a, b"),
        ("recorded: {stack: {on: x}, outputs: [{prompt: a, text: A}]}", "b"),
        ("recorded: {stack: {on: x}, outputs: [{prompt: a}, {prompt: b, tokens: [1]}]}", "a"),
        (
            "recorded: {stack: {on: x}, outputs: [{prompt: a, text: A}, {prompt: b, text: B}]}",
            "",
        ),
    ],
)
def test_required_golden_prompts_are_answered_ones(tmp_path: Path, outputs: str, bare: str) -> None:
    (tmp_path / "prompts.yaml").write_text(f"{PROMPTS}{outputs}\n")

    def said(required: list[str], samples: int) -> tuple[str, ...]:
        golden = {"prompts_file": "prompts.yaml", "samples": samples}
        return missing({"required": required}, golden_prompts=golden)

    mend = f"or give `recorded` outputs of every prompt in {tmp_path / 'prompts.yaml'}"
    clause = f"golden_prompts has no answers to {bare}: set golden_prompts.samples, {mend}"
    assert said(["golden_prompts"], 0) == ((clause,) if bare else ())
    assert said(["golden_prompts"], 1) == said([], 0) == ()
    golden = {"prompts_file": "prompts.yaml"}
    alone = missing({"required": []}, golden_prompts=golden, source_folder=None)
    assert alone == said(["golden_prompts"], 0), "without weights nothing else would be kept"


def test_of_very_many_bare_prompts_some_are_named(tmp_path: Path) -> None:
    listed = "".join(f"  - {{id: p{n}, text: x}}\n" for n in range(9))
    (tmp_path / "prompts.yaml").write_text(f"prompts:\n{listed}")
    golden = {"prompts_file": "prompts.yaml"}
    (said,) = missing({"required": ["golden_prompts"]}, golden_prompts=golden)
    assert "no answers to p0, p1, p2, p3, p4 and 4 more: set" in said


@pytest.mark.parametrize("kind", ["absent", "empty", "folder", "link", "fifo"])
def test_a_named_file_must_be_there(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "licence"
    if kind == "empty":
        place.touch()
    elif kind == "folder":
        place.mkdir()
    elif kind == "link":
        (tmp_path / "real").write_text("x")
        place.symlink_to("real")
    elif kind == "fifo":
        os.mkfifo(place)
    for required in ([], ["licence_file"]):
        (said,) = missing({"licence_file": "licence", "required": required})
        assert said.startswith(f"metadata.licence_file: {place} does not exist, is empty")


def test_attachments_and_required_prompts_must_be_there(tmp_path: Path) -> None:
    golden = {"prompts_file": "prompts.yaml"}
    metadata = {"attachments": ["a.pdf"], "required": ["golden_prompts"]}
    attachment, prompts = missing(metadata, golden_prompts=golden)
    assert attachment.startswith(f"metadata.attachments: {tmp_path / 'a.pdf'} does not exist")
    assert prompts.startswith(
        f"golden_prompts.prompts_file: {tmp_path / 'prompts.yaml'} does not exist"
    )


def test_the_description_holds_everything_that_was_given() -> None:
    files = _rendered(fully_described())
    assert {path: files[path] for path in TEXTS} == TEXTS
    assert {name: files[f"golden/{name}"] for name in GOLDEN} == GOLDEN
    assert set(files) - set(TEXTS) - {f"golden/{name}" for name in GOLDEN} == {
        "model-card.md",
        "ml-bom.cdx.json",
        "tensors.json",
        "description.json",
        "evaluation-results.json",
        "files.json",
    }


def test_the_configuration_is_told_without_paths_of_a_machine_or_persons() -> None:
    metadata = {
        **FULL,
        "licence_file": "/srv/secret place/LICENCE",
        "training_notes_file": "/srv/secret place/notes",
        "attachments": ["/srv/secret place/system card.pdf"],
    }
    files = _rendered(described(metadata, texts=TEXTS, golden=GOLDEN))
    assert not [p for p, data in files.items() if b"secret place" in data or b"@example" in data]
    assert not [path for path, data in files.items() if b"Search team" in data]
    told = json.loads(files["description.json"])
    assert told["metadata"]["licence_file"] == "licence.txt"
    assert told["metadata"]["training_notes_file"] == "training-notes.md"
    assert told["metadata"]["attachments"] == ["attachments/system card.pdf"]
    assert told["metadata"]["training_details"] == FULL["training_details"]
    assert told["retirement"]["surfaces"] == [{"name": "api", "retires_on": "2027-03-01"}]
    assert told["retirement"]["successor"] == "aster-2"
    assert told["model"] == {
        "id": "aster-1",
        "display_name": "Aster 1",
        "name_at_endpoint": "aster-1",
    }
    results = json.loads(files["evaluation-results.json"])["evaluation_results"]
    assert [(one["name"], one["value"]) for one in results] == [("MMLU", 0.83), ("latency", 120)]


def test_programs_are_told_what_the_files_say_of_the_model() -> None:
    files = _rendered(fully_described())
    assert json.loads(files["description.json"])["files_tell"] == {
        "architecture_in_config_json": "AsterForCausalLM",
        "elements_in_safetensors_headers": 32,
    }
    roles = {one["path"]: one["role"] for one in json.loads(files["files.json"])["files"]}
    assert roles == {
        "config.json": "model configuration",
        "model.safetensors": "weights",
        "training_args.bin": "training state",
        "tokenizer.json": "tokenizer",
        "chat_template.jinja": "chat template",
        "generation_config.json": "generation settings",
    }


def test_the_files_are_listed() -> None:
    files = json.loads(_rendered(described())["files.json"])["files"]
    assert [(f["path"], f["size"], f["sha256"], f["kind"], f["note"]) for f in files] == [
        (f.path, f.size, f.sha256, f.kind, f.note) for f in FILES
    ]


NAMES = st.text(st.characters(), max_size=20)  # half characters too: a header's JSON can have them


@settings(deadline=None, max_examples=30)
@given(st.lists(NAMES, max_size=4), st.lists(st.integers(0, 2**53), max_size=4))
def test_tensors_read_back_as_json(names: list[str], shape: list[int]) -> None:
    tensors = tuple(TensorDigest(n, "F32", tuple(shape), 8, 12, "cd" * 32) for n in names)
    listed = (PayloadFile("a.safetensors", 12, "00" * 32, "safetensors", tensors), WEIGHTS)
    found = json.loads(_rendered(described(files=listed))["tensors.json"])
    assert found["algorithm"] == "BLAKE3"
    assert [file["path"] for file in found["files"]] == ["a.safetensors", "model.safetensors"]
    assert [one["name"] for one in found["files"][0]["tensors"]] == names
    assert all(one["shape"] == shape for one in found["files"][0]["tensors"])
    assert found["files"][1]["tensors"] == [
        {
            "name": TENSOR.name,
            "dtype": TENSOR.dtype,
            "shape": list(TENSOR.shape),
            "start": TENSOR.start,
            "end": TENSOR.end,
            "blake3": TENSOR.blake3,
        }
    ]


def test_a_tensor_has_a_line_of_its_own() -> None:
    text = _rendered(described())["tensors.json"].decode()
    (line,) = [line for line in text.splitlines() if TENSOR.name in line]
    assert TENSOR.blake3 in line


PROGRAM = """
from tasks.preservation.description import render_description
from tests.fakes.described import fully_described
for path, data in render_description(fully_described()).items():
    print(path, data.sha256)
"""


def test_the_same_package_has_the_same_description_in_every_process() -> None:
    def run(seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": f"UTC{seed}"}
        command = [sys.executable, "-c", PROGRAM]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True
        ).stdout

    assert run("1") == run("2") != ""
