"""What an SSH public key's bytes hold, checked whole (RFC 4253, 5656, 8709; OpenSSH, PROTOCOL.u2f).

ssh-keygen passes over a line of allowed signers whose key it can't read, so that no signature of
that person counts and nobody is told: whatever it would pass over is found here, and named.
"""

import base64
import binascii
from collections.abc import Iterator

_ED25519_BYTES = 32
#: Curve -> bytes of an uncompressed point: a 4, then x and y.
_POINT_BYTES = {"nistp256": 65, "nistp384": 97, "nistp521": 133}
#: ssh-keygen takes RSA from 1,024 bits on; NIST SP 800-131A asks for twice as many.
_RSA_BITS = (2048, 16_384)
_TYPES = (
    "ssh-ed25519",
    "ssh-rsa",
    *(f"ecdsa-sha2-{curve}" for curve in _POINT_BYTES),
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
)
_PASTE = "; paste the .pub file's whole line after the name"


def checked_key(kind: str, key: str) -> str:
    """A public key in the one spelling of its base64.

    Args:
        kind: the type that stands before it.
        key: base64.

    Raises:
        ValueError: what is wrong with it, and how to mend it; a sentence without its subject.
    """
    try:
        blob = base64.b64decode(key, validate=True)
        inner, rest = take_string(blob)
    except (ValueError, binascii.Error):
        raise ValueError(f"is no {kind} public key, or is cut short{_PASTE}") from None
    if inner != kind.encode():
        told = inner.decode("ascii", errors="replace")[:40]
        other = f": its bytes are of type {told!r}" if told.isprintable() else ""
        raise ValueError(f"is no {kind} public key{other}{_PASTE}")
    if "-cert-" in kind:
        raise ValueError("is a certificate; list the person's own public key")
    if kind == "ssh-dss":
        raise ValueError("ssh-dss is broken; make one with `ssh-keygen -t ed25519`")
    if kind not in _TYPES:
        raise ValueError(f"{kind} is not known here; known are {', '.join(_TYPES)}")
    try:
        problem = next(_problems(kind, rest), "")
    except ValueError:
        problem = f"is cut short{_PASTE}"
    if problem:
        raise ValueError(problem)
    return base64.b64encode(blob).decode()


def kind_of(key: str) -> str:
    """The type that a public key's bytes name, such as `ssh-ed25519`.

    Args:
        key: base64.

    Raises:
        ValueError: it is cut short.
    """
    return take_string(base64.b64decode(key))[0].decode("ascii")


def take_string(data: bytes) -> tuple[bytes, bytes]:
    """A length-prefixed string (RFC 4251, 5), and what follows it.

    Raises:
        ValueError: it is cut short.
    """
    length = int.from_bytes(data[:4], "big")
    if len(data) < 4 + length:
        raise ValueError("cut short")
    return data[4 : 4 + length], data[4 + length :]


def _problems(kind: str, rest: bytes) -> Iterator[str]:
    """What is wrong with the fields after the type. Raises `ValueError` where one is cut short."""
    if kind == "ssh-rsa":
        exponent, rest = take_string(rest)
        modulus, rest = take_string(rest)
        yield from _rsa_problems(exponent, modulus)
    elif "ed25519" in kind:
        point, rest = take_string(rest)
        if len(point) != _ED25519_BYTES:
            yield f"holds {len(point)} bytes of key where {kind} has {_ED25519_BYTES}{_PASTE}"
    else:
        curve, rest = take_string(rest)
        point, rest = take_string(rest)
        yield from _curve_problems(kind, curve, point)
    if kind.startswith("sk-"):
        application, rest = take_string(rest)
        if b"\0" in application:
            yield f"names an application that holds a zero byte{_PASTE}"
    if rest:
        yield f"has {len(rest)} bytes after its end{_PASTE}"


def _rsa_problems(exponent: bytes, modulus: bytes) -> Iterator[str]:
    for name, field in (("exponent", exponent), ("modulus", modulus)):
        negative = field[:1] >= b"\x80"
        padded = field[:1] == b"\0" and field[1:2] < b"\x80"
        if not field or negative or padded:
            yield f"is an RSA key whose {name} is not written as RFC 4251 asks{_PASTE}"
    number, bits = int.from_bytes(exponent, "big"), int.from_bytes(modulus, "big").bit_length()
    if number < 3 or number % 2 == 0:
        yield f"is an RSA key with the exponent {number}, no odd number from 3 on{_PASTE}"
    if not _RSA_BITS[0] <= bits <= _RSA_BITS[1]:
        yield (
            f"is an RSA key of {bits} bits, and {_RSA_BITS[0]} to {_RSA_BITS[1]} count; make "
            "another with `ssh-keygen -t ed25519`"
        )


def _curve_problems(kind: str, curve: bytes, point: bytes) -> Iterator[str]:
    name = curve.decode("ascii", errors="replace")
    if not kind.removesuffix("@openssh.com").endswith(f"-{name}") or name not in _POINT_BYTES:
        yield f"names another curve than {kind}{_PASTE}"
        return
    if len(point) != _POINT_BYTES[name] or point[:1] != b"\x04":
        yield (
            f"holds {len(point)} bytes of point where {kind} has {_POINT_BYTES[name]}, the first "
            f"of them 4{_PASTE}"
        )
        return
    from cryptography.hazmat.primitives.asymmetric import ec

    curves: dict[str, ec.EllipticCurve] = {
        "nistp256": ec.SECP256R1(),
        "nistp384": ec.SECP384R1(),
        "nistp521": ec.SECP521R1(),
    }
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(curves[name], point)
    except ValueError:
        yield f"holds a point that is not on the curve of {kind}{_PASTE}"
