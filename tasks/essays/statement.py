"""The words that a reviewer signs. Pure."""

import base64
import binascii
import struct

from tasks.kernel.digests import canonical_json

#: Namespace of review signatures: one made for another purpose does not count here.
REVIEW_NAMESPACE = "emeritus-review@v1"


def review_statement(
    *,
    model_id: str,
    slot_id: str,
    draft_sha256: str,
    action: str,
    reason: str = "",
    rationale: str = "",
) -> bytes:
    """The exact bytes to sign: canonical JSON (RFC 8785), UTF-8, and one line feed."""
    body = {
        "act": "review-essay",
        "model_id": model_id,
        "slot_id": slot_id,
        "draft_sha256": draft_sha256,
        "action": action,
        "reason": reason,
        "rationale": rationale,
    }
    return canonical_json(body) + b"\n"


def public_key_of(signature: str) -> str:
    """The signer's public key out of an armoured SSH signature, as `ssh-ed25519 AAAA…`.

    The format is OpenSSH's PROTOCOL.sshsig: `SSHSIG`, a version, the public key.

    Raises:
        ValueError: not such a signature.
    """
    lines = [line for line in signature.strip().splitlines() if not line.startswith("-----")]
    try:
        blob = base64.b64decode("".join(lines), validate=True)
        if blob[:6] != b"SSHSIG":
            raise ValueError("not an SSH signature")
        (length,) = struct.unpack(">I", blob[10:14])
        key = blob[14 : 14 + length]
        (name_length,) = struct.unpack(">I", key[:4])
        name = key[4 : 4 + name_length].decode("ascii")
    except (binascii.Error, struct.error, UnicodeDecodeError):
        raise ValueError("not an SSH signature") from None
    return f"{name} {base64.b64encode(key).decode()}"
