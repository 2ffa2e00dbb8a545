"""A stranger with a bag and common tools restores it by what RESTORE.md says."""

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.schema.preservation import Form
from tasks.adapters.age_cipher import AgeCipher
from tasks.adapters.model_signature import EcModelSigner, make_key_if_missing
from tasks.kernel.spool import Spool, whole
from tasks.preservation.manifest import render_fetch, render_manifest
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
FORMS = [
    pytest.param(Form.FILES, id="files"),
    pytest.param(Form.PIECES, id="pieces"),
    pytest.param(
        Form.AGE,
        id="age",
        marks=pytest.mark.skipif(
            shutil.which("age") is None,
            reason="the program `age` is not installed (apt-get install age)",
        ),
    ),
]


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


def _content(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


@pytest.fixture(params=FORMS)
def stranger(request: pytest.FixtureRequest, tmp_path: Path) -> Stranger:
    return Stranger(tmp_path, request.param, NASTY)


@pytest.fixture(params=FORMS[1:])
def in_pieces(request: pytest.FixtureRequest, tmp_path: Path) -> Stranger:
    return Stranger(tmp_path, request.param, NASTY)


@pytest.fixture(params=FORMS[2:])
def encrypted(request: pytest.FixtureRequest, tmp_path: Path) -> Stranger:
    return Stranger(tmp_path, request.param, NASTY)


def test_every_byte_and_name_comes_back(stranger: Stranger) -> None:
    run = stranger.restore()
    assert run.returncode == 0, run.stderr
    assert _content(stranger.dest) == NASTY
    assert not (stranger.folder / "out put.part").exists()


def test_the_blocks_work_as_they_stand_beside_the_bag(stranger: Stranger) -> None:
    run = stranger.paste("PART=")
    assert run.returncode == 0, run.stderr
    assert _content(stranger.folder / "aster-1") == NASTY


def test_relative_places_serve_whatever_cdpath_says(stranger: Stranger) -> None:
    (stranger.folder / "decoys" / BAG).mkdir(parents=True)
    assert stranger.paste("sed 's/%25/%/g' tagm", BAG=BAG).returncode == 0
    assert stranger.restore(BAG=f"{BAG}/", DEST="made/").returncode == 0
    assert _content(stranger.folder / "made") == NASTY


def test_either_key_opens(encrypted: Stranger) -> None:
    assert encrypted.restore(KEY="second.txt").returncode == 0
    assert _content(encrypted.dest) == NASTY


def _flip(stranger: Stranger, path: str = "Gewichte/日本 é.safetensors") -> None:
    file = stranger.stored(path)
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)


def _flip_dash(stranger: Stranger) -> None:
    """`sha256sum -c -` passes over a file that its list calls `-`."""
    _flip(stranger, "-")


def _lose(stranger: Stranger) -> None:
    stranger.stored("config.json").unlink()


def _lose_empty(stranger: Stranger) -> None:
    stranger.stored("empty").unlink()


LISTS = {
    Form.FILES: "manifest-sha256.txt",
    Form.PIECES: "restored-sha256.txt",
    Form.AGE: "restored-sha256.txt.age",
}


def _cut_the_list(stranger: Stranger) -> None:
    """Every file that is still listed is whole."""
    file = stranger.bag / LISTS[stranger.form]
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-1]))


@pytest.mark.parametrize("damage", [_flip, _flip_dash, _lose, _lose_empty, _cut_the_list])
def test_damage_stops_it_and_leaves_nothing_that_looks_whole(
    stranger: Stranger, damage: Callable[[Stranger], None]
) -> None:
    damage(stranger)
    assert stranger.restore().returncode != 0
    assert not stranger.dest.exists()


@pytest.mark.parametrize("number", [0, 3, -1])
def test_a_missing_piece_stops_it(in_pieces: Stranger, number: int) -> None:
    sorted((in_pieces.bag / "data/Gewichte/日本 é.safetensors.pieces").iterdir())[number].unlink()
    assert in_pieces.restore().returncode != 0
    assert not in_pieces.dest.exists()


