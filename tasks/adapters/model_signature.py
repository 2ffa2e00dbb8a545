"""Signatures in the OpenSSF model-signing format (a Sigstore bundle), with an EC key, from digests.

`model_signing verify key` accepts them. That program leaves out git's own paths at a folder's root
unless told otherwise, also when a signature lists them; a model from a hub does hold a
`.gitattributes`. So they are signed in a field of their own beside the list that the program
compares: it ignores the field, as the format demands, and `EcModelVerifier` reads it.

The package `model-signing` is the judge in the tests and no part of a pass: of what it loads, a
pass would use the names in three JSON objects, and pay for them with 30 MiB (ADR 23).
"""

import hashlib
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from itertools import chain
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
from tasks.kernel.spool import Content, Spool, in_parts, whole
from tasks.ports.manifest_signature import Digests

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
_RESOURCES, _END = b'"resources": [', b"]}}"  # what comes before and after the long list
_PAYLOAD = re.compile(rb'"payload"\s*:\s*"')
_LOOK_AT = 1 << 20  # bytes of a signature, and of what it signs, that come before the long list


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

    def sign(self, name: str, digests: Digests) -> Spool:
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
        encoded = map(b64encode, in_parts(payload.parts(), _ENCODED))
        return Spool(chain([before + gap], encoded, [after]))


class EcModelVerifier:
    """Checks signatures against one public key (PEM). See `ports.ManifestVerifier`.

    Raises:
        ManifestSignatureRefused: it is no public key of a kind that signs packages.
    """

    def __init__(self, public_key_pem: str) -> None:
        self._key = read_public_key(public_key_pem)
        self._fingerprint = fingerprint(public_pem(self._key))

    def signs(self, signature: Content, digests: Digests) -> bool:
        """See `ports.ManifestVerifier`.

        A statement of ours is made anew and compared, so that no long list is ever parsed; of one
        that differs, such as `model_signing` itself writes, all is read.
        """
        from cryptography.exceptions import InvalidSignature

        try:
            kind, payload = self._signed(signature)
            if kind == _IN_TOTO and _same(payload, _name_in(payload), digests):
                return True
            return _digests(kind, whole(payload)) == dict(digests())
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

    def _signed(self, signature: Content) -> tuple[str, Spool]:
        """Type and bytes of what the key signed; `InvalidSignature` where it did not."""
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

        bundle, payload = _open(signature)
        if bundle["mediaType"] != _BUNDLE:
            raise ValueError("another kind of bundle")
        hint = bundle["verificationMaterial"]["publicKey"]["hint"]
        if hint != self._fingerprint:
            raise ManifestSignatureRefused(self._by_another(hint))
        envelope = bundle["dsseEnvelope"]
        kind = envelope["payloadType"]
        if envelope["payload"]:
            raise ValueError("the payload stands somewhere else")
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


def _open(signature: Content) -> tuple[Any, Spool]:
    """A bundle without its payload, which is most of it; and the payload."""
    head, rest = _head(signature)
    found = _PAYLOAD.search(head)
    if found is None:
        raise ValueError("no payload")
    outside = [head[: found.end()]]

    def encoded() -> Iterator[bytes]:
        ended = False
        for part in chain([head[found.end() :]], rest):
            inside, quote, after = (b"", b"", part) if ended else part.partition(b'"')
            ended = ended or bool(quote)
            yield inside
            outside.append(quote + after)

    payload = Spool(b64decode(part, validate=True) for part in in_parts(encoded(), 4 << 16))
    return json.loads(b"".join(outside)), payload


def _head(content: Content) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes of a long file, and those that follow them."""
    head, parts = bytearray(), content.parts()
    for part in parts:
        head += part
        if len(head) >= _LOOK_AT:
            break
    return bytes(head), parts


def _told(kind: str, payload: Spool, algorithm: "HashAlgorithm") -> bytes:
    """What is signed: the hash of DSSE's pre-authentication encoding, without a copy of it."""
    from cryptography.hazmat.primitives.hashes import Hash

    told = Hash(algorithm)
    told.update(f"DSSEv1 {len(kind.encode())} {kind} {payload.size} ".encode())
    for part in payload.parts():
        told.update(part)
    return told.finalize()


def _payload(name: str, digests: Digests) -> Spool:
    """The in-toto statement about these files, as `model_signing` understands it.

    A large model stands in a hundred thousand pieces. So the list is written entry by entry, at
    the statement's very end.
    """
    git_files, root = list[tuple[str, str]](), hashlib.sha256()
    for path, digest in digests():
        if _git_path(path):
            git_files.append((path, digest))
        else:
            root.update(bytes.fromhex(digest))
    form: dict[str, object] = {"method": _METHOD, "hash_type": _HASH, "allow_symlinks": False}
    predicate: dict[str, object] = {"serialization": form}
    if git_files:
        form["ignore_paths"] = sorted({_git_path(path) for path, _ in git_files})
        predicate[_GIT_FILES] = [_entry(*file) for file in git_files]
    statement = {
        "_type": _STATEMENT,
        "subject": [{"name": name, "digest": {_HASH: root.hexdigest()}}],
        "predicateType": _PREDICATE,
        "predicate": {**predicate, "resources": []},
    }
    before = json.dumps(statement).encode().removesuffix(_END)
    return Spool(chain([before], _resources(digests), [_END]))


def _resources(digests: Digests) -> Iterator[bytes]:
    listed = (file for file in digests() if not _git_path(file[0]))
    for number, file in enumerate(listed):
        yield f"{', ' if number else ''}{json.dumps(_entry(*file))}".encode()


def _same(payload: Spool, name: str, digests: Digests) -> bool:
    """Whether a statement is the one that would be made of these files."""
    made = _payload(name, digests)
    return made.size == payload.size and made.sha256 == payload.sha256


def _name_in(payload: Spool) -> str:
    """What a statement of ours calls the folder; empty for another's."""
    head, _ = _head(payload)
    before, listed, _ = head.partition(_RESOURCES)
    try:
        return str(json.loads(before + listed + _END)["subject"][0]["name"])
    except (ValueError, LookupError, TypeError):
        return ""


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
