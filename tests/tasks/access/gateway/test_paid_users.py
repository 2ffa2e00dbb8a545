"""A paying user gets a key once people signed a packet that names them, and not before."""

import json
from dataclasses import dataclass

import pytest

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.access.act import approve, open_packet
from tasks.access.core import APPROVAL_NAMESPACE, approval_statement
from tasks.access.gateway.grants import grants_in_force, keys_of
from tasks.access.gateway.keys import issue_key
from tasks.access.gateway.paid_users import paid_users_unsigned
from tasks.access.task import grant, propose
from tasks.access.withdrawal.outlook import outlook
from tasks.kernel.errors import DecisionRefused
from tasks.kernel.stages import StageState
from tasks.records import Book, Fence
from tasks.records.access import Grant
from tasks.records.decisions import latest_packet
from tests.fakes.clock import FakeClock
from tests.fakes.grants import MODEL
from tests.tasks.access.conftest import People, decided


@dataclass
class Scene:
    """A model whose pilot for Acme two people signed."""

    config: RetirementConfig
    book: Book
    fence: Fence
    clock: FakeClock
    people: People

    def named(self, *holders: str) -> None:
        """Other paying users in the configuration."""
        access = self.config.access.model_copy(update={"paid_users": holders})
        self.config = self.config.model_copy(update={"access": access})

    def sign(self, person: str) -> None:
        with self.book.reading() as session:
            packet = open_packet(session, self.config, self.clock.now())
        words = approval_statement(MODEL, packet.digest)
        signature = self.people.sign(person, words, APPROVAL_NAMESPACE)
        verifier, now = wiring.signatures(self.config.access), self.clock.now()
        approve(self.config, self.book, verifier, person=person, signature=signature, now=now)

    def decide(self) -> None:
        propose.fn(self.config, self.fence)
        self.sign("alice")
        self.sign("bob")
        self.clock.advance(seconds=1)
        grant.fn(self.config, self.fence)

    def latest_grant(self) -> Grant:
        with self.book.reading() as session:
            found = grants_in_force(session, MODEL, self.clock.now())
        return max((g for g in found if g.kind == "paid_users"), key=lambda g: g.starts_at)

    def key(self, holder: str) -> str:
        made = issue_key(
            self.config,
            self.book,
            wiring.gateway(self.config.access),
            grant=self.latest_grant().id,
            holder=holder,
            person="olga",
            now=self.clock.now(),
        )
        return made.row.holder

    def said(self) -> str:
        return decided(self.config, self.book, self.clock.now()).reason


@pytest.fixture
def scene(
    judged: RetirementConfig, book: Book, fence: Fence, clock: FakeClock, people: People
) -> Scene:
    found = Scene(judged, book, fence, clock, people)
    found.named("Acme")
    found.decide()
    return found


def test_one_who_is_added_after_the_signing_gets_a_key_once_two_people_signed_anew(
    scene: Scene,
) -> None:
    assert scene.key("Acme") == "Acme"
    scene.named("Acme", "Bolt")
    refused = (
        r"no key is made: 'Bolt' stands in access\.paid_users, but not in packet [0-9a-f]{12}, "
        r"which people signed for grant [0-9a-f]{12}; run a pass, and have 2 people sign the "
        r"packet that it proposes \(`emeritus approve aster-1`\)"
    )

    def is_refused() -> None:
        with pytest.raises(DecisionRefused, match=refused) as raised:
            scene.key("Bolt")
        assert raised.value.code == "EM410"

    is_refused()
    found = decided(scene.config, scene.book, scene.clock.now())
    assert found.state is StageState.DUE, "a pass proposes a packet that names them"
    propose.fn(scene.config, scene.fence)
    with scene.book.reading() as session:
        packet = latest_packet(session, MODEL)
        assert packet is not None
        assert json.loads(packet.body)["paid_users"] == ["Acme", "Bolt"]
        shown = outlook(scene.config, session, scene.clock.now())
    assert (shown.without_key, shown.unsigned) == ((), ("Bolt",))
    assert "nobody signed for 1 paying user of access.paid_users" in scene.said()
    assert "signature 1 of 2" in scene.said()
    assert "Bolt" not in scene.said(), "reasons are read by others"
    is_refused()
    scene.sign("alice")
    is_refused()
    assert scene.key("Acme") == "Acme", "whom people signed for is not held up"
    scene.sign("bob")
    is_refused()  # until a pass has verified the signatures and made the grant
    scene.clock.advance(seconds=1)
    grant.fn(scene.config, scene.fence)
    assert scene.key("Bolt") == "Bolt"
    assert "paying user of" not in scene.said()
    assert decided(scene.config, scene.book, scene.clock.now()).state is StageState.DONE


def test_a_key_under_the_grant_of_the_first_packet_is_refused_also_after_the_second(
    scene: Scene,
) -> None:
    """A key rests on the packet of its own grant."""
    first = scene.latest_grant().id
    scene.named("Acme", "Bolt")
    scene.decide()
    gateway, now = wiring.gateway(scene.config.access), scene.clock.now()
    said = (
        f"but not in packet .*; grant {scene.latest_grant().id[:12]} is under one that names them"
    )
    with pytest.raises(DecisionRefused, match=said):
        issue_key(
            scene.config, scene.book, gateway, grant=first, holder="Bolt", person="olga", now=now
        )


def test_one_who_is_taken_away_gets_no_key_and_asks_for_no_signature(scene: Scene) -> None:
    scene.named()
    with pytest.raises(DecisionRefused, match=r"in access\.paid_users no longer"):
        scene.key("Acme")
    assert decided(scene.config, scene.book, scene.clock.now()).state is StageState.DONE


def test_keys_go_on_under_a_new_packet_only_for_whom_it_names(scene: Scene) -> None:
    """Acme is taken out, the packet is signed, and Acme is put back before the pass."""
    scene.key("Acme")
    scene.named("Bolt")
    propose.fn(scene.config, scene.fence)
    scene.sign("alice")
    scene.sign("bob")
    scene.named("Acme", "Bolt")
    scene.clock.advance(seconds=1)
    grant.fn(scene.config, scene.fence)
    with scene.book.reading() as session:
        (key,) = keys_of(session, MODEL)
    assert key.grant_id != scene.latest_grant().id


def test_a_packet_that_grants_paying_users_nothing_waits_for_nobody(scene: Scene) -> None:
    with scene.book.reading() as session:
        packet = latest_packet(session, MODEL)
    assert packet is not None
    scene.named("Acme", "Bolt")
    assert paid_users_unsigned(scene.config, packet) == ("Bolt",)
    body = json.loads(packet.body) | {"grants": ["essay_channel"]}
    packet.body = json.dumps(body)
    assert paid_users_unsigned(scene.config, packet) == ()
