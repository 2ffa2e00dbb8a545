"""A withdrawal waits for a signed decision, and one signature stops it or lets it go on."""

import json
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.access.withdrawal.act import (
    WITHDRAWAL_NAMESPACE,
    already,
    record,
    statement_to_sign,
)
from tasks.access.withdrawal.standing import (
    PAUSE,
    RESUME,
    acts_of,
    plan_body,
    withdrawn_by,
)
from tasks.kernel.digests import canonical_json
from tasks.kernel.errors import DecisionRefused, SignatureRefused
from tasks.records import Book
from tasks.records.access import Approval, Grant, Packet, WithdrawalAct
from tasks.records.communication import Notice
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement
from tests.tasks.access.conftest import People, tell_owners

WORDS = "The successor is down."


def _act(
    config: RetirementConfig,
    book: Book,
    clock: FakeClock,
    people: People,
    action: str,
    *,
    person: str = "alice",
    namespace: str = WITHDRAWAL_NAMESPACE,
    words: str = WORDS,
    statement: bytes = b"",
) -> WithdrawalAct:
    statement = statement or statement_to_sign(book, config, action, words, clock.now())
    return record(
        book,
        wiring.signatures(config.access),
        config=config,
        action=action,
        person=person,
        words=words,
        signature=people.sign(person, statement, namespace),
        now=clock.now(),
    )


@pytest.fixture(autouse=True)
def _owners_were_told(book: Book, clock: FakeClock) -> None:
    tell_owners(book, clock.now())


def _held(config: RetirementConfig, book: Book, clock: FakeClock) -> str:
    with book.reading() as session:
        return str(plan_body(config, session, clock.now())["held_by"])


def _packet(
    book: Book,
    clock: FakeClock,
    *,
    approvals: int,
    granted: int,
    kinds: tuple[str, ...] = ("paid_users", "research_api"),
    proposal: str = "limited_pilot",
) -> None:
    """A packet with so many signatures, and so many of its grants made."""
    now = clock.advance(minutes=1)
    digest = f"packet-{now.isoformat()}"
    body = {"approvals_needed": 2, "grants": list(kinds), "proposal": proposal, "term_days": 180}
    rows: list[Packet | Approval | Grant] = [
        Packet(
            digest=digest,
            model_id="aster-1",
            body=canonical_json(body).decode(),
            basis="b",
            proposed_at=now,
            expires_at=now,
        )
    ]
    for number in range(approvals):
        rows.append(
            Approval(
                id=f"{digest}-{number}",
                model_id="aster-1",
                packet_digest=digest,
                person=f"person-{number}",
                fingerprint=f"key-{number}",
                signature="s",
                received_at=now,
            )
        )
    for kind in kinds[:granted]:
        rows.append(
            Grant(
                id=f"{digest}-{kind}",
                model_id="aster-1",
                packet_digest=digest,
                kind=kind,
                starts_at=now,
                ends_at=clock.now(),
            )
        )
    with book.writing(now) as writing:
        for row in rows:
            writing.put(row, "x")


def test_the_plan_waits_for_the_signatures_and_then_for_the_grants(
    config: RetirementConfig, book: Book, clock: FakeClock
) -> None:
    assert _held(config, book, clock) == "undecided"
    for approvals, granted, held in ((1, 0, "undecided"), (2, 1, "undecided"), (2, 2, "")):
        _packet(book, clock, approvals=approvals, granted=granted)
        assert _held(config, book, clock) == held


def test_a_later_packet_opens_the_model_to_nobody_else_while_it_is_signed_and_granted(
    config: RetirementConfig, book: Book, clock: FakeClock
) -> None:
    _packet(book, clock, approvals=2, granted=1, kinds=("essay_channel",), proposal="hard_retire")
    assert _held(config, book, clock) == ""
    _packet(book, clock, approvals=1, granted=0)
    assert _held(config, book, clock) == ""
    _packet(book, clock, approvals=2, granted=0)
    assert _held(config, book, clock) == ""


