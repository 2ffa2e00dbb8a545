"""BagIt 1.0 (RFC 8493): the tag files of a bag, as bytes. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping

from tasks.kernel.spool import Content, Spool, lines

PAYLOAD = "data/"
MANIFEST = "manifest-sha256.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"
FETCH = "fetch.txt"
INFO = "bag-info.txt"
DECLARATION_FILE = "bagit.txt"
DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"

_LINE = re.compile(r"([0-9a-f]{64})  (.+)\Z")
_FETCH_LINE = re.compile(r"(\S+) (\d+|-) (.+)\Z")


def render_manifest(digests: Mapping[str, str]) -> bytes:
    """`<sha256>  <path>` a line, sorted by path; CR, LF and % in paths are percent-encoded."""
    return b"".join(manifest_lines(sorted(digests.items())))


def manifest_lines(entries: Iterable[tuple[str, str]]) -> Iterator[bytes]:
    """As `render_manifest`, line by line, of paths and digests that come sorted by path."""
    for path, digest in entries:
        yield f"{digest}  {_encode(path)}\n".encode()


def manifest_entries(manifest: Content) -> Iterator[tuple[str, str]]:
    """The inverse of `manifest_lines`: path and SHA-256, sorted by path.

    Raises:
        ValueError: a line is not an entry, or a path leaves the bag, stands twice, or stands
            behind one that sorts after it, as in no manifest of ours.
    """
    before = ""
    for number, line in enumerate(lines(manifest.parts()), start=1):
        match = _LINE.match(line.removesuffix(b"\n").decode())
        if match is None:
            raise ValueError(f"line {number} is not '<sha256>  <path>'")
        path = _decode(match[2])
        if path <= before or path.startswith("/") or ".." in path.split("/"):
            raise ValueError(f"line {number}: {path!r} is out of order or leaves the bag")
        before = path
        yield path, match[1]


def count_entries(manifest: Content) -> int:
    """How many files a manifest lists."""
    return sum(part.count(b"\n") for part in manifest.parts())


def payload_entries(manifest: Content) -> Iterator[tuple[str, str]]:
    """As `manifest_entries`, by paths below `data/`. Raises ValueError."""
    for path, digest in manifest_entries(manifest):
        yield path.removeprefix(PAYLOAD), digest


def parse_payload(text: str) -> dict[str, str]:
    """As `payload_entries`, of a short one, all at once: path in the source -> SHA-256."""
    return dict(payload_entries(Spool([text.encode()])))


def render_fetch(entries: Mapping[str, tuple[str, int]]) -> str:
    """`fetch.txt`: `<url> <bytes> <path>` a line, sorted by path; empty without entries.

    Args:
        entries: path in the bag -> URL and size of what another bag holds.
    """
    return "".join(
        f"{url} {size} {_encode(path)}\n" for path, (url, size) in sorted(entries.items())
    )


def parse_fetch(text: str) -> dict[str, tuple[str, int]]:
    """The inverse of `render_fetch`.

    Raises:
        ValueError: a line is not an entry.
    """
    entries: dict[str, tuple[str, int]] = {}
    for number, line in enumerate(_lines(text), start=1):
        match = _FETCH_LINE.match(line)
        if match is None or match[2] == "-":
            raise ValueError(f"line {number} is not '<url> <bytes> <path>'")
        entries[_decode(match[3])] = (match[1], int(match[2]))
    return entries


def render_info(fields: Mapping[str, str]) -> bytes:
    """`bag-info.txt`: one line a field; white space in values becomes single spaces."""
    return "".join(
        f"{name}: {' '.join(value.split())}\n" for name, value in fields.items() if value
    ).encode()


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def _encode(path: str) -> str:
    return path.replace("%", "%25").replace("\n", "%0A").replace("\r", "%0D")


def _decode(path: str) -> str:
    return path.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
