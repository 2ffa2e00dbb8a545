"""What a bucket really does, found out with small probes that are removed again."""

import hashlib
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from io import BytesIO
from typing import Any

from configs.schema.preservation import S3Config
from tasks.adapters.s3_archive import S3Archive
from tasks.adapters.s3_client import S3Bucket
from tasks.adapters.s3_faults import status_of
from tasks.adapters.s3_features import NO_LOCK, NO_VERSIONS, has_object_lock, keeps_versions
from tasks.adapters.s3_objects import base64_of, delete, listed
from tasks.adapters.s3_reading import stream
from tasks.adapters.s3_sweeping import abort_uploads
from tasks.kernel.errors import told
from tasks.ports.checks import Check, State

_PROBE = b"Emeritus tried whether it can write here. This can be removed.\n"
_LOCKED_FOR = timedelta(hours=1)  # long enough for clocks that differ

Found = tuple[State, str]


def preflight(place: S3Archive | S3Config) -> tuple[Check, ...]:
    """Try everything that a replica in a bucket relies on. Safe to repeat.

    Args:
        place: the replica, or a bucket that no replica stands for.

    Returns:
        Checks in the order they were tried; after a failure that the others need, no more.
    """
    if isinstance(place, S3Archive):
        return tuple(_Preflight(f"replica {place.name}", place.bucket).run())
    return tuple(_Preflight(f"bucket {place.bucket}", S3Bucket(place)).run())


