"""Signatures in the OpenSSF model-signing format (a Sigstore bundle), with an EC key, from digests.

`model_signing verify key` accepts them. That program leaves out git's own paths at a folder's root
unless told otherwise, also when a signature lists them; a model from a hub does hold a
`.gitattributes`. So they are signed in a field of their own beside the list that the program
compares: it ignores the field, as the format demands, and `EcModelVerifier` reads it.

The package `model-signing` is the judge in the tests and no part of a pass: of what it loads, a
pass would use the names in three JSON objects, and pay for them with 30 MiB (ADR 23).
"""

import hashlib
import io
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from tasks.adapters.signing_keys import (
    fingerprint,
    make_key_if_missing,
    public_pem,
    read_private_key,
    read_public_key,
)
from tasks.kernel.errors import ManifestSignatureRefused

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

__all__ = ["EcModelSigner", "EcModelVerifier", "make_key_if_missing"]

# Sigstore bundle v0.3, in-toto attestation v1, and the OpenSSF model-signing specification v1.0
_BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
_IN_TOTO = "application/vnd.in-toto+json"
_STATEMENT = "https://in-toto.io/Statement/v1"
_PREDICATE = "https://model_signing/signature/v1.0"

_GIT_PATHS = (".git", ".gitattributes", ".github", ".gitignore")
_GIT_FILES = "git_files"
_METHOD, _HASH = "files", "sha256"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_ENCODED = 3 << 16  # bytes that become base64 at a time; thirds, so that only the end is padded


class EcModelSigner:
    """Signs with a private key (PEM, P-256, P-384 or P-521). See `ports.ManifestSigner`.

    Raises:
        ManifestSignatureRefused: the key is missing, readable by others, or can't sign packages.
    """

    def __init__(self, key_file: Path) -> None:
        self._key = read_private_key(key_file)
        self._public_key = public_pem(self._key.public_key())

    @property
    def public_key(self) -> str:
        """See `ports.ManifestSigner`."""
        return self._public_key

    @property
    def fingerprint(self) -> str:
        """See `ports.ManifestSigner`; `sha256sum` of the public key's file finds the same."""
        return fingerprint(self._public_key)

    def sign(self, name: str, digests: Mapping[str, str]) -> bytes:
        """See `ports.ManifestSigner`."""
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

        payload = _payload(name, digests)
        algorithm = _hash_for(self._key.public_key())
        told = self._key.sign(_told(_IN_TOTO, payload, algorithm), ECDSA(Prehashed(algorithm)))
        material = {"publicKey": {"hint": self.fingerprint}, "tlogEntries": []}
        envelope = {
            "payload": "",
            "payloadType": _IN_TOTO,
            "signatures": [{"sig": b64encode(told).decode(), "keyid": ""}],
        }
        bundle = {
            "mediaType": _BUNDLE,
            "verificationMaterial": material,
            "dsseEnvelope": envelope,
        }
        # the payload goes in as bytes: it is by far the largest part, and needs no escaping
        before, gap, after = json.dumps(bundle).encode().partition(b'"payload": "')
        text = io.BytesIO()
        text.write(before + gap)
        for start in range(0, len(payload), _ENCODED):
            text.write(b64encode(payload[start : start + _ENCODED]))
        text.write(after)
        return text.getvalue()


class EcModelVerifier:
    """Checks signatures against one public key (PEM). See `ports.ManifestVerifier`.

    Raises:
        ManifestSignatureRefused: it is no public key of a kind that signs packages.
    """

    def __init__(self, public_key_pem: str) -> None:
        self._key = read_public_key(public_key_pem)
        self._fingerprint = fingerprint(public_pem(self._key))

    def verify(self, signature: bytes) -> Mapping[str, str]:
        """See `ports.ManifestVerifier`."""
        from cryptography.exceptions import InvalidSignature

        try:
            return _digests(*self._signed(json.loads(signature)))
        except InvalidSignature:
            raise ManifestSignatureRefused(
                "the signature does not hold: it, or the list of digests in it, was altered; "
                "compare it with another replica's"
            ) from None
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            raise ManifestSignatureRefused(
                "this is no signature over whole files in the OpenSSF model-signing format, or "
                "it was altered; compare it with another replica's"
            ) from None

    def _signed(self, bundle: Any) -> tuple[str, bytes]:
        """Type and bytes of what the key signed; `InvalidSignature` where it did not."""
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

        if bundle["mediaType"] != _BUNDLE:
            raise ValueError("another kind of bundle")
        hint = bundle["verificationMaterial"]["publicKey"]["hint"]
        if hint != self._fingerprint:
            raise ManifestSignatureRefused(self._by_another(hint))
        envelope = bundle["dsseEnvelope"]
        kind, payload = envelope["payloadType"], b64decode(envelope["payload"], validate=True)
        [told] = envelope["signatures"]  # the format allows one
        algorithm = _hash_for(self._key)
        self._key.verify(
            b64decode(told["sig"], validate=True),
            _told(kind, payload, algorithm),
            ECDSA(Prehashed(algorithm)),
        )
        return kind, payload

    def _by_another(self, hint: object) -> str:
        whose = hint if _is_digest(hint) else "unknown"
        return (
            f"the signature is by another key (SHA-256 of its public key: {whose}) than the one "
            f"expected ({self._fingerprint}); find out who signed"
        )


