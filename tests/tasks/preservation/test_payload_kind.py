"""Kinds by content first, name second; a pickle is told and never loaded."""

import io
import pickle
import zipfile
from pathlib import Path

import pytest

from tasks.preservation.payload_kind import kind_of


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (Path("executed"),)  # type: ignore[return-value]


def torch_zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("model/data.pkl", pickle.dumps({"w": 1}))
    return packed.getvalue()


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_of_any_name_is_told_and_not_run(
    protocol: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("weights.bin", "x.safetensors.bak", "a"):
        kind, note = kind_of(name, pickle.dumps(Evil(), protocol))
        assert kind == "pickle"
        assert "runs code" in note
    assert not Path("executed").exists()


@pytest.mark.parametrize(
    ("path", "first", "kind"),
    [
        ("m.gguf", b"GGUF\x03\0\0\0", "gguf"),
        ("renamed.bin", b"GGUF\x03\0\0\0", "gguf"),
        ("pytorch_model.bin", torch_zip(), "pickle"),
        ("anything", torch_zip(), "pickle"),
        ("old.pt", b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "pickle"),
        ("scaler.joblib", b"\x78\x9c", "pickle"),
        ("plain.pkl", b"(dp0\n.", "pickle"),
        ("model.safetensors", b"\x08\0\0\0\0\0\0\0{}      ", "safetensors"),
        ("MODEL.SAFETENSORS", b"", "safetensors"),
        ("config.json", b"{}", "other"),
        ("archive.zip", b"PK\x03\x04" + bytes(30), "other"),
        ("empty", b"", "other"),
    ],
)
def test_kinds(path: str, first: bytes, kind: str) -> None:
    found, note = kind_of(path, first)
    assert found == kind
    assert bool(note) == (kind == "pickle")
