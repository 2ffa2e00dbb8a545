"""Digests and the one byte form of a JSON value that they are taken of."""

import hashlib
import json
from collections.abc import Iterable, Iterator

import rfc8785

_LARGEST = 2**53 - 1
_PART = 1 << 16  # characters of a long text that are digested at a time
_encoded = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":")
).encode


def sha256_hex(data: bytes) -> str:
    """SHA-256 of bytes, 64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


def sha256_of(parts: Iterable[bytes | memoryview]) -> str:
    """As `sha256_hex`, of bytes that come in parts."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def canonical_json(value: object) -> bytes:
    """The RFC 8785 form of a JSON value: equal values give equal bytes.

    Raises:
        rfc8785.CanonicalizationError: not a JSON value, NaN, or an integer beyond 2**53.
    """
    if _is_plain(value):
        try:
            return _encoded(value).encode()  # the same bytes, several times as fast
        except UnicodeEncodeError:
            pass  # half a surrogate pair: told below
    return rfc8785.dumps(value)  # type: ignore[arg-type]  # its alias is narrower than it takes


def _is_plain(value: object) -> bool:
    """Whether RFC 8785 decides nothing that the standard library does otherwise.

    It orders keys by UTF-16 and not by code points, which is one for ASCII, and writes floats as
    ECMAScript does.
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if isinstance(value, int):
        return kind is int and -_LARGEST <= value <= _LARGEST
    if isinstance(value, dict):
        keys = all(type(key) is str and key.isascii() for key in value)
        return keys and kind is dict and all(map(_is_plain, value.values()))
    return (kind is list or kind is tuple) and all(map(_is_plain, value))  # type: ignore[call-overload]


def digest_of(value: object) -> str:
    """SHA-256 of a value's canonical JSON, in hex.

    A row may hold a manifest of many megabytes: long texts that are an object's own values are
    taken part by part, and no second copy of them is made.
    """
    if not (type(value) is dict and any(map(_is_long, value.values())) and _is_plain(value)):
        return sha256_hex(canonical_json(value))
    digest = hashlib.sha256()
    try:
        for number, (key, one) in enumerate(sorted(value.items())):
            digest.update(f"{',' if number else '{'}{_encoded(key)}:".encode())
            for part in _parts(one):
                digest.update(part.encode())
    except UnicodeEncodeError:
        return sha256_hex(canonical_json(value))  # half a surrogate pair: told there
    digest.update(b"}")
    return digest.hexdigest()


def _is_long(value: object) -> bool:
    return type(value) is str and len(value) > _PART


def _parts(value: object) -> Iterator[str]:
    """A plain value's JSON, a long text in parts: each character is escaped on its own."""
    if type(value) is not str:
        yield _encoded(value)
        return
    yield '"'
    for start in range(0, len(value), _PART):
        yield _encoded(value[start : start + _PART])[1:-1]
    yield '"'


def stable_id(*parts: str | int) -> str:
    """An id of 24 hex digits that is the same for the same parts: repeats make no second row."""
    return digest_of(list(parts))[:24]
