"""Kinds by content first, name second; a pickle is told and never loaded."""

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from tasks.preservation.payload_kind import kind_of


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
