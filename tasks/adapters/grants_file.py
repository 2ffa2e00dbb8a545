"""Grants as a signed JSON file that a gateway reads.

Body and signature are two files, so that every gateway can check them with `ssh-keygen -Y verify`.
Each is replaced atomically, the signature last: a reader may meet a new body beside an old
signature for some milliseconds, does not believe it, and looks again. Killed in between, the pair
stands mismatched, opens nothing new, and the next `apply` writes both. Every file has a number,
given out by the records, that only rises: a clock may have been wrong when one was written.
"""

import contextlib
import fcntl
import hashlib
import json
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from tasks.adapters.files import write_atomically
from tasks.adapters.grant_signing import GrantSigning
from tasks.kernel.digests import canonical_json
from tasks.kernel.instants import from_text, to_text
from tasks.ports.gateway import Applied, GrantedAccess, IssuedKey, KeyAtGateway, Serials

FORMAT = "emeritus-grants/2"


class GrantsFile:
    """Writes `<model-id>.json` and `<model-id>.json.sig` in one folder.

    Args:
        folder: made where missing.
        signing: this machine's key.
        serials: numbers the files, so that a reader knows an older one whatever a clock said.
        now: tells the time.
    """

    name = "grants_file"
    tells_term = False

    def __init__(
        self, folder: Path, signing: GrantSigning, serials: Serials, now: Callable[[], datetime]
    ) -> None:
        self._folder, self._signing, self._serials, self._now = folder, signing, serials, now

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """See `ports.gateway.AccessGateway`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # its end, or a kill, frees it
            yield

    def apply(
        self,
        model_id: str,
        names: Sequence[str],
        grants: Sequence[GrantedAccess],
        withdrawal: Mapping[str, Any],
    ) -> Applied:
        """See `ports.gateway.AccessGateway`."""
        told = {
            "format": FORMAT,
            "model_id": model_id,
            "names": sorted(set(names)),
            "simulated": any(grant.simulated for grant in grants)
            or bool(withdrawal.get("simulated")),
            "grants": [_grant(grant) for grant in sorted(grants, key=lambda one: one.id)],
            "withdrawal": dict(withdrawal),
        }
        return self._write(model_id, told)

    def trouble(self, model_id: str) -> str:
        """See `ports.gateway.AccessGateway`."""
        path = self._path(model_id)
        try:
            body = path.read_bytes()
        except OSError:
            return f"{path.name} is missing"
        believed, last = self._believed(model_id), self._serials.last_serial(model_id)
        if believed is None:
            return f"{path.name} does not verify: {len(body)} bytes that this machine did not sign"
        if _serial(believed) < last:
            return f"{path.name} is number {_serial(believed)}, though number {last} was made since"
        return ""

    def taken(self, model_id: str, names: Collection[str]) -> Mapping[str, str]:
        """See `ports.gateway.AccessGateway`. Whoever signed the other file: a reader meets both."""
        ours = _claims(self._believed(model_id))
        return {name: model for name, model in self._others(model_id) if name in {*names} - ours}

    def issue(self, grant: GrantedAccess, holder: str) -> IssuedKey:
        """See `ports.gateway.AccessGateway`. It opens nothing until `apply` tells of it."""
        key = f"sk-em-{secrets.token_urlsafe(32)}"
        return IssuedKey(key, hashlib.sha256(key.encode()).hexdigest())

    def keys(self, model_id: str, names: Sequence[str]) -> Sequence[KeyAtGateway] | None:
        """See `ports.gateway.AccessGateway`. Tells of what stands there, signed or not."""
        try:
            body = json.loads(self._path(model_id).read_bytes())
            return [
                KeyAtGateway(str(token), str(grant["id"]), live=_is_open(grant, self._now()))
                for grant in body["grants"]
                for token in grant["token_ids"]
            ]
        except FileNotFoundError:
            return []
        except (ValueError, KeyError, TypeError):
            return []  # no gateway reads such a file either; `trouble` tells of it

    def amend(self, token_id: str, grant: GrantedAccess) -> None:
        """See `ports.gateway.AccessGateway`. Keys have no term of their own: `apply` tells all."""

    def revoke(self, token_id: str) -> None:
        """See `ports.gateway.AccessGateway`."""
        with self.exclusively():
            for path in sorted(self._folder.glob("*.json")):
                body = self._believed(path.name.removesuffix(".json"))
                if body is None or all(token_id not in g["token_ids"] for g in body["grants"]):
                    continue
                for grant in body["grants"]:
                    grant["token_ids"] = [t for t in grant["token_ids"] if t != token_id]
                self._write(body["model_id"], body)

    def _path(self, model_id: str) -> Path:
        return self._folder / f"{model_id}.json"

    def _others(self, model_id: str) -> Iterator[tuple[str, str]]:
        """Name and model of whatever the folder's other files tell of."""
        for path in sorted(self._folder.glob("*.json")):
            other = path.name.removesuffix(".json")
            if other != model_id and not other.startswith("."):
                with contextlib.suppress(OSError, ValueError):
                    yield from ((name, other) for name in _claims(json.loads(path.read_bytes())))

    def _believed(self, model_id: str) -> dict[str, Any] | None:
        """What this machine signed and nobody changed; None otherwise."""
        path = self._path(model_id)
        try:
            data, signature = path.read_bytes(), Path(f"{path}.sig").read_bytes()
        except OSError:
            return None
        if not self._signing.is_ours(data, signature, self._now()):
            return None
        body: dict[str, Any] = json.loads(data)
        return body

    def _write(self, model_id: str, told: dict[str, Any]) -> Applied:
        path, before = self._path(model_id), self._believed(model_id)
        if before is not None and _serial(before) >= self._serials.last_serial(model_id):
            same = {"serial": before.get("serial"), "written_at": before.get("written_at")}
            if before == {**told, **same}:
                return Applied(str(path), anew=False)
        serial = self._serials.next_serial(model_id, above=_serial(before))
        stamped = {**told, "serial": serial, "written_at": to_text(self._now())}
        data = canonical_json(stamped) + b"\n"
        signature = self._signing.sign(data)  # before the body: what can't be signed is not written
        write_atomically(path, data)
        write_atomically(Path(f"{path}.sig"), signature)
        return Applied(str(path), anew=True)


def _serial(body: Mapping[str, Any] | None) -> int:
    """A file's number; 0 for one of the format before, which had none."""
    return int((body or {}).get("serial", 0))


def _claims(body: Any) -> set[str]:
    """Every name that a file tells of; none for what is no such file."""
    try:
        told = [body["names"], *(grant.get("names", ()) for grant in body["grants"])]
        return {str(name) for names in told for name in names}
    except (TypeError, KeyError, AttributeError):
        return set()


def _grant(grant: GrantedAccess) -> dict[str, Any]:
    return {
        "id": grant.id,
        "kind": grant.kind,
        "holder": grant.holder,
        "starts_at": to_text(grant.starts_at),
        "ends_at": to_text(grant.ends_at),
        "names": sorted(set(grant.names)),
        "revoked_at": to_text(grant.revoked_at) if grant.revoked_at else None,
        "token_ids": sorted(key.token_id for key in grant.keys if key.live),
    }


def _is_open(grant: Mapping[str, Any], at: datetime) -> bool:
    revoked = grant["revoked_at"]
    with contextlib.suppress(ValueError):
        term = from_text(grant["starts_at"]) <= at < from_text(grant["ends_at"])
        return term and (revoked is None or at < from_text(revoked))
    return False
