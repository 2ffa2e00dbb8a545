"""What lies under a package's model signature, read out of its bundle. Pure.

A bundle is JSON; its envelope's payload and signature are base64, and the signature is over the
payload in the pre-authentication encoding of DSSE (https://github.com/secure-systems-lab/dsse).
"""

import base64
import binascii
import json

from tasks.monitoring.evidence.core import PackedPackage
from tasks.records.preservation import Package

_HASHES = {256: "sha256", 384: "sha384", 521: "sha512"}  # curve bits -> OpenSSF's hash for it


def packed(package: Package) -> PackedPackage:
    """A package's row as it is packed."""
    return PackedPackage(
        id=package.id,
        manifest=package.manifest,
        signature=package.signature,
        public_key=package.public_key,
        signed=_signed(package.signature) if package.signature else None,
        hash_name=_hash_name(package.public_key),
    )


def _signed(bundle: str) -> tuple[bytes, bytes] | None:
    """The bytes under the signature and the signature; None for another kind of bundle."""
    try:
        envelope = json.loads(bundle)["dsseEnvelope"]
        payload = base64.b64decode(envelope["payload"], validate=True)
        signature = base64.b64decode(envelope["signatures"][0]["sig"], validate=True)
        kind = str(envelope["payloadType"]).encode()
    except (ValueError, LookupError, TypeError, binascii.Error):
        return None
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload), signature


def _hash_name(public_key: str) -> str:
    """The hash that a key signs with; SHA-256 where the key can't be read."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(public_key.encode())
    except (ValueError, UnsupportedAlgorithm):
        return "sha256"
    return _HASHES.get(key.key_size, "sha256") if isinstance(key, EllipticCurvePublicKey) else ""
