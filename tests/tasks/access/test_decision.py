"""Nothing is granted without two people's valid signatures under this very packet."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.access.act import approve, open_packet
from tasks.access.applications.task import advance_applications
from tasks.access.core import APPROVAL_NAMESPACE, approval_statement, packet_digest
from tasks.access.gateway.enforce import enforce
from tasks.access.task import grant, propose
from tasks.access.view import assess
from tasks.kernel.digests import canonical_json
from tasks.kernel.errors import (
    AuditBroken,
    DecisionRefused,
    NotFound,
    PublicationRefused,
    SignatureRefused,
)
from tasks.kernel.stages import StageState
from tasks.records import Book, Fence
from tasks.records.access import Approval, Grant, GrantKey, Packet
from tasks.records.preservation import Replica
from tasks.records.validation import Verdict
from tests.fakes.clock import FakeClock
from tests.tasks.access.conftest import People, decided


@pytest.fixture
def proposed(judged: RetirementConfig, fence: Fence) -> RetirementConfig:
    propose.fn(judged, fence)
    return judged


def _packet(config: RetirementConfig, book: Book, clock: FakeClock) -> Packet:
    with book.reading() as session:
        return open_packet(session, config, clock.now())


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
        statement = approval_statement("aster-1", _packet(config, book, clock).digest)
    _, count = approve(
        config,
        book,
        wiring.signatures(config.access),
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
) -> None:
    assert "signature 1 of 2" in decided(proposed, book, clock.now()).reason
    grant.fn(proposed, fence)
    assert _grants(book) == set()
    assert _approve(proposed, book, clock, people, "alice") == 1
    grant.fn(proposed, fence)
    assert _grants(book) == set()
    assert decided(proposed, book, clock.now()).state is StageState.WAITING
    assert _approve(proposed, book, clock, people, "bob") == 2
    assert decided(proposed, book, clock.now()).state is StageState.DUE
    grant.fn(proposed, fence)
    grant.fn(proposed, fence)
    assert _grants(book) == {"paid_users", "research_api", "essay_channel"}
    assert decided(proposed, book, clock.now()).state is StageState.DONE
    with book.reading() as session:
        ends = {row.ends_at for row in session.exec(select(Grant))}
    assert ends == {clock.now() + timedelta(days=180)}
    assert "to be decided again on 2027-05-30" in decided(proposed, book, clock.now()).reason


def test_the_same_approval_again_is_recorded_once(
    proposed: RetirementConfig, book: Book, clock: FakeClock, people: People
) -> None:
    assert _approve(proposed, book, clock, people, "alice") == 1
    assert _approve(proposed, book, clock, people, "alice") == 1
    with book.reading() as session:
        assert len(session.exec(select(Approval)).all()) == 1


def test_an_expired_packet_takes_no_signature_and_a_pass_proposes_anew(
    proposed: RetirementConfig, book: Book, fence: Fence, clock: FakeClock, people: People
) -> None:
    statement = approval_statement("aster-1", _packet(proposed, book, clock).digest)
    first = _packet(proposed, book, clock).digest
    clock.advance(days=15)
    with pytest.raises(DecisionRefused, match="expired"):
        _approve(proposed, book, clock, people, "alice", statement=statement)
    assert decided(proposed, book, clock.now()).state is StageState.DUE
    fence = book.take_lease("aster-1", "", clock.now()).fence
    propose.fn(proposed, fence)
    assert _packet(proposed, book, clock).digest != first


def test_a_second_proposal_with_the_same_grounds_changes_nothing(
    proposed: RetirementConfig, book: Book, fence: Fence, clock: FakeClock
) -> None:
    first = _packet(proposed, book, clock).digest
    clock.advance(seconds=30)
    propose.fn(proposed, fence)
    assert _packet(proposed, book, clock).digest == first


def test_nothing_to_sign_is_said_so(judged: RetirementConfig, book: Book, clock: FakeClock) -> None:
    with pytest.raises(NotFound, match="no access packet yet"):
        _packet(judged, book, clock)


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
    changed = judged.model_copy(update={section: part})
    propose.fn(changed, fence)
    body = json.loads(_packet(changed, book, clock).body)
    assert [k["id"] for k in body["knock_outs"]] == [knock_out]
    assert (body["proposal"], body["grants"]) == ("hard_retire", ["essay_channel"])


def test_the_packet_page_tells_what_to_type(
    proposed: RetirementConfig, book: Book, clock: FakeClock, home: Path
) -> None:
    packet = _packet(proposed, book, clock)
    folder = home / "pages" / "aster-1" / "access" / packet.digest[:12]
    page = (folder / "packet.html").read_text()
    assert "emeritus approve aster-1" in page
    assert "SIMULATED" in page
    assert (folder / "packet.json").read_bytes() == packet.body.encode()
    assert (folder / "statement.json").read_bytes() == approval_statement("aster-1", packet.digest)


def test_a_larger_share_is_a_longer_bar(
    proposed: RetirementConfig, book: Book, clock: FakeClock, home: Path
) -> None:
    packet = _packet(proposed, book, clock)
    body = json.loads(packet.body)
    page = (home / "pages/aster-1/access" / packet.digest[:12] / "packet.html").read_text()
    bars = [float(width) for width in re.findall(r'class="bar" width="([0-9.]+)"', page)]
    shown = [
        *(way["worth"][one["scale"]] for one in body["scales"] for way in body["scenarios"]),
        *body["robustness"]["wins"].values(),
        *(one["value"] for one in body["scales"] if one["value"] is not None),
    ]
    assert bars == [pytest.approx(share * 100, abs=0.051) for share in shown]
    assert len(set(bars)) > 3


def test_access_is_decided_again_when_its_term_is_over(
    proposed: RetirementConfig, book: Book, fence: Fence, clock: FakeClock, people: People
) -> None:
    first = _packet(proposed, book, clock).digest
    _approve(proposed, book, clock, people, "alice")
    _approve(proposed, book, clock, people, "bob")
    grant.fn(proposed, fence)
    clock.advance(days=181)
    assert decided(proposed, book, clock.now()).state is StageState.DUE
    fence = book.take_lease("aster-1", "", clock.now()).fence
    propose.fn(proposed, fence)
    assert _packet(proposed, book, clock).digest != first
    assert "signature 1 of 2" in decided(proposed, book, clock.now()).reason


def test_a_packet_rewritten_to_need_nobody_grants_nothing(
    proposed: RetirementConfig, book: Book, fence: Fence, clock: FakeClock
) -> None:
    packet = _packet(proposed, book, clock)
    body = {**json.loads(packet.body), "approvals_needed": 0}
    values = {"digest": packet_digest(body), "body": canonical_json(body).decode()}
    with book.writing(clock.now()) as writing:
        statement = text("UPDATE packet SET digest = :digest, body = :body")
        writing.session.connection().execute(statement, values)
    grant.fn(proposed, fence)
    assert _grants(book) == set()
    assert decided(proposed, book, clock.now()).state is StageState.WAITING


def test_a_packet_whose_page_cannot_be_written_is_not_proposed(
    judged: RetirementConfig, book: Book, fence: Fence, clock: FakeClock, home: Path
) -> None:
    (home / "pages").write_text("in the way")
    with pytest.raises((OSError, PublicationRefused)):
        propose.fn(judged, fence)
    with pytest.raises(NotFound):
        _packet(judged, book, clock)


@pytest.mark.parametrize("ground", ["legal hold", "a damaged replica"])
def test_nothing_is_proposed_while_a_decision_could_lose_the_model(
    judged: RetirementConfig, book: Book, fence: Fence, clock: FakeClock, ground: str
) -> None:
    held = _held(judged, book, clock, ground)
    propose.fn(held, fence)
    with pytest.raises(NotFound):
        _packet(held, book, clock)
    found = decided(held, book, clock.now())
    assert found.state is StageState.BLOCKED
    assert found.reason.startswith("KO-")


@pytest.mark.parametrize("ground", ["legal hold", "a damaged replica"])
def test_an_open_packet_takes_no_signature_while_a_decision_could_lose_the_model(
    proposed: RetirementConfig, book: Book, clock: FakeClock, people: People, ground: str
) -> None:
    statement = approval_statement("aster-1", _packet(proposed, book, clock).digest)
    held = _held(proposed, book, clock, ground)
    with pytest.raises(DecisionRefused, match="KO-"):
        _approve(held, book, clock, people, "alice", statement=statement)


def _held(config: RetirementConfig, book: Book, clock: FakeClock, ground: str) -> RetirementConfig:
    if ground == "legal hold":
        candidate = config.candidate.model_copy(update={"legal_hold": True})
        return config.model_copy(update={"candidate": candidate})
    with book.writing(clock.now()) as writing:
        row = writing.session.get_one(Replica, ("p", "b"))
        row.state = "damaged"
        writing.put(row, "x")
    return config


def test_a_decision_without_grants_is_revisited_too(
    judged: RetirementConfig, book: Book, fence: Fence, clock: FakeClock, people: People
) -> None:
    """A hard retirement without an essay channel grants nothing, and still has a revisit date."""
    with book.writing(clock.now()) as writing:
        row = writing.session.get_one(Verdict, ("d", "share_essays"))
        row.verdict = "noise"
        writing.put(row, "x")
    candidate = judged.candidate.model_copy(update={"risk_class": "critical"})
    config = judged.model_copy(update={"candidate": candidate})
    propose.fn(config, fence)
    for person in ("alice", "bob"):
        _approve(config, book, clock, people, person)
    found = decided(config, book, clock.now())
    assert found.state is StageState.DONE
    assert found.until == clock.now() + timedelta(days=180)
    clock.advance(days=180)
    assert decided(config, book, clock.now()).state is StageState.DUE


def test_a_packet_whose_grounds_changed_since_takes_no_signature(
    proposed: RetirementConfig, book: Book, clock: FakeClock, people: People
) -> None:
    statement = approval_statement("aster-1", _packet(proposed, book, clock).digest)
    with book.writing(clock.now()) as writing:
        row = writing.session.get_one(Verdict, ("d", "share_essays"))
        row.verdict = "drifting"
        writing.put(row, "x")
    with pytest.raises(DecisionRefused, match="out of date"):
        _approve(proposed, book, clock, people, "alice", statement=statement)


def test_the_packet_holds_what_the_decision_rests_on(
    proposed: RetirementConfig, book: Book, clock: FakeClock
) -> None:
    packet = _packet(proposed, book, clock)
    body = json.loads(packet.body)
    assert packet_digest(body) == packet.digest
    assert [s["id"] for s in body["scenarios"]] == [
        "hard_retire",
        "limited_pilot",
        "keep_everything",
    ]
    assert all(one["says"] for one in body["scales"])
    assert body["robustness"]["draws"] == 10_000
    assert len(body["nonce"]) == 32


def test_what_a_pass_can_do_beside_the_decision_makes_the_stage_due(
    judged: RetirementConfig, book: Book, fence: Fence, clock: FakeClock
) -> None:
    """Also under a legal hold: receipts go out, and callers learn what holds."""
    held = _held(judged, book, clock, "legal hold")
    assert "the page on applications" in assess(held, book, clock.now()).reason
    advance_applications.fn(held, fence)
    assert "the gateway is to be told" in assess(held, book, clock.now()).reason
    enforce.fn(held, fence)
    found = assess(held, book, clock.now())
    assert (found.state, found.reason[:7]) == (StageState.BLOCKED, "KO-HOLD")


def test_nothing_is_proposed_before_the_verdicts_are_there(
    judged: RetirementConfig, book: Book, fence: Fence, clock: FakeClock
) -> None:
    """A pass comes by for other reasons too, such as an application."""
    with book.writing(clock.now()) as writing:
        writing.session.delete(writing.session.get_one(Verdict, ("d", "keep_in_use")))
    propose.fn(judged, fence)
    with pytest.raises(NotFound):
        _packet(judged, book, clock)


def test_a_decision_whose_key_was_revoked_before_it_was_acted_on_is_proposed_anew(
    judged: RetirementConfig, book: Book, fence: Fence, clock: FakeClock, people: People
) -> None:
    people.revoked.write_text("# none\n")
    access = judged.access.model_copy(update={"revoked_signers": people.revoked})
    config = judged.model_copy(update={"access": access})
    propose.fn(config, fence)
    first = _packet(config, book, clock).digest
    for person in ("alice", "bob"):
        _approve(config, book, clock, people, person)
    people.revoked.write_text((people.folder / "bob.pub").read_text())
    propose.fn(config, fence)
    grant.fn(config, fence)
    assert _grants(book) == set()
    assert _packet(config, book, clock).digest != first
    for person in ("alice", "carol"):
        _approve(config, book, clock, people, person)
    grant.fn(config, fence)
    assert _grants(book) == {"paid_users", "research_api", "essay_channel"}


def test_a_clock_that_went_back_does_not_make_packets_for_ever(
    proposed: RetirementConfig, book: Book, fence: Fence, clock: FakeClock
) -> None:
    clock.advance(days=-3)
    access = proposed.access.model_copy(update={"pilot_days": 90})
    changed = proposed.model_copy(update={"access": access})
    for _ in range(3):
        propose.fn(changed, fence)
    with book.reading() as session:
        assert len(session.exec(select(Packet)).all()) == 2
    assert json.loads(_packet(changed, book, clock).body)["term_days"] == 90


def test_access_is_decided_anew_before_its_term_is_over_and_nobody_loses_it_between(
    judged: RetirementConfig, book: Book, fence: Fence, clock: FakeClock, people: People
) -> None:
    access = judged.access.model_copy(update={"paid_users": ("Acme", "Left")})
    config = judged.model_copy(update={"access": access})
    propose.fn(config, fence)
    for person in ("alice", "bob"):
        _approve(config, book, clock, people, person)
    grant.fn(config, fence)
    first = {g.kind: g for g in _all_grants(book)}
    with book.writing(clock.now()) as writing:
        for holder in ("Acme", "Left"):
            row = GrantKey(
                id=holder,
                model_id="aster-1",
                grant_id=first["paid_users"].id,
                holder=holder,
                token_id=f"token of {holder}",
                gateway="grants_file",
                issued_by="alice",
                issued_at=clock.now(),
            )
            writing.put(row, "x")
    clock.advance(days=149)
    assert decided(config, book, clock.now()).state is StageState.DONE
    clock.advance(days=2)
    fence = book.take_lease("aster-1", "", clock.now()).fence
    assert decided(config, book, clock.now()).state is StageState.DUE
    left = config.access.model_copy(update={"paid_users": ("Acme",)})
    config = config.model_copy(update={"access": left})
    propose.fn(config, fence)
    waiting = decided(config, book, clock.now())
    assert waiting.state is StageState.WAITING
    assert "signed by alice, bob" in waiting.reason  # what holds meanwhile
    assert "for what comes then: signature 1 of 2" in waiting.reason
    for person in ("alice", "carol"):
        _approve(config, book, clock, people, person)
    grant.fn(config, fence)
    grants = [g for g in _all_grants(book) if g.kind == "paid_users"]
    assert [g.ends_at for g in grants] == [
        first["paid_users"].ends_at,
        clock.now() + timedelta(days=180),
    ]
    assert grants[1].starts_at < grants[0].ends_at
    with book.reading() as session:
        keys = {key.holder: key.grant_id for key in session.exec(select(GrantKey))}
    assert keys == {"Acme": grants[1].id, "Left": grants[0].id}
    assert decided(config, book, clock.now()).until == clock.now() + timedelta(days=180)


def _all_grants(book: Book) -> list[Grant]:
    with book.reading() as session:
        return list(session.exec(select(Grant).order_by(col(Grant.ends_at), col(Grant.kind))))
