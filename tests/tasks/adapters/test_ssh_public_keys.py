"""A public key counts whole or not at all, as ssh-keygen itself reads it."""

import base64
import random
import subprocess
from pathlib import Path

import pytest

from tasks.adapters.ssh_public_keys import checked_key

APPLICATION = b"\0\0\0\4ssh:"
RSA = "ssh-rsa"
ED25519 = "ssh-ed25519"
P256 = "ecdsa-sha2-nistp256"
KINDS = (
    ED25519,
    P256,
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    RSA,
    f"sk-{ED25519}@openssh.com",
    f"sk-{P256}@openssh.com",
)


def _string(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big") + part


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A key of each type; those of security keys are put together, since none is plugged in."""
    folder = tmp_path_factory.mktemp("keys")
    found: dict[str, bytes] = {}
    for kind, bits in (
        ("ed25519", ""), ("ecdsa", "256"), ("ecdsa", "384"), ("ecdsa", "521"), ("rsa", "2048"),
    ):  # fmt: skip
        file = folder / f"{kind}{bits}"
        size = ["-b", bits] if bits else []
        command = ["ssh-keygen", "-q", "-t", kind, *size, "-N", "", "-f", str(file)]
        subprocess.run(command, check=True)
        name, key = file.with_suffix(".pub").read_text().split()[:2]
        found[name] = base64.b64decode(key)
    for plain in (ED25519, P256):
        name = f"sk-{plain}@openssh.com"
        found[name] = _string(name.encode()) + found[plain][4 + len(plain) :] + APPLICATION
    return found


def _problem(kind: str, blob: bytes) -> str:
    try:
        checked_key(kind, base64.b64encode(blob).decode())
    except ValueError as error:
        return str(error)
    return ""


def _read_by_ssh_keygen(folder: Path, kind: str, blob: bytes) -> bool:
    file = folder / "key.pub"
    file.write_text(f"{kind} {base64.b64encode(blob).decode()}\n")
    asked = subprocess.run(["ssh-keygen", "-l", "-f", str(file)], capture_output=True, check=False)
    return asked.returncode == 0


@pytest.mark.parametrize("kind", KINDS)
def test_what_ssh_keygen_reads_is_taken_and_what_it_does_not_is_refused(
    kind: str, keys: dict[str, bytes], tmp_path: Path
) -> None:
    blob = keys[kind]
    assert _problem(kind, blob) == ""
    assert _read_by_ssh_keygen(tmp_path, kind, blob)
    drawn = random.Random(kind)
    for _ in range(12):
        at = drawn.randrange(len(blob))
        flipped = bytes([blob[at] ^ 1 << drawn.randrange(8)])
        for changed in (blob[:at], blob[:at] + flipped + blob[at + 1 :], blob + b"\0"):
            read = _read_by_ssh_keygen(tmp_path, kind, changed)
            assert read is not bool(_problem(kind, changed)), (changed.hex(), read)


def _rsa(exponent: bytes, modulus: bytes) -> bytes:
    return _string(b"ssh-rsa") + _string(exponent) + _string(modulus)


MODULUS = b"\0" + b"\xff" * 256


@pytest.mark.parametrize(
    ("kind", "blob", "problem"),
    [
        (ED25519, _string(ED25519.encode()) + _string(bytes(31)), "holds 31 bytes of key where"),
        (ED25519, _string(ED25519.encode()) + _string(bytes(32)) + b"x", "has 1 bytes after its"),
        (ED25519, _string(ED25519.encode()), "is cut short"),
        (ED25519, _string(RSA.encode()) + _string(bytes(32)), "its bytes are of type 'ssh-rsa'"),
        (ED25519, b"", "is no ssh-ed25519 public key, or is cut short"),
        (P256, _string(P256.encode()) + _string(b"nistp384") + _string(b""), "another curve"),
        (P256, _string(P256.encode()) + _string(b"nistp256") + _string(b"\4" * 64), "64 bytes of"),
        (P256, _string(P256.encode()) + _string(b"nistp256") + _string(b"\2" * 65), "of them 4"),
        (P256, _string(P256.encode()) + _string(b"nistp256") + _string(b"\4" * 65), "not on the"),
        (RSA, _rsa(b"\1\0\1", b"\0" + b"\xff" * 128), "an RSA key of 1024 bits, and 2048 to 16384"),
        (RSA, _rsa(b"\1\0\1", b"\xff" * 256), "modulus is not written as"),
        (RSA, _rsa(b"\0\1\0\1", MODULUS), "exponent is not written as"),
        (RSA, _rsa(b"\4", MODULUS), "the exponent 4, no odd number"),
        (RSA, _rsa(b"", MODULUS), "exponent is not written as"),
        ("ssh-ed448", _string(b"ssh-ed448") + _string(bytes(57)), "ssh-ed448 is not known here"),
        ("ssh-dss", _string(b"ssh-dss"), "ssh-dss is broken"),
        (
            f"sk-{ED25519}@openssh.com",
            _string(f"sk-{ED25519}@openssh.com".encode()) + _string(bytes(32)) + _string(b"a\0b"),
            "an application that holds a zero byte",
        ),
    ],
)
def test_what_is_wrong_with_a_key_is_told(kind: str, blob: bytes, problem: str) -> None:
    assert problem in _problem(kind, blob)


def test_a_key_has_one_spelling(keys: dict[str, bytes]) -> None:
    """So that one key under two names can't pass for two."""
    plain = base64.b64encode(keys[f"sk-{ED25519}@openssh.com"]).decode()
    assert plain.endswith("=")
    last = plain.rstrip("=")[-1]
    other = plain.rstrip("=")[:-1] + chr(ord(last) + 1) + "=" * plain.count("=")
    assert base64.b64decode(other) == base64.b64decode(plain)
    assert checked_key(f"sk-{ED25519}@openssh.com", other) == plain
