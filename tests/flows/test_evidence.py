"""What a stranger does with an evidence package: unzip it, and run the commands of VERIFY.md."""

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from flows.evidence import evidence_files, pack_evidence
from tasks import wiring
from tasks.adapters.model_signature import EcModelSigner, make_key_if_missing
from tasks.kernel.digests import sha256_hex
from tasks.kernel.errors import EvidenceRefused, NotFound
from tasks.kernel.spool import whole
from tasks.monitoring.dossier.holdings import hold
from tasks.monitoring.evidence.core import blocks_of
from tasks.records import Book
from tasks.records.access import Approval, Packet
from tests.fakes.clock import FakeClock
from tests.fakes.watched_rows import incidents, learnt, sources
from tests.fakes.whole_case import MODEL, PEOPLE, Signers, WholeCase

Ran = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[WholeCase, Path]:
    """A whole case, its package signed, and the folder that holds its records and its evidence."""
    place = tmp_path_factory.mktemp("evidence")
    signers, clock = Signers.make(place / "keys"), FakeClock()
    found = WholeCase(signers, signers.config(), clock.now())
    with pytest.MonkeyPatch.context() as patch, wiring.using_clock(clock):
        patch.setenv("EMERITUS_HOME", str(place / "var"))
        patch.delenv("EMERITUS_DATABASE_URL", raising=False)
        with wiring.book().writing(found.now) as writing:
            for row in (*found.rows(), *_watched(found)):
                if row.__tablename__ == "package":
                    _sign(row, place / "package.pem")
                writing.put(row, "test.put")
        pack_evidence(MODEL, place / "evidence.zip")
    with zipfile.ZipFile(place / "evidence.zip") as archive:
        archive.extractall(place / "out")
    return found, place


def _watched(case: WholeCase):
    yield from sources(case.now, date(2026, 9, 1), 40)
    yield from incidents(case.now)
    yield from learnt(case.now)


def _sign(package, key: Path) -> None:
    make_key_if_missing(key)
    signer = EcModelSigner(key)
    listed = [line.split("  data/") for line in package.manifest.splitlines()]
    signature = signer.sign(MODEL, lambda: [(path, digest) for digest, path in listed])
    package.signature = whole(signature).decode()
    package.public_key = signer.public_key


