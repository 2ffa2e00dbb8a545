"""Where a fleet's files come from: a folder, or a commit by the fleet's settings and policy."""

import contextlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from configs.errors import ConfigError, EmeritusError
from configs.home import CHECKOUT, home
from configs.load import load_fleet
from configs.schema.fleet import FleetConfig, FleetRunner
from tasks import wiring
from tasks.adapters.git_mirror import (
    fetched,
    fetched_for_once,
    materialized,
    mirror_of,
    public_address,
)
from tasks.adapters.git_repository import (
    Folder,
    changed_files,
    commit_of,
    head_of,
    read_folder,
    unknown_files,
    working_tree,
)
from tasks.adapters.git_signatures import signer_of
from tasks.kernel.errors import CommitRefused, RepositoryUnusable

DIRTY = "-dirty"
_MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class Source:
    """The files of a fleet, as they can be read now.

    Attributes:
        name: where they come from, for people; never with a password.
        files: one YAML a model.
        problems: name of a file -> why it can't be used.
        commit: SHA that every row written by a pass records; with `-dirty` where files differ from
            it; empty where no git tells.
        runner: how passes run.
        warning: what an operator has to know though the fleet goes on; empty for nothing.
    """

    name: str
    files: tuple[Path, ...]
    problems: Mapping[str, str] = field(default_factory=dict)
    commit: str = ""
    runner: FleetRunner = field(default_factory=FleetRunner)
    warning: str = ""


@dataclass(frozen=True, slots=True)
class _Place:
    """What was named: settings, and the root that their paths are relative to."""

    config: FleetConfig
    root: Path

    @property
    def repository(self) -> str:
        """What git is given: a URL as it stands, a path below the root."""
        written = self.config.configs.repository
        if not written or self.config.configs.is_remote or "://" in written:
            return written
        return str((self.root / written).resolve())


def source_of(models: Path) -> Source:
    """What a fleet passes over. Fetches, and makes folders under EMERITUS_HOME, where settings ask.

    Args:
        models: a folder with one YAML a model, or a fleet's settings file.

    Raises:
        CommitRefused: the policy allows no pass.
        ConfigError: the settings can't be used, or there is no file.
        RepositoryUnusable: git can't give the files.
    """
    if not models.is_dir():
        place = _settings(models)
        found = _of_repository(place) if place.repository else _of_tree(place)
    else:
        files = _yaml_in(models)
        found = Source(str(models), files, {}, _commit_of_folder(models, files))
    if not found.files and not found.problems:
        raise ConfigError(f"{found.name}: holds no .yaml file; name the folder of your models")
    return found


@contextmanager
def read_at(models: Path, ref: str = "") -> Iterator[tuple[str, Folder, str]]:
    """A fleet's files for looking at, in memory; changes nothing, fetches into a temporary folder.

    Args:
        models: as for `source_of`.
        ref: a commit, branch or tag; empty for the settings' own, or for the files as they stand.

    Yields:
        Where they come from, the files, and the folder within its repository. The commit is empty
        where no git tells.

    Raises:
        ConfigError, RepositoryUnusable: as for `source_of`.
    """
    if models.is_dir():
        yield _read_tree(models, ref)
        return
    place = _settings(models)
    if not place.repository:
        yield _read_tree(place.root / place.config.configs.folder, ref)
        return
    below = place.config.configs.folder
    with fetched_for_once(place.repository) as mirror:
        sha = commit_of(mirror, ref or place.config.configs.ref)
        name = f"{below} of {public_address(place.repository)}"
        yield name, read_folder(mirror, sha, below), below


def policy_says(models: Path, ref: str = "") -> tuple[str, ...]:
    """What the policy of a fleet's settings would refuse, whatever the files say. Reads only."""
    if models.is_dir():
        return ()
    place = _settings(models)
    policy = place.config.policy
    if not (policy.require_clean or policy.require_signed):
        return ()
    try:
        if place.repository:
            with fetched_for_once(place.repository) as mirror:
                sha = commit_of(mirror, ref or place.config.configs.ref)
                allow(sha, mirror, place.root, place.config)
        elif ref:
            allow(commit_of(place.root, ref), place.root, place.root, place.config)
        else:
            _allowed_head(place)
    except (CommitRefused, RepositoryUnusable) as error:
        return (f"policy: {error}",)
    return ()


def allow(commit: str, repository: Path, place_root: Path, config: FleetConfig) -> None:
    """Hold a commit against the policy on signatures. Raises `CommitRefused`."""
    if config.policy.require_signed:
        signers = place_root / config.policy.allowed_signers
        signer_of(repository, commit, signers, wiring.clock().now())


