"""Only a listed person's SSH signature over just this commit counts, at our own clock."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.adapters.git_signatures import signer_of
from tasks.kernel.errors import CommitRefused, ConfigError
from tests.fakes.git_repo import GitRepo, listed, make_key, make_repo

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, Path]:
    return {name: make_key(tmp_path / "people", name) for name in ("alice", "mallory")}


@pytest.fixture
def signers(tmp_path: Path, keys: dict[str, Path]) -> Path:
    file = tmp_path / "allowed_signers"
    file.write_text(listed(keys["alice"], "alice"))
    return file


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    repo = make_repo(tmp_path / "repo")
    repo.model()
    return repo


def test_a_listed_signer_is_named(repo: GitRepo, signers: Path, keys: dict[str, Path]) -> None:
    sha = repo.commit(key=keys["alice"])
    assert signer_of(repo.root, sha, signers, NOW) == "alice"


def test_an_unsigned_commit_is_refused(repo: GitRepo, signers: Path) -> None:
    with pytest.raises(CommitRefused, match="is unsigned"):
        signer_of(repo.root, repo.commit(), signers, NOW)


def test_a_signer_who_is_not_listed_is_refused(
    repo: GitRepo, signers: Path, keys: dict[str, Path]
) -> None:
    sha = repo.commit(key=keys["mallory"])
    with pytest.raises(CommitRefused, match="nobody's key"):
        signer_of(repo.root, sha, signers, NOW)


def test_a_signature_of_another_commit_is_refused(
    repo: GitRepo, signers: Path, keys: dict[str, Path]
) -> None:
    """Whoever may push can put a listed person's signature under a commit of their own."""
    sha = repo.commit(key=keys["alice"])
    raw = repo.git("cat-file", "commit", sha)
    forged = raw.replace("a change", "another change") + "\n"
    run = subprocess.run(
        ["git", "hash-object", "-t", "commit", "-w", "--stdin"],
        cwd=repo.root, input=forged.encode(), capture_output=True, check=True,
    )  # fmt: skip
    with pytest.raises(CommitRefused, match="wrongly signed"):
        signer_of(repo.root, run.stdout.decode().strip(), signers, NOW)


def test_a_signature_for_another_purpose_is_refused(
    repo: GitRepo, tmp_path: Path, keys: dict[str, Path]
) -> None:
    file = tmp_path / "allowed"
    file.write_text(listed(keys["alice"], "alice", 'namespaces="emeritus-access@v1"'))
    sha = repo.commit(key=keys["alice"])
    with pytest.raises(CommitRefused, match="may sign emeritus-access@v1 only"):
        signer_of(repo.root, sha, file, NOW)
    file.write_text(listed(keys["alice"], "alice", 'namespaces="emeritus-access@v1,git"'))
    assert signer_of(repo.root, sha, file, NOW) == "alice"


def test_a_key_past_its_day_signs_nothing_even_with_an_old_date(
    repo: GitRepo, tmp_path: Path, keys: dict[str, Path]
) -> None:
    """`git verify-commit` goes by the commit's date, which its author chooses."""
    repo.dated = "2026-01-01T00:00:00Z"
    sha = repo.commit(key=keys["alice"])
    file = tmp_path / "allowed"
    file.write_text(listed(keys["alice"], "alice", 'valid-before="20260601Z"'))
    with pytest.raises(CommitRefused, match="expired"):
        signer_of(repo.root, sha, file, NOW)
    assert signer_of(repo.root, sha, file, datetime(2026, 5, 1, tzinfo=UTC)) == "alice"


def test_other_kinds_of_signature_are_none(
    repo: GitRepo, signers: Path, keys: dict[str, Path]
) -> None:
    sha = repo.commit(key=keys["alice"])
    raw = repo.git("cat-file", "commit", sha).replace("SSH SIGNATURE", "PGP SIGNATURE") + "\n"
    run = subprocess.run(
        ["git", "hash-object", "-t", "commit", "-w", "--stdin"],
        cwd=repo.root, input=raw.encode(), capture_output=True, check=True,
    )  # fmt: skip
    with pytest.raises(CommitRefused, match="not signed with an SSH key"):
        signer_of(repo.root, run.stdout.decode().strip(), signers, NOW)


@pytest.mark.parametrize("line", ["* {key}", "a cert-authority {key}"])
def test_a_list_in_which_anybody_could_sign_is_refused(
    repo: GitRepo, tmp_path: Path, keys: dict[str, Path], line: str
) -> None:
    file = tmp_path / "allowed"
    file.write_text(line.replace("{key}", listed(keys["mallory"], "").strip()) + "\n")
    sha = repo.commit(key=keys["mallory"])
    with pytest.raises(ConfigError):
        signer_of(repo.root, sha, file, NOW)
    with pytest.raises(ConfigError, match="no such file"):
        signer_of(repo.root, sha, tmp_path / "nowhere", NOW)
