"""A folder with a bag, keys, and a shell that has common tools: for tests of RESTORE.md."""

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pyrage

from configs.schema.preservation import Form
from tasks.adapters.age_cipher import AgeCipher
from tasks.adapters.model_signature import EcModelSigner, make_key_if_missing
from tasks.kernel.spool import Spool, whole
from tasks.preservation.manifest import render_manifest
from tasks.preservation.restore_guide import render_checksums, restore_guide

BAG = "aster-1-20261201-0123abcd"
PIECE = 7  # bytes
NASTY = {
    "config.json": b"{}",
    "a b/two  spaces .txt ": b"1" * 30,
    'quote\'s "and" `tick` $HOME $(id) ;rm *?[x]~': b"2" * PIECE,
    "-rf": b"3" * (PIECE + 1),
    "-": b"standard input?",
    "--/-": b"4",
    "Gewichte/日本 é.safetensors": bytes(range(240, 256)) * 2,
    "100%": b"5",
    "%25 %0A": b"6" * 22,
    "back\\slash\\n": b"7" * 9,
    "back\\\\two/\\": b"8",
    "empty": b"",
    "a.pieces/000000": b"9" * 20,
    "a.pieces/000000.age": b"",
    "a": b"10",
    ".gitattributes": b"11",
    "#hash": b"12",
}


class Stranger:
    """A folder with a bag, a key, and a shell."""

    def __init__(self, folder: Path, form: Form, files: dict[str, bytes]) -> None:
        self.folder, self.form, self.files = folder, form, files
        self.bag, self.dest = folder / BAG, folder / "out put"
        identities = [pyrage.x25519.Identity.generate() for _ in range(3)]
        for name, identity in zip(("key.txt", "second.txt", "other.txt"), identities, strict=True):
            (folder / name).write_text(f"# comment\n{identity}\n")
        self.key = folder / "key.txt"
        self.cipher = AgeCipher([str(one.to_public()) for one in identities[:2]])
        make_key_if_missing(folder / "sign.pem")
        self.signer = EcModelSigner(folder / "sign.pem")
        programs = Path(sys.executable).parent
        self.programs = f"{folder / 'bin'}:{programs}:{os.environ['PATH']}"
        self._make()
        self.guide = (self.bag / "RESTORE.md").read_text()

    def put(self, path: str, data: bytes) -> None:
        (self.bag / path).parent.mkdir(parents=True, exist_ok=True)
        (self.bag / path).write_bytes(data)

    def seal(self, data: bytes) -> bytes:
        return whole(self.cipher.encrypt(Spool([data])))

    def sign(self, name: str, digests: dict[str, str]) -> bytes:
        return whole(self.signer.sign(name, lambda: sorted(digests.items())))

    def digests(self, under: str) -> dict[str, str]:
        return {
            file.relative_to(self.bag).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
            for file in (self.bag / under).rglob("*")
            if file.is_file()
        }

    def _make(self) -> None:
        for path, data in self.files.items():
            if self.form is Form.FILES:
                self.put(f"data/{path}", data)
                continue
            for number in range(max(1, -(-len(data) // PIECE))):
                piece = data[number * PIECE : (number + 1) * PIECE]
                self.put_private(f"data/{path}.pieces/{number:06}", piece)
        plain = {path: hashlib.sha256(data).hexdigest() for path, data in self.files.items()}
        self.put_private("metadata/model.sig", self.sign("x", plain))
        card = b"a card"
        self.put_private("metadata/notes/a card 100%.md", card)
        told = {"notes/a card 100%.md": hashlib.sha256(card).hexdigest()}
        self.put_private("metadata/description.sig", self.sign("description", told))
        if self.form is not Form.FILES:
            self.put_private("restored-sha256.txt", render_checksums(plain))
            stored = {path[5:]: digest for path, digest in self.digests("data").items()}
            self.put("metadata/bag.sig", self.sign(BAG, stored))
        self.put("metadata/signing-key.pub.pem", self.signer.public_key.encode())
        self.put("bagit.txt", b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
        self.put("bag-info.txt", b"Emeritus-Note: made by hand\n")
        guide = restore_guide(
            form=self.form,
            bag=BAG,
            model_id="aster-1",
            display_name="Aster 1",
            recipients=self.cipher.recipients if self.form is Form.AGE else (),
            fetch=self.form is not Form.FILES,
            simulated=False,
        )
        self.put("RESTORE.md", guide)
        self.put("manifest-sha256.txt", render_manifest(self.digests("data")))
        self.list_tags()

    def list_tags(self) -> None:
        (self.bag / "tagmanifest-sha256.txt").unlink(missing_ok=True)
        tags = {p: d for p, d in self.digests(".").items() if not p.startswith("data/")}
        self.put("tagmanifest-sha256.txt", render_manifest(tags))

    def put_private(self, path: str, data: bytes) -> None:
        """Encrypted where the form is."""
        if self.form is Form.AGE:
            self.put(f"{path}.age", self.seal(data))
        else:
            self.put(path, data)

    def block(self, marker: str) -> str:
        """The guide's one block with this text in it."""
        found = [b for b in re.findall(r"```sh\n(.*?)```", self.guide, re.DOTALL) if marker in b]
        assert len(found) == 1, f"{len(found)} blocks with {marker!r}"
        return found[0]

    def paste(self, marker: str, **variables: Path | str) -> "subprocess.CompletedProcess[str]":
        """Paste a block into `sh`, its first lines changed to these values."""
        block = self.block(marker)
        for name, value in variables.items():
            line = re.search(rf"^{name}=.*$", block, re.MULTILINE)
            assert line is not None, f"the block has no {name}"
            block = block.replace(line[0], f"{name}={shlex.quote(str(value))}", 1)
        return subprocess.run(
            ["sh"],
            input=block,
            cwd=self.folder,
            env={**os.environ, "PATH": self.programs, "CDPATH": str(self.folder / "decoys")},
            capture_output=True,
            text=True,
            check=False,
        )

    def without_age(self) -> None:
        """Have the shell find every program but that one."""
        (self.folder / "bin").mkdir()
        for name in ("sh", "cat", "sed", "grep", "mkdir", "mv", "rm", "rmdir", "find", "sha256sum"):
            (self.folder / "bin" / name).symlink_to(str(shutil.which(name)))
        self.programs = str(self.folder / "bin")

    def restore(self, **changed: Path | str) -> "subprocess.CompletedProcess[str]":
        """Paste the block that restores."""
        key = {"KEY": self.key} if self.form is Form.AGE else {}
        return self.paste("PART=", **{"BAG": self.bag, "DEST": self.dest, **key, **changed})

    def stored(self, path: str) -> Path:
        """The file that holds the (last) bytes of a payload file."""
        file = self.bag / "data" / path
        if self.form is not Form.FILES:
            file = max((self.bag / "data" / f"{path}.pieces").iterdir())
        return file


def content_of(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }
