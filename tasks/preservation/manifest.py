"""BagIt 1.0 (RFC 8493): the tag files of a bag, as bytes. Pure."""

import re
from collections.abc import Mapping

from tasks.kernel.labels import SIMULATED

PAYLOAD = "data/"
MANIFEST = "manifest-sha256.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"
DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"

_LINE = re.compile(r"([0-9a-f]{64})  (.+)\Z")


def render_manifest(digests: Mapping[str, str]) -> bytes:
    """`<sha256>  <path>` a line, sorted by path; CR, LF and % in paths are percent-encoded."""
    lines = [f"{digest}  {_encode(path)}\n" for path, digest in sorted(digests.items())]
    return "".join(lines).encode()


def parse_manifest(text: str) -> dict[str, str]:
    """The inverse of `render_manifest`: path -> SHA-256.

    Raises:
        ValueError: a line is not an entry, or a path stands twice or leaves the bag.
    """
    digests: dict[str, str] = {}
    for number, line in enumerate(text.removesuffix("\n").split("\n") if text else (), start=1):
        match = _LINE.match(line)
        if match is None:
            raise ValueError(f"line {number} is not '<sha256>  <path>'")
        path = _decode(match[2])
        if path in digests or path.startswith("/") or ".." in path.split("/"):
            raise ValueError(f"line {number}: {path!r} stands twice or leaves the bag")
        digests[path] = match[1]
    return digests


def render_info(
    files: int, size: int, *, date: str, model: str, display_name: str, simulated: bool
) -> bytes:
    """`bag-info.txt`.

    Args:
        files: number of payload files.
        size: payload bytes.
        date: day of bagging, `2026-12-31`.
        model: the model's id.
        display_name: its name for people.
        simulated: whether a simulation made what is kept.
    """
    fields = {
        "Source-Organization": "Emeritus",
        "External-Description": f"{display_name}: weights and all that is needed to run it",
        "External-Identifier": model,
        "Bagging-Date": date,
        "Payload-Oxum": f"{size}.{files}",
    }
    if simulated:
        fields["Emeritus-Note"] = f"{SIMULATED}: these are not the weights of a real model"
    return "".join(
        f"{name}: {' '.join(value.split())}\n" for name, value in fields.items()
    ).encode()


def _encode(path: str) -> str:
    return path.replace("%", "%25").replace("\n", "%0A").replace("\r", "%0D")


def _decode(path: str) -> str:
    return path.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
