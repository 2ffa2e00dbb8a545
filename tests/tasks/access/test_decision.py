"""Nothing is granted without two people's valid signatures under this very packet."""

import json
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import select

from configs.errors import ConfigError
from configs.schema import RetirementConfig
from tasks import wiring
from tasks.access.act import approve, open_packet
from tasks.access.core import APPROVAL_NAMESPACE, approval_statement, packet_digest
from tasks.access.task import grant, propose
from tasks.access.view import assess
from tasks.kernel.digests import canonical_json
from tasks.kernel.errors import AuditBroken, DecisionRefused, NotFound, SignatureRefused
from tasks.kernel.stages import StageState
from tasks.records import Book, Fence
from tasks.records.access import Approval, Grant, Packet
from tasks.records.preservation import Replica
from tests.fakes.clock import FakeClock
from tests.tasks.access.conftest import People


@pytest.fixture
def proposed(judged: RetirementConfig, fence: Fence) -> RetirementConfig:
    propose.fn(judged, fence)
    return judged


def _packet(book: Book, clock: FakeClock) -> Packet:
    return open_packet(book, "aster-1", clock.now())


def _approve(
    config: RetirementConfig,
    book: Book,
    clock: FakeClock,
    people: People,
    person: str,
    *,
    key: str = "",
    statement: bytes | None = None,
    namespace: str = APPROVAL_NAMESPACE,
) -> int:
    """Sign the open packet (or another statement), and hand the signature in."""
    if statement is None:
        statement = approval_statement("aster-1", _packet(book, clock).digest)
    _, count = approve(
        book,
        wiring.signatures(config.access),
        model_id="aster-1",
        person=person,
        signature=people.sign(key or person, statement, namespace),
        now=clock.now(),
    )
    return count


def _grants(book: Book) -> set[str]:
    with book.reading() as session:
        return {row.kind for row in session.exec(select(Grant))}


def test_two_people_decide_and_the_grants_follow(
    proposed: RetirementConfig,
    book: Book,
    fence: Fence,
    clock: FakeClock,
    people: People,
    home: Path,
) -> None:
    assert "signature 1 of 2" in assess(proposed, book, clock.now()).reason
    grant.fn(proposed, fence)
    assert _grants(book) == set()
    assert _approve(proposed, book, clock, people, "alice") == 1
    grant.fn(proposed, fence)
    assert _grants(book) == set()
    assert assess(proposed, book, clock.now()).state is StageState.WAITING
    assert _approve(proposed, book, clock, people, "bob") == 2
    assert assess(proposed, book, clock.now()).state is StageState.DUE
    grant.fn(proposed, fence)
    grant.fn(proposed, fence)
    assert _grants(book) == {"paid_users", "research_api", "essay_channel"}
    assert assess(proposed, book, clock.now()).state is StageState.DONE
    handed_over = json.loads((home / "grants" / "aster-1.json").read_text())
    assert {g["kind"] for g in handed_over["grants"]} == _grants(book)


def test_the_same_approval_again_is_recorded_once(
    proposed: RetirementConfig, book: Book, clock: FakeClock, people: People
) -> None:
    assert _approve(proposed, book, clock, people, "alice") == 1
    assert _approve(proposed, book, clock, people, "alice") == 1
    with book.reading() as session:
        assert len(session.exec(select(Approval)).all()) == 1


def test_the_proposer_cannot_approve(
    proposed: RetirementConfig, book: Book, clock: FakeClock, people: People
) -> None:
    for name in ("paula", "Paula"):
        with pytest.raises(DecisionRefused, match="proposed this packet"):
            _approve(proposed, book, clock, people, name, key="paula")


def test_one_key_under_two_names_is_refused(
    proposed: RetirementConfig, book: Book, clock: FakeClock, people: People
) -> None:
    _approve(proposed, book, clock, people, "alice")
    people.add("alina", key="alice")
    with pytest.raises(ConfigError, match="share one key"):
        _approve(proposed, book, clock, people, "alina", key="alice")


