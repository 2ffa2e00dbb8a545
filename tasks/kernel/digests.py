"""Digests and the one byte form of a JSON value that they are taken of."""

import hashlib
import json

import rfc8785

_LARGEST = 2**53 - 1
_encoded = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":")
).encode


def sha256_hex(data: bytes) -> str:
    """SHA-256 of bytes, 64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


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
    """SHA-256 of a value's canonical JSON, in hex."""
    return sha256_hex(canonical_json(value))


def stable_id(*parts: str | int) -> str:
    """An id of 24 hex digits that is the same for the same parts: repeats make no second row."""
    return digest_of(list(parts))[:24]
