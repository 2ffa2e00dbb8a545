"""EC keys that sign packages, in PEM: making one, and refusing those that can't sign."""

import hashlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, cast

from tasks.adapters.files import sync_folder
from tasks.adapters.key_files import read_key_file
from tasks.kernel.errors import ManifestSignatureRefused

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import (
        EllipticCurvePrivateKey,
        EllipticCurvePublicKey,
    )

_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
_SETTING = "preservation.signing_key_file"
_MEND = f"set {_SETTING} to another file, or to none that exists, and one is made there"


def make_key_if_missing(key_file: Path) -> bool:
    """Make an EC key (P-256, PEM, mode 0600), whole or not at all.

    Never overwrites; safe to repeat, and from several processes at once.

    Args:
        key_file: where; its folder is made with mode 0700 where missing.

    Returns:
        True when a key was made.

    Raises:
        ManifestSignatureRefused: it can't be written there.
    """
    if os.path.lexists(key_file):
        return False
    try:
        key_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=key_file.parent, prefix=f".{key_file.name}.")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_new_key())
                file.flush()
                os.fsync(file.fileno())
            key_file.hardlink_to(temporary)  # a rename would overwrite that of a faster process
        finally:
            temporary.unlink()
        sync_folder(key_file.parent)
    except FileExistsError:
        return False
    except OSError as error:
        raise ManifestSignatureRefused(
            f"{key_file}: no signing key can be made there: {error.strerror}; "
            f"set {_SETTING} to a place that can be written to"
        ) from None
    return True


def read_private_key(key_file: Path) -> "EllipticCurvePrivateKey":
    """A private key that signs packages.

    Raises:
        ManifestSignatureRefused: missing, readable by others, protected by a passphrase, no key,
            or of another kind or curve.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    pem = read_key_file(
        key_file, what="signing key", setting=_SETTING, refused=ManifestSignatureRefused
    )
    try:
        key = load_pem_private_key(pem, None)
    except TypeError:
        raise ManifestSignatureRefused(
            f"{key_file}: the signing key is protected by a passphrase; "
            "`openssl pkey -in FILE -out NEW-FILE` writes one without"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise ManifestSignatureRefused(f"{key_file}: is no private key in PEM; {_MEND}") from None
    try:
        public_pem(key.public_key())
    except ValueError as error:
        raise ManifestSignatureRefused(f"{key_file}: {error}; {_MEND}") from None
    return cast("EllipticCurvePrivateKey", key)


def read_public_key(pem: str) -> "EllipticCurvePublicKey":
    """A public key that checks packages.

    Raises:
        ManifestSignatureRefused: no public key, or of another kind or curve.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(pem.encode())
        public_pem(key)
    except (ValueError, UnsupportedAlgorithm):
        raise ManifestSignatureRefused(
            "what should check a package's signature is no public EC key in PEM; "
            "take the key from where you trust it, whole"
        ) from None
    return cast("EllipticCurvePublicKey", key)


def public_pem(key: object) -> str:
    """A public key in PEM.

    Raises:
        ValueError: it is of a kind that can't sign packages.
    """
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    if not isinstance(key, EllipticCurvePublicKey) or key.curve.name not in _CURVES:
        raise ValueError(f"is no EC key on {', '.join(_CURVES.values())}")
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def fingerprint(pem: str) -> str:
    """SHA-256 of a public key as `public_pem` writes it, hex; `sha256sum` of its file's bytes."""
    return hashlib.sha256(pem.encode()).hexdigest()


def _new_key() -> bytes:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
