"""An object's bytes, taken up again where a connection broke."""

import errno
from collections.abc import Generator
from typing import TYPE_CHECKING

from tasks.adapters.s3_client import S3Bucket
from tasks.adapters.s3_faults import is_broken_body

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

CHUNK = 1 << 20
_TRIES = 5  # with no chunk between them


def stream(bucket: S3Bucket, client: "S3Client", key: str) -> Generator[memoryview]:
    """Yield a whole object, in chunks of at most 1 MiB.

    What comes after a break is asked for with the ETag of what came before, so that two versions
    of an object never make up one.

    Raises:
        OSError: it can't be read, ends too early, or changes meanwhile.
    """
    offset, size, etag, broken = 0, -1, "", 0
    with bucket.telling("GetObject", key):
        while offset != size:
            answer = _ask(bucket, client, key, offset, etag)
            etag, size, body = answer["ETag"], offset + answer["ContentLength"], answer["Body"]
            try:
                while chunk := body.read(CHUNK):
                    offset += len(chunk)
                    broken = 0
                    yield memoryview(chunk)
            except Exception as error:
                broken += 1
                if broken == _TRIES or not is_broken_body(error):
                    raise
            finally:
                body.close()


def _ask(
    bucket: S3Bucket, client: "S3Client", key: str, offset: int, etag: str
) -> "GetObjectOutputTypeDef":
    if not etag:
        return client.get_object(Bucket=bucket.name, Key=key)
    answer = client.get_object(Bucket=bucket.name, Key=key, Range=f"bytes={offset}-", IfMatch=etag)
    if offset and answer["ResponseMetadata"]["HTTPStatusCode"] != 206:
        answer["Body"].close()
        said = "GetObject: the connection broke, and the store gives no part of an object"
        raise OSError(errno.EIO, said, bucket.place(key))
    return answer
