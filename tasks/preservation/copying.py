"""A bag's bytes on their way elsewhere, hashed as they go."""

import hashlib
from collections.abc import Iterator

from tasks.kernel.errors import ReplicaDamaged
from tasks.preservation.fixity import Copy


def copied(copy: Copy, path: str, sha256: str) -> Iterator[memoryview]:
    """A file's bytes in chunks; the last one comes only if all of them have this digest.

    Raises:
        ReplicaDamaged: they have not; whoever writes them must drop what came.
        OSError: the file can't be read.
    """
    digest, last = hashlib.sha256(), None
    for chunk in copy.read(path):
        if last is not None:
            yield memoryview(last)
        digest.update(chunk)
        last = bytes(chunk)  # the archive uses the chunk's memory again
    if digest.hexdigest() != sha256:
        raise ReplicaDamaged(
            f"{copy.archive.location(copy.bag)}/{path}: changed while it was copied from; "
            "nothing was overwritten with it"
        )
    if last is not None:
        yield memoryview(last)
