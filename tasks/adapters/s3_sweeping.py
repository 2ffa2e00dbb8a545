"""Removing what dead passes left in a bucket."""

import re
from collections.abc import Callable, Iterator

from tasks.adapters.s3_client import S3Bucket
from tasks.adapters.s3_faults import is_missing, status_of
from tasks.adapters.s3_objects import delete_unprotected, listed, look

TAGMANIFEST = "tagmanifest-sha256.txt"
# A bag's last objects. Either tells that it was whole, or as good as whole: a bag that lost its
# tagmanifest is damaged, and may be mended; it is not what a dead pass left.
_ENDS = (TAGMANIFEST, "manifest-sha256.txt")


def sweep(bucket: S3Bucket, owner: str, keep: str) -> None:
    """See `ports.archive.Archive.sweep`.

    In a bucket with versions, what is removed is hidden, and a rule of the bucket has to expire it.
    """
    # with its date and digits, as one model's id may begin like another's
    own = re.compile(rf"{re.escape(owner)}-\d{{8}}-[0-9a-f]{{8}}")
    start = bucket.key(f"{owner}-")
    for bag in _bags(bucket, start):
        if own.fullmatch(bag) and bag != keep and not _is_whole(bucket, bag):
            for page in listed(bucket, bucket.write, bucket.key(bag) + "/"):
                delete_unprotected(bucket, [one["Key"] for one in page])

    def stray(key: str) -> bool:
        bag = key.removeprefix(start.removesuffix(f"{owner}-")).partition("/")[0]
        mended = bag.partition(".damaged-")[0]
        return own.fullmatch(mended) is not None and bag != keep

    abort_uploads(bucket, start, stray)


def abort_uploads(
    bucket: S3Bucket, prefix: str, stray: Callable[[str], bool] = lambda key: True
) -> None:
    """Abort the uploads under way whose keys begin so, and for which `stray` is true.

    Raises:
        OSError: the store failed, or refuses it.
    """
    client = bucket.write
    with bucket.telling("ListMultipartUploads", prefix):
        try:
            pages = client.get_paginator("list_multipart_uploads").paginate(
                Bucket=bucket.name, Prefix=prefix
            )
            found = [upload for page in pages for upload in page.get("Uploads", [])]
        except Exception as error:
            if status_of(error) == 501:
                return
            raise
    for upload in found:
        if stray(upload["Key"]):
            _abort(bucket, upload["Key"], upload["UploadId"])


def _abort(bucket: S3Bucket, key: str, upload: str) -> None:
    with bucket.telling("AbortMultipartUpload", key):
        try:
            bucket.write.abort_multipart_upload(Bucket=bucket.name, Key=key, UploadId=upload)
        except Exception as error:
            if not is_missing(error):  # completed or aborted meanwhile
                raise


def _bags(bucket: S3Bucket, start: str) -> Iterator[str]:
    """Names of the bags whose keys begin so."""
    with bucket.telling("ListObjectsV2", start):
        pages = bucket.write.get_paginator("list_objects_v2").paginate(
            Bucket=bucket.name, Prefix=start, Delimiter="/"
        )
        for page in pages:
            for found in page.get("CommonPrefixes", []):
                yield found["Prefix"].rstrip("/").rpartition("/")[2]


def _is_whole(bucket: S3Bucket, bag: str) -> bool:
    return any(look(bucket, bucket.write, bucket.key(bag, end)) is not None for end in _ENDS)
