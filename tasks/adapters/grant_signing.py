"""The machine's SSH key that signs grants files, and the list that gateways check them with."""

import contextlib
import os
import subprocess
import tempfile
from datetime import datetime
from pathlib import Path

from tasks.adapters.files import sync_folder, write_atomically
from tasks.adapters.ssh_signatures import SshSignatures, sign
from tasks.kernel.errors import ConfigError, SignatureRefused

GRANTS_NAMESPACE = "emeritus-grants@v1"
SIGNER = "emeritus"


class GrantSigning:
    """Signs with one key file, and verifies with its public half.

    Beside the key stands `<key>.signers`: the allowed_signers file for gateways. A gateway takes it
    once, to a place where whoever writes grants files can't write.
    """

    def __init__(self, key_file: Path) -> None:
        self._key = key_file

    @property
    def signers(self) -> Path:
        """The allowed_signers file for gateways."""
        return self._key.with_name(f"{self._key.name}.signers")

    def sign(self, data: bytes) -> bytes:
        """An armoured signature; makes the key on first use.

        Raises:
            OSError, SignatureRefused: the key can't be made or used.
        """
        self._make_key_if_missing()
        self._list_signer()
        return sign(data, key=self._key, namespace=GRANTS_NAMESPACE).encode()

    def is_ours(self, data: bytes, signature: bytes, at: datetime) -> bool:
        """Whether these very bytes were signed with this key. Reads only."""
        if not self.signers.is_file():
            return False
        verifier = SshSignatures(self.signers)
        text = signature.decode(errors="replace")
        try:
            verifier.verify(data, text, namespace=GRANTS_NAMESPACE, person=SIGNER, at=at)
        except (SignatureRefused, ConfigError):
            return False
        return True

    def _make_key_if_missing(self) -> None:
        if self._key.exists():
            return
        self._key.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._key.parent, prefix=".new-") as folder:
            new = Path(folder, "key")
            kind = ["-t", "ed25519", "-N", "", "-C", "emeritus-grants"]
            _ssh_keygen("-q", *kind, "-f", str(new))
            with contextlib.suppress(FileExistsError):
                self._key.hardlink_to(new)  # a rename would overwrite a faster process' key
        sync_folder(self._key.parent)

    def _list_signer(self) -> None:
        """The public half beside the key, as it is now: it may have been replaced by another."""
        line = _ssh_keygen("-y", "-f", str(self._key))
        write_atomically(self._key.with_name(f"{self._key.name}.pub"), line)
        public_key = b" ".join(line.split()[:2]).decode()
        listed = f'{SIGNER} namespaces="{GRANTS_NAMESPACE}" {public_key}\n'
        write_atomically(self.signers, listed.encode())


def _ssh_keygen(*arguments: str) -> bytes:
    try:
        run = subprocess.run(
            ["ssh-keygen", *arguments],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=20,
            check=False,
            env={**os.environ, "SSH_ASKPASS_REQUIRE": "never"},
        )
    except FileNotFoundError:
        raise SignatureRefused(
            "ssh-keygen is not installed; install OpenSSH's client (apt-get install openssh-client)"
        ) from None
    except subprocess.TimeoutExpired:
        raise SignatureRefused(
            "ssh-keygen gave no answer within 20 s; access.gateway.signing_key_file must be a key "
            "without a passphrase"
        ) from None
    if run.returncode != 0:
        said = " ".join(run.stderr.decode(errors="replace").split())
        raise SignatureRefused(
            f"access.gateway.signing_key_file: ssh-keygen can't use the key ({said}); name another"
        )
    return run.stdout