def test_a_decision_to_keep_everything_withdraws_nothing(
    config: RetirementConfig, book: Book, clock: FakeClock
) -> None:
    _packet(book, clock, approvals=2, granted=2)
    _packet(book, clock, approvals=2, granted=2, proposal="keep_everything")
    assert _held(config, book, clock) == "undecided"
    _packet(book, clock, approvals=2, granted=1)  # whom it keeps is not cut off meanwhile
    assert _held(config, book, clock) == "undecided"
    _packet(book, clock, approvals=2, granted=1, kinds=("essay_channel",), proposal="hard_retire")
    assert _held(config, book, clock) == ""


def test_one_signature_pauses_and_one_resumes_and_the_chain_tells_of_both(
    config: RetirementConfig, book: Book, clock: FakeClock, people: People
) -> None:
    _packet(book, clock, approvals=2, granted=2)
    paused = _act(config, book, clock, people, PAUSE)
    assert (paused.person, _held(config, book, clock)) == ("alice", "paused")
    resumed = _act(config, book, clock, people, RESUME, person="bob")
    assert _held(config, book, clock) == ""
    assert resumed.received_at > paused.received_at
    assert book.verify_audit().problems == ()


def test_the_plan_does_not_change_by_itself_as_time_goes(
    config: RetirementConfig, book: Book, clock: FakeClock, people: People
) -> None:
    _packet(book, clock, approvals=2, granted=2)
    _act(config, book, clock, people, PAUSE)
    clock.advance(seconds=1)
    with book.reading() as session:
        before = plan_body(config, session, clock.now())
        assert plan_body(config, session, clock.advance(days=400)) == before


def test_a_repeated_act_is_refused_and_tells_who_did_it(
    config: RetirementConfig, book: Book, clock: FakeClock, people: People
) -> None:
    with pytest.raises(DecisionRefused, match="is not paused; nothing is to resume"):
        _act(config, book, clock, people, RESUME)
    _act(config, book, clock, people, PAUSE)
    with pytest.raises(DecisionRefused, match="was paused already, by alice on 2026-12-01"):
        _act(config, book, clock, people, PAUSE, person="bob")
    assert already(book, config, PAUSE) == "alice on 2026-12-01 09:00 UTC"
    assert already(book, config, RESUME) == ""


def test_an_old_signature_does_not_pause_again(
    config: RetirementConfig, book: Book, clock: FakeClock, people: People
) -> None:
    old = statement_to_sign(book, config, PAUSE, WORDS, clock.now())
    _act(config, book, clock, people, PAUSE, statement=old)
    _act(config, book, clock, people, RESUME)
    with pytest.raises(SignatureRefused):
        _act(config, book, clock, people, PAUSE, statement=old)


def test_a_resumption_is_for_the_plan_that_was_read_and_a_pause_for_any(
    config: RetirementConfig, book: Book, clock: FakeClock, people: People
) -> None:
    changed = retirement(
        access={"proposer": "paula", "allowed_signers": str(people.allowed)},
        candidate={"surfaces": [{"name": "api", "retires_on": "2027-02-01"}]},
    )
    pause = statement_to_sign(book, config, PAUSE, WORDS, clock.now())
    _act(changed, book, clock, people, PAUSE, statement=pause)
    resume = statement_to_sign(book, config, RESUME, WORDS, clock.now())
    assert "plan_sha256" in json.loads(resume)
    with pytest.raises(SignatureRefused):
        _act(changed, book, clock, people, RESUME, statement=resume)


@pytest.mark.parametrize(
    ("person", "namespace"),
    [("alice", "emeritus-access@v1"), ("mallory", WITHDRAWAL_NAMESPACE)],
)
def test_only_an_allowed_persons_signature_for_this_purpose_counts(
    config: RetirementConfig,
    book: Book,
    clock: FakeClock,
    people: People,
    person: str,
    namespace: str,
) -> None:
    if person == "mallory":
        outside = People(people.folder.parent / "outside")
        outside.folder.mkdir()
        outside.add("mallory")
        people = outside
    with pytest.raises(SignatureRefused):
        _act(config, book, clock, people, PAUSE, person=person, namespace=namespace)
    with book.reading() as session:
        assert not acts_of(session, config.id)


