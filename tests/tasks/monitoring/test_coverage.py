from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tasks.monitoring.coverage import Gap, Window, day_at, day_of, gaps_of

UNTIL = datetime(2026, 12, 1, 9, tzinfo=UTC)
WINDOW = Window(UNTIL.replace(hour=0) - timedelta(days=10), UNTIL)
TODAY = day_of(UNTIL)
WHOLE = frozenset(range(TODAY - 10, TODAY))


def test_every_day_but_today_has_to_be_there():
    assert gaps_of(WHOLE, WINDOW, 0) == ()


def test_no_day_at_all_is_one_gap():
    (gap,) = gaps_of(frozenset(), WINDOW, 0)
    assert (gap.first, gap.last, gap.days) == (date(2026, 11, 21), date(2026, 11, 30), 10)
    assert str(gap) == "2026-11-21 to 2026-11-30"


def test_a_late_begin_and_an_early_end_are_gaps():
    days = frozenset(range(TODAY - 8, TODAY - 1))
    assert gaps_of(days, WINDOW, 0) == (
        Gap(date(2026, 11, 21), date(2026, 11, 22)),
        Gap(date(2026, 11, 30), date(2026, 11, 30)),
    )


@given(st.sets(st.integers(TODAY - 10, TODAY - 1)), st.integers(0, 5))
def test_gaps_are_the_missing_days_of_runs_that_are_too_long(days: set[int], quiet: int):
    gaps = gaps_of(days, WINDOW, quiet)
    missing = set(range(TODAY - 10, TODAY)) - days
    told = {day for gap in gaps for day in range(day_of_date(gap.first), day_of_date(gap.last) + 1)}
    assert told <= missing
    assert all(gap.days > quiet for gap in gaps)
    if quiet == 0:
        assert told == missing
    for day in missing - told:  # a run that is normal
        run = 1
        for step in (-1, 1):
            at = day + step
            while at in missing:
                run, at = run + 1, at + step
        assert run <= quiet


def day_of_date(day: date) -> int:
    return day_of(datetime(day.year, day.month, day.day, tzinfo=UTC))


def test_days_are_counted_from_the_epoch():
    assert day_at(day_of(UNTIL)) == date(2026, 12, 1)
