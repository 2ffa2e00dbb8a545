"""A small S3 on loopback that can be told to fail: what moto can't do, and nothing else.

It keeps one bucket on disk, checks no signature, verifies SHA-256 checksums, and takes the access
key for the caller's name; a role's name is the last part of its ARN. Faults are told beforehand.
"""

import sys
import threading
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from configs.schema.preservation import S3Config
from tasks.adapters import s3_client
from tests.fakes.s3_operations import Operations
from tests.fakes.s3_request import Call, Fault
from tests.fakes.s3_store import Store

SECRET = "not-for-anybody-s-eyes"
_clients: dict[tuple[S3Config, str], object] = {}


@dataclass
class S3Server:
    """Serves `bucket` for the length of a `with` block.

    Attributes:
        bucket: the only bucket.
        lockable: has Object Lock.
        ignores: of `if-none-match`, `checksum`, `lock`, `kms`, `range`: what it takes no notice of.
        part_checksums: whether parts are answered and listed with their checksum.
        checksum_type: of what is joined of parts, as it is told.
        page: most entries of a listing.
        denied: (caller, operation) that are answered with 403.
        faults: what goes wrong next.
        calls: all requests so far.
    """

    bucket: str = "bags"
    lockable: bool = False
    part_checksums: bool = True
    checksum_type: str = "COMPOSITE"
    page: int = 1000
    ignores: set[str] = field(default_factory=set)
    denied: set[tuple[str, str]] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    def __enter__(self) -> "S3Server":
        self._http = _Server(("127.0.0.1", 0), type("Bound", (Operations,), {"s3": self}))
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def begin(self, folder: Path, *, page: int = 1000) -> None:
        """Forget everything; objects' bytes go to `folder` from now on."""
        self.store = Store(folder)
        self.lockable, self.part_checksums, self.page = False, True, page
        self.checksum_type = "COMPOSITE"
        self.ignores, self.denied, self.faults, self.calls = set(), set(), [], []

    def count(self, operation: str, status: int = 200) -> int:
        return sum(c.operation == operation and c.status == status for c in self.calls)

    def take_fault(self, operation: str, key: str) -> Fault | None:
        with self.store.lock:
            for fault in self.faults:
                if fault.operation == operation and fault.key in key:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.faults.remove(fault)
                    return fault
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *where: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # a client that hangs up is no news
            super().handle_error(*where)


def alone(patch: pytest.MonkeyPatch) -> None:
    """Have boto3 find the fake's credentials only, and lose no time."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "base",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        patch.setenv(name, value)
    patch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.0)
    make = s3_client._open

    def open_once(config: S3Config, role: str) -> object:  # boto3 takes 30 ms to make a client
        if (config, role) not in _clients:
            _clients[config, role] = make(config, role)
        return _clients[config, role]

    patch.setattr(s3_client, "_open", open_once)
