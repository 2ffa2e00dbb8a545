"""Git, asked as a program: never interactive, never running what a repository brings along.

Hooks, file system monitors and transports that run a command are off. Of the caller's environment
only what names keys, certificates and settings of git reaches it, so that a pass within somebody's
hook looks at the repository that it was given.
"""

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tasks.kernel.errors import RepositoryUnusable

SHORT_SECONDS = 60.0
_KEPT = ("GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_CONFIG_GLOBAL")
_KEPT_BEGINNINGS = ("GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_")
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.askPass=",
    "core.quotePath=true",
    "protocol.ext.allow=never",
    "gc.auto=0",
    "maintenance.auto=false",
    "advice.detachedHead=false",
)
_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]*@")
_MOST_SAID = 400


def ask_git(
    arguments: Sequence[str],
    *,
    folder: Path,
    seconds: float = SHORT_SECONDS,
    stdin: bytes = b"",
    allowed: Sequence[int] = (0,),
) -> "subprocess.CompletedProcess[bytes]":
    """Run git in a folder, and return what it said.

    Args:
        arguments: the command and its own; whatever came from elsewhere must not begin with `-`.
        folder: a working tree, or a bare repository.
        seconds: after so many it is ended.
        stdin: what it is given to read.
        allowed: exit statuses that are an answer.

    Raises:
        RepositoryUnusable: git is not there, took too long, or ended otherwise.
    """
    command = ["git", *(part for one in _SETTINGS for part in ("-c", one)), *arguments]
    what = f"git {arguments[0]} in {folder}"
    try:
        run = subprocess.run(
            command,
            cwd=folder,
            input=stdin,
            capture_output=True,
            env=environment(),
            timeout=seconds,
            check=False,
        )
    except FileNotFoundError:
        missing = "git is not installed" if folder.is_dir() else f"{folder}: no such folder"
        raise RepositoryUnusable(f"{missing}; mend that, and try again") from None
    except subprocess.TimeoutExpired:
        raise RepositoryUnusable(
            f"{what}: took more than {seconds:g} s; check the repository and the network"
        ) from None
    except OSError as error:
        raise RepositoryUnusable(f"{what}: {error.strerror}") from None
    if run.returncode not in allowed:
        raise RepositoryUnusable(f"{what}: {said(run.stderr) or f'status {run.returncode}'}")
    return run


def environment() -> dict[str, str]:
    """What git is started with."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GIT_", "SSH_ASKPASS"))
        or name in _KEPT
        or name.startswith(_KEPT_BEGINNINGS)
    }
    kept.setdefault("GIT_SSH_COMMAND", "ssh -oBatchMode=yes -oConnectTimeout=20")
    return {
        **kept,
        "GIT_ALLOW_PROTOCOL": "file:https:ssh",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "LC_ALL": "C",
    }


def said(stderr: bytes) -> str:
    """Git's own words on one line: without its prefixes, control characters and credentials."""
    lines = stderr.decode(errors="replace").splitlines()
    words = " ".join(
        line.removeprefix("fatal: ").removeprefix("error: ").strip()
        for line in lines
        if line.strip() and not line.startswith("hint:")
    )
    clean = "".join(c if c.isprintable() else "?" for c in words)
    clean = _CREDENTIALS.sub("", clean)
    return clean if len(clean) <= _MOST_SAID else f"{clean[:_MOST_SAID]}..."


def shown(name: str) -> str:
    """A name out of a repository, fit for a terminal: what is not printable is escaped."""
    return name if name.isprintable() else name.encode("unicode_escape").decode()
