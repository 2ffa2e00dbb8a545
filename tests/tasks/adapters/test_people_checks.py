"""`doctor` says beforehand that a decision could never be signed."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from configs.schema.access import AccessConfig
from tasks.adapters.people_checks import people_checks
from tests.fakes.configs import retirement

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGvSZkCkS3bQyYc5xv0lkB7XqG3R0n3rM0a2Zq1mJr1"


def _found(folder: Path, lines: list[str], **access: Any) -> list[tuple[str, str]]:
    (folder / "allowed_signers").write_text("\n".join(lines) + "\n")
    config: AccessConfig = retirement(access=access).access
    return [
        (check.state, check.said)
        for check in people_checks(config, folder, NOW, "emeritus-access@v1")
    ]


def test_enough_people_is_ok(tmp_path: Path) -> None:
    lines = [f"{name} {KEY}{end}" for name, end in (("alice", "P"), ("bob", "Q"))]
    *warned, (state, said) = _found(tmp_path, lines)
    assert (state, said) == ("ok", "alice, bob can sign; 2 must")
    assert [(state, "paula" in said) for state, said in warned] == [("warn", True)]
    lines.append(f"Paula {KEY}R")
    ((state, said),) = _found(tmp_path, lines)
    assert (state, said) == ("ok", "alice, bob can sign; 2 must")


@pytest.mark.parametrize(
    "second",
    [
        f"Paula {KEY}Q",
        f'bob valid-before="20261101Z" {KEY}Q',
        f'bob valid-after="20270101Z" {KEY}Q',
        f"alice {KEY}Q",
        f'bob namespaces="git" {KEY}Q',
    ],
    ids=["the proposer", "expired", "not yet", "the same person", "for other purposes"],
)
def test_who_does_not_count_is_not_counted(tmp_path: Path, second: str) -> None:
    ((state, said),) = _found(tmp_path, [f"alice {KEY}P", second])
    assert state == "fail"
    assert said.startswith("1 of the 2 people")


def test_keys_that_end_soon_are_told(tmp_path: Path) -> None:
    lines = [f"alice {KEY}P", f'bob valid-before="20261210Z" {KEY}Q']
    found = _found(tmp_path, [*lines, f"paula {KEY}R"])
    assert [state for state, _ in found] == ["ok", "warn"]
    assert "bob" in found[1][1]


def test_a_list_that_cannot_be_used_fails(tmp_path: Path) -> None:
    ((state, said),) = _found(tmp_path, [f"* {KEY}P"])
    assert state == "fail"
    assert "patterns" in said


def test_a_missing_list_of_revoked_keys_fails_where_it_is_named(tmp_path: Path) -> None:
    lines = [f"{name} {KEY}{end}" for name, end in (("alice", "P"), ("bob", "Q"))]
    ((state, said),) = _found(tmp_path, lines, revoked_signers="gone")
    assert state == "fail"
    assert "revoked_signers" in said


def test_a_revoked_key_is_not_counted(tmp_path: Path) -> None:
    lines = [f"{name} {KEY}{end}" for name, end in (("alice", "P"), ("bob", "Q"), ("paula", "R"))]
    (tmp_path / "revoked").write_text(f"{KEY}Q bob\n")
    ((state, said),) = _found(tmp_path, lines, revoked_signers="revoked")
    assert (state, said[:17]) == ("fail", "1 of the 2 people")
