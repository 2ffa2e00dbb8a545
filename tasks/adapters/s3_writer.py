"""Writes one bag into a bucket. Its last object, the tagmanifest, makes it count."""

import errno
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from io import BytesIO

from tasks.adapters.beneath import plain_name, plain_parts
from tasks.adapters.s3_client import S3Bucket
from tasks.adapters.s3_in_flight import MOST, InFlight
from tasks.adapters.s3_objects import look, put_once
from tasks.adapters.s3_parts import PartedFile, part_size
from tasks.adapters.s3_sweeping import TAGMANIFEST, abort_uploads
from tasks.ports.archive import Bytes


@contextmanager
def writing(bucket: S3Bucket, bag: str) -> Iterator["S3BagWriter"]:
    """Start a bag, or go on with what a dead pass left. See `ports.archive.Archive.writer`."""
    plain_name(bag)
    if look(bucket, bucket.write, bucket.key(bag, TAGMANIFEST)) is not None:
        raise FileExistsError(
            errno.EEXIST, "a bag is never written over", bucket.place(bucket.key(bag))
        )
    with closing(InFlight()) as flight:
        yield S3BagWriter(bucket, bag, flight)
        flight.wait()


class S3BagWriter:
    """See `ports.archive.BagWriter`; `writing` makes one. Small files go up in the background."""

    at_once = False

    def __init__(self, bucket: S3Bucket, bag: str, flight: InFlight) -> None:
        self._bucket, self._bag, self._flight = bucket, bag, flight
        self._file: _File | None = None
        self._recent: deque[str] = deque(maxlen=MOST + 1)  # keys that may be under way
        self._linkable = _Page(bucket)
        self._last: tuple[BytesIO, bytes] | None = None
        self._committed = False

    def put(self, path: str, data: Bytes, sha256: str) -> None:
        """See `ports.archive.BagWriter`. The tagmanifest waits for `commit`."""
        key = self._new_key(path)
        digest = bytes.fromhex(sha256)
        if path == TAGMANIFEST:
            self._last = (BytesIO(data), digest)
            return
        body = self._flight.body()
        body.write(data)
        self._flight.start(partial(put_once, self._bucket, key, digest=digest), body)

    def open_file(self, path: str, size: int) -> "_File":
        """See `ports.archive.BagWriter`."""
        assert self._file is None or self._file.closed, "one after the other: parts take memory"
        assert path != TAGMANIFEST, "it is put, and waits for commit"
        key = self._new_key(path)
        parted = PartedFile(
            self._bucket, key, self._flight, size=size, part=part_size(size), resume=True
        )
        self._file = _File(parted)
        return self._file

    def link(self, path: str, bag: str, origin: str) -> str:
        """See `ports.archive.BagWriter`. Always a URL: S3 knows no links."""
        plain_parts(path)
        key = self._bucket.key(plain_name(bag), *plain_parts(origin))
        if not self._linkable.has(self._bucket.key(bag) + "/", key):
            place = self._bucket.place(key)
            raise FileNotFoundError(errno.ENOENT, "HeadObject: it is not there", place)
        return self._bucket.url(key)

    def sync(self) -> None:
        """See `ports.archive.BagWriter`. Of an open file, whole parts are kept."""
        self._flight.wait()

    def commit(self) -> None:
        """See `ports.archive.BagWriter`.

        Raises:
            OSError: it can't be stored, or no tagmanifest was put.
        """
        assert self._file is None or self._file.closed, "a bag is whole when it is committed"
        self.sync()
        key = self._bucket.key(self._bag, TAGMANIFEST)
        if self._last is None:
            place = self._bucket.place(key)
            raise OSError(errno.EINVAL, "was not put; without it a bag can't be committed", place)
        with suppress(PermissionError):  # what is left over costs money, and nothing else
            abort_uploads(self._bucket, self._bucket.key(self._bag) + "/")
        put_once(self._bucket, key, *self._last)
        self._committed = True

    def _new_key(self, path: str) -> str:
        assert not self._committed, "a committed bag is not written to"
        key = self._bucket.key(self._bag, *plain_parts(path))
        if key in self._recent:
            self._flight.wait()
        self._recent.append(key)
        return key


class _File:
    """See `ports.archive.BagFile`."""

    def __init__(self, parted: PartedFile) -> None:
        self._parted, self.closed = parted, False

    def write(self, chunk: Bytes) -> None:
        """See `ports.archive.BagFile`."""
        self._parted.write(chunk)

    def close(self) -> None:
        """See `ports.archive.BagFile`."""
        self.closed = True
        self._parted.publish()


class _Page:
    """A page of what a bag holds: links come in the order of their keys, and one look does for
    many of them."""

    def __init__(self, bucket: S3Bucket) -> None:
        self._bucket, self._keys = bucket, frozenset[str]()

    def has(self, bag: str, key: str) -> bool:
        """Whether an object stands there. Raises OSError."""
        if key in self._keys:
            return True
        with self._bucket.telling("ListObjectsV2", key):
            answer = self._bucket.write.list_objects_v2(
                Bucket=self._bucket.name, Prefix=bag, StartAfter=key[:-1]
            )
        self._keys = frozenset(one["Key"] for one in answer.get("Contents", []))
        return key in self._keys or look(self._bucket, self._bucket.write, key) is not None
