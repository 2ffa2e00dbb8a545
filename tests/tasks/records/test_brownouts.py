"""Which brownouts begin: those that every owner was told of in time, and not otherwise since."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from configs.schema import RetirementConfig
from tasks.kernel.instants import to_text
from tasks.records.brownouts import brownouts_of, to_tell
from tasks.records.communication import Notice
from tasks.records.promises import Told
from tests.fakes.configs import retirement

NAMES = ("Search", "Mail")
ANNOUNCED = datetime(2026, 11, 1, 9, tzinfo=UTC)
FIRST, SECOND = datetime(2027, 2, 1, 10, tzinfo=UTC), datetime(2027, 2, 22, 10, tzinfo=UTC)
MINUTES = {FIRST: 10, SECOND: 60}


def window(start: datetime, minutes: int = 0) -> tuple[str, str]:
    return to_text(start), to_text(start + timedelta(minutes=minutes or MINUTES[start]))


BOTH = (window(FIRST), window(SECOND))


def config(*, hold: bool = False, **withdrawal: Any) -> RetirementConfig:
    """Two owners; the last day is 2027-03-01, with brownouts 28 and 7 days before."""
    owners = [{"name": name, "contact": f"{name}@example.org"} for name in NAMES]
    series = {"days_before": [28, 7], "minutes": [10, 60]}
    plan = {"brownout_series": series, **withdrawal}
    access = {"proposer": "p", "allowed_signers": "x", "withdrawal": plan}
    return retirement(candidate={"owners": owners, "legal_hold": hold}, access=access)


def told(
    owner: str, at: datetime, *windows: tuple[str, str], sent: bool = True, **changes: Any
) -> Notice:
    values = {
        "contact": f"{owner}@example.org",
        "channel": "email",
        "sent_at": at if sent else None,
        "outcome": "sent" if sent else "doubtful",
        "doubtful": None if sent else 1,
        **changes,
    }
    return Notice(
        id=f"{owner} {at}",
        model_id="aster-1",
        kind="announcement",
        owner=owner,
        retires_on="2027-03-01",
        intended_at=at,
        tried_at=at,
        told=Told((("api", "2027-03-01"),), brownouts=tuple(windows)).text,
        **values,
    )


def begin(notices: list[Notice], found: RetirementConfig | None = None) -> list[datetime]:
    """First instants of the brownouts that begin."""
    return [one.starts_at for one in brownouts_of(found or config(), notices) if one.begins]


def test_brownouts_that_every_owner_was_told_of_in_time_begin() -> None:
    assert begin([]) == []
    assert begin([told("Search", ANNOUNCED, *BOTH)]) == []
    assert begin([told(name, ANNOUNCED, *BOTH) for name in NAMES]) == [FIRST, SECOND]


@pytest.mark.parametrize(
    ("day", "begins"),
    [
        ("2027-01-18T23:59", [FIRST, SECOND]),
        ("2027-01-19T00:00", [SECOND]),
        ("2027-02-09T00:00", []),
    ],
)
def test_the_lead_counts_from_the_day_of_the_last_owner(day: str, begins: list[datetime]) -> None:
    late = datetime.fromisoformat(day).replace(tzinfo=UTC)
    notices = [told("Search", ANNOUNCED, *BOTH), told("Mail", late, *BOTH)]
    assert begin(notices) == begins
    longer = config(brownout_lead_days=40)
    assert FIRST not in begin(notices, longer)


@pytest.mark.parametrize(
    "second",
    [
        told("Mail", ANNOUNCED, *BOTH, sent=False),
        told("Mail", ANNOUNCED, *BOTH, sent=False, outcome="refused", doubtful=None),
        told("Mail", ANNOUNCED, *BOTH, channel="webhook"),
        told("Somebody else", ANNOUNCED, *BOTH),
        told("Mail", ANNOUNCED),
        told("Mail", ANNOUNCED, window(FIRST, 9), window(SECOND, 9)),
        told("Mail", ANNOUNCED, window(FIRST + timedelta(minutes=1), 60)),
    ],
    ids=["perhaps", "refused", "a program", "not an owner", "of none", "shorter", "later"],
)
def test_what_does_not_tell_an_owner_of_it_surely_does_not_count(second: Notice) -> None:
    assert begin([told("Search", ANNOUNCED, *BOTH), second]) == []


def test_a_longer_one_was_told_and_a_mended_address_is_the_same_owner() -> None:
    notices = [
        told("Search", ANNOUNCED, window(FIRST, 30), window(SECOND)),
        told("Mail", ANNOUNCED, *BOTH, contact="old@example.org"),
    ]
    assert begin(notices) == [FIRST, SECOND]


def test_whoever_was_told_otherwise_meanwhile_counts_from_the_last_telling() -> None:
    both = [told(name, ANNOUNCED, *BOTH) for name in NAMES]
    off = [told("Mail", ANNOUNCED + timedelta(days=30), window(SECOND))]
    again = [told("Mail", datetime(2027, 1, 25, 9, tzinfo=UTC), *BOTH)]
    assert begin([*both, *off]) == [SECOND]
    assert begin([*both, *off, *again]) == [SECOND]
    perhaps = [told("Mail", ANNOUNCED + timedelta(days=30), window(SECOND), sent=False)]
    assert begin([*both, *perhaps]) == [SECOND]


def test_one_that_was_called_off_is_told_apart_from_one_that_was_not_told_in_time() -> None:
    both = [told(name, ANNOUNCED, *BOTH) for name in NAMES]
    off = told("Mail", datetime(2027, 1, 25, 9, tzinfo=UTC), window(SECOND))
    first, second = brownouts_of(config(), [*both, off])
    assert (first.untold, first.called_off, first.begins) == ((), True, False)
    assert (second.untold, second.called_off, second.begins) == ((), False, True)
    first, _ = brownouts_of(config(), [both[0], off])
    assert first.untold == ("Mail",)


def test_what_can_still_be_told_in_time_is_told_and_what_can_t_begin_is_not() -> None:
    at = {n: datetime(2027, 1, n, 12, tzinfo=UTC) for n in (18, 19)}
    assert to_tell(config(), [], at[18]) == BOTH
    assert to_tell(config(), [], at[19]) == (window(SECOND),)
    one = [told("Search", ANNOUNCED, *BOTH)]
    assert to_tell(config(), one, at[18]) == BOTH
    assert to_tell(config(), one, at[19]) == (window(SECOND),), "Search learns that it is off"
    both = [told(name, ANNOUNCED, *BOTH) for name in NAMES]
    assert to_tell(config(), both, at[19]) == BOTH


def test_one_that_took_place_stays_told_whoever_became_an_owner_since() -> None:
    one = [told("Search", ANNOUNCED, *BOTH)]
    assert to_tell(config(), one, SECOND + timedelta(days=1)) == BOTH
    assert to_tell(config(), [], SECOND + timedelta(days=1)) == ()


def test_under_a_legal_hold_none_is_told() -> None:
    both = [told(name, ANNOUNCED, *BOTH) for name in NAMES]
    assert to_tell(config(hold=True), both, ANNOUNCED) == ()
