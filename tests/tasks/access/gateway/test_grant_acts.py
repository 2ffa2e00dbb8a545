"""Keys and revocations: who may hold one, who may end a grant, and what is left behind."""

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.access.gateway.grants import granted_access, grants_in_force, in_force
from tasks.access.gateway.keys import MadeKey, close_key, issue_key
from tasks.access.gateway.revoking import REVOCATION_NAMESPACE, Revoking, revoke, statement_to_sign
from tasks.adapters.grants_file import GrantsFile
from tasks.kernel.digests import canonical_json
from tasks.kernel.errors import AuditBroken, DecisionRefused, NotFound, SignatureRefused
from tasks.records import Book
from tasks.records.access import Grant, GrantKey, Packet, Revocation
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement
from tests.fakes.grants import MODEL, put_grants
from tests.tasks.access.conftest import People


@dataclass
class Scene:
    config: RetirementConfig
    book: Book
    clock: FakeClock
    people: People
    grants: dict[str, str]
    home: Path

    def issue(self, kind: str = "paid_users", holder: str = "acme") -> MadeKey:
        return issue_key(
            self.config,
            self.book,
            wiring.gateway(self.config.access),
            grant=self.grants[kind],
            holder=holder,
            person="olga",
            now=self.clock.now(),
        )

    def revoke(
        self,
        act: Revoking,
        person: str = "alice",
        *,
        namespace: str = REVOCATION_NAMESPACE,
        statement: bytes = b"",
    ) -> tuple[str, ...]:
        words = statement or statement_to_sign(self.book, MODEL, act)
        _, closed = revoke(
            self.book,
            wiring.signatures(self.config.access),
            model_id=MODEL,
            act=act,
            person=person,
            signature=self.people.sign(person, words, namespace),
            now=self.clock.now(),
        )
        return closed

    def in_force(self) -> set[str]:
        with self.book.reading() as session:
            return {row.kind for row in grants_in_force(session, MODEL, self.clock.now())}

    def rows(self) -> int:
        with self.book.reading() as session:
            return sum(len(session.exec(select(t)).all()) for t in (GrantKey, Revocation))


@pytest.fixture
def scene(book: Book, clock: FakeClock, people: People, home: Path) -> Scene:
    grants = put_grants(
        book,
        clock.now(),
        signed_for=("acme", "../Ünï corp", "Left Ltd"),
        paid_users="",
        research_api="",
        essay_channel="",
        research="dr-roe",
    )
    access = {
        "proposer": "paula",
        "allowed_signers": str(people.allowed),
        "paid_users": ["acme", "../Ünï corp", "Late Ltd"],
    }
    return Scene(retirement(access=access), book, clock, people, grants, home)


def test_a_key_stands_in_one_file_for_its_holder_and_nowhere_else(scene: Scene) -> None:
    made = scene.issue()
    key = made.file.read_text().strip()
    assert made.file.parent == scene.home / "keys-to-hand-over"
    assert made.file.stat().st_mode & 0o777 == 0o600
    assert made.file.parent.stat().st_mode & 0o777 == 0o700
    assert made.untold == ""
    for path in scene.home.rglob("*"):
        if path.is_file() and path != made.file:
            assert key.encode() not in path.read_bytes(), path


def test_a_holders_name_leads_nowhere_else(scene: Scene) -> None:
    made = scene.issue(holder="../Ünï corp")
    assert made.file.parent == scene.home / "keys-to-hand-over"
    assert made.file.name.startswith("aster-1-n-corp-")


def test_a_researchers_key_goes_to_the_researcher(scene: Scene) -> None:
    assert scene.issue("research", "").row.holder == "dr-roe"
    assert scene.issue("research", "dr-roe").row.holder == "dr-roe"
    with pytest.raises(DecisionRefused, match="dr-roe"):
        scene.issue("research", "acme")


