"""A bucket that serves the site, a file an object.

What differs is found from one listing by ETags, and where an ETag is not the MD5 (encrypted, or
stored in parts) by SHA-256. Every object is compared again once it is stored.
"""

import errno
import hashlib
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import PurePosixPath

from configs.schema.essay_targets import S3SiteConfig
from configs.schema.preservation import S3Config
from tasks.adapters.s3_client import S3Bucket
from tasks.adapters.s3_faults import is_missing
from tasks.adapters.s3_objects import create_once, delete, holds, listed, put
from tasks.ports.publisher import other_bytes, public_path, stands_for_good

_TEXT = "; charset=utf-8"
_TYPES = {
    ".css": f"text/css{_TEXT}",
    ".html": f"text/html{_TEXT}",
    ".ico": "image/x-icon",
    ".ics": f"text/calendar{_TEXT}",
    ".jpg": "image/jpeg",
    ".json": "application/json",  # UTF-8 by RFC 8259, without a parameter
    ".md": f"text/markdown{_TEXT}",
    ".png": "image/png",
    ".sig": f"text/plain{_TEXT}",
    ".statement": f"text/plain{_TEXT}",
    ".svg": "image/svg+xml",
    ".txt": f"text/plain{_TEXT}",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
}
_NAMED = {
    "SHA256SUMS": f"text/plain{_TEXT}",
    "allowed_signers": f"text/plain{_TEXT}",
    "feed.json": "application/feed+json",
    "feed.xml": f"application/atom+xml{_TEXT}",
}


class S3Publisher:
    """Publishes below one prefix of a bucket.

    Args:
        config: the bucket; it, or the prefix, holds nothing else.
        site_url: where people reach the site; empty while nothing serves it.
    """

    def __init__(self, config: S3SiteConfig, site_url: str = "") -> None:
        self._config, self._site_url = config, site_url.rstrip("/")
        same = ("bucket", "prefix", "endpoint_url", "region", "profile")
        self._bucket = S3Bucket(S3Config(**{name: getattr(config, name) for name in same}))

    def publish(self, files: Mapping[str, bytes]) -> tuple[str, ...]:
        """See `ports.publisher.Publisher`."""
        keys = {path: self._key(path) for path in files}
        seen = self._seen()
        changed = []
        for path, data in files.items():
            etag = seen.get(keys[path])
            if etag is None or not self._is(etag, keys[path], data):
                changed.append(path)
                if etag is not None and stands_for_good(path):
                    raise other_bytes(self._bucket.place(keys[path]))
        for path in changed:
            self._put(path, keys[path], files[path])
        return tuple(changed)

    def read(self, path: str) -> bytes | None:
        """See `ports.publisher.Publisher`."""
        return self._read(self._key(path))

    def remove(self, paths: Iterable[str]) -> tuple[str, ...]:
        """See `ports.publisher.Publisher`. A bucket with versions keeps what it hides."""
        keys = {path: self._key(path) for path in paths}
        seen = self._seen()
        there = tuple(path for path, key in keys.items() if key in seen)
        for path in there:
            delete(self._bucket, keys[path])
        return there

    def listing(self, prefix: str = "") -> tuple[str, ...]:
        """See `ports.publisher.Publisher`."""
        within = prefix.rpartition("/")[0]
        if within:
            self._key(within)
        skipped = len(self._root)
        return tuple(sorted(key[skipped:] for key in self._seen(prefix)))

    def location(self, path: str) -> str:
        """See `ports.publisher.Publisher`."""
        key = self._key(path)
        return f"{self._site_url}/{path}" if self._site_url else self._bucket.url(key)

    @property
    def _root(self) -> str:
        return f"{self._config.prefix}/" if self._config.prefix else ""

    def _key(self, path: str) -> str:
        return self._root + "/".join(public_path(path, self._bucket.place(self._root)))

    def _seen(self, prefix: str = "") -> dict[str, str]:
        """Key -> ETag of every object that is there."""
        pages = listed(self._bucket, self._bucket.read, self._root + prefix)
        return {
            one["Key"]: one["ETag"].strip('"')
            for page in pages
            for one in page
            if not one["Key"].endswith("/")  # what some consoles make for a folder
        }

    def _is(self, etag: str, key: str, data: bytes) -> bool:
        """Whether the object that was listed holds these bytes."""
        same = etag == hashlib.md5(data, usedforsecurity=False).hexdigest()
        return same or holds(self._bucket, key, len(data), hashlib.sha256(data).digest())

    def _put(self, path: str, key: str, data: bytes) -> None:
        digest, for_good = hashlib.sha256(data), stands_for_good(path)
        seconds = self._config.essay_cache_seconds if for_good else self._config.page_cache_seconds

        def make(**condition: str) -> None:
            put(
                self._bucket,
                key,
                BytesIO(data),
                digest.digest(),
                ContentType=content_type(path),
                CacheControl=f"public, max-age={seconds}",
                Metadata={"sha256": digest.hexdigest()},
                **condition,
            )

        with self._bucket.telling("PutObject", key):
            if for_good:
                create_once(self._bucket, make, lambda: self._made_already(key, data))
            else:
                make()
        if not holds(self._bucket, key, len(data), digest.digest()):
            said = (
                "PutObject: it holds other bytes than were sent; is something else writing there?"
            )
            raise OSError(errno.EIO, said, self._bucket.place(key))

    def _made_already(self, key: str, data: bytes) -> bool:
        """Whether a dead pass left the object. Other bytes are refused."""
        found = self._read(key)
        if found is not None and found != data:
            raise other_bytes(self._bucket.place(key))
        return found is not None

    def _read(self, key: str) -> bytes | None:
        with self._bucket.telling("GetObject", key):
            try:
                answer = self._bucket.read.get_object(Bucket=self._bucket.name, Key=key)
            except Exception as error:
                if is_missing(error):
                    return None
                raise
            with answer["Body"] as body:
                return body.read()


def content_type(path: str) -> str:
    """What a browser is told that a file is; by its name alone."""
    pure = PurePosixPath(path)
    return _NAMED.get(pure.name) or _TYPES.get(pure.suffix, "application/octet-stream")
