"""The signed file, as the hooks' own reader sees it."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.adapters.grant_signing import GRANTS_NAMESPACE, SIGNER, GrantSigning
from tasks.adapters.grants_file import GrantsFile
from tasks.kernel.errors import SignatureRefused
from tests.contracts.gateway import GatewayContract, LetsThrough, given
from tests.fakes.clock import FakeClock
from tests.fakes.grants import MODEL, NAMES, Serials, granted
from tests.fakes.hooks import GrantsFolder, token_id_of


@pytest.fixture
def serials() -> Serials:
    return Serials()


@pytest.fixture
def gateway(tmp_path: Path, clock: FakeClock, serials: Serials) -> GrantsFile:
    signing = GrantSigning(tmp_path / "keys" / "grants_ed25519")
    return GrantsFile(tmp_path / "grants", signing, serials, clock.now)


@pytest.fixture
def reader(tmp_path: Path, clock: FakeClock) -> GrantsFolder:
    signers = tmp_path / "keys" / "grants_ed25519.signers"
    return GrantsFolder(tmp_path / "grants", signers, now=lambda: clock.now().timestamp())


@pytest.fixture
def lets_through(reader: GrantsFolder, clock: FakeClock) -> LetsThrough:
    def opens(key: str, model: str) -> bool:
        reader.refresh()
        at = clock.now().timestamp()
        grants = reader.grants_of(token_id_of(key))
        return any(model in one.names and one.in_force(at) for one in grants)

    return opens


class TestGrantsFile(GatewayContract):
    """See the contract."""


def test_openssh_alone_verifies_what_was_written(
    gateway: GrantsFile, tmp_path: Path, clock: FakeClock
) -> None:
    applied = gateway.apply(MODEL, NAMES, [granted(clock.now(), simulated=True)], {"a": 1})
    path = Path(applied.where)
    command = ["ssh-keygen", "-Y", "verify", "-f", str(tmp_path / "keys/grants_ed25519.signers")]
    command += ["-I", SIGNER, "-n", GRANTS_NAMESPACE, "-s", f"{path}.sig"]
    assert subprocess.run(command, input=path.read_bytes(), check=False).returncode == 0
    body = json.loads(path.read_bytes())
    assert (body["format"], body["names"]) == ("emeritus-grants/2", sorted(NAMES))
    assert (body["simulated"], body["withdrawal"]) == (True, {"a": 1})
    assert (tmp_path / "keys/grants_ed25519").stat().st_mode & 0o777 == 0o600


def test_the_number_rises_with_every_change_and_with_nothing_else(
    gateway: GrantsFile, clock: FakeClock
) -> None:
    def written() -> int:
        path = gateway.apply(MODEL, NAMES, [grant], {}).where
        return int(json.loads(Path(path).read_bytes())["serial"])

    grant = granted(clock.now())
    assert written() == 1
    clock.advance(days=1)
    assert written() == 1
    clock.advance(days=-2)  # whatever a clock says
    grant = granted(clock.now(), "a" * 64)
    assert written() == 2


def test_a_file_of_a_clock_that_ran_ahead_is_followed_by_a_newer_one_though_it_is_gone(
    gateway: GrantsFile, reader: GrantsFolder, clock: FakeClock, tmp_path: Path
) -> None:
    grant = granted(clock.now(), "a" * 64)
    clock.advance(days=900)
    path = Path(gateway.apply(MODEL, NAMES, [grant], {}).where)
    old = path.read_bytes(), Path(f"{path}.sig").read_bytes()
    clock.advance(days=-900)
    reader.refresh()
    assert reader.grants_of("a" * 64)
    path.unlink()
    assert gateway.apply(MODEL, NAMES, [replace(grant, keys=())], {}).anew
    reader.refresh()
    assert reader.telling_of(MODEL)
    assert not reader.grants_of("a" * 64)
    path.write_bytes(old[0])  # and the one before is not to be played again
    Path(f"{path}.sig").write_bytes(old[1])
    reader.refresh()
    assert not reader.grants_of("a" * 64)
    assert gateway.trouble(MODEL) == f"{path.name} is number 1, though number 2 was made since"
    gateway.apply(MODEL, NAMES, [replace(grant, keys=())], {})
    assert gateway.trouble(MODEL) == ""


def test_records_older_than_the_file_take_its_number_up(
    gateway: GrantsFile, serials: Serials, clock: FakeClock
) -> None:
    """As after a backup was brought back."""
    for number in range(3):
        path = gateway.apply(MODEL, NAMES, [granted(clock.now())], {"n": number}).where
    serials.last.clear()
    gateway.apply(MODEL, NAMES, [granted(clock.now())], {})
    assert json.loads(Path(path).read_bytes())["serial"] == 4
    assert serials.last == {MODEL: 4}


def test_names_of_other_files_are_taken_unless_ours_told_of_them_already(
    gateway: GrantsFile, clock: FakeClock, tmp_path: Path
) -> None:
    gateway.apply(MODEL, ["aster-1"], [granted(clock.now(), names=("aster-1", "both"))], {})
    gateway.apply("aster-2", ["aster-2", "both"], [], {})
    (tmp_path / "grants" / "broken.json").write_text("{")
    (tmp_path / "grants" / "list.json").write_text("[1]")
    assert gateway.taken(MODEL, {"aster-1", "both", "aster-2"}) == {"aster-2": "aster-2"}
    assert gateway.taken("birch", ["both", "birch"]) == {"both": "aster-2"}
    assert gateway.taken("birch", ["aster-1"]) == {"aster-1": MODEL}


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.write_bytes(path.read_bytes().replace(b"paid_users", b"paid-users")),
        lambda path: path.unlink(),
        lambda path: Path(f"{path}.sig").unlink(),
        lambda path: path.write_bytes(b"\xff{"),
        lambda path: Path(f"{path}.sig").write_text("-----BEGIN SSH SIGNATURE-----\nAAAA"),
    ],
    ids=["edited", "removed", "unsigned", "no JSON", "broken signature"],
)
def test_what_another_hand_did_is_told_and_written_anew(
    gateway: GrantsFile,
    lets_through: LetsThrough,
    clock: FakeClock,
    harm: Callable[[Path], object],
) -> None:
    key, grant = given(gateway, granted(clock.now()))
    path = Path(gateway.apply(MODEL, NAMES, [grant], {}).where)
    harm(path)
    assert path.name in gateway.trouble(MODEL)
    gateway.keys(MODEL, NAMES)  # tells what it can, and raises nothing
    clock.advance(seconds=1)
    gateway.apply(MODEL, NAMES, [grant], {})
    assert gateway.trouble(MODEL) == ""
    assert lets_through(key.key, MODEL)


def test_killed_between_body_and_signature_the_next_writing_mends(
    gateway: GrantsFile,
    lets_through: LetsThrough,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tasks.adapters import grants_file

    key, grant = given(gateway, granted(clock.now()))
    real = grants_file.write_atomically

    def killed(path: Path, data: bytes) -> bool:
        if path.suffix == ".sig":
            raise KeyboardInterrupt
        return real(path, data)

    monkeypatch.setattr(grants_file, "write_atomically", killed)
    with pytest.raises(KeyboardInterrupt):
        gateway.revoke(key.token_id)
    monkeypatch.undo()
    clock.advance(seconds=11)
    assert not lets_through(key.key, MODEL)  # what can't be verified opens nothing for long
    gateway.apply(MODEL, NAMES, [grant], {})
    assert lets_through(key.key, MODEL)  # nobody had revoked it by the records


def test_a_key_that_cannot_sign_is_told_and_nothing_is_written(
    gateway: GrantsFile, tmp_path: Path, clock: FakeClock
) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "grants_ed25519").write_text("no key")
    with pytest.raises(SignatureRefused, match="signing_key_file"):
        gateway.apply(MODEL, NAMES, [granted(clock.now())], {})
    assert not (tmp_path / "grants" / f"{MODEL}.json").exists()
