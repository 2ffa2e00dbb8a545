"""Signatures in the OpenSSF model-signing format (a Sigstore bundle), with an EC key, from digests.

`model_signing verify key` accepts them. That program leaves out git's own paths at a folder's root
unless told otherwise, also when a signature lists them; a model from a hub does hold a
`.gitattributes`. So they are signed in a field of their own beside the list that the program
compares: it ignores the field, as the format demands, and `EcModelVerifier` reads it.

The package is slow to import, so a signer or a verifier imports it when it is made.
"""

import hashlib
import io
import json
import re
import tempfile
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, cast

from tasks.adapters.signing_keys import (
    check_private_key,
    check_public_key,
    fingerprint,
    make_key_if_missing,
    public_pem,
)
from tasks.kernel.errors import ManifestSignatureRefused

if TYPE_CHECKING:
    from sigstore_models.intoto import Envelope

__all__ = ["EcModelSigner", "EcModelVerifier", "make_key_if_missing"]

_GIT_PATHS = (".git", ".gitattributes", ".github", ".gitignore")
_GIT_FILES = "git_files"
_METHOD, _HASH = "files", "sha256"
_DIGEST = re.compile(r"[0-9a-f]{64}")


class EcModelSigner:
    """Signs with a private key (PEM, P-256, P-384 or P-521). See `ports.ManifestSigner`.

    Raises:
        ManifestSignatureRefused: the key is missing, readable by others, or can't sign packages.
    """

    def __init__(self, key_file: Path) -> None:
        check_private_key(key_file)
        from model_signing._signing import sign_ec_key

        self._signer = sign_ec_key.Signer(key_file)
        self._public_key = public_pem(self._signer._private_key.public_key())
        # a first signature loads what later ones only use; better now than after a long read
        self.sign("first", {})

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
        from model_signing._signing import sign_sigstore_pb
        from sigstore_models.bundle.v1 import Bundle

        bundle = Bundle(
            media_type=cast(Any, sign_sigstore_pb._BUNDLE_MEDIA_TYPE),
            verification_material=self._signer._get_verification_material(),
            dsse_envelope=self._envelope(_payload(name, digests)),
        )
        return bundle.to_json().encode()

    def _envelope(self, payload: bytes) -> "Envelope":
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from model_signing._signing import sign_ec_key, sign_sigstore_pb, signing
        from sigstore_models.intoto import Envelope, Signature

        key: Any = self._signer._private_key
        algorithm = ECDSA(sign_ec_key.get_ec_key_hash(key.public_key()))
        signature = key.sign(sign_sigstore_pb.pae(payload), algorithm)
        return Envelope(
            payload=b64encode(payload),
            payload_type=signing._IN_TOTO_JSON_PAYLOAD_TYPE,
            signatures=[Signature(sig=b64encode(signature), keyid="")],
        )


class EcModelVerifier:
    """Checks signatures against one public key (PEM). See `ports.ManifestVerifier`.

    Raises:
        ManifestSignatureRefused: it is no public key of a kind that signs packages.
    """

    def __init__(self, public_key_pem: str) -> None:
        pem = check_public_key(public_key_pem)
        self._fingerprint = fingerprint(pem)
        from model_signing._signing import sign_ec_key

        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(pem)
            file.flush()
            self._verifier = sign_ec_key.Verifier(Path(file.name))

    def verify(self, signature: bytes) -> Mapping[str, str]:
        """See `ports.ManifestVerifier`."""
        from cryptography.exceptions import InvalidSignature
        from model_signing._signing.sign_sigstore_pb import Signature
        from sigstore_models.bundle.v1 import Bundle

        try:
            bundle: Any = Bundle.from_json(signature)
            hint = bundle.verification_material.public_key.hint
            if hint != self._fingerprint:
                raise ManifestSignatureRefused(self._by_another(hint))
            kind, payload = self._verifier._verify_signed_content(Signature(bundle))
            return _digests(kind, payload)
        except InvalidSignature:
            raise ManifestSignatureRefused(
                "the signature does not hold: it, or the list of digests in it, was altered; "
                "compare it with another replica's"
            ) from None
        except (ValueError, LookupError, TypeError, AttributeError):
            raise ManifestSignatureRefused(
                "this is no signature over whole files in the OpenSSF model-signing format, or "
                "it was altered; compare it with another replica's"
            ) from None

    def _by_another(self, hint: object) -> str:
        whose = hint if _is_digest(hint) else "unknown"
        return (
            f"the signature is by another key (SHA-256 of its public key: {whose}) than the one "
            f"expected ({self._fingerprint}); find out who signed"
        )


def _payload(name: str, digests: Mapping[str, str]) -> bytes:
    """The in-toto statement about these files, as `model_signing` understands it.

    Its own way to write one takes 2 KB of memory a file, and a large model stands in a hundred
    thousand pieces. So the list is written entry by entry here, at the statement's very end.
    """
    from model_signing._signing import signing

    git_files = {path: digest for path, digest in digests.items() if _git_path(path)}
    listed = sorted((path, digest) for path, digest in digests.items() if path not in git_files)
    form: dict[str, object] = {"method": _METHOD, "hash_type": _HASH, "allow_symlinks": False}
    predicate: dict[str, object] = {"serialization": form}
    if git_files:
        form["ignore_paths"] = sorted({_git_path(path) for path in git_files})
        predicate[_GIT_FILES] = [_entry(*item) for item in sorted(git_files.items())]
    root = hashlib.sha256(b"".join(bytes.fromhex(digest) for _, digest in listed)).hexdigest()
    statement = {
        "_type": signing._IN_TOTO_STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {_HASH: root}}],
        "predicateType": signing._PREDICATE_TYPE,
        "predicate": {**predicate, "resources": []},
    }
    end = "]}}"
    text = io.BytesIO()
    text.write(json.dumps(statement).removesuffix(end).encode())
    for number, item in enumerate(listed):
        text.write(f"{', ' if number else ''}{json.dumps(_entry(*item))}".encode())
    text.write(end.encode())
    return text.getvalue()


def _digests(kind: str, payload: bytes) -> dict[str, str]:
    """What a signed payload lists; a ValueError unless all of it is SHA-256 of whole files."""
    from model_signing._signing import signing

    statement = json.loads(payload, object_hook=_slim)
    predicate = statement["predicate"]
    form = predicate["serialization"]
    found = (kind, statement["_type"], statement["predicateType"], form["method"])
    wanted = (
        signing._IN_TOTO_JSON_PAYLOAD_TYPE,
        signing._IN_TOTO_STATEMENT_TYPE,
        signing._PREDICATE_TYPE,
        _METHOD,
    )
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
