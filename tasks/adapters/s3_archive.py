"""Bags in a bucket, at any endpoint that speaks S3.

A bag's files are the objects `<prefix>/<bag>/<path>`. A bag counts once its
`tagmanifest-sha256.txt` is there, which is written last.
"""

import errno
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import chain

from configs.schema.preservation import S3Config
from tasks.adapters.beneath import plain_name, plain_parts
from tasks.adapters.s3_client import S3Bucket, utc_now
from tasks.adapters.s3_features import expect_features
from tasks.adapters.s3_mending import S3Mending
from tasks.adapters.s3_objects import listed, look
from tasks.adapters.s3_reading import stream
from tasks.adapters.s3_sweeping import TAGMANIFEST, sweep
from tasks.adapters.s3_writer import S3BagWriter, writing
from tasks.kernel.spool import in_order
from tasks.ports.archive import Bytes


class S3Archive:
    """One replica's bucket. Nothing is asked of it before it is used."""

    def __init__(
        self, name: str, config: S3Config, *, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._name, self.bucket = name, S3Bucket(config, now)
        self._expected = False

    @property
    def name(self) -> str:
        """See `ports.archive.Archive`."""
        return self._name

    def location(self, bag: str) -> str:
        """See `ports.archive.Archive`: `s3://bucket/prefix/bag`."""
        return self.bucket.place(self.bucket.key(bag))

    def exists(self, bag: str) -> bool:
        """See `ports.archive.Archive`. Raises OSError where the store can't be asked."""
        key = self.bucket.key(plain_name(bag), TAGMANIFEST)
        return look(self.bucket, self.bucket.read, key) is not None

    def begun(self, bag: str) -> bool:
        """See `ports.archive.Archive`."""
        prefix = self.bucket.key(plain_name(bag)) + "/"
        client, name = self.bucket.write, self.bucket.name
        with self.bucket.telling("ListObjectsV2", prefix):
            if client.list_objects_v2(Bucket=name, Prefix=prefix, MaxKeys=1).get("Contents"):
                return True
        with self.bucket.telling("ListMultipartUploads", prefix):
            left = client.list_multipart_uploads(Bucket=name, Prefix=prefix, MaxUploads=1)
        return bool(left.get("Uploads"))

    @contextmanager
    def writer(self, bag: str) -> Iterator[S3BagWriter]:
        """See `ports.archive.Archive`.

        Raises:
            ArchiveUnusable: the bucket lacks versions or Object Lock, which the configuration asks
                for; nothing was written.
            OSError: no space, no right, or no such bucket.
        """
        if not self._expected:
            expect_features(self._name, self.bucket)
            self._expected = True
        with writing(self.bucket, bag) as writer:
            yield writer

    def sweep(self, owner: str, keep: str = "") -> None:
        """See `ports.archive.Archive`. What Object Lock protects stays, without an error."""
        sweep(self.bucket, owner, keep)

    def files(self, bag: str) -> Iterator[str]:
        """See `ports.archive.Archive`."""
        start = self.bucket.key(plain_name(bag)) + "/"
        found = (
            one["Key"].removeprefix(start)
            for page in listed(self.bucket, self.bucket.read, start)
            for one in page
            if not one["Key"].endswith("/")  # what consoles make to show an empty folder
        )
        ordered = in_order(found, key=str)
        first = next(ordered, None)
        if first is None:
            raise FileNotFoundError(errno.ENOENT, "no such bag", self.location(bag))
        return chain([first], ordered)

    def read(self, bag: str, path: str) -> Iterator[memoryview]:
        """See `ports.archive.Archive`. A broken connection is taken up again."""
        key = self.bucket.key(plain_name(bag), *plain_parts(path))
        yield from stream(self.bucket, self.bucket.read, key)

    def stamp(self, bag: str) -> str:
        """See `ports.archive.Archive`; empty where there is no bag."""
        digest, start = "", self.bucket.key(plain_name(bag)) + "/"
        for page in listed(self.bucket, self.bucket.read, start):
            rows = [
                [one["Key"], one["Size"], one["ETag"], one["LastModified"].isoformat()]
                for one in page
            ]
            text = json.dumps([digest, *rows], separators=(",", ":"))
            digest = hashlib.sha256(text.encode()).hexdigest() if rows else digest
        return digest

    def replace(self, bag: str, path: str, chunks: Iterable[Bytes], aside: str) -> None:
        """See `ports.archive.Archive`. The old object is copied within the store."""
        S3Mending(self.bucket, bag, aside).replace(path, chunks)

    def set_aside(self, bag: str, path: str, aside: str) -> None:
        """See `ports.archive.Archive`. In a bucket with versions the old object is only hidden."""
        S3Mending(self.bucket, bag, aside).set_aside(path)