class _Preflight:
    """One run, with probes of its own."""

    def __init__(self, who: str, bucket: S3Bucket) -> None:
        self._who, self._bucket, self._config = who, bucket, bucket.config
        self._start = bucket.key(f".emeritus-preflight-{secrets.token_hex(8)}")
        self._probe = f"{self._start}/probe"
        self._keeps_versions = False
        self._kept = self._probe, ""  # key and version of what should withstand deletion

    def run(self) -> Iterator[Check]:
        """Try one thing after the other, and remove the probes."""
        tried: tuple[tuple[str, Callable[[], Found]], ...] = (
            ("bucket", self._reach),
            ("write", self._write),
            ("read", self._read),
            ("checksums", self._checksum),
            ("conditional create", self._condition),
            ("multipart upload", self._multipart),
            ("versions", self._versions),
            ("Object Lock", self._lock),
            ("SSE-KMS", self._encryption),
            ("read role", self._read_role),
            ("deleting", self._delete),
        )
        for what, attempt in tried:
            state, said = _tell(attempt)
            yield Check(f"{self._who}: {what}", state, said)
            if state == "fail" and what in ("bucket", "write"):
                return
        left = self._clean()
        if left:
            yield Check(f"{self._who}: clean-up", "warn", left)

    def _reach(self) -> Found:
        with self._bucket.telling("HeadBucket"):
            self._bucket.write.head_bucket(Bucket=self._bucket.name)
        return "ok", f"{self._bucket.place(self._bucket.key())} is there"

    def _write(self) -> Found:
        with self._bucket.telling("PutObject", self._probe):
            answer = self._bucket.write.put_object(**self._new(self._probe), **self._encrypted())
        self._kept = self._probe, answer.get("VersionId", "")
        return "ok", f"{self._role(self._config.write_role_arn)} may write"

    def _read(self) -> Found:
        found = b"".join(map(bytes, stream(self._bucket, self._bucket.read, self._probe)))
        if found != _PROBE:
            return "fail", "what was written reads back otherwise; keep nothing here"
        if not any(self._listed()):
            return "fail", "ListObjectsV2 does not show what was written"
        return "ok", f"{self._role(self._config.read_role_arn)} may read and list"

    def _checksum(self) -> Found:
        wrong = base64_of(hashlib.sha256(b"other").digest())
        with _refused("PutObject", self._bucket, 400, 422) as refused:
            asked = {**self._new(f"{self._start}/checksum"), "ChecksumSHA256": wrong}
            self._bucket.write.put_object(**asked, **self._encrypted())
        if refused:
            return "ok", "bytes that differ from their SHA-256 are refused on arrival"
        return "warn", "a wrong SHA-256 is taken; only reading back finds damage on the way"

    def _condition(self) -> Found:
        with _refused("PutObject", self._bucket, 400, 412, 501) as refused:
            asked = {**self._new(self._probe), "IfNoneMatch": "*"}
            self._bucket.write.put_object(**asked, **self._encrypted())
        if 412 in refused:
            return "ok", "an object that stands there is not overwritten by accident"
        return "warn", "not honoured; it is looked first whether an object stands there"

    def _multipart(self) -> Found:
        client, key = self._bucket.write, f"{self._start}/parts"
        names: dict[str, Any] = {"Bucket": self._bucket.name, "Key": key}
        with self._bucket.telling("CreateMultipartUpload", key):
            made = client.create_multipart_upload(
                **names, ChecksumAlgorithm="SHA256", **self._encrypted()
            )
            names["UploadId"] = made["UploadId"]
            part = {**self._new(key), **names}
            client.upload_part(**part, PartNumber=1)
            uploads = client.list_multipart_uploads(Bucket=self._bucket.name, Prefix=key)
            parts = client.list_parts(**names).get("Parts", [])
            client.abort_multipart_upload(**names)
        if not uploads.get("Uploads") or [p["PartNumber"] for p in parts] != [1]:
            return (
                "warn",
                "uploads under way are not listed; a large file is begun anew after a kill",
            )
        return "ok", "a large file is taken up after a kill where it stood"

    def _versions(self) -> Found:
        self._keeps_versions = keeps_versions(self._bucket)
        if self._keeps_versions:
            return "ok", "what is overwritten or deleted stays as a version"
        if self._config.versioning:
            return "fail", f"the bucket {NO_VERSIONS}, or set versioning to false"
        return "warn", f"the bucket {NO_VERSIONS}"

    def _lock(self) -> Found:
        asked = self._config.object_lock_mode != "off"
        if not has_object_lock(self._bucket):
            said = f"the bucket {NO_LOCK}"
            return ("fail", f"{said}, or set object_lock_mode to off") if asked else ("warn", said)
        if not asked:
            return "warn", "the bucket has it, and object_lock_mode is off: objects can be deleted"
        return self._try_lock()

    def _try_lock(self) -> Found:
        key, until = f"{self._start}/locked", self._bucket.now() + _LOCKED_FOR
        protected = {**self._bucket.protection(), "ObjectLockRetainUntilDate": until}
        with self._bucket.telling("PutObject", key):
            answer = self._bucket.write.put_object(**self._new(key), **protected)
        seen = self._head(key)
        if seen.get("ObjectLockMode", "").lower() != self._config.object_lock_mode:
            return "fail", (
                "retention was asked for and is not seen; does the store apply it, and may these "
                "credentials use s3:PutObjectRetention and s3:GetObjectRetention?"
            )
        self._kept = key, answer.get("VersionId", "")
        return "ok", "retention is applied (this probe's hidden version stays for an hour)"

    def _encryption(self) -> Found:
        seen, asked = self._head(self._probe), self._config.kms_key_id
        kind, key = seen.get("ServerSideEncryption", ""), seen.get("SSEKMSKeyId", "")
        if not asked:
            return ("ok" if key else "warn"), (
                f"kms_key_id is empty; the store's own choice is {key or kind or 'no encryption'}"
            )
        alias = "alias/" in asked
        if kind.startswith("aws:kms") and (alias or asked.rpartition("/")[2] in key):
            return "ok", f"objects are encrypted with {key}"
        return "fail", (
            f"asked for {asked}, and the object says {kind or 'no encryption'} {key}".rstrip()
            + "; mend kms_key_id, or leave it empty"
        )

    def _read_role(self) -> Found:
        if not self._config.read_role_arn:
            return "warn", "the credentials that read can write too; read_role_arn is empty"
        with _refused("PutObject", self._bucket, 401, 403) as refused:
            self._bucket.read.put_object(**self._new(f"{self._start}/read-role"))
        if refused:
            return "ok", f"{self._config.read_role_arn} can't write"
        return "fail", f"{self._config.read_role_arn} may write; take s3:PutObject from it"

    def _delete(self) -> Found:
        key, version = self._kept
        which: dict[str, Any] = {"VersionId": version} if version else {}
        with _refused("DeleteObject", self._bucket, 401, 403, 405) as refused:
            self._bucket.write.delete_object(Bucket=self._bucket.name, Key=key, **which)
        if refused:
            return "ok", "who writes can't delete for good"
        what = "s3:DeleteObjectVersion" if which else "s3:DeleteObject"
        return "warn", f"who writes can delete for good; take {what} away, or use Object Lock"

    def _clean(self) -> str:
        """Remove the probes; returns what could not be, in words."""
        with suppress(OSError):
            abort_uploads(self._bucket, self._start)
        with suppress(OSError):
            self._remove_versions()
        try:
            for key in self._listed():
                with suppress(PermissionError):
                    delete(self._bucket, key)
            left = list(self._listed())
        except OSError:
            return ""  # a failed check told of it
        if not left:
            return ""
        places = ", ".join(map(self._bucket.place, left))
        return (
            "these probes may not be removed: let a lifecycle rule of the bucket expire "
            f"`.emeritus-preflight-*`, or remove them by hand: {places}"
        )

    def _remove_versions(self) -> None:
        if not self._keeps_versions:
            return
        with self._bucket.telling("ListObjectVersions", self._start):
            answer = self._bucket.write.list_object_versions(
                Bucket=self._bucket.name, Prefix=self._start
            )
        for one in [*answer.get("Versions", []), *answer.get("DeleteMarkers", [])]:
            with suppress(OSError), self._bucket.telling("DeleteObject", one["Key"]):
                self._bucket.write.delete_object(
                    Bucket=self._bucket.name, Key=one["Key"], VersionId=one["VersionId"]
                )

    def _listed(self) -> Iterator[str]:
        for page in listed(self._bucket, self._bucket.read, self._start):
            yield from (one["Key"] for one in page)

    def _head(self, key: str) -> dict[str, Any]:
        with self._bucket.telling("HeadObject", key):
            return {**self._bucket.write.head_object(Bucket=self._bucket.name, Key=key)}

    def _new(self, key: str) -> dict[str, Any]:
        return {
            "Bucket": self._bucket.name,
            "Key": key,
            "Body": BytesIO(_PROBE),
            "ChecksumAlgorithm": "SHA256",
            "ChecksumSHA256": base64_of(hashlib.sha256(_PROBE).digest()),
        }

    def _encrypted(self) -> dict[str, Any]:
        """As objects are, but not locked: most probes must go again."""
        asked = self._bucket.protection().items()
        return {name: value for name, value in asked if not name.startswith("ObjectLock")}

    def _role(self, arn: str) -> str:
        return arn or "whoever the environment's credentials belong to"


def _tell(attempt: Callable[[], Found]) -> Found:
    try:
        return attempt()
    except OSError as error:
        return "fail", told(error)


@contextmanager
def _refused(operation: str, bucket: S3Bucket, *statuses: int) -> Iterator[list[int]]:
    """Collects the status with which the block's request is refused, if it is one of these."""
    found: list[int] = []
    with bucket.telling(operation):
        try:
            yield found
        except Exception as error:
            if status_of(error) not in statuses:
                raise
            found.append(status_of(error))
