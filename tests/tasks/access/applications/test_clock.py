"""The promise of an answer: what counts, what stands still, and when it is broken."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tasks.access.applications.clock import answer_clock, appeal_clock, running_clock
from tasks.access.applications.states import Case, Terms
from tasks.records.application import Application, ApplicationEvent

START = datetime(2026, 12, 1, 9, tzinfo=UTC)
TERMS = Terms(
    criteria=({"id": "C-A", "text": "First of all.", "kind": "required"},),
    answer_within_days=14,
    question_open_days=30,
    appeal_within_days=30,
    appeal_answer_within_days=7,
)
spans = st.timedeltas(timedelta(seconds=1), timedelta(days=40))


def case(*steps: tuple[str, datetime]) -> Case:
    """An application received at `START`, and its steps."""
    application = Application(
        id="a" * 24,
        model_id="aster-1",
        applicant="Rosa Lind",
        contact="rosa@uni.example",
        affiliation="x",
        affiliation_public=False,
        purpose="x",
        data_handling="x",
        study_days=1,
        source="cli",
        entered_by="olga",
        terms=TERMS.to_text(),
        received_at=START,
    )
    events = [
        ApplicationEvent(
            id=f"{place}", model_id="aster-1", application_id="a", kind=kind, person="p", at=at
        )
        for place, (kind, at) in enumerate(steps)
    ]
    return Case(application, tuple(events))


def questions(pairs: list[tuple[timedelta, timedelta]]) -> tuple[Case, datetime, timedelta]:
    """Asked and answered again and again: the case, the last instant, and the time asked."""
    at, asked, steps = START, timedelta(), []
    for ours, theirs in pairs:
        steps.append(("asked", at + ours))
        at = at + ours + theirs
        asked += theirs
        steps.append(("answered", at))
    return case(*steps), at, asked


@given(st.lists(st.tuples(spans, spans), max_size=4), spans)
def test_it_is_due_as_much_later_as_the_applicant_took(
    pairs: list[tuple[timedelta, timedelta]], after: timedelta
) -> None:
    found, at, asked = questions(pairs)
    clock = answer_clock(found, at + after)
    assert clock.due_at == START + timedelta(days=14) + asked
    assert clock.used == at + after - START - asked
    assert clock.overdue == (at + after > clock.due_at)


@given(st.lists(st.tuples(spans, spans), max_size=3), spans, spans)
def test_a_decision_stops_it_for_good(
    pairs: list[tuple[timedelta, timedelta]], until: timedelta, later: timedelta
) -> None:
    found, at, asked = questions(pairs)
    decided = case(*((e.kind, e.at) for e in found.events), ("declined", at + until))
    clock = answer_clock(decided, at + until + later)
    assert clock.answered
    assert not clock.open
    assert clock.due_at is None
    assert clock.used == at + until - START - asked
    assert running_clock(decided, at + until + later) is None


@given(spans, spans)
def test_asking_late_mends_nothing(ours: timedelta, theirs: timedelta) -> None:
    """A question stops the clock, and takes no time back that was used up."""
    before = answer_clock(case(), START + ours)
    asked = case(("asked", START + ours))
    assert answer_clock(asked, START + ours + theirs).used == before.used
    assert answer_clock(asked, START + ours + theirs).overdue == before.overdue
    assert answer_clock(asked, START + ours + theirs).due_at is None


def test_the_promise_ends_to_the_second() -> None:
    due = START + timedelta(days=14)
    assert not answer_clock(case(), due).overdue
    assert answer_clock(case(), due + timedelta(microseconds=1)).overdue


@given(spans)
def test_an_appeal_has_a_clock_of_its_own(took: timedelta) -> None:
    declined, appealed = START + timedelta(days=3), START + timedelta(days=20)
    open_ = case(("declined", declined), ("appealed", appealed))
    clock = appeal_clock(open_, appealed + took)
    assert clock is not None
    assert clock.due_at == appealed + timedelta(days=7)
    assert clock.overdue == (took > timedelta(days=7))
    assert clock.open
    assert running_clock(open_, appealed + took) == clock
    done = case(("declined", declined), ("appealed", appealed), ("upheld", appealed + took))
    over = appeal_clock(done, appealed + took + took)
    assert over is not None
    assert (over.used, over.answered, over.due_at) == (took, True, None)


def test_without_an_appeal_there_is_no_clock_for_it() -> None:
    assert appeal_clock(case(), START) is None
