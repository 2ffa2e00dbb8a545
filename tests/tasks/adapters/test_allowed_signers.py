"""The list of allowed signers: nobody may stand for somebody else."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from configs.errors import ConfigError
from tasks.adapters.allowed_signers import check_allowed_signers, read_allowed_signers

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGvSZkCkS3bQyYc5xv0lkB7XqG3R0n3rM0a2Zq1mJr1P"
OTHER = KEY[:-1] + "Q"


def _list(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "allowed_signers"
    path.write_text(text)
    return path


def test_options_comments_and_blank_lines_are_read_past(tmp_path: Path) -> None:
    path = _list(
        tmp_path, f'# people\n\nalice valid-before="20280101Z",namespaces="a,b" {KEY} at work\n'
    )
    (entry,) = read_allowed_signers(path)
    assert (entry.line, entry.names, entry.key) == (3, ("alice",), KEY.split()[1])
    assert entry.options["namespaces"] == "a,b"
    assert entry.instant("valid-before") == datetime(2028, 1, 1, tzinfo=UTC)
    assert entry.instant("valid-after") is None


def test_one_person_may_have_two_keys(tmp_path: Path) -> None:
    assert len(check_allowed_signers(_list(tmp_path, f"alice {KEY}\nalice {OTHER}\n"))) == 2


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"* {KEY}\n", r":1: name '\*': patterns could be anybody"),
        (f"a* {KEY}\n", "patterns could be anybody"),
        (f"!bob,* {KEY}\n", "patterns could be anybody"),
        (f"alice,bob {KEY}\n", "share one key"),
        (f"alice {KEY}\nbob {KEY}\n", ":2: 'alice' and 'bob' share one key"),
        (f"alice {KEY}\nAlice {OTHER}\n", "differ in case alone"),
        (f"\u0430lice {KEY}\n", "use letters of a to z"),
        (f'"alice" {KEY}\n', "use letters of a to z"),
        ("alice not-a-key\n", ":1: entry"),
        ("alice ssh-ed25519\n", ":1: entry"),
        ("alice ssh-ed25519 AAAA\n", "is no ssh-ed25519 public key"),
        (f"alice ssh-rsa {KEY.split()[1]}\n", "is no ssh-rsa public key"),
        (f"alice cert-authority {KEY}\n", "could sign as anybody"),
        (f'alice valid-before="2028-01-01" {KEY}\n', 'write valid-before="20280101Z"'),
        (f'alice valid-after="2028-01-01T10:00:00Z" {KEY}\n', 'write valid-after="20280101Z"'),
        (f'alice valid-before="20280101" {KEY}\n', 'write valid-before="20280101Z"'),
        (f'alice valid-before="20281399Z" {KEY}\n', "is no day of the calendar"),
        (f'alice valid-before="soon" {KEY}\n', "is not a date"),
        (f"alice no-touch-required {KEY}\n", "no such option"),
        (f'alice namespaces="a {KEY}\n', "options: can't be read"),
        (f'alice namespaces="a*" {KEY}\n', "patterns say too little"),
        (f"\u00a0#,alice {KEY}\n", r":1: entry: holds U\+00A0"),
        (f"\x1f#,* {KEY}\n", r":1: entry: holds U\+001F"),
        (f'alice namespaces="a",namespaces="b" {KEY}\n', "options: can't be read"),
    ],
)
def test_a_list_in_which_one_could_be_two_is_refused(
    tmp_path: Path, text: str, problem: str
) -> None:
    with pytest.raises(ConfigError, match=problem):
        check_allowed_signers(_list(tmp_path, text))


def test_a_key_that_ssh_keygen_would_pass_over_is_refused_with_its_line(tmp_path: Path) -> None:
    cut = KEY[:-4]  # ssh-keygen reads past such a line, so that no signature of alice's would count
    with pytest.raises(ConfigError, match=r":1: key: is cut short; paste the \.pub file's"):
        check_allowed_signers(_list(tmp_path, f"alice {cut}\n"))


def test_a_missing_list_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="name key-type public-key"):
        check_allowed_signers(tmp_path / "nowhere")
