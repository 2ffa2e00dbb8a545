"""A file that goes up in parts, a few at once; what a dead pass left of it is taken up."""

import errno
import hashlib
from collections.abc import Iterator
from contextlib import closing, suppress
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any

from tasks.adapters.s3_client import S3Bucket
from tasks.adapters.s3_faults import is_missing
from tasks.adapters.s3_in_flight import InFlight
from tasks.adapters.s3_objects import Seen, base64_of, create_once, look, put, put_once
from tasks.adapters.s3_reading import stream
from tasks.ports.archive import Bytes

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef, PartTypeDef

_MIB = 1 << 20
LEAST_PART = 5 * _MIB  # S3 takes no smaller one, and each takes memory while it is sent
_MOST_PARTS = 10_000


def part_size(size: int) -> int:
    """Bytes of every part but the last, for a file of so many bytes."""
    return max(LEAST_PART, -(-size // (_MOST_PARTS * _MIB)) * _MIB)


class PartedFile:
    """One object, from bytes that come in order; a small one is put whole.

    An object of the expected size that stands there already was completed by a dead pass: what
    comes is then only compared with it.
    """

    def __init__(
        self, bucket: S3Bucket, key: str, flight: InFlight, *, size: int, part: int, resume: bool
    ) -> None:
        self._bucket, self._key, self._flight = bucket, key, flight
        self._expected, self._part_size, self._resume = size, part, resume
        self._part, self._size, self._count = flight.body(), 0, 0
        self._standing: Seen | None = None
        self._upload = ""
        self._left: dict[int, PartTypeDef] = {}
        self._sent: dict[int, CompletedPartTypeDef] = {}
        self._digests: dict[int, bytes] = {}

    def write(self, chunk: Bytes) -> None:
        """The next bytes. Raises OSError, of an earlier part too."""
        view = memoryview(chunk)
        while view:
            if self._part.tell() == self._part_size:
                self._send()
            room = self._part_size - self._part.tell()
            self._size += self._part.write(view[:room])
            view = view[room:]
        if self._part.tell() == self._part_size and self._size < self._expected:
            self._send()  # at once, so that a kill costs less

    def finish_parts(self) -> None:
        """Have every byte at the store, but for a small file's. Raises OSError."""
        if self._count and self._part.tell():
            self._send()
        self._flight.wait()

    def publish(self) -> None:
        """Make the object of an unfinished bag whole. Raises OSError."""
        if not self._count:
            self._flight.start(partial(_put_small, self._bucket, self._key), self._part)
            return
        self.finish_parts()
        self._flight.spare(self._part)
        if self._standing is not None:
            if not self._stands():
                self._refuse_standing()
            return
        with self._bucket.telling("CompleteMultipartUpload", self._key):
            if create_once(self._bucket, self._complete, self._stands):
                self._expect_whole()
            else:
                self.abort()

    def publish_over(self) -> None:
        """Make the object whole in the place of whatever stands there. Raises OSError."""
        self.finish_parts()
        if not self._count:
            self._part.truncate()
            with self._bucket.telling("PutObject", self._key):
                put(self._bucket, self._key, self._part, _digest(self._part))
            return
        with self._bucket.telling("CompleteMultipartUpload", self._key):
            self._complete()
        self._expect_whole()

    def abort(self) -> None:
        """Drop what went up, as far as the store lets us."""
        if self._upload:
            with suppress(OSError), self._bucket.telling("AbortMultipartUpload", self._key):
                self._bucket.write.abort_multipart_upload(**self._names())

    def _send(self) -> None:
        if not self._count:
            with self._bucket.telling("CreateMultipartUpload", self._key):
                self._begin()
        self._count += 1
        self._flight.start(partial(self._send_part, self._count), self._part)
        self._part = self._flight.body()

    def _begin(self) -> None:
        client = self._bucket.write
        if self._resume:
            seen = look(self._bucket, client, self._key)
            if seen is not None and seen.size == self._expected:
                self._standing = seen
                return
            self._upload = self._take_up()
        if not self._upload:
            self._upload = client.create_multipart_upload(
                Bucket=self._bucket.name,
                Key=self._key,
                ChecksumAlgorithm="SHA256",
                **self._bucket.protection(),
            )["UploadId"]

    def _take_up(self) -> str:
        """The newest upload that a dead pass left, and its parts; empty where there is none.

        Parts of another size than ours are sent anew, and take the place of those.
        """
        client, bucket = self._bucket.write, self._bucket.name
        uploads = [
            upload
            for page in client.get_paginator("list_multipart_uploads").paginate(
                Bucket=bucket, Prefix=self._key
            )
            for upload in page.get("Uploads", [])
            if upload["Key"] == self._key
        ]
        if not uploads:
            return ""
        newest = max(uploads, key=lambda upload: upload["Initiated"])["UploadId"]
        pages = client.get_paginator("list_parts").paginate(
            Bucket=bucket, Key=self._key, UploadId=newest
        )
        self._left = {part["PartNumber"]: part for page in pages for part in page.get("Parts", [])}
        return newest

    def _send_part(self, number: int, body: BytesIO) -> None:
        digest = self._digests[number] = _digest(body)
        if self._standing is not None:
            return
        left = self._left.get(number)
        if left is not None and _is_same(left, body, digest):
            self._note(number, left["ETag"], left.get("ChecksumSHA256", ""))
            return
        body.seek(0)
        with self._bucket.telling(f"UploadPart {number}", self._key):
            answer = self._bucket.write.upload_part(
                **self._names(),
                PartNumber=number,
                Body=body,
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=base64_of(digest),
            )
        told = answer.get("ChecksumSHA256", "")
        if told not in ("", base64_of(digest)):
            self._refuse(f"part {number} arrived damaged")
        self._note(number, answer["ETag"], told)

    def _note(self, number: int, etag: str, checksum: str) -> None:
        self._sent[number] = {"PartNumber": number, "ETag": etag}
        if checksum:
            self._sent[number]["ChecksumSHA256"] = checksum

    def _names(self) -> dict[str, Any]:
        return {"Bucket": self._bucket.name, "Key": self._key, "UploadId": self._upload}

    def _complete(self, **condition: Any) -> None:
        parts = [self._sent[number] for number in range(1, self._count + 1)]
        try:
            answer = self._bucket.write.complete_multipart_upload(
                **self._names(), MultipartUpload={"Parts": parts}, **condition
            )
        except Exception as error:
            if is_missing(error) and self._stands():
                return  # it was completed, and the answer lost on its way
            raise
        told = answer.get("ChecksumSHA256", "")
        same = self._is_checksum(told)
        # of all bytes, which read-back compares; any other that we don't know is no reason to
        # doubt the store, and none to believe it
        if told and same is None and answer.get("ChecksumType") != "FULL_OBJECT":
            same = self._stands()
        if same is False:
            self._refuse("the store's checksum is not ours")

    def _is_checksum(self, told: str) -> bool | None:
        """Whether a checksum is that of what came; None for one that is made in another way.

        S3 makes it for an object of parts from their digests, and puts `-<parts>` behind it, which
        some stores leave out.
        """
        digests = b"".join(self._digests[number] for number in range(1, self._count + 1))
        own = base64_of(hashlib.sha256(digests).digest())
        if told in (own, f"{own}-{self._count}"):
            return True
        return False if told.endswith(f"-{self._count}") else None

    def _stands(self) -> bool:
        """Whether what stands there is what came."""
        seen = look(self._bucket, self._bucket.write, self._key)
        if seen is None or seen.size != self._size:
            return False
        # another one may be that of the same bytes in as many parts of another size, as an earlier
        # version sent them
        if self._is_checksum(seen.checksum):
            return True
        with closing(stream(self._bucket, self._bucket.write, self._key)) as chunks:
            found = list(_part_digests(chunks, self._part_size))
        return found == [self._digests[number] for number in range(1, self._count + 1)]

    def _expect_whole(self) -> None:
        seen = look(self._bucket, self._bucket.write, self._key)
        if seen is None or seen.size != self._size:
            self._refuse(f"{seen.size if seen else 0} bytes stand there, {self._size} were sent")

    def _refuse_standing(self) -> None:
        """What stands there is other than what came, which is gone: an empty object in its place
        has the next pass send it anew. (The right to delete may not be given.)"""
        with self._bucket.telling("PutObject", self._key):
            put(self._bucket, self._key, BytesIO(), _digest(BytesIO()))
        self._refuse("a dead pass left other bytes there; they were dropped")

    def _refuse(self, why: str) -> None:
        said = f"{why}; a later pass sends it again"
        raise OSError(errno.ECONNABORTED, said, self._bucket.place(self._key))


def _put_small(bucket: S3Bucket, key: str, body: BytesIO) -> None:
    put_once(bucket, key, body, _digest(body))


def _digest(body: BytesIO) -> bytes:
    return hashlib.sha256(body.getbuffer()).digest()


def _is_same(left: "PartTypeDef", body: BytesIO, digest: bytes) -> bool:
    """Whether a part that stands at the store is this one."""
    data = body.getbuffer()
    if left["Size"] != data.nbytes:
        return False
    if left.get("ChecksumSHA256"):
        return left["ChecksumSHA256"] == base64_of(digest)
    # without a checksum the ETag is the part's MD5, but for some kinds of encryption: no match then
    return left["ETag"].strip('"') == hashlib.md5(data, usedforsecurity=False).hexdigest()


def _part_digests(chunks: Iterator[memoryview], size: int) -> Iterator[bytes]:
    """SHA-256 of every `size` bytes of a stream, and of what is left at its end."""
    digest, room = hashlib.sha256(), size
    for chunk in chunks:
        rest = chunk
        while len(rest) >= room:
            digest.update(rest[:room])
            yield digest.digest()
            rest, digest, room = rest[room:], hashlib.sha256(), size
        digest.update(rest)
        room -= len(rest)
    if room < size:
        yield digest.digest()
