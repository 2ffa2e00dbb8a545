"""Signatures made and checked by OpenSSH (`ssh-keygen -Y`).

OpenSSH's `find-principals` and `check-novalidate` exit 0 without authorising anybody, so only
`verify` is believed; the others help to tell a person why a signature does not count.
"""

import base64
import hashlib
import re
import subprocess
import tempfile
import textwrap
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tasks.adapters.allowed_signers import Entry, check_allowed_signers
from tasks.adapters.ssh_public_keys import take_string
from tasks.kernel.errors import ConfigError, KeyRevoked, SignatureRefused
from tasks.kernel.instants import to_minute, to_utc
from tasks.ports.signatures import Signer

_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
_BEGIN = "-----BEGIN SSH SIGNATURE-----"
_ARMOUR = re.compile(_BEGIN + "([A-Za-z0-9+/=\\s]+)-----END SSH SIGNATURE-----")
_TIMEOUT_SECONDS = 20
_LONGEST = 16_384
_KRL = b"SSHKRL\n\x00"
_MAGIC = b"SSHSIG\x00\x00\x00\x01"


@dataclass(frozen=True, slots=True)
class _Made:
    """What a signature says of itself (OpenSSH, PROTOCOL.sshsig); nothing of it is believed."""

    armoured: str
    key: str
    namespace: str

    @property
    def fingerprint(self) -> str:
        digest = hashlib.sha256(base64.b64decode(self.key)).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


class SshSignatures:
    """Checks signatures against one allowed_signers file, and a list of revoked keys."""

    def __init__(self, allowed_signers: Path, revoked: Path | None = None) -> None:
        """Take the lists' places; they are read at each check, so that an edit counts at once.

        Args:
            allowed_signers: who may sign.
            revoked: public keys or an OpenSSH KRL; None for no such list.
        """
        self._allowed, self._revoked = allowed_signers, revoked

    def verify(
        self, statement: bytes, signature: str, *, namespace: str, person: str, at: datetime
    ) -> Signer:
        """See `ports.signatures.SignatureVerifier`."""
        entries = check_allowed_signers(self._allowed)
        if person not in {name for entry in entries for name in entry.names}:
            raise KeyRevoked(
                f"{person!r} is not listed in {self._allowed}; add their public key there first"
            )
        made = _read(signature)
        if made.namespace != namespace:
            raise SignatureRefused(
                f"the signature was made for another purpose: namespace {made.namespace!r}, not "
                f"{namespace!r}; sign with `ssh-keygen -Y sign -n {namespace}`"
            )
        run = _verified(entries, made, statement, person, at, revoked=self._revoked)
        if run.returncode != 0:
            raise self._why(entries, made, statement, person=person, at=at, stderr=run.stderr)
        fingerprint = _FINGERPRINT.search(run.stdout)
        if fingerprint is None:
            raise SignatureRefused("ssh-keygen named no key; update OpenSSH to 8.9 or later")
        return Signer(person, fingerprint.group())

    def covers(self, statement: bytes, signature: str, *, namespace: str) -> bool:
        """See `ports.signatures.SignatureVerifier`. Authorises nobody."""
        return _covers(_read(signature), statement, namespace)

    def _why(
        self,
        entries: tuple[Entry, ...],
        made: _Made,
        statement: bytes,
        *,
        person: str,
        at: datetime,
        stderr: str,
    ) -> SignatureRefused:
        """Why ssh-keygen did not verify a signature, most telling first."""
        said = (
            _whose(entries, made, person, self._allowed)
            or _altered(made, statement, person)
            or _out_of_dates(entries, made, person, at)
        )
        if said:
            return SignatureRefused(said)
        if _verified(entries, made, statement, person, at, revoked=None).returncode != 0:
            said = " ".join(stderr.split()) or "no reason given"
            return SignatureRefused(
                f"the signature is no valid one by {person!r} of this statement ({said})"
            )
        kind = next(entry.kind for entry in entries if entry.key == made.key)
        if is_revoked(self._revoked, kind, made.key):
            return KeyRevoked(f"revoked: the key of {person!r} is listed in {self._revoked}")
        return SignatureRefused(
            f"{self._revoked}: is no list of keys that ssh-keygen can read, so no signature "
            "counts; put one public key on a line, or a KRL"
        )


def key_of(signature: str) -> tuple[str, str]:
    """Public key (base64) and fingerprint that an armoured signature names. Authorises nobody.

    Raises:
        SignatureRefused: it is no signature that could count.
    """
    made = _read(signature)
    return made.key, made.fingerprint


def is_revoked(revoked: Path | None, kind: str, key: str) -> bool:
    """Whether a list of revoked keys, or a KRL, names a public key; False where it can't be read.

    Signing itself doesn't hang on this: there ssh-keygen reads the list, and refuses all with a
    list that it can't read. It says the same for both, so that a person needs to be told more.
    """
    try:
        data = revoked.read_bytes() if revoked is not None else b""
    except OSError:
        return False
    if not data.startswith(_KRL):
        lines = (line.split(b"#", 1)[0] for line in data.splitlines())
        return any(key.encode() in line.split() for line in lines)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "key.pub")
        file.write_text(f"{kind} {key}\n", encoding="utf-8")
        asked = _ssh_keygen(["-Q", "-f", str(revoked), str(file)], b"")
    return asked.returncode != 0 and "REVOKED" in asked.stdout


