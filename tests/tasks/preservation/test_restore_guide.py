"""A stranger with a bag and common tools restores it by what RESTORE.md says."""

import hashlib
import json
import shutil
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.schema.preservation import Form
from tasks.preservation.manifest import render_fetch
from tasks.preservation.restore_guide import render_checksums, restore_guide
from tests.tasks.preservation.stranger import BAG, NASTY, Stranger, content_of

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
    assert content_of(stranger.dest) == NASTY
    assert not (stranger.folder / "out put.part").exists()


def test_the_blocks_work_as_they_stand_beside_the_bag(stranger: Stranger) -> None:
    run = stranger.paste("PART=")
    assert run.returncode == 0, run.stderr
    assert content_of(stranger.folder / "aster-1") == NASTY


def test_relative_places_serve_whatever_cdpath_says(stranger: Stranger) -> None:
    (stranger.folder / "decoys" / BAG).mkdir(parents=True)
    assert stranger.paste("sed 's/%25/%/g' tagm", BAG=BAG).returncode == 0
    assert stranger.restore(BAG=f"{BAG}/", DEST="made/").returncode == 0
    assert content_of(stranger.folder / "made") == NASTY


def test_either_key_opens(encrypted: Stranger) -> None:
    assert encrypted.restore(KEY="second.txt").returncode == 0
    assert content_of(encrypted.dest) == NASTY


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
    found = content_of(stranger.folder / "out put.part" / "files")
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
    assert content_of(stranger.dest) == {"mine": b""}


def test_after_a_failure_and_a_mended_file_it_works(stranger: Stranger) -> None:
    whole = stranger.stored("config.json").read_bytes()
    file = stranger.stored("config.json")
    file.write_bytes(b"damaged")
    stranger.restore()
    file.write_bytes(whole)
    assert "remove it first" in stranger.restore().stderr
    shutil.rmtree(stranger.folder / "out put.part")
    assert stranger.restore().returncode == 0
    assert content_of(stranger.dest) == NASTY


def test_what_no_list_knows_is_not_restored(stranger: Stranger) -> None:
    stranger.put_private("data/added.pieces/000000", b"evil")
    assert stranger.restore().returncode == 0
    assert content_of(stranger.dest) == NASTY


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
    assert content_of(in_pieces.dest) == NASTY
    aws.unlink()
    run = in_pieces.paste("aws s3 cp", BAG=mirrored, MIRROR=there)
    assert run.returncode == 0, run.stderr
    assert content_of(mirrored) == content_of(in_pieces.bag)


def test_a_bag_that_has_everything_needs_nothing_fetched(in_pieces: Stranger) -> None:
    run = in_pieces.paste("aws s3 cp", BAG=in_pieces.bag)
    assert (run.returncode, run.stdout) == (0, "there is no fetch.txt: nothing is missing\n")


def test_the_description_is_opened(encrypted: Stranger) -> None:
    out = encrypted.folder / "opened here"
    run = encrypted.paste("OUT=./metadata-in-plain\nKEY", BAG=encrypted.bag, OUT=out, KEY="key.txt")
    assert run.returncode == 0, run.stderr
    assert set(content_of(out)) == {"model.sig", "description.sig", "notes/a card 100%.md"}
    assert (out / "notes/a card 100%.md").read_bytes() == b"a card"


def test_a_description_that_does_not_open_is_named(encrypted: Stranger) -> None:
    run = encrypted.paste("OUT=./metadata-in-plain\nKEY", BAG=encrypted.bag, KEY="other.txt")
    assert run.returncode != 0
    assert run.stderr.count("can't be opened, or written: ") == 3
    assert "opened: " not in run.stdout
    assert content_of(encrypted.folder / "metadata-in-plain") == {}
    again = encrypted.paste("OUT=./metadata-in-plain\nKEY", BAG=encrypted.bag)
    assert "remove it, or choose another name" in again.stderr


def test_one_damaged_file_of_the_description_keeps_none_of_the_others(encrypted: Stranger) -> None:
    (encrypted.bag / "metadata/notes/a card 100%.md.age").write_bytes(b"damaged")
    run = encrypted.paste("OUT=./metadata-in-plain\nKEY", BAG=encrypted.bag)
    assert run.returncode != 0
    assert "a card 100%.md.age" in run.stderr
    assert set(content_of(encrypted.folder / "metadata-in-plain")) == {
        "model.sig",
        "description.sig",
    }


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
