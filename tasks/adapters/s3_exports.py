"""Exports in a bucket: listed, and fetched through boto3.

DuckDB's own way to a bucket is an extension that its wheel does not hold and that it would
download and run; boto3 is here already, with its credentials, retries and errors.
"""

import errno
import os
import re
from contextlib import closing
from pathlib import Path

from configs.schema.bucket import BucketConfig
from configs.schema.preservation import S3Config
from tasks.adapters.s3_client import S3Bucket
from tasks.adapters.s3_objects import listed, look
from tasks.adapters.s3_reading import stream
from tasks.ports.exports import Listed


class S3Exports:
    """The objects below a bucket's prefix whose keys fit a pattern.

    Args:
        config: the bucket.
        pattern: of keys below the prefix; `*` and `?` stay within a folder, `**` does not.
    """

    def __init__(self, config: BucketConfig, pattern: str) -> None:
        self._bucket = S3Bucket(S3Config(**config.model_dump()))
        self._fits = re.compile(expression_of(pattern))
        self._prefix = f"{config.prefix}/" if config.prefix else ""

    def listed(self) -> tuple[Listed, ...]:
        """See `ports.exports.Exports`."""
        found = []
        for page in listed(self._bucket, self._bucket.read, self._prefix):
            for one in page:
                key, size, etag = one["Key"], one["Size"], one["ETag"].strip('"')
                if size and self._fits.fullmatch(key.removeprefix(self._prefix)):
                    found.append(Listed(self._bucket.place(key), key, size, etag))
        return tuple(sorted(found, key=lambda one: one.key))

    def fetch(self, one: Listed, path: Path) -> None:
        """See `ports.exports.Exports`."""
        with (
            path.open("xb") as file,
            closing(stream(self._bucket, self._bucket.read, one.key)) as body,
        ):
            for chunk in body:
                file.write(chunk)
        seen = look(self._bucket, self._bucket.read, one.key)
        size = os.path.getsize(path)  # noqa: PTH202 - of what was written
        if seen is None or seen.etag.strip('"') != one.stamp or size != one.size:
            raise OSError(
                errno.EIO, "it changed while it was read; the next pass reads it", one.name
            )


def expression_of(pattern: str) -> str:
    """A pattern of keys as a regular expression."""
    parts = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(
        parts.get(one, re.escape(one)) for one in re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    )
