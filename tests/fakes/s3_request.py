"""One request to the fake S3: what it asks, the fault that befalls it, and its answer."""

import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from tests.fakes.s3_store import BLOCK, Store

_NAMES = {
    ("PUT", "uploadId"): "UploadPart",
    ("POST", "uploads"): "CreateMultipartUpload",
    ("POST", "uploadId"): "CompleteMultipartUpload",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
    ("DELETE", "versionId"): "DeleteObjectVersion",
    ("GET", "uploadId"): "ListParts",
    ("GET", "uploads"): "ListMultipartUploads",
    ("GET", "versioning"): "GetBucketVersioning",
    ("GET", "object-lock"): "GetObjectLockConfiguration",
    ("GET", "versions"): "ListObjectVersions",
    ("POST", "delete"): "DeleteObjects",
}


@dataclass
class Call:
    """One request, as it was answered."""

    operation: str
    key: str
    caller: str
    part: int = 0
    status: int = 0


@dataclass
class Fault:
    """What goes wrong with the next `times` requests of an operation.

    `cut` closes the connection after so many bytes of the body, received or sent; `garble` turns
    one bit of the body at that offset on its way in or out; `rot` turns it once it is stored and
    digested; `forget` says yes to a part and drops it; `late` does all, and gives no answer;
    `hang` does nothing until the client hangs up.
    """

    operation: str
    status: int = 0
    code: str = ""
    cut: int = -1
    garble: int = -1
    rot: int = -1
    forget: bool = False
    late: bool = False
    hang: bool = False
    times: int = 1
    key: str = ""


class Server(Protocol):
    """See `s3_server.S3Server`."""

    bucket: str
    lockable: bool
    part_checksums: bool
    page: int
    ignores: set[str]
    denied: set[tuple[str, str]]
    calls: list[Call]
    store: Store

    def take_fault(self, operation: str, key: str) -> Fault | None: ...


class Refusal(Exception):
    def __init__(self, status: int, code: str) -> None:
        self.status, self.code = status, code


class Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    s3: Server

    def log_message(self, *_: Any) -> None:
        pass

    def _run(self) -> None:
        parts = urlsplit(self.path)
        self.query = {k: v[0] for k, v in parse_qs(parts.query, keep_blank_values=True).items()}
        bucket, _, key = parts.path[1:].partition("/")
        self.key = unquote(key)
        self.operation = self._name(bucket)
        caller = self.headers.get("Authorization", "").partition("Credential=")[2].split("/")[0]
        self.call = Call(self.operation, self.key, caller, int(self.query.get("partNumber", 0)))
        self.fault = self.s3.take_fault(self.operation, self.key)
        self.unread = int(self.headers.get("Content-Length", 0))
        try:
            if self.fault and self.fault.hang:
                self.rfile.read(self.unread + 1)
                raise ConnectionError
            if self.fault and self.fault.status:
                raise Refusal(self.fault.status, self.fault.code)
            if (caller, self.operation) in self.s3.denied:
                raise Refusal(403, "AccessDenied")
            if bucket not in ("", self.s3.bucket):
                raise Refusal(404, "NoSuchBucket")
            getattr(self, _method(self.operation))()
        except Refusal as refusal:
            xml = f"<Error><Code>{refusal.code}</Code><Message>told to</Message></Error>"
            self._answer(xml.encode(), status=refusal.status)
        except ConnectionError:
            self.close_connection = True

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _run  # noqa: N815

    def handle_expect_100(self) -> bool:
        return True  # told when the body is read: a refusal comes without it

    def _name(self, bucket: str) -> str:
        if not bucket:
            return "AssumeRole"
        for (method, mark), name in _NAMES.items():
            if method == self.command and mark in self.query:
                copied = name == "UploadPart" and "x-amz-copy-source" in self.headers
                return "UploadPartCopy" if copied else name
        if not self.key:
            return {"GET": "ListObjectsV2", "HEAD": "HeadBucket"}[self.command]
        if "x-amz-copy-source" in self.headers:
            return "CopyObject"
        return {"GET": "GetObject", "HEAD": "HeadObject", "PUT": "PutObject"}.get(
            self.command, "DeleteObject"
        )

    def _blocks(self) -> Iterator[bytes]:
        if self.headers.get("Expect"):
            self.send_response_only(100)
            self.end_headers()
        offset, fault = 0, self.fault or Fault("")
        while self.unread:
            if 0 <= fault.cut <= offset:
                self._hang_up()
            most = min(BLOCK, self.unread, *([fault.cut - offset] if fault.cut >= 0 else []))
            block = self.rfile.read(most)
            if not block:
                raise ConnectionError
            self.unread -= len(block)
            yield flipped(block, fault.garble - offset)
            offset += len(block)

    def _hang_up(self) -> None:
        self.connection.shutdown(socket.SHUT_RDWR)
        raise ConnectionError

    def _answer(self, body: bytes = b"", *, status: int = 200, **headers: str) -> None:
        self.call.status = status
        self.s3.calls.append(self.call)
        if self.fault and self.fault.late:
            self._hang_up()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status != 204:
            self.send_header("Content-Length", headers.get("_length", str(len(body))))
        if self.unread:  # a refusal before the body was read
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _xml(self, name: str, *inner: str, **headers: str) -> None:
        self._answer(f"<{name}>{''.join(inner)}</{name}>".encode(), **headers)


def flipped(block: bytes, offset: int) -> bytes:
    if not 0 <= offset < len(block):
        return block
    changed = bytearray(block)
    changed[offset] ^= 1
    return bytes(changed)


def _method(operation: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