@pytest.mark.parametrize("words", ["", "  ", "x" * 4001, "a\u202eb", "a\x1b[2J"])
def test_the_reason_is_in_words_that_people_can_read(
    config: RetirementConfig, book: Book, clock: FakeClock, words: str
) -> None:
    with pytest.raises(DecisionRefused, match="reason"):
        statement_to_sign(book, config, PAUSE, words, clock.now())


def test_there_are_two_acts(config: RetirementConfig, book: Book, clock: FakeClock) -> None:
    with pytest.raises(DecisionRefused, match="choose one of pause, resume"):
        statement_to_sign(book, config, "stop", WORDS, clock.now())


@given(st.lists(st.sampled_from([PAUSE, RESUME]), max_size=6))
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_last_act_stands_even_where_the_clock_does_not_move(
    config: RetirementConfig, book: Book, clock: FakeClock, people: People, actions: list[str]
) -> None:
    """Acts that would change nothing are refused; the others take their turns."""
    for action in actions:
        with book.reading() as session:
            latest = acts_of(session, config.id)
        stands = latest[-1].action if latest else RESUME
        if action == stands:
            with pytest.raises(DecisionRefused):
                _act(config, book, clock, people, action)
        else:
            assert _act(config, book, clock, people, action).action == action
            assert (_held(config, book, clock) == "paused") == (action == PAUSE)
    with book.reading() as session:
        assert withdrawn_by(config, session) is None


def test_nobody_is_refused_at_a_day_that_no_owner_was_told(
    config: RetirementConfig, book: Book, clock: FakeClock
) -> None:
    _packet(book, clock, approvals=2, granted=2)
    with book.writing(clock.now()) as writing:
        row = writing.session.get_one(Notice, "told-2027-03-01")
        row.sent_at = None
        writing.put(row, "x")
    assert _held(config, book, clock) == "untold"


def test_a_day_that_cuts_a_promise_short_is_not_enforced(
    config: RetirementConfig, book: Book, clock: FakeClock
) -> None:
    _packet(book, clock, approvals=2, granted=2)
    surfaces = tuple(
        surface.model_copy(update={"retires_on": date(2027, 1, 5)})
        for surface in config.candidate.surfaces
    )
    sooner = config.candidate.model_copy(update={"surfaces": surfaces})
    assert _held(config, book, clock) == ""
    assert _held(config.model_copy(update={"candidate": sooner}), book, clock) == "promise"


def test_a_sooner_day_waits_until_every_owner_was_told_of_it(
    config: RetirementConfig, book: Book, clock: FakeClock
) -> None:
    _packet(book, clock, approvals=2, granted=2)
    surfaces = tuple(
        surface.model_copy(update={"retires_on": date(2027, 2, 20)})
        for surface in config.candidate.surfaces
    )
    candidate = config.candidate.model_copy(update={"surfaces": surfaces})
    sooner = config.model_copy(update={"candidate": candidate})
    assert _held(sooner, book, clock) == "untold"
    with book.reading() as session:
        headers = dict(plan_body(sooner, session, clock.now())["headers"])
    assert "Sunset" not in headers
    clock.advance(minutes=1)
    tell_owners(book, clock.now(), "2027-02-20")
    assert _held(sooner, book, clock) == ""


def test_a_decision_that_grants_nothing_counts_only_with_its_signatures(
    config: RetirementConfig, book: Book, clock: FakeClock
) -> None:
    """Rows of approvals alone refuse nobody."""
    _packet(book, clock, approvals=2, granted=0, kinds=(), proposal="hard_retire")
    assert _held(config, book, clock) == "undecided"
