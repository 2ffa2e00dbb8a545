"""Who signed a commit: SSH signatures of people who are listed, at our own clock.

`git verify-commit` judges a key by the date in the commit, which its author chose; so the list is
asked with the instant at which we look: an expired key signs nothing any more.
"""

import tempfile
from datetime import datetime
from pathlib import Path

from tasks.adapters.allowed_signers import check_allowed_signers
from tasks.adapters.git_program import ask_git, said
from tasks.adapters.ssh_signatures import SshSignatures, key_of
from tasks.kernel.errors import CommitRefused, ConfigError, SignatureRefused

_NAMESPACE = "git"


def signer_of(repository: Path, commit: str, allowed_signers: Path, at: datetime) -> str:
    """The name of the person whose signature a commit carries.

    Args:
        repository: a working tree, or a bare repository.
        commit: full SHA.
        allowed_signers: the list.
        at: the instant at which a key has to be within its dates.

    Raises:
        CommitRefused: it is unsigned, wrongly signed, or signed by nobody who is listed.
        ConfigError: the list can't be used.
    """
    if not allowed_signers.is_file():
        raise ConfigError(f"{allowed_signers}: no such file; list there who may sign commits")
    entries = check_allowed_signers(allowed_signers)
    raw = ask_git(["cat-file", "commit", commit], folder=repository).stdout
    payload, signatures = _parts(raw)
    short = commit[:12]
    if not signatures:
        raise CommitRefused(
            f"commit {short} is unsigned, and the policy asks for a signed one (require_signed); "
            "sign it: git commit --amend --no-edit -S, with gpg.format=ssh"
        )
    if len(signatures) > 1 or not signatures[0].startswith("-----BEGIN SSH SIGNATURE-----"):
        raise CommitRefused(
            f"commit {short} is not signed with an SSH key, and no other signature counts; sign it "
            "with gpg.format=ssh"
        )
    try:
        key, fingerprint = key_of(signatures[0])
        name = next((entry.names[0] for entry in entries if entry.key == key), "")
        if not name:
            raise CommitRefused(
                f"commit {short} is signed with {fingerprint}, which is nobody's key in "
                f"{allowed_signers}; list the person there, or have a listed one sign"
            )
        # both have to agree: ours knows the dates, git knows what of a commit is signed
        SshSignatures(allowed_signers).verify(
            payload, signatures[0], namespace=_NAMESPACE, person=name, at=at
        )
        _ask_git_too(repository, commit, f'{name} namespaces="{_NAMESPACE}"', key)
    except SignatureRefused as error:
        raise CommitRefused(f"commit {short} is wrongly signed: {error}") from None
    return name


def _ask_git_too(repository: Path, commit: str, name: str, key: str) -> None:
    from tasks.adapters.ssh_public_keys import kind_of

    with tempfile.TemporaryDirectory() as folder:
        listing = Path(folder, "allowed")
        listing.write_text(f"{name} {kind_of(key)} {key}\n", encoding="utf-8")
        settings = (
            "gpg.format=ssh",
            f"gpg.ssh.allowedSignersFile={listing}",
            "gpg.ssh.program=ssh-keygen",
            "gpg.ssh.revocationFile=",
        )
        options = [part for one in settings for part in ("-c", one)]
        asked = ask_git([*options, "verify-commit", commit], folder=repository, allowed=(0, 1, 128))
    if asked.returncode != 0:
        raise SignatureRefused(f"git verify-commit: {said(asked.stderr)}")


def _parts(raw: bytes) -> tuple[bytes, list[str]]:
    """What of a commit is signed, and the signatures in its header."""
    header, blank, message = raw.partition(b"\n\n")
    kept, signatures, within = [], list[list[bytes]](), False
    for line in header.split(b"\n"):
        if line.startswith((b"gpgsig ", b"gpgsig-sha256 ")):
            signatures.append([line.partition(b" ")[2]])
            within = True
        elif within and line.startswith(b" "):
            signatures[-1].append(line[1:])
        else:
            within = False
            kept.append(line)
    payload = b"\n".join(kept) + blank + message
    return payload, [b"\n".join(one).decode(errors="replace") for one in signatures]