@pytest.mark.parametrize(
    ("kind", "holder", "told"),
    [
        ("paid_users", "", "nobody is no paying user of packet"),
        ("paid_users", "mallory", "'mallory' is no paying user of packet"),
        ("paid_users", "Late Ltd", "stands in access.paid_users, but not in packet"),
        ("paid_users", "Left Ltd", "and in access.paid_users no longer"),
        ("research_api", "acme", "nobody holds a key"),
        ("essay_channel", "acme", "nobody holds a key"),
    ],
)
def test_nobody_else_is_given_a_key(scene: Scene, kind: str, holder: str, told: str) -> None:
    with pytest.raises(DecisionRefused, match=told):
        scene.issue(kind, holder)
    assert scene.rows() == 0
    assert not (scene.home / "keys-to-hand-over").exists()


def test_a_packet_that_was_altered_gives_nobody_a_key(scene: Scene) -> None:
    """Whoever can write the records adds a paying user to what was signed."""
    with scene.book.writing(scene.clock.now()) as writing:
        packet = writing.session.exec(select(Packet)).one()
        body = json.loads(packet.body)
        packet.body = canonical_json(body | {"paid_users": ["acme", "Late Ltd"]}).decode()
        writing.put(packet, "x")
    for holder in ("Late Ltd", "acme"):
        with pytest.raises(AuditBroken, match="is not the one that was signed"):
            scene.issue(holder=holder)
    assert scene.rows() == 0


def test_no_key_is_made_outside_a_grants_term(scene: Scene) -> None:
    scene.clock.advance(days=30)
    with pytest.raises(DecisionRefused, match="not in force"):
        scene.issue()
    scene.grants["paid_users"] = "nonesuch"
    with pytest.raises(NotFound, match="known are"):
        scene.issue()


def test_a_gateway_that_cannot_be_told_keeps_the_record(scene: Scene) -> None:
    (scene.home / "grants").parent.mkdir(parents=True, exist_ok=True)
    (scene.home / "grants").write_text("in the way")
    made = scene.issue()
    assert "grants" in made.untold
    assert scene.rows() == 1