def test_two_pieces_in_each_others_place_stop_it(in_pieces: Stranger) -> None:
    pieces = sorted((in_pieces.bag / "data/Gewichte/日本 é.safetensors.pieces").iterdir())
    first, second = pieces[0].read_bytes(), pieces[1].read_bytes()
    pieces[0].write_bytes(second)
    pieces[1].write_bytes(first)
    assert in_pieces.restore().returncode != 0
    assert not in_pieces.dest.exists()


def test_another_key_stops_it_before_anything_is_made(encrypted: Stranger) -> None:
    run = encrypted.restore(KEY=encrypted.folder / "other.txt")
    assert run.returncode != 0
    assert "other.txt does not open this" in run.stderr
    assert not list(encrypted.folder.glob("out put*"))


def test_a_damaged_list_and_a_missing_program_are_no_wrong_key(encrypted: Stranger) -> None:
    file = encrypted.bag / "restored-sha256.txt.age"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert "the list of files is damaged" in encrypted.restore().stderr
    file.write_bytes(whole)
    encrypted.without_age()
    assert "the program age is not there" in encrypted.restore().stderr
    assert "the program age is not there" in encrypted.paste("OUT=./metadata-in-plain\nKEY").stderr
    assert not list(encrypted.folder.glob("out put*"))


@pytest.mark.parametrize("damage", [_flip, _lose])
def test_what_is_left_of_a_damaged_bag_can_be_had(
    stranger: Stranger, damage: Callable[[Stranger], None]
) -> None:
    damage(stranger)
    lost = "config.json" if damage is _lose else "Gewichte/日本 é.safetensors"
    run = stranger.restore(ANYWAY="yes")
    assert run.returncode != 0
    assert "some files are not as they were" in run.stderr
    assert not stranger.dest.exists()
    found = _content(stranger.folder / "out put.part" / "files")
    assert {name: found[name] for name in NASTY if name != lost} == {
        name: data for name, data in NASTY.items() if name != lost
    }
    assert found.get(lost) != NASTY[lost]
    assert run.stdout.count(": OK\n") == 1 + len(NASTY) - 1  # the list's own, and the others'


def test_what_stands_at_the_destination_is_left_alone(stranger: Stranger) -> None:
    stranger.dest.mkdir()
    (stranger.dest / "mine").touch()
    run = stranger.restore()
    assert run.returncode != 0
    assert "choose another name" in run.stderr
    assert _content(stranger.dest) == {"mine": b""}


def test_after_a_failure_and_a_mended_file_it_works(stranger: Stranger) -> None:
    whole = stranger.stored("config.json").read_bytes()
    file = stranger.stored("config.json")
    file.write_bytes(b"damaged")
    stranger.restore()
    file.write_bytes(whole)
    assert "remove it first" in stranger.restore().stderr
    shutil.rmtree(stranger.folder / "out put.part")
    assert stranger.restore().returncode == 0
    assert _content(stranger.dest) == NASTY


def test_what_no_list_knows_is_not_restored(stranger: Stranger) -> None:
    stranger.put_private("data/added.pieces/000000", b"evil")
    assert stranger.restore().returncode == 0
    assert _content(stranger.dest) == NASTY


def test_a_list_that_leads_out_of_the_folder_is_refused(in_pieces: Stranger) -> None:
    in_pieces.put_private("../escaped.pieces/000000", b"")
    empty = hashlib.sha256().hexdigest()
    in_pieces.put_private("restored-sha256.txt", f"{empty}  ../../escaped\n".encode())
    in_pieces.list_tags()
    run = in_pieces.restore()
    assert run.returncode != 0
    assert "leads out of the folder" in run.stderr
    assert not (in_pieces.folder / "escaped").exists()


def test_the_check_finds_a_changed_byte_anywhere(stranger: Stranger) -> None:
    assert stranger.paste("sed 's/%25/%/g' tagm", BAG=stranger.bag).returncode == 0
    for file in (stranger.stored("100%"), stranger.bag / "bag-info.txt"):
        whole = file.read_bytes()
        file.write_bytes(whole + b"x")
        assert stranger.paste("sed 's/%25/%/g' tagm", BAG=stranger.bag).returncode != 0
        file.write_bytes(whole)


