"""Kinds by content first, name second; a pickle is told and never loaded."""

import io
import json
import pickle
import zipfile
from pathlib import Path
from string import ascii_letters, digits
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from tasks.preservation.payload_kind import TEMPLATE_NOTE, architecture_in, kind_of


class Evil:
    def __reduce__(self) -> tuple[Any, tuple[Path]]:
        return Path.touch, (Path("executed"),)


def packed(entries: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return file.getvalue()


def array(values: Any, compress: bool = False) -> bytes:
    file = io.BytesIO()
    if compress:
        np.savez(file, values)
    else:
        np.save(file, values, allow_pickle=True)
    return file.getvalue()


def evil(protocol: int) -> bytes:
    return pickle.dumps(Evil(), protocol)


TORCH_ZIP = packed({"model/data.pkl": evil(2), "model/data/0": bytes(8)})
LATE_ZIP = packed({"model/.format_version": b"1", "model/data.pkl": evil(2)}, zipfile.ZIP_DEFLATED)
PLAIN_ZIP = packed({"readme.txt": b"data.pkl"})
OBJECTS = np.array([{"a": 1}], dtype=object)
FIELDS = np.zeros(2, dtype=[("a", "<f4"), ("b", object)])
LEGACY_TORCH = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", ["weights.bin", "x.safetensors.bak", "a", "model.safetensors"])
def test_a_pickle_of_any_name_is_told_and_not_run(
    protocol: int, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    values = [None, 1, -1, 2**80, 1.5, "x", b"x", [], {}, (), {1}, [1] * 9000, Path("x"), True]
    for first in (evil(protocol), *(pickle.dumps(value, protocol) for value in values)):
        kind, note = kind_of(name, first[: 64 << 10])
        assert kind == "pickle"
        assert "runs code" in note
        assert "never loaded" in note
    assert not Path("executed").exists()
    pickle.loads(evil(protocol))
    assert Path("executed").exists(), "and loading it would have run"


@pytest.mark.parametrize("protocol", [0, 1])
@pytest.mark.parametrize("name", ["a.pkl", "a.PICKLE", "a.joblib", "a.pt", "a.pth", "a.ckpt"])
def test_older_pickles_are_told_by_their_names(protocol: int, name: str) -> None:
    assert kind_of(name, evil(protocol))[0] == "pickle"


@pytest.mark.parametrize("length", [0x280, 0x380, 0x480, 0x580, 0x10280, 0x7D0280])
def test_a_safetensors_file_whose_length_looks_like_a_pickle_is_none(length: int) -> None:
    data = save({"a": np.ones(2, np.float32)}, {"pad": ""})
    room = length - int.from_bytes(data[:8], "little")
    data = save({"a": np.ones(2, np.float32)}, {"pad": "x" * room})
    assert data[:3] == length.to_bytes(3, "little"), "80 and a protocol's number"
    assert kind_of("model.safetensors", data[: 64 << 10]) == ("safetensors", "")


@pytest.mark.parametrize(
    ("path", "first", "kind"),
    [
        ("m.gguf", b"GGUF\x03\0\0\0" + bytes(16), "gguf"),
        ("renamed.bin", b"GGUF\x03\0\0\0" + bytes(16), "gguf"),
        ("big-endian", b"GGUF\0\0\0\x03" + bytes(16), "gguf"),
        ("README", b"GGUF files are for llama.cpp\n", "other"),
        ("pytorch_model.bin", TORCH_ZIP, "pickle"),
        ("anything", TORCH_ZIP, "pickle"),
        ("anything", LATE_ZIP, "pickle"),
        ("model.safetensors", TORCH_ZIP, "pickle"),
        ("scripted.pt", PLAIN_ZIP, "pickle"),
        ("weights.BIN", PLAIN_ZIP, "pickle"),
        ("archive.zip", PLAIN_ZIP, "other"),
        ("archive.zip", b"PK\x03\x04", "other"),
        ("old.model", LEGACY_TORCH, "pickle"),
        ("scaler.joblib", b"\x78\x9c", "pickle"),
        ("frame.pkl.gz", b"\x1f\x8b", "pickle"),
        ("sub/.pkl/notes.txt", b"text", "other"),
        ("objects.npy", array(OBJECTS), "pickle"),
        ("fields.npy", array(FIELDS), "pickle"),
        ("objects.npz", array(OBJECTS, compress=True), "pickle"),
        ("numbers.npy", array(np.ones(3)), "other"),
        ("numbers.npz", array(np.ones(3), compress=True), "other"),
        ("text.npy", array(np.array(["'|O'"])), "other"),
        ("model.safetensors", save({"a": np.ones(1)}), "safetensors"),
        ("model.safetensors", b"broken", "safetensors"),
        ("MODEL.SAFETENSORS", b"", "safetensors"),
        ("raw.bin", bytes(64), "other"),
        ("raw.bin", b"\x80\x04", "other"),
        ("raw.bin", b"\x80\x01K\x01.", "other"),
        ("config.json", b"{}", "other"),
        ("empty", b"", "other"),
    ],
    ids=lambda value: value if isinstance(value, str) else "bytes",  # a ZIP tells the time
)
def test_kinds(path: str, first: bytes, kind: str) -> None:
    found, note = kind_of(path, first[: 64 << 10])
    assert found == kind
    assert bool(note) == (kind == "pickle")


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (
            {"architectures": ["LlamaForCausalLM"], "model_type": "llama"},
            "LlamaForCausalLM (llama)",
        ),
        ({"architectures": ["A", "B"]}, "A, B"),
        ({"model_type": "llama"}, "llama"),
        ({"architectures": "LlamaForCausalLM"}, ""),
        ({"architectures": [["A"], {"B": 1}, None, "Good", "<b>bad</b>", "late"]}, "Good"),
        ({"architectures": ["run this\nnow"], "model_type": "x" * 81}, ""),
        ([{"model_type": "llama"}], ""),
        ({"model_type": "llama", "pad": "x" * (64 << 10)}, ""),
    ],
)
def test_config_json_tells_its_architecture(config: object, said: str) -> None:
    kind, note = kind_of("sub/config.json", json.dumps(config).encode()[: 64 << 10])
    assert kind == "other"
    assert architecture_in(note) == said
    assert bool(note) == bool(said)


