"""New keys in files for their holders, and what a try that was cut off left there.

A key's file is written before its record. So that one without a record can be told from one that
is just being made, both are done within one lock of the folder, which a kill frees.
"""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlmodel import Session, select

from configs.home import under_home
from tasks.ports.gateway import IssuedKey
from tasks.records.access import GrantKey

FOLDER = Path("keys-to-hand-over")
_SHOWN = 12  # digits of the token id in a file's name


@contextmanager
def alone() -> Iterator[None]:
    """Hold back everybody else on this machine who makes keys or looks for leftovers.

    Raises:
        OSError: the folder can't be made or opened.
    """
    folder = under_home(FOLDER)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def write(model_id: str, holder: str, issued: IssuedKey) -> Path:
    """The key in a file that only its owner can read; never overwrites. Within `alone`."""
    who = re.sub(r"[^A-Za-z0-9]+", "-", holder).strip("-").lower()[:40] or "holder"
    path = under_home(FOLDER) / f"{model_id}-{who}-{issued.token_id[:_SHOWN]}.key"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "w", encoding="ascii") as file:
        file.write(f"{issued.key}\n")
        file.flush()
        os.fsync(file.fileno())
    return path


def unrecorded(session: Session, model_id: str) -> list[Path]:
    """Files of keys that no record of any model knows. Sure only within `alone`; reads only."""
    files = sorted(under_home(FOLDER).glob(f"{model_id}-*.key"))
    if not files:
        return []
    known = {token[:_SHOWN] for token in session.exec(select(GrantKey.token_id))}
    return [path for path in files if path.stem.rpartition("-")[2] not in known]
