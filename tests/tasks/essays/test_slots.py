"""When slots open."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from configs.schema.essays import EssaysConfig
from tasks.essays.slots import in_force, next_opening, opened_slots
from tasks.records.access import Grant

START = datetime(2026, 12, 1, 9, tzinfo=UTC)
NOTE = "These are the words of a retired model."


def grant(day: float, days: float, name: str = "g") -> Grant:
    return Grant(
        id=name,
        model_id="m",
        packet_digest="p",
        kind="essay_channel",
        starts_at=START + timedelta(days=day),
        ends_at=START + timedelta(days=day + days),
    )


def config(slots: int = 3) -> EssaysConfig:
    return EssaysConfig(slots=slots, slot_spacing_seconds=86_400, disclaimer=NOTE)


def days_of(grants: list[Grant], at: float, slots: int = 3) -> list[tuple[int, float]]:
    found = opened_slots("m", grants, config(slots), START + timedelta(days=at))
    return [(slot.number, (slot.opens_at - START) / timedelta(days=1)) for slot in found]


def test_slots_open_at_their_spacing_and_are_counted() -> None:
    assert days_of([grant(0, 10)], 0.5) == [(1, 0)]
    assert days_of([grant(0, 10)], 9) == [(1, 0), (2, 1), (3, 2)]
    slot = opened_slots("m", [grant(0, 10)], config(), START)[0]
    assert slot.slot_id == "m-essay-001"


def test_no_slot_opens_after_the_end() -> None:
    assert days_of([grant(0, 1.5)], 9) == [(1, 0), (2, 1)]
    assert next_opening([grant(0, 1.5)], config(), START + timedelta(days=1)) is None


def test_an_overlapping_renewal_keeps_the_cadence_and_brings_its_own_slots() -> None:
    assert days_of([grant(0, 4), grant(3.5, 10, "h")], 20) == [
        *((1, 0), (2, 1), (3, 2)),
        *((4, 4), (5, 5), (6, 6)),
    ]


def test_a_second_grant_shortly_after_the_first_opens_no_slot_early() -> None:
    assert days_of([grant(0, 9), grant(0.01, 9, "h")], 1.5) == [(1, 0), (2, 1)]


def test_a_later_term_counts_on() -> None:
    assert days_of([grant(0, 1.5), grant(10, 5, "h")], 11.5) == [(1, 0), (2, 1), (3, 10), (4, 11)]


def test_force_ends_when_the_term_ends() -> None:
    assert in_force([grant(0, 1)], START)
    assert not in_force([grant(0, 1)], START + timedelta(days=1))
    assert not in_force([grant(1, 1)], START)


@given(
    st.lists(st.tuples(st.floats(0, 30), st.floats(0.1, 20)), min_size=1, max_size=4),
    st.floats(0, 60),
    st.floats(0, 60),
)
def test_what_opened_stays_as_it_is(
    spans: list[tuple[float, float]], first: float, second: float
) -> None:
    grants = [grant(day, days, f"g{i}") for i, (day, days) in enumerate(spans)]
    early, late = days_of(grants, min(first, second)), days_of(grants, max(first, second))
    assert late[: len(early)] == early
    opens = [day for _, day in late]
    assert opens == sorted(set(opens))
    assert [number for number, _ in late] == list(range(1, len(late) + 1))
