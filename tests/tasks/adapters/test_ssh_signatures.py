"""A signature counts only for the person, purpose, statement and time that it is for."""

import base64
import hashlib
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from configs.errors import ConfigError
from tasks.adapters.ssh_signatures import SshSignatures, revoked_list, sign
from tasks.kernel.errors import SignatureRefused

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
STATEMENT = b"a statement\n"


def _key(folder: Path, name: str, kind: str = "ed25519") -> str:
    """Make a key pair; returns the public key's type and bytes."""
    file = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(file)], check=True)
    return " ".join(file.with_suffix(".pub").read_text().split()[:2])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = [f"{name} {_key(tmp_path, name)}" for name in ("alice", "bob")]
    (tmp_path / "allowed").write_text("\n".join(lines) + "\n")
    _key(tmp_path, "stranger")
    return tmp_path


def _verify(
    folder: Path,
    signature: str,
    *,
    person: str = "alice",
    statement: bytes = STATEMENT,
    namespace: str = "n",
    at: datetime = NOW,
    revoked: Path | None = None,
) -> str:
    checker = SshSignatures(folder / "allowed", revoked)
    signer = checker.verify(statement, signature, namespace=namespace, person=person, at=at)
    return signer.fingerprint


def _signed(folder: Path, name: str = "alice", namespace: str = "n") -> str:
    return sign(STATEMENT, key=folder / name, namespace=namespace)


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_a_good_signature_names_its_key(folder: Path, kind: str) -> None:
    public = _key(folder, "carol", kind)
    with (folder / "allowed").open("a") as listing:
        listing.write(f"carol {public}\n")
    shown = subprocess.run(
        ["ssh-keygen", "-l", "-f", str(folder / "carol.pub")], capture_output=True, check=True
    )
    found = _verify(folder, _signed(folder, "carol"), person="carol")
    assert found in shown.stdout.decode()


def test_text_around_a_pasted_signature_is_read_past(folder: Path) -> None:
    pasted = "here it is:\r\n" + _signed(folder).replace("\n", "\r\n") + "\nregards"
    assert _verify(folder, pasted)


@pytest.mark.parametrize(
    ("by", "person", "statement", "namespace", "why"),
    [
        ("stranger", "alice", STATEMENT, "n", "unknown key: SHA256:"),
        ("bob", "alice", STATEMENT, "n", "wrong signer: the key is that of 'bob', not 'alice'"),
        ("alice", "mallory", STATEMENT, "n", "'mallory' is not listed"),
        ("alice", "alice", b"another\n", "n", "another text was signed"),
        ("alice", "alice", STATEMENT, "file", "namespace 'n', not 'file'"),
    ],
)
def test_what_does_not_count_is_refused_with_its_reason(
    folder: Path, by: str, person: str, statement: bytes, namespace: str, why: str
) -> None:
    with pytest.raises(SignatureRefused, match=why):
        _verify(
            folder, _signed(folder, by), person=person, statement=statement, namespace=namespace
        )


@pytest.mark.parametrize(
    ("option", "why"),
    [
        ('valid-before="20261125Z"', "expired: the key of 'dave' was valid before 2026-11-25"),
        ('valid-after="20261126Z"', "not yet valid: the key of 'dave' is valid from 2026-11-26"),
        ('namespaces="git,file"', "may sign git,file only"),
    ],
)
def test_a_key_out_of_its_bounds_is_refused_with_its_reason(
    folder: Path, option: str, why: str
) -> None:
    public = _key(folder, "dave")
    with (folder / "allowed").open("a") as listing:
        listing.write(f"dave {option} {public}\n")
    with pytest.raises(SignatureRefused, match=why):
        _verify(folder, _signed(folder, "dave"), person="dave")


def test_a_key_counts_within_its_dates(folder: Path) -> None:
    public = _key(folder, "dave")
    with (folder / "allowed").open("a") as listing:
        listing.write(f'dave valid-after="20261101Z",valid-before="20261201Z" {public}\n')
    assert _verify(folder, _signed(folder, "dave"), person="dave")


@pytest.mark.parametrize("how", ["public key", "krl"])
def test_a_revoked_key_is_refused_as_such(folder: Path, how: str) -> None:
    revoked = folder / "revoked"
    if how == "krl":
        command = ["ssh-keygen", "-q", "-k", "-f", str(revoked), str(folder / "alice.pub")]
        subprocess.run(command, check=True)
    else:
        revoked.write_text((folder / "alice.pub").read_text())
    with pytest.raises(SignatureRefused, match="revoked: the key of 'alice'"):
        _verify(folder, _signed(folder), revoked=revoked)
    assert _verify(folder, _signed(folder, "bob"), person="bob", revoked=revoked)


def test_a_list_of_revoked_keys_that_cannot_be_read_lets_nobody_sign(folder: Path) -> None:
    revoked = folder / "revoked"
    revoked.write_text("no key at all\n")
    with pytest.raises(SignatureRefused, match="is no list of keys"):
        _verify(folder, _signed(folder), revoked=revoked)


