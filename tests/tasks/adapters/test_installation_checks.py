"""An installation's own ground: what is missing is named, with what mends it."""

import os
import stat
from importlib import metadata
from pathlib import Path

import pytest

from tasks.adapters import installation_checks as tried
from tasks.ports.checks import Check


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "var"
    monkeypatch.setenv("EMERITUS_HOME", str(folder))
    return folder


def installation() -> dict[str, Check]:
    return {check.name: check for check in tried.installation_checks()}


def homely() -> dict[str, Check]:
    return {check.name: check for check in tried.home_checks()}


def test_this_installation_is_sound() -> None:
    found = installation()
    assert found["Python"].state == found["packages"].state == found["ssh-keygen"].state == "ok"
    assert found["time zones"].state == "ok"


def test_a_program_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    found = installation()
    assert [found[name].state for name in ("ssh-keygen", "git", "age")] == ["fail", "warn", "warn"]
    assert "install openssh-client" in found["ssh-keygen"].said


def test_a_package_of_another_version_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    true = metadata.version

    def version(name: str) -> str:
        if name == "rich":
            raise metadata.PackageNotFoundError
        return "0.1" if name == "numpy" else true(name)

    monkeypatch.setattr(metadata, "version", version)
    found = installation()["packages"]
    assert found.state == "fail"
    assert "numpy is 0.1, asked for is >=2" in found.said
    assert "rich is missing" in found.said


def test_a_home_that_is_not_there_is_not_made(home: Path) -> None:
    assert homely()["home"].state == "ok"
    assert not home.exists()


def test_a_home_that_can_t_be_written_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMERITUS_HOME", "/proc/nothing")
    assert homely()["home"].state == "fail"
    assert "set EMERITUS_HOME" in homely()["home"].said


def test_little_space_is_a_warning(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tried, "_LITTLE_SPACE", 1 << 60)
    assert homely()["home"].state == "warn"


def test_a_key_that_others_can_read_is_told_with_the_command_that_mends_it(home: Path) -> None:
    home.mkdir()
    keys = home / "keys"
    keys.mkdir()
    for path, mode in ((home / "emeritus.sqlite", 0o600), (keys / "a.pem", 0o644)):
        path.touch()
        path.chmod(mode)
    keys.chmod(0o755)
    found = homely()["file modes"]
    assert found.state == "warn"
    assert "emeritus.sqlite" not in found.said
    command = found.said.partition("`")[2].rstrip("`")
    assert os.system(command) == 0
    assert homely()["file modes"].state == "ok"
    assert not stat.S_IMODE((keys / "a.pem").stat().st_mode) & 0o077


def test_what_stands_in_a_closed_folder_is_out_of_reach(home: Path) -> None:
    (home / "keys").mkdir(parents=True, mode=0o700)
    (home / "keys" / "grants.signers").touch(mode=0o644)
    assert homely()["file modes"].state == "ok"


def test_a_home_that_everybody_can_write_into_fails(home: Path) -> None:
    home.mkdir()
    home.chmod(0o777)
    assert [c.state for c in tried.home_checks() if c.name == "file modes"] == ["fail", "ok"]
