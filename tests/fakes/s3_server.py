"""A small S3 on loopback that can be told to fail: what moto can't do, and nothing else.

It keeps one bucket on disk, checks no signature, verifies SHA-256 checksums, and takes the access
key for the caller's name; a role's name is the last part of its ARN. Faults are told beforehand.
"""

import socket
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape

from tests.fakes.s3_store import BLOCK, Received, Store, Stored, Upload

_KEPT_HEADERS = (
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
)
_NAMES = {
    ("PUT", "uploadId"): "UploadPart",
    ("POST", "uploads"): "CreateMultipartUpload",
    ("POST", "uploadId"): "CompleteMultipartUpload",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
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

    `cut` closes the connection after so many bytes of the body, received or sent; `flip` turns one
    bit of the body at that offset on its way in or out; `forget` says yes to a part and drops it.
    """

    operation: str
    status: int = 0
    code: str = ""
    cut: int = -1
    flip: int = -1
    forget: bool = False
    times: int = 1
    key: str = ""


@dataclass
class S3Server:
    """Serves `bucket` for the length of a `with` block.

    Attributes:
        folder: where the objects' bytes go.
        bucket: the only bucket.
        versioned: keeps versions.
        lockable: has Object Lock.
        ignores: of `if-none-match`, `checksum`, `lock`, `kms`, `range`: what it takes no notice of.
        part_checksums: whether parts are answered and listed with their checksum.
        denied: (caller, operation) that are answered with 403.
        faults: what goes wrong next.
        calls: all requests so far.
    """

    folder: Path
    bucket: str = "bags"
    versioned: bool = False
    lockable: bool = False
    part_checksums: bool = True
    page: int = 1000
    ignores: set[str] = field(default_factory=set)
    denied: set[tuple[str, str]] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    def __enter__(self) -> "S3Server":
        self.store = Store(self.folder)
        self.store.versioned = self.versioned
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _bind(self))
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def count(self, operation: str, status: int = 200) -> int:
        return sum(c.operation == operation and c.status == status for c in self.calls)

    def content(self, key: str) -> bytes:
        stored = self.store.current(key)
        assert stored is not None, key
        assert stored.file is not None, key
        return stored.file.read_bytes()

    def take_fault(self, operation: str, key: str) -> Fault | None:
        with self.store.lock:
            for fault in self.faults:
                if fault.operation == operation and fault.key in key:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.faults.remove(fault)
                    return fault
        return None


class _Refusal(Exception):
    def __init__(self, status: int, code: str) -> None:
        self.status, self.code = status, code


def _bind(server: S3Server) -> type["_Request"]:
    return type("_Bound", (_Request,), {"s3": server})


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    s3: S3Server

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
            if self.fault and self.fault.status:
                raise _Refusal(self.fault.status, self.fault.code)
            if (caller, self.operation) in self.s3.denied:
                raise _Refusal(403, "AccessDenied")
            if bucket not in ("", self.s3.bucket):
                raise _Refusal(404, "NoSuchBucket")
            getattr(self, f"_{self.operation}")()
        except _Refusal as refusal:
            xml = f"<Error><Code>{refusal.code}</Code><Message>told to</Message></Error>"
            self._answer(xml.encode(), status=refusal.status)
        except ConnectionError:
            self.close_connection = True

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _run

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
            yield _flipped(block, fault.flip - offset)
            offset += len(block)

    def _hang_up(self) -> None:
        self.connection.shutdown(socket.SHUT_RDWR)
        raise ConnectionError

    def _answer(self, body: bytes = b"", *, status: int = 200, **headers: str) -> None:
        self.call.status = status
        self.s3.calls.append(self.call)
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

    # objects

    def _received(self) -> Received:
        received = self.s3.store.receive(self._blocks())
        flipped = self.fault is not None and self.fault.flip >= 0  # damaged after it arrived
        told = self.headers.get("x-amz-checksum-sha256")
        if told and told != received.checksum and not flipped and "checksum" not in self.s3.ignores:
            raise _Refusal(400, "BadDigest")
        return received

    def _kept(self) -> dict[str, str]:
        hidden = {"lock": "lock", "kms": "encryption"}
        skipped = [part for name, part in hidden.items() if name in self.s3.ignores]
        names = [n for n in _KEPT_HEADERS if n in self.headers and not any(s in n for s in skipped)]
        return {name: self.headers[name] for name in names}

    def _expect_new(self) -> None:
        if "if-none-match" in self.s3.ignores or self.headers.get("If-None-Match") != "*":
            return
        if self.s3.store.current(self.key) is not None:
            raise _Refusal(412, "PreconditionFailed")

    def _PutObject(self) -> None:
        self._expect_new()
        got = self._received()
        checksum = got.checksum if self._checksums() else ""
        with self.s3.store.lock:
            self._expect_new()
            new = self.s3.store.put(
                self.key, got.file, got.size, got.md5.hex(), checksum, self._kept()
            )
        self._answer(**_told(new, checksum=True))

    def _checksums(self) -> bool:
        return "checksum" not in self.s3.ignores and "x-amz-checksum-sha256" in self.headers

    def _found(self) -> Stored:
        stored = self.s3.store.current(self.key, self.query.get("versionId", ""))
        if stored is None:
            raise _Refusal(404, "NoSuchKey")
        if self.headers.get("If-Match", stored.etag).strip('"') != stored.etag:
            raise _Refusal(412, "PreconditionFailed")
        return stored

    def _HeadObject(self) -> None:
        stored = self._found()
        asked = self.headers.get("x-amz-checksum-mode") == "ENABLED"
        self._answer(_length=str(stored.size), **_told(stored, checksum=asked))

    def _GetObject(self) -> None:
        stored, start = self._found(), 0
        headers, status = _told(stored, checksum=False), 200
        asked = self.headers.get("Range")
        if asked and "range" not in self.s3.ignores:
            start, status = int(asked.removeprefix("bytes=").split("-")[0]), 206
            headers["Content_Range"] = f"bytes {start}-{stored.size - 1}/{stored.size}"
        self._answer(_length=str(stored.size - start), status=status, **headers)
        fault, sent = self.fault or Fault(""), 0
        assert stored.file is not None
        with stored.file.open("rb") as source:
            source.seek(start)
            while block := source.read(BLOCK):
                if 0 <= fault.cut <= sent + len(block):
                    self.wfile.write(block[: fault.cut - sent])
                    self.wfile.flush()
                    self._hang_up()
                self.wfile.write(_flipped(block, fault.flip - sent))
                sent += len(block)

    def _DeleteObject(self) -> None:
        if not self.s3.store.delete(self.key, self.query.get("versionId", "")):
            raise _Refusal(403, "AccessDenied")
        self._answer(status=204)

    def _DeleteObjects(self) -> None:
        for found in _parsed(b"".join(self._blocks())).iter("Key"):
            self.s3.store.delete(found.text or "")
        self._xml("DeleteResult")

    def _source(self) -> Stored:
        path = unquote(self.headers["x-amz-copy-source"]).lstrip("/")
        stored = self.s3.store.current(path.partition("/")[2])
        if stored is None:
            raise _Refusal(404, "NoSuchKey")
        return stored

    def _copied(self, start: int, end: int) -> Received:
        source = self._source()
        assert source.file is not None
        with source.file.open("rb") as data:
            data.seek(start)
            return self.s3.store.receive(_ranged(data.read, end - start))

    def _CopyObject(self) -> None:
        source = self._source()
        got = self._copied(0, source.size)
        new = self.s3.store.put(
            self.key, got.file, got.size, source.etag, source.checksum, self._kept()
        )
        self._xml("CopyObjectResult", f"<ETag>{new.etag}</ETag>")

    # multipart uploads

    def _upload(self) -> Upload:
        upload = self.s3.store.uploads.get(self.query["uploadId"])
        if upload is None:
            raise _Refusal(404, "NoSuchUpload")
        return upload

    def _CreateMultipartUpload(self) -> None:
        store = self.s3.store
        new = Upload(f"upload-{len(self.s3.calls)}", self.key, self._kept())
        store.uploads[new.id] = new
        self._xml("R", f"<UploadId>{new.id}</UploadId>")

    def _UploadPart(self) -> None:
        upload, got = self._upload(), self._received()
        if not (self.fault and self.fault.forget):
            upload.parts[self.call.part] = got
        sums = {"x_amz_checksum_sha256": got.checksum} if self.s3.part_checksums else {}
        self._answer(ETag=f'"{got.md5.hex()}"', **sums)

    def _UploadPartCopy(self) -> None:
        start, end = map(int, self.headers["x-amz-copy-source-range"][6:].split("-"))
        got = self._copied(start, end + 1)
        self._upload().parts[self.call.part] = got
        self._xml("CopyPartResult", f"<ETag>{got.md5.hex()}</ETag>")

    def _ListParts(self) -> None:
        after = int(self.query.get("part-number-marker", 0))
        parts = sorted(item for item in self._upload().parts.items() if item[0] > after)
        listed = parts[: self.s3.page]
        sums = self.s3.part_checksums
        self._xml(
            "R",
            *(
                f"<Part><PartNumber>{n}</PartNumber><ETag>{p.md5.hex()}</ETag><Size>{p.size}</Size>"
                + (f"<ChecksumSHA256>{p.checksum}</ChecksumSHA256>" if sums else "")
                + "</Part>"
                for n, p in listed
            ),
            *_more(listed != parts, "NextPartNumberMarker", str(listed[-1][0]) if listed else ""),
        )

    def _ListMultipartUploads(self) -> None:
        prefix = self.query.get("prefix", "")
        found = [u for u in self.s3.store.uploads.values() if u.key.startswith(prefix)]
        self._xml(
            "R",
            *(
                f"<Upload><Key>{self._name_out(u.key)}</Key><UploadId>{u.id}</UploadId>"
                f"<Initiated>{u.initiated.isoformat()}</Initiated></Upload>"
                for u in found
            ),
        )

    def _CompleteMultipartUpload(self) -> None:
        self._expect_new()
        upload = self._upload()
        asked = list(_parsed(b"".join(self._blocks())).iter("Part"))
        numbers = [int(part.findtext("PartNumber", "0")) for part in asked]
        tags = [part.findtext("ETag", "").strip('"') for part in asked]
        held = [upload.parts[n].md5.hex() if n in upload.parts else None for n in numbers]
        if held != tags:
            raise _Refusal(400, "InvalidPart")
        new = self.s3.store.join(upload, numbers)
        checksum = f"<ChecksumSHA256>{new.checksum}</ChecksumSHA256>"
        self._xml("R", f"<ETag>{new.etag}</ETag>", checksum if self.s3.part_checksums else "")

    def _AbortMultipartUpload(self) -> None:
        self.s3.store.abort(self._upload().id)
        self._answer(status=204)

    # the bucket

    def _name_out(self, name: str) -> str:
        return quote(name) if self.query.get("encoding-type") == "url" else escape(name)

    def _ListObjectsV2(self) -> None:
        prefix, slash = self.query.get("prefix", ""), self.query.get("delimiter", "")
        after = self.query.get("continuation-token") or self.query.get("start-after", "")
        most = min(self.s3.page, int(self.query.get("max-keys", 1000)))
        keys = [k for k in self.s3.store.keys() if k.startswith(prefix) and k.encode() > after.encode()]
        shown, folders = [], dict[str, None]()
        for key in keys:
            cut = key.find(slash, len(prefix)) if slash else -1
            if cut >= 0:
                folders[key[: cut + 1]] = None
            else:
                shown.append(key)
        listed = shown[:most]
        more = len(shown) > most
        self._xml(
            "R",
            *(self._listed(key) for key in listed),
            *(f"<CommonPrefixes><Prefix>{self._name_out(f)}</Prefix></CommonPrefixes>"
              for f in folders),
            *_more(more, "NextContinuationToken", escape(listed[-1]) if listed else ""),
            "<EncodingType>url</EncodingType>" if "encoding-type" in self.query else "",
        )  # fmt: skip

    def _listed(self, key: str) -> str:
        stored = self.s3.store.current(key)
        if stored is None:
            return ""
        return (
            f"<Contents><Key>{self._name_out(key)}</Key><Size>{stored.size}</Size>"
            f"<ETag>{stored.etag}</ETag><LastModified>{stored.modified.isoformat()}</LastModified>"
            "</Contents>"
        )

    def _ListObjectVersions(self) -> None:
        prefix = self.query.get("prefix", "")
        self._xml("R", *(
            f"<{kind}><Key>{self._name_out(key)}</Key><VersionId>{one.version}</VersionId></{kind}>"
            for key, held in self.s3.store.versions.items() if key.startswith(prefix)
            for one in held
            for kind in ["Version" if one.file else "DeleteMarker"]
        ))  # fmt: skip

    def _GetBucketVersioning(self) -> None:
        self._xml("R", "<Status>Enabled</Status>" if self.s3.versioned else "")

    def _GetObjectLockConfiguration(self) -> None:
        if not self.s3.lockable:
            raise _Refusal(404, "ObjectLockConfigurationNotFoundError")
        self._xml("R", "<ObjectLockEnabled>Enabled</ObjectLockEnabled>")

    def _HeadBucket(self) -> None:
        self._answer()

    def _AssumeRole(self) -> None:
        asked = parse_qs(b"".join(self._blocks()).decode())
        role = asked["RoleArn"][0].rpartition("/")[2]
        until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        self._xml(
            "AssumeRoleResponse",
            f"<AssumeRoleResult><Credentials><AccessKeyId>{role}</AccessKeyId><SecretAccessKey>s"
            f"</SecretAccessKey><SessionToken>t</SessionToken><Expiration>{until}</Expiration>"
            "</Credentials></AssumeRoleResult>",
        )


def _told(stored: Stored, *, checksum: bool) -> dict[str, str]:
    headers = {"ETag": f'"{stored.etag}"', **stored.headers}
    headers["Last_Modified"] = format_datetime(stored.modified, usegmt=True)
    if stored.version:
        headers["x-amz-version-id"] = stored.version
    if checksum and stored.checksum:
        headers["x-amz-checksum-sha256"] = stored.checksum
    return headers


def _parsed(body: bytes) -> ET.Element:
    root = ET.fromstring(body)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def _more(truncated: bool, marker: str, value: str) -> Iterator[str]:
    yield f"<IsTruncated>{str(truncated).lower()}</IsTruncated>"
    if truncated:
        yield f"<{marker}>{value}</{marker}>"


def _ranged(read: Any, left: int) -> Iterator[bytes]:
    while left and (block := read(min(BLOCK, left))):
        left -= len(block)
        yield block


def _flipped(block: bytes, offset: int) -> bytes:
    if not 0 <= offset < len(block):
        return block
    changed = bytearray(block)
    changed[offset] ^= 1
    return bytes(changed)
