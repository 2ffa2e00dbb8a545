"""The folder from which a person posts by hand."""

import subprocess
from pathlib import Path

import pytest

from tasks.adapters import directory_publisher
from tasks.adapters.manual_packet import ManualPacket
from tasks.ports.essay_target import Offered
from tests.contracts.essay_target import (
    DISCLAIMER,
    SLOT,
    WHY,
    Change,
    EssayTargetContract,
    Laid,
    Make,
    essay,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "to-post"


@pytest.fixture
def make(folder: Path) -> Make:
    return lambda: ManualPacket(folder)


@pytest.fixture
def laid(folder: Path) -> Laid:
    def laid(slot: str) -> str:
        page = folder / slot / "post.html"
        return (page if page.exists() else folder / slot / "README.txt").read_text("utf-8")

    return laid


@pytest.fixture
def change(folder: Path) -> Change:
    return lambda slot: (
        (folder / slot / "post.md").write_bytes(b"# On leaving\n\nI wrote.\n") and None
    )


class TestManualPacket(EssayTargetContract):
    pass


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / SLOT).iterdir())


def test_the_packet_holds_the_bytes_and_how_to_check_them(folder: Path, make: Make) -> None:
    given = essay(text="# A\r\n\nÜnï \u202e\n\n")
    receipt = make().offer(given)
    assert receipt.location == str(folder / SLOT)
    assert names(folder) == ["README.txt", "SHA256SUMS", "post.html", "post.md"]
    assert (folder / SLOT / "post.md").read_bytes() == given.markdown
    subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=folder / SLOT, check=True)
    tells = (folder / SLOT / "README.txt").read_text("utf-8")
    for part in (
        "not changed",
        "sha256sum -c SHA256SUMS",
        DISCLAIMER,
        given.permalink,
        given.sha256,
    ):
        assert part in tells


def test_a_simulation_is_labelled_in_what_is_pasted(folder: Path, make: Make) -> None:
    make().offer(essay(simulated=True))
    tells = (folder / SLOT / "README.txt").read_text("utf-8")
    assert tells.startswith("[SIMULATED] On leaving\n")
    assert f"[SIMULATED] {DISCLAIMER}" in tells


def test_a_packet_that_a_killed_pass_left_is_completed(
    folder: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(directory_publisher.os, "replace", full)
        with pytest.raises(OSError, match="No space"):
            make().offer(essay())
    assert names(folder) == []
    make().offer(essay())
    (folder / SLOT / "SHA256SUMS").unlink()
    (folder / SLOT / "post.html").write_bytes(b"of an older version")
    make().offer(essay())
    subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=folder / SLOT, check=True)


def test_a_withdrawn_essay_can_not_be_posted_any_more(folder: Path, make: Make) -> None:
    make().offer(essay())
    make().offer(essay(withdrawn=WHY))
    assert names(folder) == ["README.txt"]
    tells = (folder / SLOT / "README.txt").read_text("utf-8")
    assert "Do not post" in tells
    assert "On leaving" not in tells


def test_who_threw_the_packet_away_is_told_of_a_withdrawal(folder: Path, make: Make) -> None:
    assert make().offer(essay(withdrawn=WHY)).state is Offered.WAITING
    assert names(folder) == ["README.txt"]