def test_a_list_that_is_cut_short_is_not_told_as_a_revocation(folder: Path) -> None:
    revoked = folder / "revoked"
    command = ["ssh-keygen", "-q", "-k", "-f", str(revoked), str(folder / "bob.pub")]
    subprocess.run(command, check=True)
    revoked.write_bytes(revoked.read_bytes()[:30])
    with pytest.raises(SignatureRefused, match="is no list of keys"):
        _verify(folder, _signed(folder), revoked=revoked)


def test_a_named_list_of_revoked_keys_has_to_be_there(tmp_path: Path) -> None:
    assert revoked_list(tmp_path, None) is None
    with pytest.raises(ConfigError, match="revoked_signers"):
        revoked_list(tmp_path, Path("revoked"))
    (tmp_path / "revoked").write_text("")
    assert revoked_list(tmp_path, Path("revoked")) == tmp_path / "revoked"


def _ssh(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def test_two_signatures_in_one_paste_are_refused_whichever_comes_first(folder: Path) -> None:
    mine, other = _signed(folder), _signed(folder, "bob")
    for pasted in (mine + other, other + mine, mine + mine, f"{mine}-----BEGIN SSH SIGNATURE-----"):
        with pytest.raises(SignatureRefused, match="2 signatures were pasted; paste one"):
            _verify(folder, pasted)


def test_rsa_with_sha_1_is_refused_as_such(folder: Path) -> None:
    """As old agents make it; ssh-keygen says no more than that it could not verify."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_ssh_private_key

    public = _key(folder, "carol", "rsa")
    with (folder / "allowed").open("a") as listing:
        listing.write(f"carol {public}\n")
    key = load_ssh_private_key((folder / "carol").read_bytes(), None)
    assert isinstance(key, RSAPrivateKey)
    digest = hashlib.sha512(STATEMENT).digest()
    signed = b"SSHSIG" + _ssh(b"n", b"", b"sha512", digest)

    def armoured(algorithm: bytes, made: bytes) -> str:
        named = _ssh(base64.b64decode(public.split()[1]), b"n", b"", b"sha512")
        blob = b"SSHSIG\x00\x00\x00\x01" + named + _ssh(_ssh(algorithm, made))
        text = base64.b64encode(blob).decode()
        return f"-----BEGIN SSH SIGNATURE-----\n{text}\n-----END SSH SIGNATURE-----\n"

    good = armoured(b"rsa-sha2-512", key.sign(signed, PKCS1v15(), hashes.SHA512()))
    assert _verify(folder, good, person="carol")
    old = armoured(b"ssh-rsa", key.sign(signed, PKCS1v15(), hashes.SHA1()))
    with pytest.raises(SignatureRefused, match=r"RSA with SHA-1 \(ssh-rsa\), which is broken"):
        _verify(folder, old, person="carol")


def test_a_signature_by_a_certificate_is_refused_as_such(folder: Path) -> None:
    """Though the key in it is alice's own, and listed."""
    _key(folder, "authority")
    command = ["ssh-keygen", "-q", "-s", str(folder / "authority"), "-I", "id", "-n", "alice"]
    subprocess.run([*command, str(folder / "alice.pub")], check=True)
    made = sign(STATEMENT, key=folder / "alice-cert.pub", namespace="n")
    with pytest.raises(SignatureRefused, match="was made with a certificate"):
        _verify(folder, made)
    assert _verify(folder, _signed(folder))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no signature",
        "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n",
        "-----BEGIN SSH SIGNATURE-----\n!!!!\n-----END SSH SIGNATURE-----\n",
        "x" * 100_000,
    ],
)
def test_what_is_no_signature_is_said_so(folder: Path, text: str) -> None:
    with pytest.raises(SignatureRefused, match="not an SSH signature"):
        _verify(folder, text)


def test_one_flipped_character_is_refused(folder: Path) -> None:
    lines = _signed(folder).splitlines()
    last = lines[-2]
    lines[-2] = ("B" if last[0] != "B" else "C") + last[1:]
    with pytest.raises(SignatureRefused):
        _verify(folder, "\n".join(lines) + "\n")


def test_a_line_that_openssh_would_read_otherwise_lets_nobody_in(folder: Path) -> None:
    """OpenSSH takes this for an entry with a pattern, where an eye sees a comment."""
    stranger = (folder / "stranger.pub").read_text()
    with (folder / "allowed").open("a") as listing:
        listing.write(f"\u00a0#,alice {stranger}")
    with pytest.raises((SignatureRefused, ConfigError)):
        _verify(folder, _signed(folder, "stranger"))


def test_a_signature_of_blanks_is_refused_at_once(folder: Path) -> None:
    blanks = "-----BEGIN SSH SIGNATURE-----" + "\n" * 16_000
    with pytest.raises(SignatureRefused, match="not an SSH signature"):
        _verify(folder, blanks)


def test_covers_tells_which_text_was_signed_and_authorises_nobody(folder: Path) -> None:
    checker = SshSignatures(folder / "allowed")
    signature = _signed(folder, "stranger")
    assert checker.covers(STATEMENT, signature, namespace="n")
    assert not checker.covers(b"another\n", signature, namespace="n")
    assert not checker.covers(STATEMENT, signature, namespace="m")


def test_a_missing_key_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SignatureRefused, match="no such key file"):
        sign(b"x", key=tmp_path / "nokey", namespace="n")
