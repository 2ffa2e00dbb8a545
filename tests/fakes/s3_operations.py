"""What the fake S3 does, an operation a method."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, quote, unquote
from xml.sax.saxutils import escape

from tests.fakes.s3_request import Fault, Refusal, Request, flipped
from tests.fakes.s3_store import BLOCK, Received, Stored, Upload

_KEPT_HEADERS = (
    "cache-control",
    "content-type",
    "x-amz-meta-sha256",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
)


class Operations(Request):
    """Called by `Request` under the operation's name."""

    # objects

    def _received(self) -> Received:
        received = self.s3.store.receive(self._blocks())
        told = self.headers.get("x-amz-checksum-sha256")
        if told and told != received.checksum and "checksum" not in self.s3.ignores:
            raise Refusal(400, "BadDigest")
        if self.fault and self.fault.rot >= 0:
            received.rot(self.fault.rot)
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
            raise Refusal(412, "PreconditionFailed")

    def put_object(self) -> None:
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
            raise Refusal(404, "NoSuchKey")
        if self.headers.get("If-Match", stored.etag).strip('"') != stored.etag:
            raise Refusal(412, "PreconditionFailed")
        return stored

    def head_object(self) -> None:
        stored = self._found()
        asked = self.headers.get("x-amz-checksum-mode") == "ENABLED"
        self._answer(_length=str(stored.size), **_told(stored, checksum=asked))

    def get_object(self) -> None:
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
                self.wfile.write(flipped(block, fault.garble - sent))
                sent += len(block)

    def delete_object(self) -> None:
        if not self.s3.store.delete(self.key, self.query.get("versionId", "")):
            raise Refusal(403, "AccessDenied")
        self._answer(status=204)

    delete_object_version = delete_object

    def delete_objects(self) -> None:
        for found in _parsed(b"".join(self._blocks())).iter("Key"):
            self.s3.store.delete(found.text or "")
        self._xml("DeleteResult")

    def _source(self) -> Stored:
        path = unquote(self.headers["x-amz-copy-source"]).lstrip("/")
        stored = self.s3.store.current(path.partition("/")[2])
        if stored is None:
            raise Refusal(404, "NoSuchKey")
        if self.headers.get("x-amz-copy-source-if-match", stored.etag).strip('"') != stored.etag:
            raise Refusal(412, "PreconditionFailed")
        return stored

    def _copied(self, start: int, end: int) -> Received:
        source = self._source()
        assert source.file is not None
        with source.file.open("rb") as data:
            data.seek(start)
            return self.s3.store.receive(_ranged(data.read, end - start))

    def copy_object(self) -> None:
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
            raise Refusal(404, "NoSuchUpload")
        return upload

    def create_multipart_upload(self) -> None:
        store = self.s3.store
        new = Upload(f"upload-{len(self.s3.calls)}", self.key, self._kept())
        store.uploads[new.id] = new
        self._xml("R", f"<UploadId>{new.id}</UploadId>")

    def upload_part(self) -> None:
        upload, got = self._upload(), self._received()
        if not (self.fault and self.fault.forget):
            upload.parts[self.call.part] = got
        sums = {"x_amz_checksum_sha256": got.checksum} if self.s3.part_checksums else {}
        self._answer(ETag=f'"{got.md5.hex()}"', **sums)

    def upload_part_copy(self) -> None:
        start, end = map(int, self.headers["x-amz-copy-source-range"][6:].split("-"))
        got = self._copied(start, end + 1)
        self._upload().parts[self.call.part] = got
        self._xml("CopyPartResult", f"<ETag>{got.md5.hex()}</ETag>")

    def list_parts(self) -> None:
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

    def list_multipart_uploads(self) -> None:
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

    def complete_multipart_upload(self) -> None:
        self._expect_new()
        upload = self._upload()
        asked = list(_parsed(b"".join(self._blocks())).iter("Part"))
        numbers = [int(part.findtext("PartNumber", "0")) for part in asked]
        tags = [part.findtext("ETag", "").strip('"') for part in asked]
        held = [upload.parts[n].md5.hex() if n in upload.parts else None for n in numbers]
        if held != tags:
            raise Refusal(400, "InvalidPart")
        if self.fault and self.fault.forget:
            numbers = numbers[:-1]
        new = self.s3.store.join(upload, numbers)
        new.checksum = new.checksum if self.s3.part_checksums else ""
        checksum = f"<ChecksumSHA256>{new.checksum}</ChecksumSHA256>"
        checksum += f"<ChecksumType>{self.s3.checksum_type}</ChecksumType>"
        self._xml("R", f"<ETag>{new.etag}</ETag>", checksum if self.s3.part_checksums else "")

    def abort_multipart_upload(self) -> None:
        self.s3.store.abort(self._upload().id)
        self._answer(status=204)

    # the bucket

    def _name_out(self, name: str) -> str:
        return quote(name) if self.query.get("encoding-type") == "url" else escape(name)

    def list_objects_v2(self) -> None:
        prefix, slash = self.query.get("prefix", ""), self.query.get("delimiter", "")
        after = self.query.get("continuation-token") or self.query.get("start-after", "")
        most = min(self.s3.page, int(self.query.get("max-keys", 1000)))
        keys = [
            k
            for k in self.s3.store.listed()
            if k.startswith(prefix) and k.encode() > after.encode()
        ]
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

    def list_object_versions(self) -> None:
        prefix = self.query.get("prefix", "")
        self._xml("R", *(
            f"<{kind}><Key>{self._name_out(key)}</Key><VersionId>{one.version}</VersionId></{kind}>"
            for key, held in self.s3.store.versions.items() if key.startswith(prefix)
            for one in held
            for kind in ["Version" if one.file else "DeleteMarker"]
        ))  # fmt: skip

    def get_bucket_versioning(self) -> None:
        self._xml("R", "<Status>Enabled</Status>" if self.s3.store.versioned else "")

    def get_object_lock_configuration(self) -> None:
        if not self.s3.lockable:
            raise Refusal(404, "ObjectLockConfigurationNotFoundError")
        self._xml("R", "<ObjectLockEnabled>Enabled</ObjectLockEnabled>")

    def head_bucket(self) -> None:
        self._answer()

    def assume_role(self) -> None:
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
