"""Secrets are tried, and shown nowhere."""

from pathlib import Path

import pytest

from tasks.adapters.secret_checks import secret_checks
from tasks.ports.checks import Check

VALUE = "hidden-word-0123"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EMERITUS_HOME", str(tmp_path))
    monkeypatch.setenv("A_KEY", VALUE)
    (tmp_path / "key").write_text(VALUE)
    (tmp_path / "key").chmod(0o644)
    made = tmp_path / "a.yaml"
    made.write_text("id: a\n")
    return made


def look(file: Path, *references: str) -> dict[str, Check]:
    found = {check.name: check for check in secret_checks(set(references), file)}
    assert VALUE not in str(found)
    return found


def test_each_reference_is_tried(file: Path) -> None:
    found = look(file, "A_KEY", "NOT_SET_HERE", "file:key")
    assert {name: check.state for name, check in found.items()} == {
        "secret A_KEY": "ok",
        "secret NOT_SET_HERE": "fail",
        "secret file:key": "fail",
        "secrets in the file": "ok",
    }
    assert "chmod 600" in found["secret file:key"].said


def test_a_secret_in_the_file_is_told_by_its_line(file: Path) -> None:
    file.write_text("id: a\nnote: sk-ant-api03-0123456789abcdef\n")
    found = look(file)["secrets in the file"]
    assert found.state == "fail"
    assert "line 2" in found.said
    assert "0123456789abcdef" not in found.said