@pytest.fixture
def case(
    lived: tuple[WholeCase, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> WholeCase:
    """The same case in records of one's own."""
    found, place = lived
    shutil.copytree(place / "var", tmp_path / "var")
    monkeypatch.setenv("EMERITUS_HOME", str(tmp_path / "var"))
    monkeypatch.delenv("EMERITUS_DATABASE_URL", raising=False)
    return found


@pytest.fixture
def folder(lived: tuple[WholeCase, Path], tmp_path: Path) -> Path:
    """What the package unpacks to, to be tampered with."""
    (out,) = (lived[1] / "out").iterdir()
    return Path(shutil.copytree(out, tmp_path / "out"))


@pytest.fixture(scope="module")
def shared(lived: tuple[WholeCase, Path]) -> Path:
    """The same for whoever puts back what they change."""
    (out,) = (lived[1] / "out").iterdir()
    return out


def unpacked(to: Path) -> Path:
    with zipfile.ZipFile(to) as archive:
        archive.extractall(to.parent / "fresh")
    (found,) = (to.parent / "fresh").iterdir()
    return found


def ran(folder: Path, *command: str) -> Ran:
    return subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True)


def status(folder: Path, number: int) -> int:
    """The status of one block of VERIFY.md, run with the real programs."""
    block = blocks_of((folder / "VERIFY.md").read_text())[number]
    return ran(folder, "bash", "-e", "-o", "pipefail", "-c", block).returncode


def flipped(file: Path, place: Callable[[int], int]) -> bytes:
    """Change one byte of a file; returns what was there."""
    before = file.read_bytes()
    data = bytearray(before)
    data[place(len(data))] ^= 1
    file.write_bytes(bytes(data))
    return before


def sum_anew(folder: Path) -> None:
    """What a forger does who may write the folder."""
    sums = folder / "SHA256SUMS"
    paths = [one for one in sorted(folder.rglob("*")) if one.is_file() and one != sums]
    lines = (f"{sha256_hex(one.read_bytes())}  {one.relative_to(folder)}\n" for one in paths)
    sums.write_text("".join(lines))


def test_a_stranger_verifies_all_of_it(folder: Path):
    assert [status(folder, number) for number in range(7)] == [0] * 7
    script = ran(folder, "bash", "verify.sh")
    assert script.returncode == 0
    assert script.stdout.endswith("holds\n")
    assert script.stdout.count('Good "emeritus-') == 14  # 13 acts, one essay in its own folder


KINDS = (
    "dossier.html",
    "VERIFY.md",
    "verify_chain.py",
    "people/allowed_signers",
    "signatures/*-access.json",
    "signatures/*-access.json.sig",
    "packets/*.json",
    "designs/*.json",
    "closing/*.json",
    "verdicts/keep_in_use.json",
    "packages/*/manifest-sha256.txt",
    "packages/*/model.sig",
    "packages/*/signed-payload.bin",
    "packages/*/signature.der",
    "packages/*/signing-key.pub.pem",
    "essays/aster-1-essay-001/index.md",
    "essays/aster-1-essay-001/approval.json",
    "essays/aster-1-essay-002/withdrawal-1.json",
    "audit/chain.jsonl",
    "audit/head",
    "rows/verdict.jsonl",
    "SHA256SUMS",
)


@pytest.mark.parametrize("kind", KINDS)
def test_one_flipped_byte_in_any_kind_of_file_is_found(shared: Path, kind: str):
    file = sorted(shared.glob(kind))[0]
    before = flipped(file, lambda length: length // 2)
    sums = ran(shared, "sha256sum", "--check", "--quiet", "--strict", "SHA256SUMS")
    file.write_bytes(before)
    assert sums.returncode != 0


FORGED = (
    ("signatures/*-access.json", 2),
    ("signatures/*-access.json.sig", 2),
    ("people/allowed_signers", 2),
    ("packets/*.json", 2),
    ("designs/*.json", 2),
    ("closing/*.json", 2),
    ("verdicts/keep_in_use.json", 4),
    ("packages/*/manifest-sha256.txt", 5),
    ("packages/*/signed-payload.bin", 5),
    ("packages/*/signature.der", 5),
    ("essays/aster-1-essay-001/index.md", 6),
    ("essays/aster-1-essay-001/approval.json", 6),
    ("audit/chain.jsonl", 1),
    ("audit/head", 1),
    ("rows/verdict.jsonl", 1),
    ("rows/conversation.jsonl", 1),
)


@pytest.mark.parametrize(("kind", "block"), FORGED)
def test_a_forger_who_makes_the_sums_anew_is_found_all_the_same(
    shared: Path, kind: str, block: int
):
    file, sums = sorted(shared.glob(kind))[0], shared / "SHA256SUMS"
    before, summed = flipped(file, lambda length: length // 3), sums.read_bytes()
    sum_anew(shared)
    found = status(shared, 0), status(shared, block)
    file.write_bytes(before)
    sums.write_bytes(summed)
    assert found[0] == 0
    assert found[1] != 0


def test_a_row_taken_out_is_missed(folder: Path):
    (folder / "rows/approval.jsonl").write_bytes(
        (folder / "rows/approval.jsonl").read_bytes().split(b"\n", 1)[1]
    )
    done = ran(folder, "python3", "verify_chain.py")
    assert done.returncode == 1
    assert "row a0 of approval is gone" in done.stdout


def test_a_head_kept_elsewhere_is_looked_for(folder: Path):
    head = (folder / "audit/head").read_text().split()[1]
    assert ran(folder, "python3", "verify_chain.py", head).returncode == 0
    assert ran(folder, "python3", "verify_chain.py", "0" * 64).returncode == 1


def test_the_same_records_make_the_same_bytes(case: WholeCase, tmp_path: Path, clock: FakeClock):
    one = pack_evidence(MODEL, tmp_path / "one.zip")
    clock.advance(seconds=90)
    assert pack_evidence(MODEL, tmp_path / "two.zip") == one
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_nothing_is_overwritten_and_nothing_half_written(case: WholeCase, tmp_path: Path):
    to = tmp_path / "there.zip"
    to.write_bytes(b"mine")
    with pytest.raises(EvidenceRefused, match="never overwritten"):
        pack_evidence(MODEL, to)
    assert to.read_bytes() == b"mine"
    assert [path.name for path in tmp_path.glob("*.zip*")] == ["there.zip"]
    assert not list(tmp_path.glob(".there.zip*"))
    with pytest.raises(EvidenceRefused, match="name a file that can be written"):
        pack_evidence(MODEL, to / "below" / "a-file.zip")


def test_the_package_is_for_its_owner_alone(case: WholeCase, tmp_path: Path):
    pack_evidence(MODEL, tmp_path / "e.zip")
    assert (tmp_path / "e.zip").stat().st_mode & 0o777 == 0o600


def test_no_key_no_contact_of_a_reader_and_no_unpublished_text_is_packed(case: WholeCase):
    files = evidence_files(case.config, hold(case.config, wiring.book()))
    together = b"".join(files.values())
    for person in PEOPLE:
        private = (case.signers.folder / person).read_bytes()
        assert private not in together
    assert b"PRIVATE KEY" not in together
    assert b"reader@example.org" not in together
    assert b"rosa@example.org" not in together
    assert b"rather not be named" not in together  # a withdrawn essay's text
    assert files["VERIFY.md"].startswith(b"SIMULATED: this tells of a simulation. For internal use")


def test_a_secret_in_the_records_is_refused_and_not_repeated(
    case: WholeCase, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("EMERITUS_TEST_KEY", "The study ended.")
    with pytest.raises(EvidenceRefused) as refused:
        evidence_files(case.config, hold(case.config, wiring.book()))
    assert "the value of EMERITUS_TEST_KEY" in str(refused.value)
    assert "The study ended." not in str(refused.value)


def test_an_act_that_cant_be_made_again_is_named(folder: Path):
    told = (folder / "VERIFY.md").read_text()
    assert "the records don't hold all the bytes that were signed" in told
    assert "resumes the withdrawal at the gateway, by bob" in told


def test_a_signature_by_somebody_else_fails(case: WholeCase, tmp_path: Path):
    with wiring.book().writing(case.now) as writing:
        row = writing.session.get_one(Approval, "a1")
        row.signature = writing.session.get_one(Approval, "a0").signature
        writing.put(row, "test.forged")
    pack_evidence(MODEL, tmp_path / "e.zip")
    assert status(unpacked(tmp_path / "e.zip"), 2) != 0


def test_a_row_changed_behind_the_chain_is_found_by_a_stranger(case: WholeCase, tmp_path: Path):
    with wiring.book().reading() as session:
        row = session.get_one(Approval, "a1")
        row.person = "erin"
        session.add(row)
        session.commit()  # past the audit chain
    assert pack_evidence(MODEL, tmp_path / "e.zip").problems
    found = ran(unpacked(tmp_path / "e.zip"), "python3", "verify_chain.py")
    assert "row a1 of approval is not as the chain tells" in found.stdout


def test_a_row_cannot_become_a_path_or_a_command(case: WholeCase, tmp_path: Path):
    owned = tmp_path / "owned"
    with wiring.book().writing(case.now) as writing:
        row = writing.session.get_one(Approval, "a1")
        row.person = f"$(touch {owned})"
        writing.put(row, "test.forged")
    pack_evidence(MODEL, tmp_path / "e.zip")
    assert status(unpacked(tmp_path / "e.zip"), 2) != 0
    assert not owned.exists()
    with wiring.book().writing(case.now) as writing:
        values = {**case.packet().model_dump(), "digest": "../../x"}
        writing.put(Packet.model_validate(values), "test.forged")
    with pytest.raises(EvidenceRefused, match="audit verify"):
        evidence_files(case.config, hold(case.config, wiring.book()))


def test_no_program_of_ours_is_needed(folder: Path):
    """Blocks run with nothing on the path but standard programs, and Python isolated."""
    told = (folder / "VERIFY.md").read_text()
    used = {line.split()[0] for block in blocks_of(told) for line in block.splitlines() if line}
    shell = {"{", "#", "cd", "echo", "grep", "while"}
    assert used <= shell | {"sha256sum", "ssh-keygen", "openssl", "python3", "sed"}
    assert ran(folder, "python3", "-I", "-S", "verify_chain.py").returncode == 0
    assert len((folder / "verify_chain.py").read_text().splitlines()) < 60


def test_model_signing_verifies_where_the_files_are_at_hand(folder: Path, tmp_path: Path):
    model = tmp_path / "model"
    model.mkdir()
    for name in ("config.json", "weights"):
        (model / name).write_bytes(name.encode())
    lines = (folder / "VERIFY.md").read_text().splitlines()
    (line,) = [one.strip() for one in lines if one.startswith("    model_signing")]
    program, *arguments = line.replace("MODEL", str(model)).split()
    done = ran(folder, str(Path(sys.executable).with_name(program)), *arguments)
    assert done.returncode == 0, done.stderr


def test_a_model_that_nobody_opened_is_told(book: Book, clock: FakeClock, tmp_path: Path):
    with pytest.raises(NotFound, match="birch-7b"):
        pack_evidence("birch-7b", tmp_path / "e.zip")
    assert not (tmp_path / "e.zip").exists()
