"""What is encrypted here, the `age` program opens; what it encrypts is opened here."""

import errno
import hashlib
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.adapters import age_worker
from tasks.adapters.age_cipher import AgeCipher, AgeDecipher
from tasks.kernel.errors import ConfigError, DecryptionRefused, TemporaryFilesUnusable
from tasks.kernel.spool import Spool, whole
from tasks.ports.cipher import Crew

CHUNK = 64 << 10
SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK + 7]

needs_age = pytest.mark.skipif(
    shutil.which("age") is None, reason="the program `age` is not installed (apt-get install age)"
)


def _key_file(folder: Path, *lines: str) -> Path:
    file = folder / "identity.txt"
    file.touch(mode=0o600)
    file.write_text("\n".join(lines) + "\n")
    return file


class Person:
    """Somebody with a key."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        identity = pyrage.x25519.Identity.generate()
        self.secret = str(identity)
        self.public = str(identity.to_public())
        self.file = _key_file(
            folder, "# created: today", f"# public key: {self.public}", "", self.secret
        )


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> list[Person]:
    folder = tmp_path_factory.mktemp("people")
    return [Person(folder / name) for name in ("ada", "bo", "cy")]


@pytest.fixture(scope="module")
def cipher(people: list[Person]) -> AgeCipher:
    return AgeCipher([people[0].public, people[1].public])


@needs_age
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("who", [0, 1])
def test_the_age_program_opens_it_with_either_key(
    cipher: AgeCipher, people: list[Person], size: int, who: int
) -> None:
    plain = os.urandom(size)
    sealed = whole(cipher.encrypt(Spool([plain])))
    run = subprocess.run(
        ["age", "-d", "-i", str(people[who].file)], input=sealed, capture_output=True, check=True
    )
    assert run.stdout == plain


@needs_age
def test_what_the_age_program_encrypts_is_opened(people: list[Person], tmp_path: Path) -> None:
    plain = os.urandom(3 * CHUNK)
    run = subprocess.run(
        ["age", "-r", people[2].public], input=plain, capture_output=True, check=True
    )
    several = _key_file(tmp_path, people[0].secret, "# and", f"  {people[2].secret}\r")
    assert AgeDecipher(several).decrypt(run.stdout) == plain


@settings(deadline=None)
@given(
    pieces=st.lists(st.binary(max_size=300) | st.integers(0, 3 * CHUNK).map(bytes), min_size=1),
)
def test_memory_used_again_never_mixes_pieces(
    cipher: AgeCipher, people: list[Person], pieces: list[bytes]
) -> None:
    decipher, most = AgeDecipher(people[0].file), 3 * CHUNK
    with cipher.crew(most + cipher.room(most), workers=0) as crew:
        for plain in pieces:
            assert decipher.decrypt(_by_crew(crew, 0, plain, most)) == plain


@pytest.mark.parametrize("size", SIZES)
def test_the_announced_room_is_always_enough(cipher: AgeCipher, size: int) -> None:
    with cipher.crew(size + cipher.room(size), workers=0) as crew:
        assert size < len(_by_crew(crew, 0, bytes(size), size)) < size + 8 * CHUNK


def test_a_disk_that_is_full_while_a_tag_file_is_encrypted_is_told(
    cipher: AgeCipher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pyrage keeps to itself what goes wrong where it writes."""
    plain = Spool([bytes(1 << 20)])

    def full(**_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(TemporaryFilesUnusable, match="No space left"):
        cipher.encrypt(plain)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_whatever_ends_the_reading_of_a_tag_file_ends_its_encryption(
    cipher: AgeCipher, error: type[BaseException]
) -> None:
    class Broken:
        size, sha256 = 2, ""

        def parts(self) -> Iterator[bytes]:
            yield b"a"
            raise error

    with pytest.raises(error):
        cipher.encrypt(Broken())


def test_a_room_that_is_too_small_is_told(cipher: AgeCipher) -> None:
    with cipher.crew(100, workers=0) as crew, pytest.raises(BufferError, match="too small"):
        crew.encrypt(0, slice(0, 50), slice(50, 100))


def test_processes_encrypt_side_by_side(cipher: AgeCipher, people: list[Person]) -> None:
    decipher, most = AgeDecipher(people[1].file), 3 * CHUNK
    with cipher.crew(2 * (most + cipher.room(most)), workers=2) as crew:
        assert crew.members == 2
        for turn in range(6):
            plain = os.urandom(most - turn)
            assert decipher.decrypt(_by_crew(crew, turn % 2, plain, most)) == plain
        children = _children()
        assert len(children) == 2
    assert not _children() & children, "they end with the block"


def test_a_process_that_was_killed_is_told_of(cipher: AgeCipher) -> None:
    with cipher.crew(8192, workers=1) as crew:
        for child in _children():
            os.kill(child, signal.SIGKILL)
        with pytest.raises(ChildProcessError, match=r"ended early \(status -9\).*start again"):
            crew.encrypt(0, slice(0, 10), slice(10, 8192))


def test_a_process_whose_program_was_killed_ends_without_a_word(people: list[Person]) -> None:
    room, size = 4096, 10
    shared = os.memfd_create("pieces")
    os.truncate(shared, room)
    worker = subprocess.Popen(
        [sys.executable, "-I", age_worker.__file__, str(shared), people[0].public],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=(shared,),
    )
    os.close(shared)
    assert worker.stdout is not None
    worker.stdout.close()  # as a kill closes it, with a piece under way
    _, said = worker.communicate(struct.pack("<QQQQ", 0, size, size, room), timeout=60)
    assert said == b""


def _children() -> set[int]:
    found = psutil.Process().children()
    return {one.pid for one in found if "age_worker" in " ".join(one.cmdline())}


def _by_crew(crew: Crew, member: int, plain: bytes, most: int) -> bytes:
    share = len(crew.memory) // crew.members
    start = member * share
    crew.memory[start : start + len(plain)] = plain
    room = slice(start + most, start + share)
    size, digest = crew.encrypt(member, slice(start, start + len(plain)), room)
    sealed = bytes(crew.memory[room])[:size]
    assert hashlib.sha256(sealed).hexdigest() == digest
    return sealed


def test_recipients_are_sorted_and_stand_once(people: list[Person]) -> None:
    keys = [person.public for person in people]
    assert AgeCipher([*reversed(keys), keys[0]]).recipients == tuple(sorted(keys))


def test_a_mistyped_recipient_is_refused_by_its_checksum(people: list[Person]) -> None:
    key = people[0].public
    wrong = key[:-1] + ("q" if key[-1] != "q" else "p")
    with pytest.raises(ConfigError, match=rf"recipients: {key[:12]}\.\.\..*copy it again"):
        AgeCipher([people[1].public, wrong])


def test_a_private_key_among_the_recipients_is_not_repeated(people: list[Person]) -> None:
    with pytest.raises(ConfigError, match="no age public key") as refusal:
        AgeCipher([people[0].secret])
    assert people[0].secret[16:30] not in str(refusal.value)


def test_no_recipient_is_refused() -> None:
    with pytest.raises(ConfigError, match="is empty"):
        AgeCipher([])


def test_another_key_is_refused(cipher: AgeCipher, people: list[Person]) -> None:
    sealed = whole(cipher.encrypt(Spool([b"weights"])))
    with pytest.raises(DecryptionRefused, match=r"for other keys than those in .*cy/identity\.txt"):
        AgeDecipher(people[2].file).decrypt(sealed)


def test_what_was_altered_or_cut_is_refused(cipher: AgeCipher, people: list[Person]) -> None:
    sealed = whole(cipher.encrypt(Spool([bytes(2 * CHUNK)])))
    decipher = AgeDecipher(people[0].file)
    flipped = (0, len(sealed) // 3, len(sealed) // 2, len(sealed) - 1)
    damaged = [sealed[:-1], sealed[: -CHUNK - 16], sealed[:50], b"", sealed + b"\0"]
    damaged += [sealed.replace(b"/v1", b"/v9", 1)]
    damaged += [sealed[:i] + bytes([sealed[i] ^ 1]) + sealed[i + 1 :] for i in flipped]
    for bad in damaged:
        with pytest.raises(DecryptionRefused, match="altered, is cut short, or is no") as refusal:
            decipher.decrypt(bad)
        assert "\n" not in str(refusal.value)


def _missing(file: Path) -> None:
    file.unlink()


def _for_the_group(file: Path) -> None:
    file.chmod(0o640)


def _pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file, 0o600)


def _folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _huge(file: Path) -> None:
    file.write_bytes(file.read_bytes() * 1000)


def _only_comments(file: Path) -> None:
    file.write_text("# nothing\n\n")


def _with_passphrase(file: Path) -> None:
    file.write_bytes(pyrage.passphrase.encrypt(file.read_bytes(), "secret"))


def _armoured(file: Path) -> None:
    file.write_text("-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n")


def _ssh(file: Path) -> None:
    file.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")


def _plugin(file: Path) -> None:
    file.write_text("AGE-PLUGIN-YUBIKEY-1QQ\n")


def _public(file: Path) -> None:
    file.write_text(file.read_text().splitlines()[1].split()[-1])


def _mistyped(file: Path) -> None:
    text = file.read_text().rstrip()
    file.write_text(text[:-1] + ("Q" if text[-1] != "Q" else "P"))


def _binary(file: Path) -> None:
    file.write_bytes(b"\xff\0\xfe")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (_missing, "there is no age identity file; set --identity or preservation.identity_file"),
        (_for_the_group, "others than its owner.*chmod 600"),
        (_pipe, "is no file"),
        (_folder, "is no file"),
        (_huge, "larger than any"),
        (_only_comments, "holds no key"),
        (_with_passphrase, ":1: is protected by a passphrase.*age -d"),
        (_armoured, ":1: is protected by a passphrase"),
        (_ssh, ":1: is not age's own"),
        (_plugin, ":1: needs a plugin"),
        (_public, ":1: is a public key"),
        (_mistyped, ":4: is no age private key"),
        (_binary, ":1: is no age private key"),
    ],
)
def test_an_identity_file_that_cannot_serve_is_one_sentence_without_the_key(
    tmp_path: Path, spoil: Callable[[Path], None], sentence: str
) -> None:
    person = Person(tmp_path / "dee")
    spoil(person.file)
    with pytest.raises(DecryptionRefused, match=sentence) as refusal:
        AgeDecipher(person.file)
    said = str(refusal.value)
    assert str(person.file) in said
    assert person.secret[16:30] not in said


def test_a_link_to_a_private_file_is_followed(people: list[Person], tmp_path: Path) -> None:
    """As Kubernetes mounts its secrets."""
    (tmp_path / "link").symlink_to(people[0].file)
    sealed = whole(AgeCipher([people[0].public]).encrypt(Spool([b"x"])))
    assert AgeDecipher(tmp_path / "link").decrypt(sealed) == b"x"
