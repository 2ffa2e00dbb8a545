"""Puts a sound object in a damaged one's place in a committed bag; what stood there is kept."""

import errno
from collections.abc import Iterable
from contextlib import closing

from tasks.adapters.beneath import plain_name
from tasks.adapters.s3_client import S3Bucket
from tasks.adapters.s3_in_flight import InFlight
from tasks.adapters.s3_objects import Seen, copy, delete, look
from tasks.adapters.s3_parts import PartedFile
from tasks.ports.archive import Bytes

_PART = 64 << 20  # the new file's size is not known beforehand: 10,000 parts of this are 625 GiB


class S3Mending:
    """Exchanges and sets aside objects of one bag."""

    def __init__(self, bucket: S3Bucket, bag: str, aside: str) -> None:
        self._bucket, self._bag, self._aside = bucket, plain_name(bag), plain_name(aside)

    def replace(self, path: str, chunks: Iterable[Bytes]) -> None:
        """See `ports.archive.Archive.replace`."""
        key = self._key(self._bag, path)
        with closing(InFlight()) as flight:
            new = PartedFile(self._bucket, key, flight, size=0, part=_PART, resume=False)
            try:
                for chunk in chunks:
                    new.write(chunk)
                new.finish_parts()
                seen = look(self._bucket, self._bucket.write, key)
                if seen is not None:
                    self._keep(path, key, seen)
                new.publish_over()
            except BaseException:
                flight.close()
                new.abort()
                raise

    def set_aside(self, path: str) -> None:
        """See `ports.archive.Archive.set_aside`."""
        key = self._key(self._bag, path)
        seen = look(self._bucket, self._bucket.write, key)
        if seen is None:
            raise FileNotFoundError(errno.ENOENT, "it is not there", self._bucket.place(key))
        self._keep(path, key, seen)
        delete(self._bucket, key)

    def _keep(self, path: str, key: str, seen: Seen) -> None:
        free, number = self._key(self._aside, path), 0
        target = free
        while look(self._bucket, self._bucket.write, target) is not None:
            number += 1
            target = f"{free}.{number}"
        copy(self._bucket, key, seen, target)

    def _key(self, bag: str, path: str) -> str:
        key = f"{self._bucket.key(bag)}/{path}"
        if not path or any(part in (".", "..") for part in path.split("/")):
            said = "HTTP can't name such an object; move it by hand"
            raise OSError(errno.EINVAL, said, self._bucket.place(key))
        return key
