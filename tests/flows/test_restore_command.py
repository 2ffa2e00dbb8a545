"""`emeritus restore` from a terminal: a place that can't take the model is one sentence."""

import sys
from pathlib import Path

import pyrage
import pytest

from flows import cli
from tests.flows.conftest import At
from tests.flows.place import MODEL


def _restore(dest: Path, monkeypatch: pytest.MonkeyPatch, *more: str) -> object:
    monkeypatch.setattr(sys, "argv", ["emeritus", "restore", MODEL, str(dest), *more])
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


def test_places_on_the_command_line_are_those_of_the_folder_one_is_in(
    at: At, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    at("wave 1")
    monkeypatch.chdir(tmp_path)
    assert _restore(Path("out"), monkeypatch, "--identity", "none.txt") == 1
    said = capfd.readouterr().err
    assert said.startswith(f"error[EM230]: {tmp_path / 'none.txt'}: there is no age identity file")
    assert "--identity" in said
    (tmp_path / "key.txt").write_text(f"{pyrage.x25519.Identity.generate()}\n")
    (tmp_path / "key.txt").chmod(0o600)
    assert _restore(Path("out"), monkeypatch, "--identity", "key.txt") == 0
    assert (tmp_path / "out").is_dir()
