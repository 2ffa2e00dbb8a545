"""What a git repository holds: commits, a working tree's state, and the files of a folder.

Files are read out of git's store, never checked out: the user's working tree, index and branches
stay as they are, and no filter or hook runs. What is no plain file is named, and not read.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tasks.adapters.git_program import ask_git, said, shown
from tasks.kernel.errors import RepositoryUnusable

LARGEST_FILE = 1 << 20  # bytes; a configuration that is larger is refused when it is read, too
_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.ya?ml")
_KINDS = {b"120000": "is a symbolic link", b"160000": "is a submodule", b"040000": "is a folder"}


@dataclass(frozen=True, slots=True)
class Folder:
    """The YAML files of a folder, as a commit holds them.

    Attributes:
        commit: the commit's SHA.
        files: name -> bytes, sorted.
        problems: one sentence for each entry that can't be used, by its name, escaped.
    """

    commit: str
    files: Mapping[str, bytes]
    problems: Mapping[str, str]


def working_tree(path: Path) -> Path | None:
    """The root of the working tree that a folder stands in; None where it is in none."""
    start = next(one for one in (path, *path.parents) if one.is_dir())
    asked = ask_git(["rev-parse", "--show-toplevel"], folder=start, allowed=(0, 128))
    if asked.returncode == 0:
        return Path(asked.stdout.decode().rstrip("\n"))
    if b"not a git repository" in asked.stderr or b"must be run in a work tree" in asked.stderr:
        return None
    raise RepositoryUnusable(f"{start}: {said(asked.stderr)}")


def commit_of(folder: Path, ref: str) -> str:
    """The SHA of the commit that a name stands for.

    Args:
        folder: a working tree, or a bare repository.
        ref: a branch, a tag, a SHA, or such as `HEAD~1`. A tag and a branch of one name must agree.

    Raises:
        RepositoryUnusable: no such commit, or no name that git may be asked for.
    """
    if not ref or ref.startswith("-") or not ref.isprintable():
        raise RepositoryUnusable(f"{shown(ref)!r}: is no name of a commit, branch or tag")
    named = (_rev(folder, f"refs/heads/{ref}"), _rev(folder, f"refs/tags/{ref}"))
    if named[0] and named[1] and named[0] != named[1]:
        raise RepositoryUnusable(
            f"{ref!r}: is both a branch and a tag; write refs/heads/{ref} or refs/tags/{ref}"
        )
    found = named[0] or named[1] or _rev(folder, ref)
    if not found:
        raise RepositoryUnusable(
            f"{ref!r}: no such commit, branch or tag in {folder}; check the name, and fetch it"
        )
    return found


def head_of(tree: Path) -> str:
    """The SHA that a working tree stands at; empty before its first commit."""
    return _rev(tree, "HEAD")


def changed_files(tree: Path) -> tuple[str, ...]:
    """Paths below a working tree's root that differ from its last commit, or that git doesn't know.

    Files that git is told to ignore don't count.
    """
    told = ask_git(
        ["status", "--porcelain=v1", "-z", "--untracked-files=all", "--ignore-submodules=none"],
        folder=tree,
    ).stdout
    found, parts = [], iter(told.decode(errors="surrogateescape").split("\0"))
    for part in parts:
        if part:
            found.append(part[3:])
            if part[0] in "RC":  # followed by the name that it had
                next(parts, None)
    return tuple(sorted(shown(one) for one in found))


def unknown_files(tree: Path, folder: str, names: Iterable[str]) -> tuple[str, ...]:
    """Which of a folder's files no commit could hold since git doesn't know them: ignored ones."""
    listed = ask_git(["ls-files", "-z", "--", folder or "."], folder=tree).stdout
    known = set(listed.decode(errors="surrogateescape").split("\0"))
    paths = (f"{folder}/{name}" if folder not in ("", ".") else name for name in names)
    return tuple(sorted(shown(path) for path in paths if path not in known))


def read_folder(repository: Path, commit: str, folder: str) -> Folder:
    """The YAML files of a folder in a commit, read out of git's store.

    Args:
        repository: a working tree, or a bare repository.
        commit: full SHA.
        folder: relative to the root, with `/`; `.` for the root itself.

    Raises:
        RepositoryUnusable: the commit holds no such folder, or can't be read.
    """
    if not _SHA.fullmatch(commit):
        raise RepositoryUnusable(f"{shown(commit)!r}: is no commit's SHA")
    below = "" if folder == "." else folder
    listed = ask_git(
        ["ls-tree", "-z", "--long", f"{commit}:{below}"], folder=repository, allowed=(0, 128)
    )
    if listed.returncode:
        raise RepositoryUnusable(
            f"{folder}: commit {commit[:12]} holds no such folder ({said(listed.stderr)})"
        )
    wanted: dict[str, bytes] = {}
    problems: dict[str, str] = {}
    for entry in filter(None, listed.stdout.split(b"\0")):
        about, _, raw = entry.partition(b"\t")
        if not raw.lower().endswith((b".yaml", b".yml")):
            continue
        mode, _, sha, size = about.split()
        name, problem = _checked(raw, mode, size)
        if problem:
            problems[name] = problem
        else:
            wanted[name] = sha
    return Folder(commit, _blobs(repository, wanted), problems)


def _checked(raw: bytes, mode: bytes, size: bytes) -> tuple[str, str]:
    """An entry's name, and what is wrong with it; empty for nothing."""
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1").encode("unicode_escape").decode(), "its name is not UTF-8"
    if mode in _KINDS:
        return shown(name), f"{_KINDS[mode]}; write a plain file"
    if not _NAME.fullmatch(name):
        return shown(name), "name it after the model's id, such as aster-1.yaml"
    if name.endswith(".yml"):
        return name, "is not read; its name has to end with .yaml"
    if int(size) > LARGEST_FILE:
        return name, f"has {int(size):,} bytes, more than {LARGEST_FILE:,}"
    return name, ""


def _blobs(repository: Path, wanted: Mapping[str, bytes]) -> dict[str, bytes]:
    """All in one go: a process a file would take longer than all passes."""
    if not wanted:
        return {}
    names = sorted(wanted)
    asked = b"".join(wanted[name] + b"\n" for name in names)
    out = ask_git(["cat-file", "--batch"], folder=repository, stdin=asked).stdout
    found, at = {}, 0
    for name in names:
        end = out.index(b"\n", at)
        header = out[at:end].split()
        if len(header) != 3 or header[1] != b"blob":
            raise RepositoryUnusable(f"{name}: git can't read it; the repository is damaged")
        size = int(header[2])
        found[name] = out[end + 1 : end + 1 + size]
        at = end + 2 + size
    return found


def _rev(folder: Path, name: str) -> str:
    asked = ask_git(
        ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"],
        folder=folder,
        allowed=(0, 1, 128),
    )
    sha = asked.stdout.decode(errors="replace").strip()
    if asked.returncode == 0 and _SHA.fullmatch(sha):
        return sha
    if b"dubious ownership" in asked.stderr or b"not a git repository" in asked.stderr:
        raise RepositoryUnusable(f"{folder}: {said(asked.stderr)}")
    return ""