def test_a_grant_revoked_while_the_key_is_made_gives_none(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = GrantsFile.issue

    def meanwhile(*given: object) -> object:
        scene.revoke(Revoking(scene.grants["paid_users"], "misuse", "Resold."))
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(GrantsFile, "issue", meanwhile)
    with pytest.raises(DecisionRefused, match="revoked"):
        scene.issue()
    assert list((scene.home / "keys-to-hand-over").iterdir()) == []
    with scene.book.reading() as session:
        assert session.exec(select(GrantKey)).all() == []


def test_a_revocation_ends_the_grant_and_its_keys(scene: Scene) -> None:
    tokens = {scene.issue().row.token_id, scene.issue().row.token_id}
    assert set(scene.revoke(Revoking(scene.grants["paid_users"], "misuse", "Resold."))) == tokens
    assert "paid_users" not in scene.in_force()
    with scene.book.reading() as session:
        access = {one.kind: one for one in granted_access(session, scene.config)}
        assert all(key.revoked_at == scene.clock.now() for key in session.exec(select(GrantKey)))
    assert access["paid_users"].keys == ()
    assert access["paid_users"].revoked_at == scene.clock.now()
    assert scene.book.verify_audit().problems == ()


def test_revoking_the_programme_ends_every_researcher(scene: Scene) -> None:
    token = scene.issue("research", "").row.token_id
    assert scene.revoke(Revoking(scene.grants["research_api"], "legal", "Court order.")) == (token,)
    assert scene.in_force() == {"paid_users", "essay_channel"}
    with scene.book.reading() as session:
        access = {one.kind: one for one in granted_access(session, scene.config)}
    assert access["research"].revoked_at == scene.clock.now()


def test_one_listed_person_is_enough_and_the_statement_says_what_is_ended(scene: Scene) -> None:
    act = Revoking(scene.grants["paid_users"][:6], "request", "  They asked.  ")
    told = json.loads(statement_to_sign(scene.book, MODEL, act))
    assert told["act"] == "revoke-grant"
    assert told["grant_id"] == scene.grants["paid_users"]
    assert told["words"] == "They asked."
    scene.revoke(act, "bob")


@pytest.mark.parametrize(
    ("reason", "words", "told"),
    [
        ("whim", "x", "no reason"),
        ("misuse", " ", "empty"),
        ("misuse", "a\u202eb", "hidden"),
        ("misuse", "x" * 4001, "4001"),
    ],
)
def test_a_revocation_needs_a_reason_and_words(
    scene: Scene, reason: str, words: str, told: str
) -> None:
    with pytest.raises(DecisionRefused, match=told):
        scene.revoke(Revoking(scene.grants["paid_users"], reason, words))


def test_signatures_that_do_not_count_end_nothing(scene: Scene) -> None:
    act = Revoking(scene.grants["paid_users"], "misuse", "Resold.")
    words = statement_to_sign(scene.book, MODEL, act)
    other = statement_to_sign(scene.book, MODEL, Revoking(act.grant, "misuse", "Other."))
    scene.people.add("mallory-unlisted", key="mallory")
    lines = scene.people.allowed.read_text().splitlines()
    scene.people.allowed.write_text("\n".join(lines[:-1]) + "\n")
    verify = wiring.signatures(scene.config.access)
    for person, key, statement, namespace in (
        ("alice", "alice", other, REVOCATION_NAMESPACE),
        ("alice", "bob", words, REVOCATION_NAMESPACE),
        ("alice", "alice", words, "emeritus-access@v1"),
        ("alice", "mallory", words, REVOCATION_NAMESPACE),
    ):
        with pytest.raises(SignatureRefused):
            revoke(
                scene.book,
                verify,
                model_id=MODEL,
                act=act,
                person=person,
                signature=scene.people.sign(key, statement, namespace),
                now=scene.clock.now(),
            )
    assert "paid_users" in scene.in_force()
    assert scene.rows() == 0


def test_a_revoked_grant_is_not_revoked_again(scene: Scene) -> None:
    act = Revoking(scene.grants["paid_users"], "misuse", "Resold.")
    words = statement_to_sign(scene.book, MODEL, act)
    scene.revoke(act, statement=words)
    with pytest.raises(DecisionRefused, match="already"):
        scene.revoke(act, "bob", statement=words)
    assert scene.rows() == 1


def test_one_key_is_closed_by_its_beginning_and_the_others_stay(scene: Scene) -> None:
    first, second = scene.issue().row.token_id, scene.issue().row.token_id
    now = scene.clock.now()
    row, untold = close_key(scene.config, scene.book, token=first[:10], person="olga", now=now)
    assert (row.revoked_at, untold) == (now, "")
    later = scene.clock.advance(seconds=1)
    row, _ = close_key(scene.config, scene.book, token=first, person="olga", now=later)
    assert row.revoked_at == now
    with scene.book.reading() as session:
        access = next(g for g in granted_access(session, scene.config) if g.kind == "paid_users")
    assert [key.token_id for key in access.keys] == [second]
    with pytest.raises(NotFound):
        close_key(scene.config, scene.book, token="", person="olga", now=later)
    with pytest.raises(NotFound):
        close_key(scene.config, scene.book, token="zz", person="olga", now=later)


def test_a_grant_is_in_force_from_its_first_instant_to_before_its_last(clock: FakeClock) -> None:
    now = clock.now()
    grant = Grant(
        id="g",
        model_id=MODEL,
        packet_digest="p",
        kind="research",
        starts_at=now,
        ends_at=now + timedelta(days=1),
    )
    programme = grant.model_copy(update={"kind": "research_api", "revoked_at": now})
    assert in_force(grant, now)
    assert not in_force(grant, now - timedelta(microseconds=1))
    assert not in_force(grant, now + timedelta(days=1))
    assert not in_force(grant, now, programme)