@pytest.mark.parametrize(
    ("person", "key", "statement", "namespace", "reason"),
    [
        ("alice", "bob", None, APPROVAL_NAMESPACE, "no valid one by 'alice'"),
        ("mallory", "alice", None, APPROVAL_NAMESPACE, "'mallory' is not listed"),
        ("alice", "alice", b"another text\n", APPROVAL_NAMESPACE, "another text was signed"),
        ("alice", "alice", None, "file", "another purpose"),
    ],
    ids=["wrong key", "unknown person", "tampered", "wrong namespace"],
)
def test_a_signature_that_does_not_count_is_refused_with_its_reason(
    proposed: RetirementConfig,
    book: Book,
    clock: FakeClock,
    people: People,
    person: str,
    key: str,
    statement: bytes | None,
    namespace: str,
    reason: str,
) -> None:
    with pytest.raises(SignatureRefused, match=reason):
        _approve(
            proposed, book, clock, people, person, key=key, statement=statement, namespace=namespace
        )
    with book.reading() as session:
        assert session.exec(select(Approval)).all() == []


@pytest.mark.parametrize(
    "dates", ['valid-before="20261130Z"', 'valid-after="20270101Z"'], ids=["expired", "not yet"]
)
def test_a_key_out_of_its_dates_is_refused(
    proposed: RetirementConfig, book: Book, clock: FakeClock, people: People, dates: str
) -> None:
    people.add("dave", options=dates)
    with pytest.raises(SignatureRefused):
        _approve(proposed, book, clock, people, "dave")


def test_a_signature_does_not_move_to_another_packet(
    proposed: RetirementConfig, book: Book, fence: Fence, clock: FakeClock, people: People
) -> None:
    old = approval_statement("aster-1", _packet(book, clock).digest)
    _approve(proposed, book, clock, people, "alice")
    longer = proposed.model_copy(
        update={"access": proposed.access.model_copy(update={"pilot_days": 30})}
    )
    clock.advance(seconds=1)
    propose.fn(longer, fence)
    with pytest.raises(SignatureRefused):
        _approve(longer, book, clock, people, "bob", statement=old)
    assert _approve(longer, book, clock, people, "bob") == 1  # alice's is void


def test_an_expired_packet_takes_no_signature_and_a_pass_proposes_anew(
    proposed: RetirementConfig, book: Book, fence: Fence, clock: FakeClock, people: People
) -> None:
    statement = approval_statement("aster-1", _packet(book, clock).digest)
    first = _packet(book, clock).digest
    clock.advance(days=15)
    with pytest.raises(DecisionRefused, match="expired"):
        _approve(proposed, book, clock, people, "alice", statement=statement)
    assert assess(proposed, book, clock.now()).state is StageState.DUE
    fence = book.take_lease("aster-1", "", clock.now()).fence
    propose.fn(proposed, fence)
    assert _packet(book, clock).digest != first


def test_a_second_proposal_with_the_same_grounds_changes_nothing(
    proposed: RetirementConfig, book: Book, fence: Fence, clock: FakeClock
) -> None:
    first = _packet(book, clock).digest
    clock.advance(seconds=30)
    propose.fn(proposed, fence)
    assert _packet(book, clock).digest == first


def test_nothing_to_sign_is_said_so(book: Book, clock: FakeClock) -> None:
    with pytest.raises(NotFound, match="no access packet yet"):
        _packet(book, clock)


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE approval SET person = 'carol' WHERE person = 'bob'",
        "UPDATE packet SET body = replace(body, '180', '999')",
        "UPDATE approval SET signature = (SELECT signature FROM approval WHERE person = 'alice')",
    ],
)
def test_rows_changed_behind_our_back_grant_nothing(
    proposed: RetirementConfig,
    book: Book,
    fence: Fence,
    clock: FakeClock,
    people: People,
    tampering: str,
) -> None:
    _approve(proposed, book, clock, people, "alice")
    _approve(proposed, book, clock, people, "bob")
    with book.writing(clock.now()) as writing:
        writing.session.connection().execute(text(tampering))
    with pytest.raises((SignatureRefused, AuditBroken)):
        grant.fn(proposed, fence)
    assert _grants(book) == set()


@pytest.mark.parametrize(
    ("section", "fields", "knock_out"),
    [
        ("candidate", {"risk_class": "critical"}, "KO-RISK"),
        ("access", {"monthly_cost_usd": 20_000.0}, "KO-COST"),
    ],
)
def test_a_knock_out_proposes_no_access_but_still_the_channel(
    judged: RetirementConfig,
    book: Book,
    fence: Fence,
    clock: FakeClock,
    section: str,
    fields: dict[str, object],
    knock_out: str,
) -> None:
    part = getattr(judged, section).model_copy(update=fields)
    propose.fn(judged.model_copy(update={section: part}), fence)
    body = json.loads(_packet(book, clock).body)
    assert [k["id"] for k in body["knock_outs"]] == [knock_out]
    assert (body["proposal"], body["grants"]) == ("hard_retire", ["essay_channel"])


