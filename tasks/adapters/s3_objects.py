"""Single objects of a bucket: made once, compared, copied, listed, deleted."""

import errno
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from tasks.adapters.s3_client import S3Bucket
from tasks.adapters.s3_faults import code_of, is_missing, status_of
from tasks.adapters.s3_reading import stream
from tasks.kernel.digests import sha256_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef, ObjectTypeDef

COPY_WHOLE = 5 << 30  # bytes that one CopyObject may copy
COPY_PART = 512 << 20
# how a store answers that knows no conditional create
_UNKNOWN_CONDITION = {"InvalidArgument", "InvalidRequest", "NotImplemented", "NotSupported"}
_PROTECTED = {"AccessDenied", "ObjectLocked", "MethodNotAllowed"}


@dataclass(frozen=True, slots=True)
class Seen:
    """An object, as the store tells of it.

    Attributes:
        size: bytes.
        etag: what changes with its bytes.
        checksum: SHA-256 in base64; with `-<parts>` at its end that of the parts' digests; empty
            where the store keeps none.
    """

    size: int
    etag: str
    checksum: str


def base64_of(digest: bytes) -> str:
    """As S3 writes a digest."""
    return b64encode(digest).decode()


def look(bucket: S3Bucket, client: "S3Client", key: str) -> Seen | None:
    """An object as it stands; None where there is none. Raises OSError."""
    with bucket.telling("HeadObject", key):
        try:
            answer = client.head_object(Bucket=bucket.name, Key=key, ChecksumMode="ENABLED")
        except Exception as error:
            if is_missing(error):
                return None
            raise
    return Seen(answer["ContentLength"], answer["ETag"], answer.get("ChecksumSHA256", ""))


def create_once(bucket: S3Bucket, make: Callable[..., Any], same: Callable[[], bool]) -> bool:
    """Make an object of an unfinished bag, unless a dead pass left the same.

    A store that knows no conditional create is looked into first.

    Args:
        bucket: where.
        make: sends the request, with the condition as keyword arguments.
        same: whether what stands there is what would be made.

    Returns:
        False where the same object stood there already.
    """
    known = bucket.conditional
    if known:
        try:
            make(IfNoneMatch="*")
            return True
        except Exception as error:
            known = status_of(error) in (409, 412)
            if not known and status_of(error) != 501 and code_of(error) not in _UNKNOWN_CONDITION:
                raise
    if same():
        return False
    make()
    bucket.conditional = known
    return True


def put_once(bucket: S3Bucket, key: str, body: BytesIO, digest: bytes) -> None:
    """Store a whole object, unless the same stands there already; replaces another.

    Raises:
        OSError: it can't be stored.
    """

    def make(**condition: str) -> Any:
        return put(bucket, key, body, digest, **condition)

    with bucket.telling("PutObject", key):
        create_once(bucket, make, lambda: holds(bucket, key, body.getbuffer().nbytes, digest))


def put(bucket: S3Bucket, key: str, body: BytesIO, digest: bytes, **more: Any) -> None:
    """Store a whole object, whatever stands there. Raises what boto3 raises."""
    body.seek(0)
    bucket.write.put_object(
        Bucket=bucket.name,
        Key=key,
        Body=body,
        ChecksumAlgorithm="SHA256",
        ChecksumSHA256=base64_of(digest),
        **bucket.protection(),
        **more,
    )


def holds(bucket: S3Bucket, key: str, size: int, digest: bytes) -> bool:
    """Whether an object has this SHA-256; it is read where the store kept none. Raises OSError."""
    seen = look(bucket, bucket.write, key)
    if seen is None or seen.size != size:
        return False
    if seen.checksum and "-" not in seen.checksum:
        return seen.checksum == base64_of(digest)
    with closing(stream(bucket, bucket.write, key)) as chunks:
        return sha256_of(chunks) == digest.hex()


def listed(
    bucket: S3Bucket, client: "S3Client", prefix: str
) -> Iterator[Sequence["ObjectTypeDef"]]:
    """Objects whose keys begin so, a page at a time. Raises OSError."""
    with bucket.telling("ListObjectsV2", prefix):
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket.name, Prefix=prefix)
        for page in pages:
            yield page.get("Contents", [])


def copy(bucket: S3Bucket, source: str, seen: Seen, target: str) -> None:
    """Copy an object as it was seen, within the store. Raises OSError."""
    if seen.size > COPY_WHOLE:
        _copy_in_parts(bucket, source, seen, target)
        return
    with bucket.telling("CopyObject", source):
        bucket.write.copy_object(
            Bucket=bucket.name,
            Key=target,
            CopySource={"Bucket": bucket.name, "Key": source},
            CopySourceIfMatch=seen.etag,
            **bucket.protection(),
        )


def _copy_in_parts(bucket: S3Bucket, source: str, seen: Seen, target: str) -> None:
    client, parts = bucket.write, list["CompletedPartTypeDef"]()
    with bucket.telling("UploadPartCopy", source):
        upload = client.create_multipart_upload(
            Bucket=bucket.name, Key=target, **bucket.protection()
        )["UploadId"]
        try:
            for start in range(0, seen.size, COPY_PART):
                end = min(start + COPY_PART, seen.size) - 1
                answer = client.upload_part_copy(
                    Bucket=bucket.name,
                    Key=target,
                    UploadId=upload,
                    PartNumber=len(parts) + 1,
                    CopySource={"Bucket": bucket.name, "Key": source},
                    CopySourceIfMatch=seen.etag,
                    CopySourceRange=f"bytes={start}-{end}",
                )
                etag = answer["CopyPartResult"]["ETag"]
                parts.append({"ETag": etag, "PartNumber": len(parts) + 1})
            client.complete_multipart_upload(
                Bucket=bucket.name, Key=target, UploadId=upload, MultipartUpload={"Parts": parts}
            )
        except BaseException:
            client.abort_multipart_upload(Bucket=bucket.name, Key=target, UploadId=upload)
            raise


def delete(bucket: S3Bucket, key: str) -> None:
    """Delete an object; in a bucket with versions it is hidden. Raises OSError."""
    with bucket.telling("DeleteObject", key):
        bucket.write.delete_object(Bucket=bucket.name, Key=key)


def delete_unprotected(bucket: S3Bucket, keys: Sequence[str]) -> None:
    """Delete objects but those that Object Lock, or a right that is not given, keeps.

    Args:
        bucket: where.
        keys: at most 1,000.

    Raises:
        OSError: the store failed.
    """
    if not keys:
        return
    with bucket.telling("DeleteObjects", keys[0]):
        try:
            answer = bucket.write.delete_objects(
                Bucket=bucket.name, Delete={"Objects": [{"Key": key} for key in keys]}
            )
        except Exception as error:
            if status_of(error) == 403:
                return
            if status_of(error) not in (400, 405, 501):
                raise
            _delete_singly(bucket, keys)  # not every store deletes many at once
            return
    for refused in answer.get("Errors", []):
        if refused.get("Code") not in _PROTECTED:
            place = bucket.place(refused.get("Key", keys[0]))
            said = f"DeleteObjects was answered with {refused.get('Code')}; a later pass goes on"
            raise OSError(errno.ECONNABORTED, said, place)


def _delete_singly(bucket: S3Bucket, keys: Sequence[str]) -> None:
    for key in keys:
        with suppress(PermissionError):
            delete(bucket, key)