def _hash_for(key: "EllipticCurvePublicKey") -> "HashAlgorithm":
    """The hash that Sigstore's bundles take with a curve."""
    from cryptography.hazmat.primitives import hashes

    found: dict[int, HashAlgorithm] = {
        256: hashes.SHA256(),
        384: hashes.SHA384(),
        521: hashes.SHA512(),
    }
    return found[key.curve.key_size]


def _told(kind: str, payload: bytes, algorithm: "HashAlgorithm") -> bytes:
    """What is signed: the hash of DSSE's pre-authentication encoding, without a copy of it."""
    from cryptography.hazmat.primitives.hashes import Hash

    told = Hash(algorithm)
    told.update(f"DSSEv1 {len(kind.encode())} {kind} {len(payload)} ".encode())
    told.update(payload)
    return told.finalize()


def _payload(name: str, digests: Mapping[str, str]) -> bytes:
    """The in-toto statement about these files, as `model_signing` understands it.

    A large model stands in a hundred thousand pieces. So the list is written entry by entry, at
    the statement's very end.
    """
    git_files = {path: digest for path, digest in digests.items() if _git_path(path)}
    listed = sorted(path for path in digests if path not in git_files)
    form: dict[str, object] = {"method": _METHOD, "hash_type": _HASH, "allow_symlinks": False}
    predicate: dict[str, object] = {"serialization": form}
    if git_files:
        form["ignore_paths"] = sorted({_git_path(path) for path in git_files})
        predicate[_GIT_FILES] = [_entry(*item) for item in sorted(git_files.items())]
    root = hashlib.sha256()
    for path in listed:
        root.update(bytes.fromhex(digests[path]))
    statement = {
        "_type": _STATEMENT,
        "subject": [{"name": name, "digest": {_HASH: root.hexdigest()}}],
        "predicateType": _PREDICATE,
        "predicate": {**predicate, "resources": []},
    }
    end = "]}}"
    text = io.BytesIO()
    text.write(json.dumps(statement).removesuffix(end).encode())
    for number, path in enumerate(listed):
        text.write(f"{', ' if number else ''}{json.dumps(_entry(path, digests[path]))}".encode())
    text.write(end.encode())
    return text.getvalue()


def _digests(kind: str, payload: bytes) -> dict[str, str]:
    """What a signed payload lists; a ValueError unless all of it is SHA-256 of whole files."""
    statement = json.loads(payload, object_hook=_slim)
    predicate = statement["predicate"]
    form = predicate["serialization"]
    found = (kind, statement["_type"], statement["predicateType"], form["method"])
    wanted = (_IN_TOTO, _STATEMENT, _PREDICATE, _METHOD)
    entries = [*predicate["resources"], *predicate.get(_GIT_FILES, [])]
    if found != wanted or not all(isinstance(entry, tuple) for entry in entries):
        raise ValueError("another kind of statement")
    return dict(entries)


def _entry(path: str, digest: str) -> dict[str, str]:
    return {"name": path, "algorithm": _HASH, "digest": digest}


def _slim(parsed: dict[str, Any]) -> Any:
    """An entry as path and digest, which takes a third of the memory; others as they are."""
    if parsed.keys() != _entry("", "").keys():
        return parsed
    if parsed["algorithm"] != _HASH or not _is_digest(parsed["digest"]):
        raise ValueError("another kind of digest")
    return str(parsed["name"]), parsed["digest"]


def _git_path(path: str) -> str:
    """The first part of a path when it is one that `model_signing` leaves out, else empty."""
    first = PurePosixPath(path).parts[0]
    return first if first in _GIT_PATHS else ""


def _is_digest(text: object) -> bool:
    return isinstance(text, str) and _DIGEST.fullmatch(text) is not None
