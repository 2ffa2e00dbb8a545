"""`emeritus restore` from a terminal: a place that can't take the model is one sentence."""

import sys
from pathlib import Path

import pytest

from flows import cli
from tests.flows.conftest import At
from tests.flows.place import MODEL


def _restore(dest: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setattr(sys, "argv", ["emeritus", "restore", MODEL, str(dest)])
    monkeypatch.setattr(cli, "_log_to_stderr", lambda: None)
    try:
        cli.main()
    except SystemExit as ended:
        return ended.code
    return 0


def test_a_place_that_cannot_take_it_is_a_sentence_with_a_code(
    at: At, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    at("wave 1")
    (tmp_path / "file").write_text("x")
    for dest in (tmp_path, tmp_path / "file", tmp_path / "file" / "out", Path("/proc/x")):
        assert _restore(dest, monkeypatch) == 1
        said = capfd.readouterr().err
        assert said.startswith(f"error[EM250]: {dest}"), said
        assert said.count("\n") == 1
    assert _restore(tmp_path / "new" / "out", monkeypatch) == 0
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["out"]