def _settings(path: Path) -> _Place:
    config = load_fleet(path)
    folder = path.absolute().parent
    try:
        root = working_tree(folder)
    except RepositoryUnusable:
        if config.policy.require_clean or config.policy.require_signed:
            raise
        root = None
    if root is None:  # no git here: an image, or an unpacked archive
        root = CHECKOUT if folder.is_relative_to(CHECKOUT) else folder
    return _Place(config, root)


def _of_repository(place: _Place) -> Source:
    configs = place.config.configs
    warning = ""
    try:
        mirror = fetched(place.repository, home() / "configs-mirror")
    except RepositoryUnusable as error:
        if (last := _fetched_before(place.repository)) is None:
            raise
        mirror = last
        warning = f"{error}; went by what was fetched before"
    sha = commit_of(mirror, configs.ref)
    allow(sha, mirror, place.root, place.config)
    folder = read_folder(mirror, sha, configs.folder)
    name = f"{configs.folder} of {public_address(place.repository)}, commit {sha[:12]}"
    return _from_commit(name, folder, place, warning)


def _fetched_before(repository: str) -> Path | None:
    mirror = mirror_of(repository, home() / "configs-mirror")
    return mirror if (mirror / "HEAD").is_file() else None


def _of_tree(place: _Place) -> Source:
    """The working tree; where the policy says something, exactly what its commit holds."""
    configs, policy = place.config.configs, place.config.policy
    folder = place.root / configs.folder
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder; mend configs.folder")
    if not (policy.require_clean or policy.require_signed):
        files = _yaml_in(folder)
        commit = _commit_of_folder(folder, files)
        return Source(str(folder), files, {}, commit, place.config.runner)
    tree, head = _allowed_head(place)
    held = read_folder(tree, head, configs.folder)
    return _from_commit(f"{folder}, commit {head[:12]}", held, place, "")


def _allowed_head(place: _Place) -> tuple[Path, str]:
    """The working tree's root and its commit, which holds all that the tree does."""
    tree = working_tree(place.root)
    head = head_of(tree) if tree is not None else ""
    if tree is None or not head:
        raise CommitRefused(f"{place.root}: no commit of git is here, and the policy asks for one")
    folder = place.root / place.config.configs.folder
    dirty = _dirty(tree, folder, _yaml_in(folder))
    if dirty:
        more = f" and {len(dirty) - _MOST_NAMED} more" if len(dirty) > _MOST_NAMED else ""
        raise CommitRefused(
            f"{tree}: has changes that no commit holds: {', '.join(dirty[:_MOST_NAMED])}{more}; "
            "commit them or put them back (policy: require_clean)"
        )
    allow(head, tree, place.root, place.config)
    return tree, head


def _from_commit(name: str, folder: Folder, place: _Place, warning: str) -> Source:
    made = materialized(folder, place.config.configs.folder, home() / "configs-at")
    files = tuple(made / one for one in sorted(folder.files))
    runner = place.config.runner
    return Source(name, files, dict(folder.problems), folder.commit, runner, warning)


def _read_tree(folder: Path, ref: str) -> tuple[str, Folder, str]:
    if not folder.is_dir() and not ref:
        raise ConfigError(f"{folder}: no such folder or file; name a folder or fleet settings")
    if ref:
        tree = working_tree(folder.absolute())
        if tree is None:
            raise RepositoryUnusable(f"{folder}: is in no git repository, so that it has no {ref}")
        below = folder.resolve().relative_to(tree.resolve()).as_posix()
        return below, read_folder(tree, commit_of(tree, ref), below), below
    files = _yaml_in(folder)
    shown = str(folder)
    with contextlib.suppress(EmeritusError, ValueError):
        if folder.is_absolute() and (tree := working_tree(folder)) is not None:
            shown = folder.resolve().relative_to(tree.resolve()).as_posix()
    held, problems = dict[str, bytes](), dict[str, str]()
    for file in files:
        try:
            held[file.name] = file.read_bytes()
        except OSError as error:
            problems[file.name] = f"can't be read: {error.strerror}"
    return shown, Folder(_commit_of_folder(folder, files), held, problems), shown


def _yaml_in(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(folder.glob("*.yaml")))


def _commit_of_folder(folder: Path, files: tuple[Path, ...]) -> str:
    """HEAD, with `-dirty` where files differ from it; empty where git can't tell."""
    try:
        tree = working_tree(folder.absolute())
        head = head_of(tree) if tree is not None else ""
        if tree is None or not head:
            return ""
        return head + (DIRTY if _dirty(tree, folder, files) else "")
    except EmeritusError:
        return ""


def _dirty(tree: Path, folder: Path, files: tuple[Path, ...]) -> tuple[str, ...]:
    """What no commit holds: changes anywhere in the tree, and models that git is told to ignore."""
    changed = changed_files(tree)
    below = folder.resolve().relative_to(tree.resolve()).as_posix()
    unknown = unknown_files(tree, below, [one.name for one in files])
    return tuple(sorted({*changed, *unknown}))
