"""Signatures made and checked by OpenSSH (`ssh-keygen -Y`).

OpenSSH's `find-principals` and `check-novalidate` exit 0 without authorising anybody, so only
`verify` is believed. One key listed under two names passes there as two people, so the list is
checked first, and callers compare fingerprints.
"""

import re
import subprocess
import tempfile
from datetime import datetime
from pathlib import Path

from tasks.kernel.errors import ConfigError, SignatureRefused
from tasks.kernel.instants import to_utc
from tasks.ports.signatures import Signer

_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
_KEY_TYPE = re.compile(r"(?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]+")
_TIMEOUT_SECONDS = 20
_LONGEST = 16_384


class SshSignatures:
    """Checks signatures against one allowed_signers file."""

    def __init__(self, allowed_signers: Path) -> None:
        self._allowed = allowed_signers

    def verify(
        self, statement: bytes, signature: str, *, namespace: str, person: str, at: datetime
    ) -> Signer:
        """See `ports.signatures.SignatureVerifier`."""
        check_allowed_signers(self._allowed)
        if len(signature) > _LONGEST or "BEGIN SSH SIGNATURE" not in signature:
            raise SignatureRefused(
                "this is not an SSH signature; paste the whole .sig file, from "
                "'-----BEGIN SSH SIGNATURE-----' on"
            )
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "signature")
            file.write_text(signature.strip() + "\n", encoding="utf-8")
            who = ["-I", person, "-n", namespace, f"-Overify-time={to_utc(at):%Y%m%d%H%M%SZ}"]
            run = _ssh_keygen(
                ["-Y", "verify", "-f", str(self._allowed), "-s", str(file), *who], statement
            )
            if run.returncode != 0:
                raise SignatureRefused(self._reason(run.stderr, person, namespace))
        fingerprint = _FINGERPRINT.search(run.stdout)
        if fingerprint is None:
            raise SignatureRefused("ssh-keygen named no key; update OpenSSH to 8.9 or later")
        return Signer(person, fingerprint.group())

    def _reason(self, stderr: str, person: str, namespace: str) -> str:
        said = " ".join(stderr.split()) or "no reason given"
        if person not in {name for name, _ in read_allowed_signers(self._allowed)}:
            return f"{person!r} is not listed in {self._allowed}; add their public key there first"
        if "namespace" in said.lower() and "match" in said.lower():
            return f"the signature is for another purpose than {namespace!r} ({said})"
        return (
            f"the signature is no valid one by {person!r} of this statement: another text "
            f"was signed, with another key, or the key is out of its dates ({said})"
        )


def sign(statement: bytes, *, key: Path, namespace: str) -> str:
    """Sign with a private key; ssh-keygen asks for its passphrase or uses the agent.

    Raises:
        SignatureRefused: the key can't be used.
    """
    if not key.is_file():
        raise SignatureRefused(f"{key}: no such key file; name the private key's path")
    run = _ssh_keygen(["-Y", "sign", "-q", "-f", str(key), "-n", namespace], statement)
    if run.returncode != 0:
        raise SignatureRefused(f"{key}: can't sign: {' '.join(run.stderr.split())}")
    return run.stdout


def read_allowed_signers(path: Path) -> list[tuple[str, str]]:
    """(name, public key) of every entry, in file order; one pair a name.

    Raises:
        ConfigError: not readable, or a line is not an entry.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise ConfigError(
            f"{path}: can't be read; list one 'name key-type public-key' a line"
        ) from None
    entries = []
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        kinds = [i for i, word in enumerate(words[1:], start=1) if _KEY_TYPE.fullmatch(word)]
        if not kinds or kinds[0] + 1 >= len(words):
            raise ConfigError(f"{path}:{number}: entry: write 'name key-type public-key'")
        entries += [(name, words[kinds[0] + 1]) for name in words[0].split(",")]
    return entries


def check_allowed_signers(path: Path) -> None:
    """Refuse a list in which one key or one pattern could stand for two people.

    Raises:
        ConfigError: a wildcard name, or a key shared by two names. One person may have two keys,
            as when one replaces the other; approvals count people.
    """
    keys: dict[str, str] = {}
    for name, key in read_allowed_signers(path):
        if any(sign in name for sign in "*?!"):
            raise ConfigError(f"{path}: {name!r}: patterns could be anybody; write full names")
        if keys.get(key, name) != name:
            raise ConfigError(
                f"{path}: {keys[key]!r} and {name!r} share one key, which would make one person "
                "two; give each their own"
            )
        keys[key] = name


def _ssh_keygen(arguments: list[str], data: bytes) -> "subprocess.CompletedProcess[str]":
    try:
        run = subprocess.run(
            ["ssh-keygen", *arguments],
            input=data,
            capture_output=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise SignatureRefused(
            "ssh-keygen is not installed; install OpenSSH's client (apt-get install openssh-client)"
        ) from None
    except subprocess.TimeoutExpired:
        raise SignatureRefused(
            f"ssh-keygen gave no answer within {_TIMEOUT_SECONDS} s; does it wait for a passphrase?"
        ) from None
    return subprocess.CompletedProcess(
        run.args, run.returncode, run.stdout.decode(), run.stderr.decode(errors="replace")
    )