def test_a_damaged_replica_knocks_access_out(
    judged: RetirementConfig, book: Book, fence: Fence, clock: FakeClock
) -> None:
    with book.writing(clock.now()) as writing:
        row = writing.session.get_one(Replica, ("p", "b"))
        row.state = "damaged"
        writing.put(row, "x")
    propose.fn(judged, fence)
    body = json.loads(_packet(book, clock).body)
    assert [k["id"] for k in body["knock_outs"]] == ["KO-PRESERVATION"]


def test_the_packet_page_tells_what_to_type(
    proposed: RetirementConfig, book: Book, clock: FakeClock, home: Path
) -> None:
    packet = _packet(book, clock)
    folder = home / "pages" / "aster-1" / "access" / packet.digest[:12]
    page = (folder / "packet.html").read_text()
    assert "emeritus approve aster-1" in page
    assert "SIMULATED" in page
    assert (folder / "packet.json").read_bytes() == packet.body.encode()
    assert (folder / "statement.json").read_bytes() == approval_statement("aster-1", packet.digest)


def test_nothing_is_decided_under_a_legal_hold(
    judged: RetirementConfig, book: Book, fence: Fence, clock: FakeClock
) -> None:
    held = judged.model_copy(
        update={"candidate": judged.candidate.model_copy(update={"legal_hold": True})}
    )
    propose.fn(held, fence)
    with pytest.raises(NotFound):
        _packet(book, clock)
    found = assess(held, book, clock.now())
    assert found.state is StageState.BLOCKED
    assert found.reason.startswith("KO-HOLD")


def test_access_is_decided_again_when_its_term_is_over(
    proposed: RetirementConfig, book: Book, fence: Fence, clock: FakeClock, people: People
) -> None:
    first = _packet(book, clock).digest
    _approve(proposed, book, clock, people, "alice")
    _approve(proposed, book, clock, people, "bob")
    grant.fn(proposed, fence)
    clock.advance(days=181)
    assert assess(proposed, book, clock.now()).state is StageState.DUE
    fence = book.take_lease("aster-1", "", clock.now()).fence
    propose.fn(proposed, fence)
    assert _packet(book, clock).digest != first
    assert "signature 1 of 2" in assess(proposed, book, clock.now()).reason


def test_a_packet_rewritten_to_need_nobody_grants_nothing(
    proposed: RetirementConfig, book: Book, fence: Fence, clock: FakeClock
) -> None:
    packet = _packet(book, clock)
    body = {**json.loads(packet.body), "approvals_needed": 0}
    values = {"digest": packet_digest(body), "body": canonical_json(body).decode()}
    with book.writing(clock.now()) as writing:
        statement = text("UPDATE packet SET digest = :digest, body = :body")
        writing.session.connection().execute(statement, values)
    grant.fn(proposed, fence)
    assert _grants(book) == set()
    assert assess(proposed, book, clock.now()).state is StageState.WAITING


def test_a_gateway_that_cannot_be_told_leaves_the_grants_due(
    proposed: RetirementConfig,
    book: Book,
    fence: Fence,
    clock: FakeClock,
    people: People,
    home: Path,
) -> None:
    _approve(proposed, book, clock, people, "alice")
    _approve(proposed, book, clock, people, "bob")
    (home / "grants").write_text("in the way")
    with pytest.raises(OSError):  # noqa: PT011  # whatever the disk says
        grant.fn(proposed, fence)
    assert assess(proposed, book, clock.now()).state is StageState.DUE
    (home / "grants").unlink()
    grant.fn(proposed, fence)
    assert (home / "grants" / "aster-1.json").exists()


def test_a_packet_whose_page_cannot_be_written_is_not_proposed(
    judged: RetirementConfig, book: Book, fence: Fence, clock: FakeClock, home: Path
) -> None:
    (home / "pages").write_text("in the way")
    with pytest.raises(OSError):  # noqa: PT011
        propose.fn(judged, fence)
    with pytest.raises(NotFound):
        _packet(book, clock)
