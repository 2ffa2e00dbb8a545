"""A gateway told, compared and mended, with both adapters' real wire forms."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.access.gateway import hand_over
from tasks.access.gateway.enforce import enforce
from tasks.access.gateway.keys import close_key, issue_key
from tasks.access.gateway.settling import apply_now, settle
from tasks.access.gateway.wanted import enforcement_due, latest_check
from tasks.records import Book, Fence
from tasks.records.access import Grant, Packet
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement
from tests.fakes.grants import MODEL, granted, put_grants
from tests.fakes.hooks import GrantsFolder, token_id_of
from tests.fakes.litellm_server import MASTER_KEY, LiteLLMServer, litellm_server
from tests.tasks.access.conftest import tell_owners


@dataclass
class Scene:
    """A model with a grant for acme, behind one of the gateways."""

    config: RetirementConfig
    book: Book
    fence: Fence
    clock: FakeClock
    grants: dict[str, str]
    home: Path
    server: LiteLLMServer | None

    def issue(self) -> tuple[str, str]:
        """A new key for acme: itself, and its token id."""
        made = issue_key(
            self.config,
            self.book,
            wiring.gateway(self.config.access),
            grant=self.grants["paid_users"],
            holder="acme",
            person="olga",
            now=self.clock.now(),
        )
        assert made.untold == ""
        return made.file.read_text().strip(), made.row.token_id

    def lets_through(self, key: str) -> bool:
        if self.server is not None:
            return self.server.opens(key, MODEL)
        signers = self.home / "keys" / "grants_ed25519.signers"
        now = self.clock.now
        reader = GrantsFolder(self.home / "grants", signers, now=lambda: now().timestamp())
        reader.refresh()
        at = now().timestamp()
        return any(g.in_force(at) and MODEL in g.names for g in reader.grants_of(token_id_of(key)))

    def settle(self) -> list[tuple[str, str]]:
        return [(one.what, done) for one, done in settle(self.config, self.fence).found]

    def due(self) -> str:
        with self.book.reading() as session:
            return enforcement_due(self.config, session, self.clock.now())

    def revoke_behind_its_back(self) -> None:
        """A revocation whose gateway could not be told."""
        with self.book.writing(self.clock.now()) as writing:
            row = writing.session.get_one(Grant, self.grants["paid_users"])
            row.revoked_at = self.clock.now()
            writing.put(row, "x")


@pytest.fixture(params=["grants_file", "litellm_keys"])
def scene(
    request: pytest.FixtureRequest,
    book: Book,
    clock: FakeClock,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Scene]:
    monkeypatch.setenv("LITELLM_MASTER_KEY", MASTER_KEY)
    grants = put_grants(book, clock.now(), paid_users="", research_api="", research="dr-roe")
    with litellm_server(clock.now) as server:
        gateway = {"adapter": request.param, "url": server.url, "attempts": 1}
        config = retirement(
            access={
                "proposer": "paula",
                "allowed_signers": "allowed_signers",
                "paid_users": ["acme"],
                "gateway": gateway,
            }
        )
        fence = book.take_lease(MODEL, "", clock.now()).fence
        real = server if request.param == "litellm_keys" else None
        yield Scene(config, book, fence, clock, grants, home, real)


@pytest.fixture
def litellm(scene: Scene) -> LiteLLMServer:
    assert scene.server is not None
    return scene.server


at_litellm = pytest.mark.parametrize("scene", ["litellm_keys"], indirect=True)


def test_once_told_it_is_not_due_until_something_changes_or_a_day_passes(scene: Scene) -> None:
    assert "to be told" in scene.due()
    assert scene.settle() == []
    assert scene.due() == ""
    _, token = scene.issue()
    assert "to be told" in scene.due()
    assert scene.settle() == []
    assert scene.due() == ""
    scene.clock.advance(hours=24, seconds=1)
    assert "compared again" in scene.due()
    scene.fence = scene.book.take_lease(MODEL, "", scene.clock.now()).fence
    assert scene.settle() == []
    assert scene.due() == ""
    close_key(scene.config, scene.book, token=token[:8], person="olga", now=scene.clock.now())
    assert "to be told" in scene.due()


def test_looking_whether_it_is_due_asks_no_gateway(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.settle()

    def never(*_: object) -> None:
        raise AssertionError("asked")

    monkeypatch.setattr(wiring, "gateway", never)
    assert scene.due() == ""


def test_a_key_that_lives_on_after_revocation_is_closed_in_one_pass(scene: Scene) -> None:
    key, _ = scene.issue()
    scene.settle()
    assert scene.lets_through(key)
    scene.revoke_behind_its_back()
    assert ("lives_on", "mended") in scene.settle()
    assert not scene.lets_through(key)
    assert ("lives_on", "mended") not in scene.settle()


def test_a_closed_key_stays_closed_and_the_other_lives(scene: Scene) -> None:
    old, token = scene.issue()
    new, _ = scene.issue()
    close_key(scene.config, scene.book, token=token, person="olga", now=scene.clock.now())
    assert (scene.lets_through(old), scene.lets_through(new)) == (False, True)
    assert scene.settle() == []
    assert (scene.lets_through(old), scene.lets_through(new)) == (False, True)


def test_a_pass_that_read_before_an_act_brings_nothing_back(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever writes at the gateway reads the records within its lock."""
    key, token = scene.issue()
    from tasks.access.gateway import settling as module

    scene.settle()
    real, calls = module._compare, list[int]()

    def meanwhile(*given: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:  # the pass has read the records, and asks the gateway
            scene.revoke_behind_its_back()
            apply_now(scene.config, [token])
        return real(*given)

    monkeypatch.setattr(module, "_compare", meanwhile)
    scene.settle()
    assert not scene.lets_through(key)


@pytest.mark.parametrize("step", ["apply", "keys", "revoke"])
def test_killed_anywhere_the_next_pass_converges(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    key, _ = scene.issue()
    scene.settle()
    scene.revoke_behind_its_back()
    kind = type(wiring.gateway(scene.config.access))
    real: Callable[..., object] = getattr(kind, step)
    calls: list[int] = []

    def killed(self: object, *given: object) -> object:
        calls.append(1)
        if len(calls) == (2 if step == "keys" else 1):
            raise KeyboardInterrupt
        return real(self, *given)

    with monkeypatch.context() as patch:
        patch.setattr(kind, step, killed)
        try:
            scene.settle()
        except KeyboardInterrupt:
            assert scene.due()
    scene.settle()
    assert not scene.lets_through(key)
    assert scene.due() == ""


def test_every_finding_is_recorded_and_a_repeat_adds_no_row(scene: Scene) -> None:
    key, token = scene.issue()
    scene.settle()
    scene.revoke_behind_its_back()
    scene.settle()
    with scene.book.reading() as session:
        check = latest_check(session, MODEL)
    assert check is not None
    told = json.loads(check.findings)
    assert [(one["what"], one["token_id"], one["done"]) for one in told] == [
        ("lives_on", token, "mended")
    ]
    assert key not in check.findings
    scene.clock.advance(seconds=1)
    scene.settle()
    scene.clock.advance(seconds=1)
    scene.settle()
    with scene.book.reading() as session:
        last = latest_check(session, MODEL)
    assert last is not None
    assert last.findings == "[]"  # the second and third agree, and make one row
    assert last.checked_at == scene.clock.now() - timedelta(seconds=1)


def test_an_edited_file_is_told_and_written_anew(scene: Scene) -> None:
    key, _ = scene.issue()
    scene.settle()
    path = scene.home / "grants" / f"{MODEL}.json"
    body = json.loads(path.read_bytes())
    body["grants"][0]["token_ids"].append("f" * 64)
    path.write_bytes(json.dumps(body).encode())
    found = scene.settle()
    assert ("file", "mended") in found
    assert scene.settle() == []
    assert scene.lets_through(key)
    path.unlink()
    assert scene.due() == "the grants file is missing"


def test_before_a_model_is_announced_nothing_is_told(scene: Scene) -> None:
    candidate = scene.config.candidate
    later = candidate.model_copy(update={"announced_on": scene.clock.now().date() + timedelta(9)})
    config = scene.config.model_copy(update={"id": "birch-7b", "candidate": later})
    with scene.book.reading() as session:
        assert enforcement_due(config, session, scene.clock.now()) == ""
    assert not settle(config).begun
    assert not (scene.home / "grants" / "birch-7b.json").exists()


def test_the_task_is_the_same(scene: Scene) -> None:
    enforce.fn(scene.config, scene.fence)
    assert scene.due() == ""


@at_litellm
def test_a_gateway_that_is_away_changes_no_record_and_stays_due(
    scene: Scene, litellm: LiteLLMServer
) -> None:
    litellm.faults = [503]
    with pytest.raises(ConnectionError):
        scene.settle()
    assert scene.due()


@at_litellm
def test_one_key_that_cannot_be_closed_keeps_no_other_open(
    scene: Scene, litellm: LiteLLMServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [scene.issue()[0] for _ in range(3)]
    scene.settle()
    scene.revoke_behind_its_back()
    kind = type(wiring.gateway(scene.config.access))
    real, stuck = kind.revoke, min(litellm.keys)

    def revoke(self: Any, token: str) -> None:
        if token == stuck:
            raise ConnectionError("away")
        real(self, token)

    with monkeypatch.context() as patch:
        patch.setattr(kind, "revoke", revoke)
        with pytest.raises(ConnectionError):
            scene.settle()
    assert sum(scene.lets_through(key) for key in keys) == 1
    assert scene.due() == "the gateway is to be mended"
    scene.settle()
    assert not any(scene.lets_through(key) for key in keys)
    assert scene.due() == ""


@at_litellm
def test_the_file_is_told_though_the_key_api_is_away(scene: Scene, litellm: LiteLLMServer) -> None:
    scene.settle()
    scene.revoke_behind_its_back()
    litellm.faults = [503]
    with pytest.raises(ConnectionError):
        scene.settle()
    body = json.loads((scene.home / "grants" / f"{MODEL}.json").read_bytes())
    assert any(grant["revoked_at"] for grant in body["grants"])


@at_litellm
def test_an_orphan_of_a_killed_issue_is_found_and_revoked(
    scene: Scene, litellm: LiteLLMServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the two sides: a key at the gateway that no record knows."""

    def killed(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(hand_over, "write", killed)
        patch.setattr(type(wiring.gateway(scene.config.access)), "revoke", lambda *_: None)
        with pytest.raises(SystemExit):
            scene.issue()
    (orphan,) = litellm.keys
    assert scene.settle() == [("nobodys", "waits")]
    assert litellm.keys[orphan]["blocked"] is None
    scene.clock.advance(minutes=10)
    scene.fence = scene.book.take_lease(MODEL, "", scene.clock.now()).fence
    assert scene.settle() == [("nobodys", "mended")]
    assert litellm.keys[orphan]["blocked"] is True


def test_a_file_that_a_kill_left_without_a_record_is_removed_by_the_next_pass(
    scene: Scene,
) -> None:
    scene.issue()
    scene.settle()
    folder = scene.home / "keys-to-hand-over"
    (kept,) = folder.iterdir()
    assert scene.due() == ""
    issued = wiring.gateway(scene.config.access).issue(granted(scene.clock.now()), "acme")
    with hand_over.alone():
        left = hand_over.write(MODEL, "acme", issued)
    other = folder / "birch-7b-acme-000000000000.key"  # another model's pass tells of it
    other.touch()
    assert scene.due() == "a key's file that no record knows is to be removed"
    assert ("leftover", "mended") in scene.settle()
    assert set(folder.iterdir()) == {kept, other}
    with scene.book.reading() as session:
        check = latest_check(session, MODEL)
    assert check is not None
    assert f"{left.name} was left by a try that was cut off" in check.findings
    assert scene.due() == ""


def test_a_key_that_is_just_being_made_is_not_taken_for_a_leftover(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """File, record, and the search for leftovers are all within the folder's lock."""
    from tasks.access.gateway import keys

    seen: dict[str, bool] = {}

    def watched(module: Any, name: str) -> None:
        real = getattr(module, name)

        def watching(*given: Any, **more: Any) -> Any:
            handle = os.open(scene.home / "keys-to-hand-over", os.O_RDONLY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                seen[name] = False
            except BlockingIOError:
                seen[name] = True
            finally:
                os.close(handle)
            return real(*given, **more)

        monkeypatch.setattr(module, name, watching)

    scene.issue()
    watched(hand_over, "write")
    watched(hand_over, "unrecorded")
    watched(keys, "_open_grant")  # also asked last, within the record's transaction
    scene.issue()
    scene.settle()
    assert seen == {"write": True, "_open_grant": True, "unrecorded": True}


def test_a_leftover_that_cannot_be_removed_stays_due(scene: Scene) -> None:
    scene.settle()
    with hand_over.alone():
        (scene.home / "keys-to-hand-over" / f"{MODEL}-acme-000000000000.key").mkdir()
    with pytest.raises(OSError):  # noqa: PT011
        scene.settle()
    assert "is to be removed" in scene.due()


@at_litellm
def test_a_widened_key_is_narrowed_again(scene: Scene, litellm: LiteLLMServer) -> None:
    key, token = scene.issue()
    scene.settle()
    litellm.keys[token].update(models=[], expires=None)
    assert litellm.opens(key, "aster-2")
    assert sorted(scene.settle()) == [("wrong_end", "mended"), ("wrong_models", "mended")]
    assert not litellm.opens(key, "aster-2")
    assert scene.lets_through(key)


@at_litellm
def test_a_key_deleted_at_the_gateway_is_told(scene: Scene, litellm: LiteLLMServer) -> None:
    _, token = scene.issue()
    del litellm.keys[token]
    assert scene.settle() == [("missing", "reported")]
    assert scene.due() == ""  # nothing that a pass could mend


@at_litellm
@pytest.mark.parametrize("block", [False, True])
def test_a_key_made_by_hand_is_found_once_the_model_is_withdrawn(
    scene: Scene, litellm: LiteLLMServer, block: bool
) -> None:
    gateway = scene.config.access.gateway.model_copy(update={"block_foreign_keys": block})
    access = scene.config.access.model_copy(update={"gateway": gateway})
    scene.config = scene.config.model_copy(update={"access": access})
    alone = litellm.make(models=["aster-1"])
    wide = litellm.make(models=[])
    assert scene.settle() == []  # other callers' keys are in order until the last day
    decide(scene)
    tell_owners(scene.book, scene.clock.now())
    scene.clock.advance(days=91)
    scene.fence = scene.book.take_lease(MODEL, "", scene.clock.now()).fence
    found = scene.settle()
    assert sorted(found) == [
        ("foreign", "mended" if block else "reported"),
        ("foreign", "reported"),
    ]
    assert litellm.keys[alone]["blocked"] is (True if block else None)
    assert litellm.keys[wide]["blocked"] is None


def decide(scene: Scene) -> None:
    """Two people sign the packet."""
    from tasks.records.access import Approval

    with scene.book.writing(scene.clock.now()) as writing:
        packet = writing.session.exec(select(Packet)).one()
        for person in ("alice", "bob"):
            row = Approval(
                id=person,
                model_id=MODEL,
                packet_digest=packet.digest,
                person=person,
                fingerprint=person,
                signature="",
                received_at=scene.clock.now(),
            )
            writing.put(row, "x")
