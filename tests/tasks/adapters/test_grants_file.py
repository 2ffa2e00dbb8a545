"""The signed file, as the hooks' own reader sees it."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.adapters.grant_signing import GRANTS_NAMESPACE, SIGNER, GrantSigning
from tasks.adapters.grants_file import GrantsFile
from tasks.kernel.errors import SignatureRefused
from tests.contracts.gateway import GatewayContract, LetsThrough, given
from tests.fakes.clock import FakeClock
from tests.fakes.grants import MODEL, NAMES, granted
from tests.fakes.hooks import GrantsFolder, token_id_of


@pytest.fixture
def gateway(tmp_path: Path, clock: FakeClock) -> GrantsFile:
    signing = GrantSigning(tmp_path / "keys" / "grants_ed25519")
    return GrantsFile(tmp_path / "grants", signing, clock.now)


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
    path = Path(gateway.apply(MODEL, NAMES, [granted(clock.now(), simulated=True)], {"a": 1}))
    command = ["ssh-keygen", "-Y", "verify", "-f", str(tmp_path / "keys/grants_ed25519.signers")]
    command += ["-I", SIGNER, "-n", GRANTS_NAMESPACE, "-s", f"{path}.sig"]
    assert subprocess.run(command, input=path.read_bytes(), check=False).returncode == 0
    body = json.loads(path.read_bytes())
    assert (body["format"], body["names"]) == ("emeritus-grants/1", sorted(NAMES))
    assert (body["simulated"], body["withdrawal"]) == (True, {"a": 1})
    assert (tmp_path / "keys/grants_ed25519").stat().st_mode & 0o777 == 0o600


def test_written_at_moves_only_with_the_rest_and_never_back(
    gateway: GrantsFile, clock: FakeClock
) -> None:
    def written() -> str:
        path = gateway.apply(MODEL, NAMES, [grant], {})
        return str(json.loads(Path(path).read_bytes())["written_at"])

    grant = granted(clock.now())
    first = written()
    clock.advance(days=1)
    assert written() == first
    clock.advance(days=-2)  # a clock that goes back must not make an older file
    grant = granted(clock.now(), "a" * 64)
    assert written() > first


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
    path = Path(gateway.apply(MODEL, NAMES, [grant], {}))
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