def _verified(
    entries: tuple[Entry, ...],
    made: _Made,
    statement: bytes,
    person: str,
    at: datetime,
    *,
    revoked: Path | None,
) -> "subprocess.CompletedProcess[str]":
    """What ssh-keygen says. It reads the person's entries as they were checked, and nothing else.

    It never sees the list itself: what looks like a comment here need not be one to OpenSSH.
    """
    with tempfile.TemporaryDirectory() as folder:
        file, listing = Path(folder, "signature"), Path(folder, "allowed")
        file.write_text(made.armoured, encoding="utf-8")
        theirs = [entry.line_for(person) for entry in entries if person in entry.names]
        listing.write_text("".join(theirs), encoding="utf-8")
        who = ["-I", person, "-n", made.namespace, f"-Overify-time={to_utc(at):%Y%m%d%H%M%SZ}"]
        out = ["-r", str(revoked)] if revoked is not None else []
        files = ["-f", str(listing), "-s", str(file)]
        return _ssh_keygen(["-Y", "verify", *files, *who, *out], statement)


def _whose(entries: tuple[Entry, ...], made: _Made, person: str, listing: Path) -> str:
    """What is wrong with the person or the key; empty if the key is that person's."""
    owner = next((e.names[0] for e in entries if e.key == made.key), "")
    if not owner:
        return (
            f"unknown key: {made.fingerprint} is not listed in {listing}; sign with a key that is"
        )
    return "" if owner == person else f"wrong signer: the key is that of {owner!r}, not {person!r}"


def _altered(made: _Made, statement: bytes, person: str) -> str:
    if _covers(made, statement, made.namespace):
        return ""
    return (
        "another text was signed than this statement, or the signature was altered; "
        f"{person!r} has to sign the statement as it is, byte for byte"
    )


def _out_of_dates(entries: tuple[Entry, ...], made: _Made, person: str, at: datetime) -> str:
    for entry in entries:
        if entry.key != made.key:
            continue
        after, before = entry.instant("valid-after"), entry.instant("valid-before")
        if before is not None and before <= at:
            return f"expired: the key of {person!r} was valid before {to_minute(before)}"
        if after is not None and at < after:
            return f"not yet valid: the key of {person!r} is valid from {to_minute(after)}"
        allowed = entry.options.get("namespaces")
        if allowed is not None and made.namespace not in allowed.split(","):
            return f"the key of {person!r} may sign {allowed} only, and not {made.namespace}"
    return ""


def _read(signature: str) -> _Made:
    """What an armoured signature says of itself.

    Raises:
        SignatureRefused: it is none, there are several, or ssh-keygen takes none of its kind.
    """
    short = signature if len(signature) <= _LONGEST else ""
    if (count := short.count(_BEGIN)) > 1:
        raise SignatureRefused(f"{count} signatures were pasted; paste one, and only yours")
    found = _ARMOUR.search(short)
    try:
        blob = base64.b64decode("".join(found[1].split()), validate=True) if found else b""
        if not blob.startswith(_MAGIC):
            raise ValueError
        key, rest = take_string(blob.removeprefix(_MAGIC))
        namespace, rest = take_string(rest)
        made = _Made(_armoured(blob), base64.b64encode(key).decode(), namespace.decode())
        for _ in ("reserved", "hash algorithm"):
            _, rest = take_string(rest)
        kind, algorithm = (take_string(one)[0] for one in (key, take_string(rest)[0]))
    except ValueError:
        raise SignatureRefused(
            f"this is not an SSH signature; paste the whole .sig file, from '{_BEGIN}' on"
        ) from None
    if b"-cert-" in kind:
        raise SignatureRefused(
            "the signature was made with a certificate, and only people's own keys are listed; "
            "sign with `ssh-keygen -Y sign -f` and the private key's file, not its -cert.pub"
        )
    if algorithm == b"ssh-rsa":
        raise SignatureRefused(
            "the signature is RSA with SHA-1 (ssh-rsa), which is broken and which ssh-keygen does "
            "not take; sign with `ssh-keygen -Y sign`, which uses SHA-2"
        )
    return made


def _armoured(blob: bytes) -> str:
    """Written anew: ssh-keygen reads none whose lines were bent on their way through a form."""
    lines = textwrap.wrap(base64.b64encode(blob).decode(), 70)
    return "\n".join([_BEGIN, *lines, "-----END SSH SIGNATURE-----", ""])


def _covers(made: _Made, statement: bytes, namespace: str) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "signature")
        file.write_text(made.armoured, encoding="utf-8")
        arguments = ["-Y", "check-novalidate", "-n", namespace, "-s", str(file)]
        return _ssh_keygen(arguments, statement).returncode == 0


def revoked_list(folder: Path, named: Path | None) -> Path | None:
    """The list of revoked keys to hand to ssh-keygen; None where none is named.

    Raises:
        ConfigError: the list is not there: a key that it revokes must not come back because a file
            went missing.
    """
    if named is None or (folder / named).is_file():
        return None if named is None else folder / named
    raise ConfigError(f"{folder / named}: access.revoked_signers names it, and it is not there")


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
