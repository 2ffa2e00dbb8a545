"""Reading the files that the configuration wants copied into a package's description."""

import os
import stat
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from configs.home import under_home
from configs.load import load_golden_prompts
from configs.schema.golden import GoldenPromptsConfig
from configs.schema.metadata import MetadataConfig
from tasks.kernel.errors import MetadataMissing
from tasks.preservation.described import ATTACHMENTS, LICENCE_TEXT, NOTES, says_something

LARGEST = 16 << 20  # bytes, of one and of all together: they are held in memory
_NAME_BYTES = 248  # of 255 that disks take: an encrypted file has `.age` added to its name
_MARKDOWN = (".md", ".markdown")
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a FIFO must not hold us up


def exists(path: Path) -> bool:
    """Whether a path is a readable file with something in it, and no link."""
    place = under_home(path)
    try:
        seen = place.lstat()
        return stat.S_ISREG(seen.st_mode) and seen.st_size > 0 and os.access(place, os.R_OK)
    except (OSError, ValueError):
        return False


def unrecorded(golden: GoldenPromptsConfig) -> tuple[str, ...]:
    """The prompts of a file that it has no recorded output of, by their ids.

    Raises:
        ConfigError: the file can't be used.
    """
    prompts, _ = load_golden_prompts(golden)
    outputs = prompts.recorded.outputs if prompts.recorded is not None else ()
    recorded = {one.prompt for one in outputs if says_something(one.model_dump())}
    return tuple(one.id for one in prompts.prompts if one.id not in recorded)


def read_texts(metadata: MetadataConfig) -> dict[str, bytes]:
    """The files that the configuration names: path under metadata/ -> bytes.

    Raises:
        MetadataMissing: one is missing, empty, a link, no file or too large, two attachments have
            one name, or what should be text is not UTF-8.
    """
    texts: dict[str, bytes] = {}
    left = LARGEST
    for field, name, path in _named(metadata):
        where = f"preservation.metadata.{field}: {path}"
        if _folded(name) in map(_folded, texts):
            raise MetadataMissing(f"{where}: two attachments have this name; rename one")
        data = _read(where, path, left)
        if field != "attachments":
            _expect_text(where, data)
        texts[name] = data
        left -= len(data)
    return texts


def _named(metadata: MetadataConfig) -> Iterator[tuple[str, str, Path]]:
    if metadata.licence_file is not None:
        yield "licence_file", LICENCE_TEXT, under_home(metadata.licence_file)
    if metadata.training_notes_file is not None:
        path = under_home(metadata.training_notes_file)
        suffix = ".md" if path.suffix.lower() in _MARKDOWN else ".txt"
        yield "training_notes_file", NOTES + suffix, path
    for configured in metadata.attachments:
        path = under_home(configured)
        _expect_name(path)
        yield "attachments", ATTACHMENTS + path.name, path


def _read(where: str, path: Path, left: int) -> bytes:
    try:
        handle = os.open(path, _OPEN)
        try:
            regular = stat.S_ISREG(os.fstat(handle).st_mode)
            data = _bytes(handle, left + 1) if regular else b""
        finally:
            os.close(handle)
    except (OSError, ValueError) as error:
        if path.is_symlink():
            raise MetadataMissing(f"{where} is a link; name the file itself") from None
        said = getattr(error, "strerror", None) or str(error)
        raise MetadataMissing(f"{where} can't be read: {said}; mend the path") from None
    if not regular:
        raise MetadataMissing(f"{where} is not a file; name a file")
    if not data:
        raise MetadataMissing(f"{where} is empty; write it, or leave the field out")
    if len(data) > left:
        raise MetadataMissing(
            f"{where}: the files of a description may have {LARGEST >> 20} MiB together, and this "
            "one goes beyond; large files belong into preservation.source_folder"
        )
    return data


def _bytes(handle: int, most: int) -> bytes:
    """The file's bytes, but no more than `most`: it may be huge, or grow."""
    data = bytearray()
    while len(data) < most and (chunk := os.read(handle, min(most - len(data), 1 << 20))):
        data += chunk
    return bytes(data)


def _expect_text(where: str, data: bytes) -> None:
    try:
        data.decode()
    except UnicodeDecodeError:
        raise MetadataMissing(
            f"{where} is not text in UTF-8; convert it, and keep another format as an attachment"
        ) from None


def _expect_name(path: Path) -> None:
    name = path.name
    sound = name.isprintable() and "%" not in name and not name.endswith(" ")  # as in a source
    if not sound or len(os.fsencode(name)) > _NAME_BYTES:
        raise MetadataMissing(
            f"preservation.metadata.attachments: {str(path)!r}: its name has control characters, a "
            f"%, a space at its end, or over {_NAME_BYTES} bytes; rename the file"
        )


def _folded(name: str) -> str:
    """Names that some disks take for one are one."""
    return unicodedata.normalize("NFC", name).casefold()
