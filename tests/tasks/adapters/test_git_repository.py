"""Git is asked for commits and files, and nothing that a repository holds is run or followed."""

import os
import threading
import time
from pathlib import Path

import pytest

from tasks.adapters.git_mirror import fetched, materialized, mirror_of, public_address
from tasks.adapters.git_program import ask_git, environment, said
from tasks.adapters.git_repository import (
    LARGEST_FILE,
    changed_files,
    commit_of,
    head_of,
    read_folder,
    unknown_files,
    working_tree,
)
from tasks.kernel.errors import RepositoryUnusable
from tests.fakes.git_repo import GitRepo, bare_copy, make_repo

FOLDER = "configs/models"


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    return make_repo(tmp_path / "repo")


def test_files_are_those_of_the_commit_and_the_tree_stays_as_it_is(repo: GitRepo) -> None:
    repo.write("aster-1.yaml", "a: 1\n")
    first = repo.commit()
    repo.write("aster-1.yaml", "a: 2\n")
    repo.write("birch.yaml", b"\xff\x00raw")
    second = repo.commit()
    repo.write("aster-1.yaml", "a: 3\n")
    assert dict(read_folder(repo.root, first, FOLDER).files) == {"aster-1.yaml": b"a: 1\n"}
    found = read_folder(repo.root, second, FOLDER)
    assert dict(found.files) == {"aster-1.yaml": b"a: 2\n", "birch.yaml": b"\xff\x00raw"}
    assert (repo.root / FOLDER / "aster-1.yaml").read_text() == "a: 3\n"
    assert head_of(repo.root) == second


