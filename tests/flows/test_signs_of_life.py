"""Which silence is death, and which is not."""

from datetime import timedelta

import pytest

from flows.signs_of_life import Around, Limits, Signs, Verdict, judged
from tests.fakes.clock import FakeClock

NOW = FakeClock().now()
LIMITS = Limits()


def _ago(**span: float) -> Signs:
    return Signs("RUNNING", NOW - timedelta(**span))


@pytest.mark.parametrize(
    ("signs", "verdict"),
    [
        (_ago(hours=23), Verdict.LIVES),  # heartbeats may be off: a day it is given
        (_ago(hours=25), Verdict.DIED),
        (Signs("RUNNING", NOW - timedelta(days=9), NOW - timedelta(minutes=9)), Verdict.LIVES),
        (Signs("RUNNING", NOW - timedelta(minutes=30), NOW - timedelta(minutes=11)), Verdict.DIED),
        (Signs("PENDING", NOW - timedelta(minutes=29)), Verdict.LIVES),
        (Signs("PENDING", NOW - timedelta(minutes=31)), Verdict.NEVER_BEGUN),
        (
            Signs("CANCELLING", NOW - timedelta(minutes=11), NOW - timedelta(minutes=11)),
            Verdict.NOT_CANCELLED,
        ),
        (Signs("CANCELLING", NOW - timedelta(minutes=1), NOW), Verdict.LIVES),
    ],
)
def test_a_run_by_its_silence(signs: Signs, verdict: Verdict) -> None:
    assert judged(signs, NOW, LIMITS) is verdict


def test_a_lease_that_is_held_outweighs_every_silence() -> None:
    """A server that was away for an hour heard no heartbeat of a pass that went on."""
    silent = NOW - timedelta(days=2)
    assert judged(Signs("RUNNING", silent, silent, lease=True), NOW, LIMITS) is Verdict.LIVES
    held = Signs("RUNNING", silent, lease=True, around=Around.ENDED)
    assert judged(held, NOW, LIMITS) is Verdict.LIVES


def test_a_lease_whose_process_is_gone_needs_no_silence() -> None:
    assert judged(Signs("RUNNING", NOW, NOW, lease=False), NOW, LIMITS) is Verdict.DIED
    within = Signs("RUNNING", NOW, lease=False, around=Around.AT_WORK)
    assert judged(within, NOW, LIMITS) is Verdict.DIED


def test_a_run_within_another_lives_and_ends_with_it() -> None:
    long_ago = NOW - timedelta(days=3)
    at_work = Signs("RUNNING", long_ago, around=Around.AT_WORK)
    assert judged(at_work, NOW, LIMITS) is Verdict.LIVES
    settling = Signs("RUNNING", NOW - timedelta(minutes=1), around=Around.ENDED)
    assert judged(settling, NOW, LIMITS) is Verdict.LIVES
    left = Signs("RUNNING", NOW - timedelta(minutes=3), around=Around.ENDED)
    assert judged(left, NOW, LIMITS) is Verdict.DIED
