"""Errors tell the whole path, and one path."""

import os
from pathlib import Path

import pytest

from tasks.adapters import beneath
from tasks.kernel.errors import told


@pytest.mark.parametrize("act", [os.rename, os.link])
def test_an_error_of_two_names_tells_one_place(tmp_path: Path, act: object) -> None:
    assert callable(act)
    with pytest.raises(OSError, match="No such file") as raised, beneath.named(Path("/bag/data/f")):
        act(tmp_path / "none", tmp_path / "other")
    assert str(raised.value) == "[Errno 2] No such file or directory: '/bag/data/f'"


def test_an_error_of_one_name_does_too(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file") as raised, beneath.named(Path("/bag/data/f")):
        (tmp_path / "none").read_bytes()
    assert str(raised.value) == "[Errno 2] No such file or directory: '/bag/data/f'"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(28, "No space left on device", "/a", None, "/b"), "/a: No space left on device"),
        (OSError(28, "No space left on device", b"/a"), "/a: No space left on device"),
        (OSError(28, "No space left on device", 7), "the disk: No space left on device"),
        (OSError("the line broke"), "the disk: the line broke"),
        (TimeoutError(), "the disk: TimeoutError"),
    ],
)
def test_what_the_system_refused_is_a_place_and_a_reason(error: OSError, sentence: str) -> None:
    assert told(error, "the disk") == sentence