@pytest.mark.parametrize(
    "first", [b"", b"\xff", b'{"model_type": "llama"', b"[" * 60_000, b"9" * 60_000, b"NaN"]
)
@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
def test_broken_json_tells_nothing(name: str, first: bytes) -> None:
    assert kind_of(name, first) == ("other", "")


@given(st.dictionaries(st.sampled_from(["architectures", "model_type"]), st.recursive(
    st.none() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=6)
)))  # fmt: skip
def test_nothing_but_plain_names_comes_out_of_a_config(config: dict[str, Any]) -> None:
    said = architecture_in(kind_of("config.json", json.dumps(config).encode())[1])
    assert set(said) <= set(ascii_letters + digits + "_.- (),")
    assert len(said) <= 5 * 84


def test_a_chat_template_within_the_tokenizers_settings_is_seen() -> None:
    for held in ("{{ messages }}", [{"name": "default", "template": "x"}]):
        first = json.dumps({"chat_template": held}).encode()
        assert kind_of("tokenizer_config.json", first) == ("other", TEMPLATE_NOTE)
        assert kind_of("config.json", first) == ("other", "")
    assert kind_of("tokenizer_config.json", b'{"chat_template": null}') == ("other", "")


def test_no_other_file_is_looked_into() -> None:
    assert architecture_in(kind_of("my_config.json", b'{"model_type": "llama"}')[1]) == ""
    assert architecture_in("a note") == architecture_in("") == ""
