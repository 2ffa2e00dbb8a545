"""Reads the signed grants files that Emeritus writes, and believes only what verifies.

Needs Python's standard library and `ssh-keygen` alone, so that other gateways can use it too.
Environment:

    EMERITUS_GRANTS          folder with `<model>.json` and `<model>.json.sig`
    EMERITUS_GRANTS_SIGNERS  allowed_signers file with the public key that signs them; keep it where
                             whoever writes the folder can't write
    EMERITUS_GRANTS_SEEN     optional file of the gateway's own: remembers the newest file of each
                             model over restarts, so that an older signed one is refused then too

What always holds: a file that does not verify, or that is older than one seen, opens nothing that
the last good one did not, and after GRACE_SECONDS nothing at all. Older is what has a lower
`serial`, whatever a clock said. A name that two files tell of opens nothing by either, until one of
them gives it up, or was removed GRACE_SECONDS ago.
"""

import asyncio
import hashlib
import hmac
import json
import logging
import math
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

_log = logging.getLogger("emeritus")

FORMAT = "emeritus-grants/2"
NAMESPACE = "emeritus-grants@v1"
SIGNER = "emeritus"
#: How long the last good file stays in force beside one that does not verify: body and signature
#: are two files, so a reader may meet a new one beside an old one for some milliseconds.
GRACE_SECONDS = 10.0


class Untrusted(Exception):
    """A grants file that is not to be believed, and why."""


@dataclass(frozen=True)
class Grant:
    """One grant as a file tells it; instants in seconds since 1970."""

    model_id: str
    names: frozenset[str]
    id: str
    kind: str
    holder: str
    starts: float
    ends: float
    revoked: float | None
    tokens: tuple[str, ...]

    def in_force(self, at: float) -> bool:
        """Whether it opens the model at an instant."""
        return self.starts <= at < self.ends and (self.revoked is None or at < self.revoked)

    def why_not(self, at: float) -> str:
        """Half a sentence for its holder."""
        if self.revoked is not None and at >= self.revoked:
            return f"was revoked on {_shown(self.revoked)}"
        if at >= self.ends:
            return f"ended on {_shown(self.ends)}"
        return f"begins on {_shown(self.starts)}"


@dataclass
class _File:
    """What is known of one model's file: the last good one, and how the latest try went."""

    tried: tuple[Any, ...] = ()
    body: dict[str, Any] | None = None
    grants: tuple[Grant, ...] = ()
    serial: int = 0
    bad_since: float | None = None
    why: str = ""


#: What stands for a file that is not there.
_GONE = (None, None)


