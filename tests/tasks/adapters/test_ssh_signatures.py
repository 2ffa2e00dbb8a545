"""The list of allowed signers: nobody may stand for somebody else."""

from pathlib import Path

import pytest

from configs.errors import ConfigError
from tasks.adapters.ssh_signatures import check_allowed_signers, read_allowed_signers, sign
from tasks.kernel.errors import SignatureRefused

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGvSZkCkS3bQyYc5xv0lkB7XqG3R0n3rM0a2Zq1mJr1P"


def _list(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "allowed_signers"
    path.write_text(text)
    return path


def test_options_comments_and_blank_lines_are_read_past(tmp_path: Path) -> None:
    path = _list(tmp_path, f'# people\n\nalice valid-before="20280101Z" {KEY} at work\n')
    assert read_allowed_signers(path) == [("alice", KEY.split()[1])]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"* {KEY}\n", "patterns could be anybody"),
        (f"a* {KEY}\n", "patterns could be anybody"),
        (f"alice,bob {KEY}\n", "share one key"),
        (f"alice {KEY}\nbob {KEY}\n", "share one key"),
        ("alice not-a-key\n", ":1: entry"),
    ],
)
def test_a_list_in_which_one_could_be_two_is_refused(
    tmp_path: Path, text: str, problem: str
) -> None:
    with pytest.raises(ConfigError, match=problem.replace("*", r"\*")):
        check_allowed_signers(_list(tmp_path, text))


def test_a_missing_list_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="name key-type public-key"):
        check_allowed_signers(tmp_path / "nowhere")


def test_a_missing_key_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SignatureRefused, match="no such key file"):
        sign(b"x", key=tmp_path / "nokey", namespace="n")
