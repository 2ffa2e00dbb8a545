"""Under a legal hold grants end as they were signed, and that is told before it happens."""

from datetime import timedelta

import pytest

from configs.schema import RetirementConfig
from tasks.access.gateway.grants import grants_in_force
from tasks.access.task import grant, propose
from tasks.access.view import assess
from tasks.kernel.stages import Assessment, StageState
from tasks.records import Book, Fence
from tasks.records.access import Grant
from tests.fakes.clock import FakeClock
from tests.fakes.grants import MODEL, put_grants
from tests.tasks.access.conftest import decided


@pytest.fixture
def held(judged: RetirementConfig) -> RetirementConfig:
    candidate = judged.candidate.model_copy(update={"legal_hold": True})
    return judged.model_copy(update={"candidate": candidate})


def _found(config: RetirementConfig, book: Book, clock: FakeClock) -> Assessment:
    found = decided(config, book, clock.now())
    assert (found.state, found.reason[:7]) == (StageState.BLOCKED, "KO-HOLD")
    return found


def test_a_hold_tells_when_grants_end_and_what_a_person_can_do(
    held: RetirementConfig, book: Book, clock: FakeClock
) -> None:
    put_grants(book, clock.now(), paid_users="", research_api="", research="dr-roe")
    found = _found(held, book, clock)
    assert found.until == clock.now() + timedelta(days=30)
    assert "grants end as they were signed all the same" in found.reason
    assert "the first of 3 grants (paid_users) on 2026-12-31 09:00 UTC" in found.reason
    assert "have it lifted as soon as may be" in found.reason  # no packet of them stands
    assert "dr-roe" not in found.reason  # a stage's reason is read by others
    assert assess(held, book, clock.now()).state is StageState.DUE  # and the rest goes on


def test_with_a_decision_that_stands_it_tells_by_when_the_hold_has_to_be_lifted(
    judged: RetirementConfig,
    held: RetirementConfig,
    book: Book,
    fence: Fence,
    clock: FakeClock,
    people: object,
) -> None:
    from tests.tasks.access.test_decision import _approve

    propose.fn(judged, fence)
    for person in ("alice", "bob"):
        _approve(judged, book, clock, people, person)  # type: ignore[arg-type]
    grant.fn(judged, fence)
    assert "have it lifted by 2027-04-30 09:00 UTC" in _found(held, book, clock).reason
    assert "(essay_channel) on 2027-05-30 09:00 UTC" in _found(held, book, clock).reason


def test_it_ends_them_and_says_so(
    held: RetirementConfig, book: Book, clock: FakeClock, fence: Fence
) -> None:
    put_grants(book, clock.now(), paid_users="")
    clock.advance(days=30)
    with book.reading() as session:
        assert grants_in_force(session, MODEL, clock.now()) == []
    propose.fn(held, book.take_lease(MODEL, "", clock.now()).fence)  # and nobody prolongs them
    found = _found(held, book, clock)
    assert found.until is None
    assert "what was granted ended on 2026-12-31 09:00 UTC, as it was signed" in found.reason


def test_a_hold_over_nothing_granted_says_no_more_than_that(
    held: RetirementConfig, book: Book, clock: FakeClock
) -> None:
    ids = put_grants(book, clock.now(), paid_users="")
    with book.writing(clock.now()) as writing:
        row = writing.session.get_one(Grant, ids["paid_users"])
        row.revoked_at = clock.now()
        writing.put(row, "x")
    assert _found(held, book, clock).reason.endswith("once the legal department lifted it")
