"""Approvals that came as signature files, committed to git beside the configurations.

A file `<signatures_folder>/<model>/<packet>-<person>.sig` is handed in by whoever commits it; the
packet is named by the first 12 digits of its digest, so a file for another packet is never looked
at. Whether it counts is told by the signature alone.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from configs.load import PEOPLE
from configs.schema import RetirementConfig

_NAME = re.compile(r"(?P<packet>[0-9a-f]{12})-(?P<person>.+)\.sig")
_LONGEST = 16_384


@dataclass(frozen=True, slots=True)
class SignatureFile:
    """One file: where it is, whose it claims to be, and what it holds."""

    path: Path
    person: str
    signature: str


def signature_files(config: RetirementConfig, packet_digest: str) -> Sequence[SignatureFile]:
    """The files for one packet, by name. Reads only; a file that can't be read holds nothing."""
    folder = PEOPLE / config.access.signatures_folder / config.id
    found = []
    for path in sorted(folder.glob("*.sig")) if folder.is_dir() else ():
        match = _NAME.fullmatch(path.name)
        if match is not None and packet_digest.startswith(match["packet"]):
            found.append(SignatureFile(path, match["person"], _text(path)))
    return found


def _text(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(_LONGEST + 1)
    except (OSError, UnicodeDecodeError):
        return ""