def test_what_is_no_plain_file_is_named_and_not_read(repo: GitRepo, tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("password: hunter2\n")
    repo.write("good.yaml", "a: 1\n")
    (repo.root / FOLDER / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    (repo.root / FOLDER / "folder.yaml").mkdir()
    repo.write("folder.yaml/inner.yaml", "x\n")
    repo.write("huge.yaml", b"#" * (LARGEST_FILE + 1))
    repo.write("with\x1b[31mcolour.yaml", "x\n")
    repo.write("two\nlines.yaml", "x\n")
    repo.write("--upload-pack=x.yaml", "x\n")
    repo.write("late.yml", "x\n")
    Path(os.fsdecode(os.fsencode(repo.root / FOLDER) + b"/\xff.yaml")).write_text("x\n")
    sha = repo.commit()
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{sha},{FOLDER}/module.yaml")
    repo.git("commit", "-q", "-m", "a submodule")
    found = read_folder(repo.root, head_of(repo.root), FOLDER)
    assert dict(found.files) == {"good.yaml": b"a: 1\n"}
    problems = dict(found.problems)
    assert "symbolic link" in problems["link.yaml"]
    assert "submodule" in problems["module.yaml"]
    assert "folder" in problems["folder.yaml"]
    assert "1,048,577 bytes" in problems["huge.yaml"]
    assert "has to end with .yaml" in problems["late.yml"]
    assert len(problems) == 9
    assert all(name.isprintable() for name in problems), "an escape would reach the terminal"


@pytest.mark.parametrize(
    "ref", ["-x", "--upload-pack=touch x", "", "a\nb", "main^{/-o}", "nowhere"]
)
def test_odd_names_of_commits_are_refused(repo: GitRepo, ref: str) -> None:
    repo.commit()
    with pytest.raises(RepositoryUnusable):
        commit_of(repo.root, ref)


def test_branch_tag_and_sha_name_a_commit_and_a_tag_can_pass_for_no_branch(repo: GitRepo) -> None:
    first = repo.commit()
    repo.git("tag", "v1")
    second = repo.commit()
    assert commit_of(repo.root, "main") == second
    assert commit_of(repo.root, "v1") == commit_of(repo.root, first[:12]) == first
    repo.git("tag", "main", first)
    with pytest.raises(RepositoryUnusable, match="both a branch and a tag"):
        commit_of(repo.root, "main")
    assert commit_of(repo.root, "refs/heads/main") == second


def test_changes_are_named_and_ignored_models_are_no_commits(repo: GitRepo) -> None:
    repo.write("aster-1.yaml", "a: 1\n")
    repo.write(".gitignore", "hidden.yaml\n", folder=".")
    repo.commit()
    assert changed_files(repo.root) == ()
    repo.write("aster-1.yaml", "a: 2\n")
    repo.write("new\nline.yaml", "a: 2\n")
    repo.write("hidden.yaml", "a: 2\n")
    assert changed_files(repo.root) == (f"{FOLDER}/aster-1.yaml", f"{FOLDER}/new\\nline.yaml")
    names = ["aster-1.yaml", "hidden.yaml"]
    assert unknown_files(repo.root, FOLDER, names) == (f"{FOLDER}/hidden.yaml",)


def test_no_program_of_a_repository_runs(repo: GitRepo, tmp_path: Path) -> None:
    """Monitors, hooks and filters of a tree that somebody else set up."""
    trace = tmp_path / "ran"
    script = repo.write("evil.sh", f"#!/bin/sh\ntouch {trace}\n", folder=".")
    script.chmod(0o755)
    repo.write("aster-1.yaml", "a: 1\n")
    repo.commit()
    repo.git("config", "core.fsmonitor", str(script))
    repo.git("config", "core.askPass", str(script))
    hooks = repo.root / ".git" / "hooks"
    for name in ("post-checkout", "reference-transaction", "post-index-change"):
        (hooks / name).write_text(script.read_text())
        (hooks / name).chmod(0o755)
    changed_files(repo.root)
    read_folder(repo.root, head_of(repo.root), FOLDER)
    fetched(str(repo.root), tmp_path / "mirrors")
    assert not trace.exists()


@pytest.mark.parametrize(
    "url", ["ext::sh -c 'touch {x}'", "--upload-pack=touch {x}", "git://127.0.0.1:1/x"]
)
def test_transports_that_run_programs_are_refused(url: str, tmp_path: Path) -> None:
    """Even where the settings' schema, which refuses them too, was not asked."""
    trace = tmp_path / "ran"
    with pytest.raises(RepositoryUnusable):
        fetched(url.replace("{x}", str(trace)), tmp_path / "mirrors")
    assert not trace.exists()


def test_no_credential_of_a_url_is_told(tmp_path: Path) -> None:
    url = "https://ann:hunter2secret@127.0.0.1:1/configs.git"
    with pytest.raises(RepositoryUnusable) as refused:
        fetched(url, tmp_path / "mirrors")
    assert "hunter2" not in str(refused.value)
    assert "127.0.0.1" in str(refused.value)
    assert public_address(url) == "https://127.0.0.1:1/configs.git"
    assert b"hunter2" not in b"".join(
        file.read_bytes() for file in (tmp_path / "mirrors").rglob("*") if file.is_file()
    )
    assert said(b"fatal: https://u:p@host/x: \x1b[31mno\n") == "https://host/x: ?[31mno"


def test_the_callers_git_environment_is_not_taken_over(
    repo: GitRepo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As within a hook of another repository."""
    repo.commit()
    other = make_repo(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", str(other.root / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
    monkeypatch.setenv("SSH_ASKPASS", "/bin/false")
    assert head_of(repo.root)
    assert environment()["GIT_TERMINAL_PROMPT"] == "0"
    assert "SSH_ASKPASS" not in environment()


def test_a_slow_git_is_ended(repo: GitRepo) -> None:
    repo.git("config", "alias.wait", "!sleep 20")
    with pytest.raises(RepositoryUnusable, match=r"took more than 0.2 s"):
        ask_git(["wait"], folder=repo.root, seconds=0.2)


def test_a_mirror_follows_and_goes_on_after_a_kill(repo: GitRepo, tmp_path: Path) -> None:
    repo.write("aster-1.yaml", "a: 1\n")
    first = repo.commit()
    bare = bare_copy(repo, tmp_path / "bare.git")
    mirror = fetched(str(bare), tmp_path / "mirrors")
    assert commit_of(mirror, "main") == first
    (mirror / "packed-refs.lock").write_text("left by a kill")
    (mirror / "refs" / "heads" / "main.lock").write_text("left by a kill")
    repo.write("aster-1.yaml", "a: 2\n")
    second = repo.commit()
    repo.git("push", "-q", "--force", "origin", "main")
    assert commit_of(fetched(str(bare), tmp_path / "mirrors"), "main") == second
    repo.git("reset", "-q", "--hard", first)
    repo.git("push", "-q", "--force", "origin", "main")
    assert commit_of(fetched(str(bare), tmp_path / "mirrors"), "main") == first
    bare.rename(tmp_path / "away.git")
    with pytest.raises(RepositoryUnusable, match="can't be fetched"):
        fetched(str(bare), tmp_path / "mirrors")
    assert commit_of(mirror_of(str(bare), tmp_path / "mirrors"), "main") == first


def test_many_may_fetch_at_once(repo: GitRepo, tmp_path: Path) -> None:
    repo.write("aster-1.yaml", "a: 1\n")
    sha = repo.commit()
    bare = bare_copy(repo, tmp_path / "bare.git")
    found: list[str] = []

    def fetch() -> None:
        mirror = fetched(str(bare), tmp_path / "mirrors")
        place = materialized(read_folder(mirror, sha, FOLDER), FOLDER, tmp_path / "at")
        found.append((place / "aster-1.yaml").read_text())

    threads = [threading.Thread(target=fetch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["a: 1\n"] * 4


def test_a_folder_made_of_a_commit_is_not_believed_when_it_was_changed(
    repo: GitRepo, tmp_path: Path
) -> None:
    repo.write("aster-1.yaml", "a: 1\n")
    held = read_folder(repo.root, repo.commit(), FOLDER)
    place = materialized(held, FOLDER, tmp_path / "at")
    assert place == tmp_path / "at" / held.commit / FOLDER
    file = place / "aster-1.yaml"
    assert not file.stat().st_mode & 0o222
    assert materialized(held, FOLDER, tmp_path / "at") == place
    file.chmod(0o644)
    file.write_text("a: 2\n")
    with pytest.raises(RepositoryUnusable, match="is not what commit"):
        materialized(held, FOLDER, tmp_path / "at")


def test_folders_that_nobody_asked_for_in_a_month_are_removed(
    repo: GitRepo, tmp_path: Path
) -> None:
    held, at = [], tmp_path / "at"
    for text in ("a: 1\n", "a: 2\n", "a: 3\n"):
        repo.write("aster-1.yaml", text)
        held.append(read_folder(repo.root, repo.commit(), FOLDER))
        materialized(held[-1], FOLDER, at)
    month = time.time() - 31 * 86400
    for one in held[:2]:
        os.utime(at / one.commit, (month, month))
    materialized(held[1], FOLDER, at)
    assert {one.name for one in at.iterdir()} == {held[1].commit, held[2].commit}


def test_a_folder_without_git_has_no_tree(tmp_path: Path) -> None:
    assert working_tree(tmp_path) is None
    assert working_tree(tmp_path / "not" / "there") is None


def test_a_root_folder_can_be_read(repo: GitRepo, tmp_path: Path) -> None:
    repo.write("aster-1.yaml", "a: 1\n", folder=".")
    held = read_folder(repo.root, repo.commit(), ".")
    assert list(held.files) == ["aster-1.yaml"]
    assert (materialized(held, ".", tmp_path / "at") / "aster-1.yaml").is_file()
    with pytest.raises(RepositoryUnusable, match="holds no such folder"):
        read_folder(repo.root, held.commit, "nowhere")
