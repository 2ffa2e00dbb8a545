"""A bag's bytes on their way elsewhere, hashed as they go."""

import hashlib
from collections.abc import Iterator, Mapping

from configs.schema.preservation import Form
from tasks.kernel.errors import ReplicaDamaged
from tasks.kernel.retry import is_transient_fault
from tasks.ports.archive import Archive
from tasks.preservation.fixity import Copy
from tasks.preservation.manifest import MANIFEST, PAYLOAD, count_entries, manifest_entries
from tasks.preservation.packaging import finish_bag
from tasks.preservation.terms import Progress, no_progress


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


def copy_bag(
    copy: Copy,
    archive: Archive,
    sizes: Mapping[str, int],
    *,
    bag: str = "",
    progress: Progress = no_progress,
) -> None:
    """Copy a whole bag into another archive; every file is hashed on its way.

    What other bags of the first archive hold for it is copied too: the new bag stands alone.

    Args:
        copy: the bag, which must verify.
        archive: where the copy goes.
        sizes: path in the source -> bytes.
        bag: the copy's name; empty for the bag's own.
        progress: told of whole files as they come in bytes, and of pieces by their number.

    Raises:
        ReplicaDamaged: it changed while it was copied; the new bag does not count.
        OSError: a place can't be read or written.
    """
    copied_bytes, total, files = 0, sum(sizes.values()), count_entries(copy.tags.manifest)
    with archive.writer(bag or copy.bag) as writer:
        payload = manifest_entries(copy.tags.manifest)
        for number, (path, sha256) in enumerate(payload, start=1):
            if copy.tags.form is not Form.FILES:
                writer.put(path, b"".join(copied(copy, path, sha256)), sha256)
                progress(path, number, files, "files")
                continue
            file = writer.open_file(path, sizes[path.removeprefix(PAYLOAD)])
            for chunk in copied(copy, path, sha256):
                file.write(chunk)
                copied_bytes += len(chunk)
                progress(path, copied_bytes, total)
            file.close()
        finish_bag(writer, copy.tags)


def is_taken(archive: Archive, bag: str) -> bool:
    """Whether anything has a bag's name in an archive: a bag, or what stands in its place.

    What a dead pass left of an unfinished bag has not taken the name: it is gone on with.

    Raises:
        ConnectionError, TimeoutError: the place can't be asked now.
    """
    if archive.exists(bag):
        return True
    try:
        return MANIFEST in archive.files(bag)  # a bucket's bag that lost its tag manifest
    except FileNotFoundError:
        return False
    except OSError as error:
        if is_transient_fault(error):
            raise
        return True  # a link or a file where a folder was
