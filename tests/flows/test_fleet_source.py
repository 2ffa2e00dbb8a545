"""Where a fleet's files come from: refs, policies, and what a hostile repository can't do."""

import threading
from pathlib import Path

import pytest

from configs.errors import ConfigError
from configs.load import load_fleet, load_retirement
from flows.fleet_look import look_over
from flows.fleet_source import source_of
from flows.passing import going_by_commit, one_pass
from tasks import wiring
from tasks.kernel.errors import CommitRefused, RepositoryUnusable
from tasks.records.audit import AuditEntry
from tasks.records.retirement import Retirement
from tests.fakes.clock import FakeClock
from tests.fakes.git_repo import GitRepo, bare_copy, listed, make_key, make_repo


@pytest.fixture
def repo(tmp_path: Path, clock: FakeClock, home: Path) -> GitRepo:
    repo = make_repo(tmp_path / "repo")
    repo.model()
    return repo


@pytest.fixture
def alice(tmp_path: Path) -> Path:
    key = make_key(tmp_path / "people", "alice")
    (tmp_path / "people" / "allowed_signers").write_text(listed(key, "alice"))
    return key


def fleet_file(place: Path, *, policy: str = "", **configs: str) -> Path:
    lines = ["schema_version: 1", "configs:", *(f"  {k}: '{v}'" for k, v in configs.items())]
    if not configs:
        lines[-1] = "configs: {}"
    if policy:
        lines.append(f"policy: {{{policy}}}")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("\n".join(lines) + "\n")
    return place


def test_a_folder_records_its_commit_and_says_when_it_differs(repo: GitRepo) -> None:
    folder = repo.root / "configs" / "models"
    assert source_of(folder).commit == "", "there is no commit yet"
    sha = repo.commit()
    assert source_of(folder).commit == sha
    repo.model("birch-1")
    assert source_of(folder).commit == f"{sha}-dirty"


def test_a_folder_without_git_has_no_commit(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("x: 1\n")
    assert source_of(tmp_path).commit == ""
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match=r"holds no \.yaml file"):
        source_of(tmp_path / "empty")


def test_a_repository_gives_the_files_of_its_ref(repo: GitRepo, tmp_path: Path, home: Path) -> None:
    sha = repo.commit()
    repo.git("checkout", "-q", "-b", "later")
    repo.model("birch-1")
    later = repo.commit()
    bare = bare_copy(repo, tmp_path / "bare.git")
    found = source_of(fleet_file(tmp_path / "a.yaml", repository=str(bare), ref="main"))
    assert [file.name for file in found.files] == ["aster-1.yaml"]
    assert found.commit == sha
    assert found.files[0] == home / "configs-at" / sha / "configs" / "models" / "aster-1.yaml"
    assert load_retirement(found.files[0]).id == "aster-1"
    found = source_of(fleet_file(tmp_path / "b.yaml", repository=str(bare), ref="later"))
    assert (found.commit, len(found.files)) == (later, 2)


def test_what_was_fetched_before_serves_while_the_server_is_away(
    repo: GitRepo, tmp_path: Path
) -> None:
    """Notices that are due don't hang on a git server; but it is told."""
    sha = repo.commit()
    bare = bare_copy(repo, tmp_path / "bare.git")
    file = fleet_file(tmp_path / "fleet.yaml", repository=str(bare))
    assert source_of(file).warning == ""
    bare.rename(tmp_path / "away.git")
    found = source_of(file)
    assert found.commit == sha
    assert "went by what was fetched before" in found.warning
    with pytest.raises(RepositoryUnusable):
        source_of(fleet_file(tmp_path / "other.yaml", repository=str(tmp_path / "never.git")))


def test_a_dirty_tree_is_refused_with_its_files(repo: GitRepo) -> None:
    file = fleet_file(repo.root / "configs" / "fleet.yaml", policy="require_clean: true")
    with pytest.raises(CommitRefused, match="no commit of git"):
        source_of(file)
    sha = repo.commit()
    assert source_of(file).commit == sha
    for number in range(12):
        repo.write(f"new-{number:02d}.yaml", "x: 1\n")
    with pytest.raises(CommitRefused) as refused:
        source_of(file)
    assert "configs/models/new-00.yaml, " in str(refused.value)
    assert "and 2 more" in str(refused.value)


def test_under_a_policy_the_commit_is_passed_over_and_not_the_tree(
    repo: GitRepo, home: Path
) -> None:
    """What is written to the tree after it was looked at is not taken along."""
    file = fleet_file(repo.root / "configs" / "fleet.yaml", policy="require_clean: true")
    repo.commit()
    found = source_of(file)
    assert all(one.is_relative_to(home) for one in found.files)
    repo.git("update-index", "--assume-unchanged", "configs/models/aster-1.yaml")
    repo.model(candidate={"successor": "mallory-1"})  # which git was told not to look at
    hidden = source_of(file)
    assert load_retirement(hidden.files[0]).candidate.successor == "aster-2"


