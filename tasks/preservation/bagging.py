"""One read of a source makes digests and every replica; reading back proves them. Uses ports."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass

from tasks.kernel.digests import sha256_hex
from tasks.ports.archive import Archive, BagWriter, Source
from tasks.preservation.core import FixityReport, compare
from tasks.preservation.manifest import (
    DECLARATION,
    MANIFEST,
    PAYLOAD,
    TAG_MANIFEST,
    parse_manifest,
    render_manifest,
)


@dataclass(frozen=True, slots=True)
class Bagged:
    """A bag as it was written.

    Attributes:
        manifest: text of manifest-sha256.txt; its SHA-256 is the package's id.
        info: text of bag-info.txt.
        files: number of payload files.
        bytes: their size.
    """

    manifest: str
    info: str
    files: int
    bytes: int

    @property
    def package_id(self) -> str:
        """SHA-256 of the manifest."""
        return sha256_hex(self.manifest.encode())


def bag_name(model_id: str, package_id: str) -> str:
    """A bag's folder: the same content gives the same name, so a repeat makes no second copy."""
    return f"{model_id}-{package_id[:16]}"


def write_bags(
    source: Source,
    archives: Sequence[Archive],
    *,
    model_id: str,
    info: Callable[[int, int], bytes],
    aside: str,
    expect: str = "",
) -> Bagged:
    """Read the source once and write one bag into every archive.

    A bag of that name that is there already stays if it reads back whole, and is set aside
    otherwise.

    Args:
        source: what is preserved.
        archives: where the bags go.
        model_id: for the bag's name.
        info: makes bag-info.txt from the number of payload files and their bytes.
        aside: suffix for a bag that is set aside.
        expect: package id that the source must have, or empty.

    Raises:
        SourceRefused: the source can't be preserved as it is; nothing visible was written.
        ValueError: the source is not what `expect` names; nothing visible was written.
        OSError: a place can't be written; nothing visible was written there.
    """
    with ExitStack() as stack:
        writers = [stack.enter_context(archive.create(model_id)) for archive in archives]
        digests, size = _copy(source, writers)
        text = info(len(digests), size).decode()
        bagged = Bagged(render_manifest(digests).decode(), text, len(digests), size)
        if expect and bagged.package_id != expect:
            raise ValueError(f"holds package {bagged.package_id[:12]}, not {expect[:12]}")
        name = bag_name(model_id, bagged.package_id)
        for archive, writer in zip(archives, writers, strict=True):
            for path, data in tag_files(bagged.manifest, bagged.info).items():
                writer.open_file(path)
                writer.write(data)
            if archive.exists(name):
                if read_back(archive, name, bagged.manifest, bagged.info).whole:
                    continue
                archive.set_aside(name, aside)
            writer.commit(name)
    return bagged


def package_of(source: Source) -> str:
    """The id of the package that a source would make. Reads it whole.

    Raises:
        SourceRefused: it can't be preserved as it is.
    """
    digests, _ = _copy(source, ())
    return sha256_hex(render_manifest(digests))


def tag_files(manifest: str, info: str) -> dict[str, bytes]:
    """A bag's tag files: all follow from its manifest and its bag-info."""
    tags = {
        "bagit.txt": DECLARATION,
        "bag-info.txt": info.encode(),
        MANIFEST: manifest.encode(),
    }
    return {**tags, TAG_MANIFEST: render_manifest({p: sha256_hex(d) for p, d in tags.items()})}


def read_back(archive: Archive, bag: str, manifest: str, info: str) -> FixityReport:
    """Hash every byte of a bag, payload and tag files, and compare with what was recorded.

    A file that can't be read, a link and a special file count as missing.
    """
    tags = {path: sha256_hex(data) for path, data in tag_files(manifest, info).items()}
    expected = {**parse_manifest(manifest), **tags}
    try:
        paths = archive.files(bag)
    except OSError:
        return compare(expected, {})
    found = {}
    for path in paths:
        with suppress(OSError):
            found[path] = _digest(archive, bag, path)
    return compare(expected, found)


def _copy(source: Source, writers: Sequence[BagWriter]) -> tuple[dict[str, str], int]:
    digests, size = {}, 0
    for path in source.files():
        digest = hashlib.sha256()
        for writer in writers:
            writer.open_file(PAYLOAD + path)
        for chunk in source.read(path):
            digest.update(chunk)
            size += len(chunk)
            for writer in writers:
                writer.write(chunk)
        digests[PAYLOAD + path] = digest.hexdigest()
    return digests, size


def _digest(archive: Archive, bag: str, path: str) -> str:
    digest = hashlib.sha256()
    for chunk in archive.read(bag, path):
        digest.update(chunk)
    return digest.hexdigest()


class BagSource:
    """A bag's payload as the source of a repair."""

    def __init__(self, archive: Archive, bag: str) -> None:
        self._archive, self._bag = archive, bag

    def files(self) -> Sequence[str]:
        """See `ports.archive.Source`."""
        paths = self._archive.files(self._bag)
        return [p.removeprefix(PAYLOAD) for p in paths if p.startswith(PAYLOAD)]

    def read(self, path: str) -> Iterator[bytes]:
        """See `ports.archive.Source`."""
        return self._archive.read(self._bag, PAYLOAD + path)
