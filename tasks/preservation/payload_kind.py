"""What a file is, by its first bytes and its name. Nothing is ever loaded. Pure."""

import re

PICKLE_NOTE = "a pickle: loading it runs code; kept as opaque bytes, never loaded"

_PICKLE = re.compile(rb"\x80[\x02-\x05]")
_PICKLE_NAMES = (".pkl", ".pickle", ".joblib", ".pt", ".pth", ".ckpt")
_TORCH_ZIP = re.compile(rb"PK\x03\x04.{26}[^\x00]{0,200}data\.pkl", re.DOTALL)
_TORCH_NAMES = (".bin", ".pt", ".pth", ".ckpt")


def kind_of(path: str, first: bytes) -> tuple[str, str]:
    """Kind of a file, and what a person should know of it.

    Args:
        path: its name.
        first: its first bytes, up to 64 KiB.

    Returns:
        `safetensors`, `gguf`, `pickle` or `other`; and a note, or empty text.
    """
    name = path.lower()
    if first.startswith(b"GGUF"):
        return "gguf", ""
    if _PICKLE.match(first) or _TORCH_ZIP.match(first[:512]):
        return "pickle", PICKLE_NOTE
    if first.startswith(b"PK\x03\x04") and name.endswith(_TORCH_NAMES):
        return "pickle", PICKLE_NOTE
    if name.endswith(".safetensors"):
        return "safetensors", ""
    if name.endswith(_PICKLE_NAMES):
        return "pickle", PICKLE_NOTE
    return "other", ""