@pytest.mark.parametrize("remote", [True, False])
def test_an_unsigned_commit_is_refused_and_a_signed_one_is_not(
    repo: GitRepo, tmp_path: Path, alice: Path, remote: bool
) -> None:
    policy = f"require_signed: true, allowed_signers: '{alice.parent / 'allowed_signers'}'"
    place = (tmp_path if remote else repo.root / "configs") / "fleet.yaml"
    bare = tmp_path / "bare.git"
    file = fleet_file(place, policy=policy, **({"repository": str(bare)} if remote else {}))
    repo.commit()
    bare_copy(repo, bare)
    with pytest.raises(CommitRefused, match="is unsigned"):
        source_of(file)
    sha = repo.commit(key=alice)
    repo.git("push", "-q", "origin", "main")
    assert source_of(file).commit == sha
    repo.commit(key=make_key(tmp_path / "others", "mallory"))
    repo.git("push", "-q", "origin", "main")
    with pytest.raises(CommitRefused, match="nobody's key"):
        source_of(file)


def test_entries_that_are_no_files_are_refused_and_stop_no_other(
    repo: GitRepo, tmp_path: Path
) -> None:
    (repo.root / "configs" / "models" / "evil.yaml").symlink_to("/etc/passwd")
    repo.write("with\x1b[31m.yaml", "x")
    repo.commit()
    bare = bare_copy(repo, tmp_path / "bare.git")
    looked = look_over(fleet_file(tmp_path / "fleet.yaml", repository=str(bare)))
    assert list(looked.due) == ["aster-1"]
    assert "symbolic link" in looked.refused["evil.yaml"]
    assert all(name.isprintable() for name in looked.refused)


def test_every_row_of_a_pass_records_the_commit_and_a_persons_act_none(
    repo: GitRepo, tmp_path: Path
) -> None:
    sha = repo.commit()
    looked = look_over(repo.root / "configs" / "models")
    with going_by_commit(looked.source.commit), one_pass(looked.due["aster-1"]):
        pass
    book = wiring.book()
    with book.reading() as session:
        row = session.get_one(Retirement, "aster-1")
        entry = session.get_one(AuditEntry, 1)
    assert (row.config_commit, entry.config_commit) == (sha, sha)
    assert book.verify_audit().problems == ()
    with book._writes.begin() as connection:  # behind the chain's back
        connection.exec_driver_sql("update audit_entry set config_commit = ''")
    assert any("was changed" in problem for problem in book.verify_audit().problems)


def test_removed_files_delete_nothing(repo: GitRepo) -> None:
    repo.model("birch-1")
    repo.commit()
    folder = repo.root / "configs" / "models"
    for file in look_over(folder).due.values():
        with one_pass(file):
            pass
    (folder / "birch-1.yaml").unlink()
    repo.commit()
    looked = look_over(folder)
    assert list(looked.due) == ["aster-1"]
    with wiring.book().reading() as session:
        assert session.get(Retirement, "birch-1") is not None


def test_two_fleets_at_once_make_one_folder(repo: GitRepo, tmp_path: Path) -> None:
    repo.commit()
    bare = bare_copy(repo, tmp_path / "bare.git")
    file = fleet_file(tmp_path / "fleet.yaml", repository=str(bare))
    found: list[Path] = []
    threads = [
        threading.Thread(target=lambda: found.append(source_of(file).files[0])) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert len(set(found)) == 1


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("repository", "https://ann:hunter2secret@host/x.git", "user or a password"),
        ("repository", "https://hunter2secret@host/x.git", "user or a password"),
        ("repository", "ssh://git:hunter2secret@host/x.git", "user or a password"),
        ("repository", "ext::sh -c hunter2secret", "runs a program"),
        ("repository", "--upload-pack=hunter2secret", "no address"),
        ("repository", "http://host/hunter2secret", "fetched by http"),
        ("ref", "-hunter2secret", "no name of a branch"),
        ("ref", "a..hunter2secret", "no name of a branch"),
        ("folder", "../hunter2secret", "leads out"),
        ("folder", "/hunter2secret", "leads out"),
    ],
)
def test_settings_that_git_should_not_see_are_refused_by_line(
    tmp_path: Path, field: str, value: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=said) as refused:
        load_fleet(fleet_file(tmp_path / "fleet.yaml", **{field: value}))
    assert str(refused.value).startswith(f"{tmp_path / 'fleet.yaml'}:3: configs.{field}: ")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "value",
    [
        "git@host:team/configs.git",
        "ssh://git@host/x.git",
        "https://host/x.git",
        "../x",
        "file:///x",
    ],
)
def test_usual_addresses_are_taken(tmp_path: Path, value: str) -> None:
    config = load_fleet(fleet_file(tmp_path / "fleet.yaml", repository=value))
    assert config.configs.is_remote == (value[:3] in ("git", "ssh", "htt"))


def test_the_shipped_settings_work_as_they_are(home: Path) -> None:
    from configs.home import CHECKOUT

    found = source_of(CHECKOUT / "configs" / "fleet.yaml")
    assert CHECKOUT / "configs" / "models" / "birch-7b.yaml" in found.files
    assert found.runner.at_once == 4


def test_a_scheduler_without_dask_is_a_mistake(tmp_path: Path) -> None:
    file = fleet_file(tmp_path / "fleet.yaml")
    file.write_text(file.read_text() + "runner: {scheduler_env: DASK}\n")
    with pytest.raises(ConfigError, match="kind: dask"):
        load_fleet(file)
