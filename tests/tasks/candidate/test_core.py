"""Do the endpoint's dates agree with ours?"""

from datetime import UTC, datetime, timedelta

import pytest

from tasks.candidate.core import assess_candidate
from tasks.kernel.stages import StageState
from tasks.records.candidate import LifecycleCheck
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement

NOW = FakeClock().now()
CONFIG = retirement().candidate  # first date: 2027-03-01


def _check(lifecycle: str, retires_at: datetime | None = None) -> LifecycleCheck:
    return LifecycleCheck(
        id="1",
        model_id="aster-1",
        checked_at=NOW,
        lifecycle=lifecycle,
        retires_at=retires_at,
        endpoint_model="aster-1",
        simulated=False,
    )


def test_a_new_or_changed_configuration_is_due() -> None:
    found = assess_candidate(CONFIG, opened=False, check=_check("active"), now=NOW)
    assert found.state is StageState.DUE


@pytest.mark.parametrize(
    ("check", "state", "words"),
    [
        (_check("active"), StageState.DONE, "the endpoint says active"),
        (_check("unknown"), StageState.DONE, "unknown"),
        (_check("deprecated", datetime(2027, 3, 1, tzinfo=UTC)), StageState.DONE, "until 2027"),
        (_check("deprecated", datetime(2026, 1, 1, tzinfo=UTC)), StageState.BLOCKED, "before the"),
        (_check("retired"), StageState.BLOCKED, "retired already"),
    ],
)
def test_what_the_endpoint_says_is_compared(
    check: LifecycleCheck, state: StageState, words: str
) -> None:
    found = assess_candidate(CONFIG, opened=True, check=check, now=NOW)
    assert found.state is state
    assert words in found.reason


def test_overdue_is_not_retired() -> None:
    late = datetime(2027, 3, 5, tzinfo=UTC)
    check = _check("deprecated", datetime(2027, 3, 1, tzinfo=UTC))
    check.checked_at = late
    found = assess_candidate(CONFIG, opened=True, check=check, now=late)
    assert (found.state, "overdue" in found.reason) == (StageState.DONE, True)


def test_the_endpoint_is_asked_again_after_a_day() -> None:
    later = NOW + timedelta(hours=24)
    found = assess_candidate(CONFIG, opened=True, check=_check("active"), now=later)
    assert found.state is StageState.DUE