def test_what_another_bag_holds_is_fetched(in_pieces: Stranger) -> None:
    """`aws` is played by a script that copies from a folder."""
    there = in_pieces.folder / "bucket"
    entries: dict[str, tuple[str, int]] = {}
    for path in sorted(in_pieces.digests("data"))[1::2]:
        (there / "old" / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(in_pieces.bag / path, there / "old" / path)
        entries[path] = (f"s3://bucket/old/{quote(path)}", 1)
    in_pieces.put("fetch.txt", render_fetch(entries).encode())
    aws = in_pieces.folder / "bin" / "aws"
    aws.parent.mkdir()
    aws.write_text('#!/bin/sh\ncat > /dev/null\nexec cp -- "${3#s3://}" "$4"\n')
    aws.chmod(0o755)
    mirrored = shutil.copytree(in_pieces.bag, in_pieces.folder / "mirrored")
    run = in_pieces.paste("aws s3 cp", BAG=in_pieces.bag)
    assert run.returncode == 0, run.stderr
    assert in_pieces.restore().returncode == 0
    assert _content(in_pieces.dest) == NASTY
    aws.unlink()
    run = in_pieces.paste("aws s3 cp", BAG=mirrored, MIRROR=there)
    assert run.returncode == 0, run.stderr
    assert _content(mirrored) == _content(in_pieces.bag)


def test_a_bag_that_has_everything_needs_nothing_fetched(in_pieces: Stranger) -> None:
    run = in_pieces.paste("aws s3 cp", BAG=in_pieces.bag)
    assert (run.returncode, run.stdout) == (0, "there is no fetch.txt: nothing is missing\n")


def test_the_description_is_opened(encrypted: Stranger) -> None:
    out = encrypted.folder / "opened here"
    run = encrypted.paste("OUT=./metadata-in-plain\nKEY", BAG=encrypted.bag, OUT=out, KEY="key.txt")
    assert run.returncode == 0, run.stderr
    assert set(_content(out)) == {"model.sig", "description.sig", "notes/a card 100%.md"}
    assert (out / "notes/a card 100%.md").read_bytes() == b"a card"


def test_a_description_that_does_not_open_is_named(encrypted: Stranger) -> None:
    run = encrypted.paste("OUT=./metadata-in-plain\nKEY", BAG=encrypted.bag, KEY="other.txt")
    assert run.returncode != 0
    assert run.stderr.count("can't be opened, or written: ") == 3
    assert "opened: " not in run.stdout
    assert _content(encrypted.folder / "metadata-in-plain") == {}
    again = encrypted.paste("OUT=./metadata-in-plain\nKEY", BAG=encrypted.bag)
    assert "remove it, or choose another name" in again.stderr


def test_one_damaged_file_of_the_description_keeps_none_of_the_others(encrypted: Stranger) -> None:
    (encrypted.bag / "metadata/notes/a card 100%.md.age").write_bytes(b"damaged")
    run = encrypted.paste("OUT=./metadata-in-plain\nKEY", BAG=encrypted.bag)
    assert run.returncode != 0
    assert "a card 100%.md.age" in run.stderr
    assert set(_content(encrypted.folder / "metadata-in-plain")) == {"model.sig", "description.sig"}


def test_its_commands_verify_the_signatures(stranger: Stranger) -> None:
    assert stranger.restore(DEST="aster-1").returncode == 0
    if stranger.form is Form.AGE:
        assert stranger.paste("OUT=./metadata-in-plain\nKEY").returncode == 0
    commands = ['signature "$OUT/model.sig', 'signature "$OUT/description.sig']
    if stranger.form is not Form.AGE:
        commands = [one.replace("$OUT", "$BAG/metadata") for one in commands]
    if stranger.form is not Form.FILES:
        commands.append('signature "$BAG/metadata/bag.sig')
    for command in commands:
        run = stranger.paste(command)
        assert run.returncode == 0, run.stderr
        assert "Verification succeeded" in run.stdout
    told = stranger.folder / "metadata-in-plain" if stranger.form is Form.AGE else None
    (told or stranger.bag / "metadata").joinpath("notes/a card 100%.md").write_text("a lie")
    assert stranger.paste(commands[1]).returncode != 0
    assert stranger.signer.fingerprint in stranger.paste('sha256sum "$BAG/meta').stdout


@pytest.mark.skipif(shutil.which("openssl") is None, reason="`openssl` is not installed")
@pytest.mark.parametrize("form", FORMS)
def test_openssl_alone_verifies_a_signature_and_what_it_signed(tmp_path: Path, form: Form) -> None:
    names = ("config.json", "a b/two  spaces .txt ", "-rf", "100%", "a.pieces/000000")
    stranger = Stranger(tmp_path, form, {name: NASTY[name] for name in names})
    run = stranger.paste("openssl dgst")
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("Verified OK\n")
    assert run.stdout.count(": OK\n") == len(stranger.digests("data"))
    _flip(stranger, "config.json")
    assert stranger.paste("openssl dgst").returncode != 0
    _flip(stranger, "config.json")
    name = "model.sig" if form is Form.FILES else "bag.sig"
    signature = stranger.bag / "metadata" / name
    envelope = json.loads(signature.read_text())
    payload = b64decode(envelope["dsseEnvelope"]["payload"]).replace(b"config", b"confog")
    envelope["dsseEnvelope"]["payload"] = b64encode(payload).decode()
    signature.write_text(json.dumps(envelope))
    run = stranger.paste("openssl dgst")
    assert run.returncode != 0
    assert "OK" not in run.stdout


def _guide(form: Form, **changed: object) -> str:
    values: dict[str, object] = {
        "form": form,
        "bag": BAG,
        "model_id": "aster-1",
        "display_name": "Aster 1",
        "recipients": ["age1abc", "age1xyz"] if form is Form.AGE else [],
        "fetch": False,
        "simulated": False,
    }
    return restore_guide(**{**values, **changed}).decode()  # type: ignore[arg-type]


@pytest.mark.parametrize("form", Form)
def test_it_names_what_a_stranger_must_know(form: Form) -> None:
    text = _guide(form, display_name="Aster  1\nFlash")
    assert text.startswith("# How to restore Aster 1 Flash\n")
    assert BAG in text
    assert "SIMULATED" not in text
    assert "## Bring what is missing" not in text
    assert all((key in text) == (form is Form.AGE) for key in ("age1abc", "age1xyz", "KEY="))


@pytest.mark.parametrize("form", Form)
def test_a_simulated_model_is_called_so_and_fetching_is_told_only_where_it_can_be(
    form: Form,
) -> None:
    assert "SIMULATED" in _guide(form, simulated=True)
    assert "## Bring what is missing" in _guide(form, fetch=True)


_NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="/\0")
    | st.sampled_from("\\\r\n- "),
    min_size=1,
    max_size=12,
).filter(lambda name: name not in {".", ".."} and len(name.encode()) < 200)


@settings(max_examples=25, deadline=None)
@given(files=st.dictionaries(_NAMES, st.binary(max_size=3), min_size=1, max_size=8))
def test_the_list_is_as_sha256sum_writes_and_reads_it(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    folder = tmp_path_factory.mktemp("files")
    for name, data in files.items():
        (folder / name).write_bytes(data)
    listed = render_checksums({n: hashlib.sha256(d).hexdigest() for n, d in files.items()})
    names = ["./-" if name == "-" else name for name in sorted(files)]
    run = subprocess.run(["sha256sum", "--", *names], cwd=folder, capture_output=True, check=True)
    assert listed == run.stdout
    subprocess.run(
        ["sha256sum", "--strict", "-c", "-"],
        input=listed,
        cwd=folder,
        capture_output=True,
        check=True,
    )
