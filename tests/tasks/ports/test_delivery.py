"""What one try of a message says of the next."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.ports.delivery import outcome_of, wait_after
from tasks.ports.notifier import ChannelDown, PerhapsDelivered, RefusedForGood, TryLater


def test_waits_double_from_a_quarter_of_an_hour_up_to_a_day():
    waits = [wait_after(tries) for tries in range(1, 9)]
    assert waits[:3] == [timedelta(minutes=minutes) for minutes in (15, 30, 60)]
    assert waits[-1] == timedelta(days=1)


@given(st.integers(0, 10_000), st.timedeltas(timedelta(), timedelta(days=400)))
def test_the_other_side_may_ask_for_longer_but_for_no_more_than_a_day(tries: int, asked: timedelta):
    wait = wait_after(tries, asked)
    assert wait_after(tries) <= wait <= timedelta(days=1)
    assert wait >= min(asked, timedelta(days=1))


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (RefusedForGood("550"), "refused"),
        (PerhapsDelivered("cut"), "doubtful"),
        (TryLater("451"), "later"),
        (ChannelDown("refused"), "later"),
        (OSError("disk full"), "later"),
    ],
)
def test_each_end_without_a_receipt_has_its_name(error: Exception, outcome: str):
    assert outcome_of(error) == outcome
