"""Signatures in the OpenSSF model-signing format (a Sigstore bundle), with an EC key, from digests.

`model_signing verify key` accepts them. That program leaves out git's own paths at a folder's root
unless told otherwise, also when a signature lists them; a model from a hub does hold a
`.gitattributes`. So they are signed in a field of their own beside the list that the program
compares: it ignores the field, as the format demands, and `EcModelVerifier` reads it.

The package is slow to import, so a signer or a verifier imports it when it is made.
"""

import json
import re
import tempfile
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
    from model_signing.manifest import Manifest

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
        """See `ports.ManifestSigner`.

        Raises:
            ManifestSignatureRefused: a name can't be written as UTF-8.
        """
        from model_signing._signing import sign_sigstore_pb, signing

        git_files = {path: digest for path, digest in digests.items() if _git_path(path)}
        others = {path: digest for path, digest in digests.items() if path not in git_files}
        ignored = sorted({_git_path(path) for path in git_files})
        try:
            payload = signing.Payload(_manifest(name, others, ignored))
            if git_files:
                entries = [_entry(path, digest) for path, digest in sorted(git_files.items())]
                payload.statement.pb.predicate.update({_GIT_FILES: entries})
            signature = cast(sign_sigstore_pb.Signature, self._signer.sign(payload))
        except UnicodeEncodeError as error:
            raise ManifestSignatureRefused(
                f"{error.object!r}: this name can't be signed, since it is no UTF-8; rename it"
            ) from None
        return str(signature.bundle.to_json()).encode()


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
            manifest = self._verifier.verify(Signature(bundle))
            return _digests(manifest, json.loads(bundle.dsse_envelope.payload)["predicate"])
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


def _manifest(name: str, digests: Mapping[str, str], ignored: list[str]) -> "Manifest":
    from model_signing._hashing.hashing import Digest
    from model_signing.manifest import Manifest, SerializationType

    form = SerializationType.from_args(
        {
            "method": _METHOD,
            "hash_type": _HASH,
            "allow_symlinks": False,
            "ignore_paths": ignored,
        }
    )
    items = [
        form.new_item(path, Digest(_HASH, bytes.fromhex(digest)))
        for path, digest in digests.items()
    ]
    return Manifest(name, items, form)


def _digests(manifest: "Manifest", predicate: Mapping[str, Any]) -> dict[str, str]:
    """What a payload signs; a ValueError unless all of it is SHA-256 of whole files."""
    form = manifest.serialization_type
    if (form["method"], form["hash_type"]) != (_METHOD, _HASH):
        raise ValueError("another serialization")
    signed: list[Mapping[str, Any]] = [
        {"name": d.identifier, "algorithm": d.digest.algorithm, "digest": d.digest.digest_hex}
        for d in manifest.resource_descriptors()
    ]
    signed += predicate.get(_GIT_FILES, [])
    if not all(one["algorithm"] == _HASH and _is_digest(one["digest"]) for one in signed):
        raise ValueError("another kind of digest")
    return {str(one["name"]): str(one["digest"]) for one in signed}


def _entry(path: str, digest: str) -> dict[str, str]:
    return {"name": path, "algorithm": _HASH, "digest": digest}


def _git_path(path: str) -> str:
    """The first part of a path when it is one that `model_signing` leaves out, else empty."""
    first = PurePosixPath(path).parts[0]
    return first if first in _GIT_PATHS else ""


def _is_digest(text: object) -> bool:
    return isinstance(text, str) and _DIGEST.fullmatch(text) is not None
