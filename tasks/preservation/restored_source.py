"""The payload as it was before packaging, from one bag or several: for restores and repairs."""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager

from configs.schema.preservation import Form
from tasks.kernel.errors import DecryptionRefused, SourceRefused
from tasks.kernel.retry import is_transient_fault
from tasks.ports.cipher import Decipher
from tasks.ports.source import SourceFile, SourceReader
from tasks.preservation.fixity import Copy
from tasks.preservation.manifest import PAYLOAD, manifest_entries
from tasks.preservation.pieces import piece_path, restored_path


class RestoredSource:
    """Implements `ports.source.Source` over one bag. Nothing is checked here.

    Where the bag's place does not answer now, reading raises ConnectionError or TimeoutError.

    Args:
        copy: the bag.
        sizes: path in the source -> bytes.
        decipher: opens encrypted pieces; needed for the form `age`.
    """

    def __init__(self, copy: Copy, sizes: Mapping[str, int], decipher: Decipher | None) -> None:
        self._copy, self._sizes, self._decipher = copy, sizes, decipher
        self._numbers: dict[str, array[int]] = {}  # of a file's pieces; in a form of whole files, 0
        for path, _ in manifest_entries(copy.tags.manifest):
            if copy.tags.form is Form.FILES:
                restored, number = path.removeprefix(PAYLOAD), 0
            else:
                restored, number = restored_path(path)
            self._numbers.setdefault(restored, array("L")).append(number)

    def files(self) -> Sequence[SourceFile]:
        """See `ports.source.Source`."""
        return [self.file(path) for path in sorted(self._numbers)]

    def file(self, path: str) -> SourceFile:
        """One of `files`."""
        return SourceFile(path, self._sizes[path], "")

    def stored(self, path: str) -> Sequence[str]:
        """The files of the bag that a file of the source is made of, in order."""
        form = self._copy.tags.form
        if form is Form.FILES:
            return [PAYLOAD + path]
        numbers = sorted(self._numbers[path])
        return [piece_path(path, number, encrypted=form is Form.AGE) for number in numbers]

    @contextmanager
    def open(self, file: SourceFile) -> Iterator[SourceReader]:
        """See `ports.source.Source`."""
        yield _Chunks(self._plain(file.path))

    def _plain(self, path: str) -> Iterator[memoryview]:
        for stored in self.stored(path):
            if self._copy.tags.form is not Form.AGE:
                yield from self._read(stored)
                continue
            assert self._decipher is not None, "an encrypted bag is opened with an identity"
            sealed = bytearray()
            for chunk in self._read(stored):
                sealed += chunk  # at once: the archive uses the chunk's memory again
            try:
                yield memoryview(self._decipher.decrypt(sealed))
            except DecryptionRefused as error:
                raise type(error)(f"{self._location(stored)}: {error}") from None

    def _read(self, stored: str) -> Iterator[memoryview]:
        try:
            yield from self._copy.read(stored)
        except OSError as error:
            if is_transient_fault(error):
                raise
            said = f"{self._location(stored)}: can't be read: {error.strerror or error}"
            raise SourceRefused(said) from None

    def _location(self, stored: str) -> str:
        """Where the bytes of one of the bag's files stand: it may be in another bag."""
        bag, path = self._copy.where(stored)
        return f"{self._copy.archive.location(bag)}/{path}"


class GatheredSource:
    """Implements `ports.source.Source` over several bags of one package.

    Args:
        of: path in the source -> the bag that gives it.
    """

    def __init__(self, of: Mapping[str, RestoredSource]) -> None:
        self._of = of

    def files(self) -> Sequence[SourceFile]:
        """See `ports.source.Source`."""
        return [self._of[path].file(path) for path in sorted(self._of)]

    def open(self, file: SourceFile) -> AbstractContextManager[SourceReader]:
        """See `ports.source.Source`."""
        return self._of[file.path].open(file)


class _Chunks:
    """A reader over chunks of any size."""

    def __init__(self, chunks: Iterator[memoryview]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readinto(self, buffer: memoryview) -> int:
        """See `ports.source.SourceReader`."""
        filled = 0
        while filled < len(buffer):
            if not self._rest:
                self._rest = next(self._chunks, memoryview(b""))
                if not self._rest:
                    break
            part = self._rest[: len(buffer) - filled]
            buffer[filled : filled + len(part)] = part
            filled += len(part)
            self._rest = self._rest[len(part) :]
        return filled