class GrantsFolder:
    """The grants files of a folder, verified anew whenever one changes.

    Every question looks at the files' sizes, times and inodes first (some microseconds), so that
    what was written counts from the next request on.
    """

    def __init__(
        self,
        folder: Path,
        signers: Path,
        seen: Path | None = None,
        now: Callable[[], float] = time.time,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        self._folder, self._signers, self._seen = folder, signers, seen
        self._now, self._grace = now, grace_seconds
        self._files: dict[str, _File] = {}
        self._shared: frozenset[str] = frozenset()
        self._lapses_at = math.inf  # when a removed file's claim to its names does
        self._lock = threading.Lock()

    def refresh(self) -> None:
        """Read what changed. Never raises for a file: what can't be believed opens nothing."""
        if self.is_stale():
            with self._lock:
                self._reload()

    async def fresh(self) -> None:
        """The same without keeping the event loop waiting for `ssh-keygen`."""
        if self.is_stale():
            await asyncio.to_thread(self.refresh)

    def is_stale(self) -> bool:
        """Whether a file came, went or changed since it was read, or a removed one lapses now."""
        found = self._stamps()
        return (
            self._now() >= self._lapses_at
            or found.keys() != self._files.keys()
            or any(file.tried != found[name] for name, file in self._files.items())
        )

    def telling_of(self, model_name: str) -> tuple[dict[str, Any], ...]:
        """The bodies of the files that tell of a model, by a name that the gateway serves it under.

        None where no file does, or where it is not believed; more than one where the name is
        shared, so that no file says for certain which model it is. A provider's prefix is looked
        through (`openai/aster-1` is `aster-1`), since this is asked to close a model as well; only
        an exact name opens one.
        """
        self.refresh()
        for name in without_prefixes(model_name):
            bodies = [file.body for file in self._believed() if file.body is not None]
            if found := tuple(body for body in bodies if name in body["names"]):
                return found
        return ()

    @property
    def shared(self) -> frozenset[str]:
        """Names that more than one file tells of, also files that are no longer believed.

        One that was removed counts for the time of grace, so that nothing opens by a moment's gap.
        """
        return self._shared

    def grants_of(self, token_id: str) -> list[Grant]:
        """The grants under which a key was given, in force or not. Compares in constant time."""
        return [
            grant for file in self._believed() for grant in file.grants if _holds(grant, token_id)
        ]

    def is_ours(self, token_id: str) -> bool:
        """Whether a key stands in any file read so far, also one that is no longer believed."""
        held = [_holds(grant, token_id) for file in self._files.values() for grant in file.grants]
        return any(held)

    def _believed(self) -> Iterator[_File]:
        at = self._now()
        for _, file in sorted(self._files.items()):
            if file.bad_since is None or at < file.bad_since + self._grace:
                yield file

    def _stamps(self) -> dict[str, tuple[Any, ...]]:
        """Model -> what changes when its file or its signature does; known models stay in."""
        found: dict[str, tuple[Any, ...]] = dict.fromkeys(self._files, _GONE)
        with suppress(OSError), os.scandir(self._folder) as entries:
            for entry in entries:
                if entry.name.endswith(".json") and not entry.name.startswith("."):
                    pair = (_stamp(entry.path), _stamp(f"{entry.path}.sig"))
                    found[entry.name.removesuffix(".json")] = pair
        return found

    def _reload(self) -> None:
        stamps = self._stamps()
        for name, stamp in stamps.items():
            file = self._files.get(name, _File())
            if file.tried == stamp:
                continue
            try:
                body = self._read(name)
                serial = _serial(body)
                newest = max(file.serial, self._remembered(name))
                if serial < newest:
                    raise Untrusted(f"is number {serial}; number {newest} was seen")
                grants = tuple(_grants(body))
            except (Untrusted, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                since = file.bad_since if file.bad_since is not None else self._now()
                why = str(error) or type(error).__name__
                file = _File(stamp, file.body, file.grants, file.serial, since, why)
                _log.error("grants file of %s is not believed: %s", name, why)
            else:
                file = _File(stamp, body, grants, serial)
                self._remember(name, serial)
            files = {**self._files, name: file}
            sharing = self._sharing(files, stamps, self._now())
            self._shared |= sharing  # until readers see the new files, what either says is shared
            self._files = files  # readers see all of the old or of the new
            self._shared = sharing
        at = self._now()
        self._shared = self._sharing(self._files, stamps, at)
        ends = [self._ends(file) for name, file in self._files.items() if stamps[name] == _GONE]
        self._lapses_at = min((end for end in ends if end > at), default=math.inf)

    def _ends(self, file: _File) -> float:
        """Until when a removed file's claim to its names counts."""
        return math.inf if file.bad_since is None else file.bad_since + self._grace

    def _sharing(
        self, files: dict[str, _File], stamps: dict[str, tuple[Any, ...]], at: float
    ) -> frozenset[str]:
        claims: dict[str, list[str]] = {}
        for model, file in sorted(files.items()):
            lapsed = stamps[model] == _GONE and at >= self._ends(file)
            for name in () if lapsed else _names(file):
                claims.setdefault(name, []).append(model)
        shared = {name: models for name, models in claims.items() if len(models) > 1}
        for name in sorted(shared.keys() - self._shared):
            _log.error(
                "the name %s is told of by the grants files of %s: no grant opens it until one of "
                "them gives it up",
                name,
                " and ".join(shared[name]),
            )
        return frozenset(shared)

    def _read(self, name: str) -> dict[str, Any]:
        path = self._folder / f"{name}.json"
        data, signature = path.read_bytes(), Path(f"{path}.sig").read_bytes()
        _verify(data, signature, self._signers)
        body = json.loads(data)
        if body["format"] != FORMAT or body["model_id"] != name:
            raise Untrusted(f"tells of {body['model_id']!r} in {body['format']!r}")
        return body  # type: ignore[no-any-return]

    def _remembered(self, name: str) -> int:
        return int(self._seen_serials().get(name, 0))

    def _remember(self, name: str, serial: int) -> None:
        if self._seen is None:
            return
        with suppress(OSError, ValueError, AttributeError):
            known = self._seen_serials()
            if known.get(name, 0) < serial:
                part = self._seen.with_name(f".{self._seen.name}.{os.getpid()}")
                part.write_text(json.dumps({"serials": {**known, name: serial}}), encoding="utf-8")
                part.replace(self._seen)

    def _seen_serials(self) -> dict[str, int]:
        """Model -> highest number seen; what was remembered of the format before has none."""
        if self._seen is None or not self._seen.exists():
            return {}
        found = json.loads(self._seen.read_text(encoding="utf-8")).get("serials", {})
        return found  # type: ignore[no-any-return]


def _serial(body: dict[str, Any]) -> int:
    serial = body["serial"]
    if type(serial) is not int or serial < 1:
        raise Untrusted(f"its serial {serial!r} is no number from 1 on")
    return serial


def _names(file: _File) -> set[str]:
    """Every name that a file tells of, for its model or a grant."""
    told = {*file.body["names"]} if file.body else set()
    return told.union(*(grant.names for grant in file.grants))


def _holds(grant: Grant, token_id: str) -> bool:
    """Whether a key was given under a grant; every token is compared, found or not."""
    same = [hmac.compare_digest(token, token_id) for token in grant.tokens]
    return any(same)


def _grants(body: dict[str, Any]) -> Iterator[Grant]:
    _checked(body["names"])
    for row in body["grants"]:
        revoked = row.get("revoked_at")
        yield Grant(
            model_id=body["model_id"],
            names=_checked(row["names"]),
            id=str(row["id"]),
            kind=str(row["kind"]),
            holder=str(row["holder"]),
            starts=_seconds(row["starts_at"]),
            ends=_seconds(row["ends_at"]),
            revoked=None if revoked is None else _seconds(revoked),
            tokens=tuple(str(token) for token in row["token_ids"]),
        )


def _checked(names: Any) -> frozenset[str]:
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise Untrusted("holds names that are none")
    return frozenset(names)


def caller_holds_grant(body: dict[str, Any], caller: Any, at: datetime) -> bool:
    """Whether a caller, as LiteLLM knows them, holds a grant of this file that is in force.

    Also for keys that LiteLLM made itself: it knows a key by its SHA-256, as the file does.

    Args:
        body: one that `GrantsFolder.telling_of` gave.
        caller: LiteLLM's `UserAPIKeyAuth`.
        at: the instant.
    """
    token = str(getattr(caller, "token", None) or getattr(caller, "api_key", None) or "")
    token_id = token_id_of(token) if token.startswith("sk-") else token
    return any(
        _holds(grant, token_id) and grant.in_force(at.timestamp()) for grant in _grants(body)
    )


def _verify(data: bytes, signature: bytes, signers: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "signature")
        file.write_bytes(signature)
        command = ["ssh-keygen", "-Y", "verify", "-f", str(signers), "-I", SIGNER]
        command += ["-n", NAMESPACE, "-s", str(file)]
        run = subprocess.run(command, input=data, capture_output=True, timeout=20, check=False)
    if run.returncode != 0:
        raise Untrusted(f"its signature does not verify: {run.stderr.decode(errors='replace')!r}")


def _stamp(path: str) -> tuple[int, int, int] | None:
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _seconds(text: str) -> float:
    instant = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if instant.tzinfo is None:
        raise Untrusted(f"{text!r} names no time zone")
    return instant.timestamp()


def _shown(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def without_prefixes(name: str) -> Iterator[str]:
    """A name, then what is left of it without one provider's prefix after the other."""
    while True:
        yield name
        _, slash, name = name.partition("/")
        if not slash:
            return


def token_id_of(api_key: str) -> str:
    """SHA-256 of a key: how grants files, and LiteLLM itself, know it."""
    return hashlib.sha256(api_key.encode("utf-8", "surrogatepass")).hexdigest()


@cache
def grants_folder() -> GrantsFolder:
    """The folder that the environment names; one a process.

    Raises:
        RuntimeError: a variable is missing.
    """
    named = [os.environ.get(name, "") for name in ("EMERITUS_GRANTS", "EMERITUS_GRANTS_SIGNERS")]
    if not all(named):
        raise RuntimeError("set EMERITUS_GRANTS and EMERITUS_GRANTS_SIGNERS")
    seen = os.environ.get("EMERITUS_GRANTS_SEEN", "")
    return GrantsFolder(Path(named[0]), Path(named[1]), Path(seen) if seen else None)
