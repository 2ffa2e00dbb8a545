"""What a file is, by its first bytes and its name. Nothing is ever loaded or unpacked. Pure.

Two small JSON files are looked into, since their bytes pass only once: config.json for what it
calls the architecture, tokenizer_config.json for a chat template. What they say goes into the note.

What is called a pickle: a stream of pickle protocols 2 to 5, PyTorch's archives and its older
files, NumPy arrays of objects (which are pickles inside), and what has the name of one. Not told:
a pickle of protocol 0 or 1, or a compressed one, under the name of something else.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from tasks.preservation.safetensors_header import LARGEST_HEADER

PICKLE_NOTE = "a pickle: loading it runs code; kept as opaque bytes, never loaded"
TEMPLATE_NOTE = "holds a chat template"
CONFIG, TOKENIZER_CONFIG = "config.json", "tokenizer_config.json"

_LOOKED_AT = 64 << 10  # bytes of a file that are handed over; what is as long may go on
_SAYS = "says its architecture is "
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,80}")  # of a class: a stranger's words are not repeated
_MOST_NAMES = 4

# With its version, little- or big-endian: a text may begin with the four letters.
_GGUF = re.compile(rb"GGUF([\x01-\xff]\0\0\0|\0\0\0[\x01-\xff])")
# Protocol, then an operation. The third byte tells it from the length of a safetensors header,
# which is `80 02 00` for 640 bytes.
_PICKLE = re.compile(rb"\x80[\x02-\x05][\x28-\x7d\x80-\x98]")
_ZIP = b"PK\x03\x04"
_ZIP_ENTRY = re.compile(rb"PK\x03\x04.{22}(..)..", re.DOTALL)
_OBJECT_ARRAY = re.compile(rb"\x93NUMPY[\x01-\x03]\0.{2,4}\{[^}\x93]{0,1024}'\|O", re.DOTALL)
_PACKED = r"(\.(gz|bz2|xz|lzma|lz4|z|zst))?\Z"
_PICKLE_NAME = re.compile(rf".*\.(pkl|pickle|joblib|pt|pth|ckpt){_PACKED}", re.DOTALL)
_TORCH_NAMES = (".bin", ".pt", ".pth", ".ckpt")


def kind_of(path: str, first: bytes) -> tuple[str, str]:
    """Kind of a file, and what a person should know of it.

    Args:
        path: its name.
        first: its first bytes, up to 64 KiB.

    Returns:
        `safetensors`, `gguf`, `pickle` or `other`; and a note, or empty text. See also
        `architecture_in`.
    """
    name = path.lower()
    named_safetensors = name.endswith(".safetensors")
    if _GGUF.match(first):
        return "gguf", ""
    if named_safetensors and _begins_as_safetensors(first):
        return "safetensors", ""
    if _PICKLE.match(first) or _holds_pickle(name, first):
        return "pickle", PICKLE_NOTE
    if named_safetensors:
        return "safetensors", ""
    if _PICKLE_NAME.match(name):
        return "pickle", PICKLE_NOTE
    return "other", _told_by(path.rpartition("/")[2], first)


def architecture_in(note: str) -> str:
    """The architecture that a note repeats from config.json; empty if it repeats none."""
    return note.removeprefix(_SAYS) if note.startswith(_SAYS) else ""


def _told_by(name: str, first: bytes) -> str:
    """What one of the two JSON files tells, as a note; empty if it is another file."""
    if name == CONFIG:
        architecture = _architecture(_object(first))
        return _SAYS + architecture if architecture else ""
    if name == TOKENIZER_CONFIG:
        return TEMPLATE_NOTE if _object(first).get("chat_template") else ""
    return ""


def _object(first: bytes) -> dict[str, Any]:
    """A short file's JSON object; an empty one where it is long, or none."""
    if len(first) >= _LOOKED_AT:
        return {}
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):  # it comes from a stranger: broken, or nested for ever
        return {}
    return value if isinstance(value, dict) else {}


def _architecture(config: dict[str, Any]) -> str:
    """`LlamaForCausalLM (llama)`, as far as it is told in plain words."""
    listed, family = config.get("architectures"), _word(config.get("model_type"))
    names = [_word(one) for one in listed[:_MOST_NAMES]] if isinstance(listed, list) else []
    classes = ", ".join(filter(None, names))
    return f"{classes} ({family})" if classes and family else classes or family


def _word(value: object) -> str:
    return value if isinstance(value, str) and _WORD.fullmatch(value) else ""


def _begins_as_safetensors(first: bytes) -> bool:
    return first[8:9] == b"{" and int.from_bytes(first[:8], "little") <= LARGEST_HEADER


def _holds_pickle(name: str, first: bytes) -> bool:
    """Whether an archive or array has pickles within, as far as the first bytes show."""
    if not first.startswith(_ZIP):
        return _OBJECT_ARRAY.match(first) is not None
    if name.endswith(_TORCH_NAMES) or _OBJECT_ARRAY.search(first):
        return True
    return any(_PICKLE_NAME.match(ending) for ending in _entry_endings(first))


def _entry_endings(first: bytes) -> Iterator[str]:
    """Last letters of a ZIP archive's names, as far as their local headers are among the bytes."""
    for header in _ZIP_ENTRY.finditer(first):
        end = header.end() + int.from_bytes(header[1], "little")
        yield first[max(header.end(), end - 32) : end].decode("latin-1").lower()
