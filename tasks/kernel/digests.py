"""Digests and the one byte form of a JSON value that they are taken of."""

import hashlib

import rfc8785


def sha256_hex(data: bytes) -> str:
    """SHA-256 of bytes, 64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


def canonical_json(value: object) -> bytes:
    """The RFC 8785 form of a JSON value: equal values give equal bytes.

    Raises:
        rfc8785.CanonicalizationError: not a JSON value, NaN, or an integer beyond 2**53.
    """
    return rfc8785.dumps(value)  # type: ignore[arg-type]  # its alias is narrower than it takes


def digest_of(value: object) -> str:
    """SHA-256 of a value's canonical JSON, in hex."""
    return sha256_hex(canonical_json(value))


def stable_id(*parts: str | int) -> str:
    """An id of 24 hex digits that is the same for the same parts: repeats make no second row."""
    return digest_of(list(parts))[:24]
