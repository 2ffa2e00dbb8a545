"""One read of a source makes digests and every replica; reading back proves them. Uses ports."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
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
        files: number of payload files.
        bytes: their size.
    """

    manifest: str
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
    expect: str = "",
) -> Bagged:
    """Read the source once and write one bag into every archive that lacks it.

    Args:
        source: what is preserved.
        archives: where the bags go.
        model_id: for the bag's name.
        info: makes bag-info.txt from the number of payload files and their bytes.
        expect: package id that the source must have, or empty.

    Raises:
        SourceRefused: the source can't be preserved as it is; nothing visible was written.
        ValueError: the source is not what `expect` names; nothing visible was written.
        OSError: a place can't be written; nothing visible was written there.
    """
    with ExitStack() as stack:
        writers = [stack.enter_context(archive.create()) for archive in archives]
        digests, size = _copy(source, writers)
        bagged = Bagged(render_manifest(digests).decode(), len(digests), size)
        if expect and bagged.package_id != expect:
            raise ValueError(f"holds package {bagged.package_id[:12]}, not {expect[:12]}")
        tags = _tag_files(bagged, info)
        name = bag_name(model_id, bagged.package_id)
        for archive, writer in zip(archives, writers, strict=True):
            for path, data in tags.items():
                writer.open_file(path)
                writer.write(data)
            if not archive.exists(name):
                writer.commit(name)
    return bagged


def read_back(archive: Archive, bag: str, manifest: str) -> FixityReport:
    """Hash every byte of a bag, and compare payload and tag files with the manifests.

    A file that can't be read counts as missing.
    """
    expected = parse_manifest(manifest)
    try:
        paths = archive.files(bag)
    except OSError:
        return compare(expected, {})
    found, tag_lists = {}, {}
    for path in paths:
        try:
            found[path] = _digest(archive, bag, path)
            if path == TAG_MANIFEST:
                tag_lists = parse_manifest(b"".join(archive.read(bag, path)).decode())
        except OSError:
            continue
        except ValueError:  # an unreadable tag manifest lists nothing
            tag_lists = {}
    expected |= {**tag_lists, MANIFEST: sha256_hex(manifest.encode())}
    if TAG_MANIFEST in found:
        expected[TAG_MANIFEST] = found[TAG_MANIFEST]  # it can't list itself
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


def _tag_files(bagged: Bagged, info: Callable[[int, int], bytes]) -> Mapping[str, bytes]:
    tags = {
        "bagit.txt": DECLARATION,
        "bag-info.txt": info(bagged.files, bagged.bytes),
        MANIFEST: bagged.manifest.encode(),
    }
    return {**tags, TAG_MANIFEST: render_manifest({p: sha256_hex(d) for p, d in tags.items()})}


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
