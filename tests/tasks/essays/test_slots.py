"""When slots open."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configs.schema.essays import CadenceConfig, EssaysConfig
from tasks.essays.slots import in_force, last_opening, next_opening, opened_slots
from tasks.records.access import Grant

START = datetime(2026, 12, 1, 9, tzinfo=UTC)
NOTE = "These are the words of a retired model."


def grant(week: float, weeks: float, name: str = "g") -> Grant:
    return Grant(
        id=name,
        model_id="m",
        packet_digest="p",
        kind="essay_channel",
        starts_at=START + timedelta(weeks=week),
        ends_at=START + timedelta(weeks=week + weeks),
    )


def config(slots: int = 3, **cadence: Any) -> EssaysConfig:
    """As `START` is a Tuesday at nine, slots open whole weeks after it."""
    values = {"opens_on": "tuesday", "opens_at": time(9), **cadence}
    return EssaysConfig(slots=slots, cadence=CadenceConfig(**values), disclaimer=NOTE)


def weeks_of(grants: list[Grant], at: float, slots: int = 3) -> list[tuple[int, float]]:
    found = opened_slots("m", grants, config(slots), START + timedelta(weeks=at))
    return [(slot.number, (slot.opens_at - START) / timedelta(weeks=1)) for slot in found]


def test_slots_open_once_a_week_and_are_counted() -> None:
    assert weeks_of([grant(0, 10)], 0.5) == [(1, 0)]
    assert weeks_of([grant(0, 10)], 9) == [(1, 0), (2, 1), (3, 2)]
    slot = opened_slots("m", [grant(0, 10)], config(), START)[0]
    assert slot.slot_id == "m-essay-001"


def test_no_slot_opens_after_the_end() -> None:
    assert weeks_of([grant(0, 1.5)], 9) == [(1, 0), (2, 1)]
    assert next_opening([grant(0, 1.5)], config(), START + timedelta(weeks=1)) is None


def test_an_overlapping_renewal_keeps_the_cadence_and_brings_its_own_slots() -> None:
    assert weeks_of([grant(0, 4), grant(3.5, 10, "h")], 20) == [
        *((1, 0), (2, 1), (3, 2)),
        *((4, 4), (5, 5), (6, 6)),
    ]


def test_a_second_grant_shortly_after_the_first_opens_no_slot_early() -> None:
    assert weeks_of([grant(0, 9), grant(0.01, 9, "h")], 1.5) == [(1, 0), (2, 1)]


def test_a_later_term_counts_on() -> None:
    assert weeks_of([grant(0, 1.5), grant(10, 5, "h")], 11.5) == [(1, 0), (2, 1), (3, 10), (4, 11)]


def test_force_ends_when_the_term_ends() -> None:
    assert in_force([grant(0, 1)], START)
    assert not in_force([grant(0, 1)], START + timedelta(weeks=1))
    assert not in_force([grant(1, 1)], START)


@given(
    st.lists(st.tuples(st.floats(0, 30), st.floats(0.1, 20)), min_size=1, max_size=4),
    st.floats(0, 60),
    st.floats(0, 60),
)
def test_what_opened_stays_as_it_is(
    spans: list[tuple[float, float]], first: float, second: float
) -> None:
    grants = [grant(week, weeks, f"g{i}") for i, (week, weeks) in enumerate(spans)]
    early, late = weeks_of(grants, min(first, second)), weeks_of(grants, max(first, second))
    assert late[: len(early)] == early
    opens = [week for _, week in late]
    assert opens == sorted(set(opens))
    assert [number for number, _ in late] == list(range(1, len(late) + 1))


def local(zone: str, start: datetime, weeks: int, **cadence: Any) -> list[datetime]:
    """Openings of a term, as a clock on the wall shows them."""
    tall = config(weeks, time_zone=zone, **cadence)
    one = Grant(
        id="g",
        model_id="m",
        packet_digest="p",
        kind="essay_channel",
        starts_at=start,
        ends_at=start + timedelta(weeks=weeks),
    )
    slots = opened_slots("m", [one], tall, one.ends_at)
    return [slot.opens_at.astimezone(ZoneInfo(zone)) for slot in slots]


def test_summer_time_moves_no_slot() -> None:
    opened = local("Europe/Paris", datetime(2026, 3, 10, 8, tzinfo=UTC), 5)
    assert [at.strftime("%a %d %H:%M %z") for at in opened] == [
        "Tue 10 09:00 +0100",
        "Tue 17 09:00 +0100",
        "Tue 24 09:00 +0100",
        "Tue 31 09:00 +0200",
        "Tue 07 09:00 +0200",
    ]


@pytest.mark.parametrize(
    ("day", "at", "instant"),
    [
        (date(2026, 3, 29), time(2, 30), "2026-03-29T01:30:00+00:00"),  # skipped: an hour later
        (date(2026, 10, 25), time(2, 30), "2026-10-25T00:30:00+00:00"),  # twice: the first
    ],
    ids=["skipped", "twice"],
)
def test_a_time_that_the_clock_skips_or_repeats_gives_one_slot(
    day: date, at: time, instant: str
) -> None:
    start = datetime(day.year, day.month, day.day, 12, tzinfo=UTC) - timedelta(weeks=2)
    opened = local("Europe/Paris", start, 4, opens_on="sunday", opens_at=at)
    on_day = [one for one in opened if one.date() == day]
    assert [one.astimezone(UTC).isoformat() for one in on_day] == [instant]
    assert len({one.date() for one in opened}) == len(opened)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(["UTC", "Europe/Paris", "America/St_Johns", "Pacific/Apia", "Africa/Cairo"]),
    st.sampled_from(["monday", "sunday", "thursday"]),
    st.times().map(lambda at: at.replace(second=0, microsecond=0, tzinfo=None, fold=0)),
    st.integers(1, 3),
)
def test_a_week_brings_one_slot_whatever_the_zone(
    start: datetime, zone: str, weekday: str, at: time, every: int
) -> None:
    opened = local(zone, start, 30, opens_on=weekday, opens_at=at, every_weeks=every)
    apart = [b - a for a, b in pairwise(opened)]
    real = [b.astimezone(UTC) - a.astimezone(UTC) for a, b in pairwise(opened)]
    assert all(gap >= timedelta(weeks=every) * 4 / 7 for gap in real)
    assert all(gap <= timedelta(weeks=every) * 11 / 7 + timedelta(hours=2) for gap in real)
    assert all(abs(gap - timedelta(weeks=every)) <= timedelta(hours=1) for gap in apart[1:])
    assert all(one.strftime("%A").lower() == weekday for one in opened[1:])


def test_the_channel_ends_on_its_last_day_in_its_zone() -> None:
    ends = config(9).model_copy(update={"ends_on": date(2026, 12, 15)})
    assert last_opening([grant(0, 20)], ends) == START + timedelta(weeks=2)
    ends = config(9).model_copy(update={"ends_on": date(2026, 12, 14)})
    assert last_opening([grant(0, 20)], ends) == START + timedelta(weeks=1)
