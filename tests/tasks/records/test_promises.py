"""What people were told, and which dates may be told next."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configs.schema.candidate import CandidateConfig, Owner
from tasks.records.candidate import LifecycleCheck
from tasks.records.communication import Notice
from tasks.records.promises import (
    Change,
    Told,
    broken_promise,
    changes,
    contradiction,
    owners_untold,
    same,
    told_by,
    told_from,
)
from tests.fakes.configs import retirement

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
OWNERS = (
    Owner(name="Search", contact="search@example.org"),
    Owner(name="Mail", contact="mail@example.org"),
)


def candidate(api: str = "2027-03-01", **fields: Any) -> CandidateConfig:
    surfaces = [{"name": "api", "retires_on": api}]
    base = retirement(candidate={"surfaces": surfaces}).candidate
    return base.model_copy(update={"owners": OWNERS, **fields})


def moved(**days: str) -> CandidateConfig:
    base = candidate()
    kind = type(base.surfaces[0])
    surfaces = tuple(kind(name=n, retires_on=date.fromisoformat(d)) for n, d in days.items())
    return base.model_copy(update={"surfaces": surfaces})


def notice(owner: Owner = OWNERS[0], at: datetime = NOW, **dates: str) -> Notice:
    told = Told(tuple(sorted((dates or {"api": "2027-03-01"}).items())))
    return Notice(
        id=f"{owner.contact}{at}",
        model_id="aster-1",
        kind="T-90",
        owner=owner.name,
        contact=owner.contact,
        retires_on=told.on(""),
        intended_at=at,
        tried_at=at,
        sent_at=at,
        outcome="sent",
        channel="email",
        told=told.text,
    )


BOTH = ("Search", "Mail")


def doubtful(owner: Owner, at: datetime = NOW, **dates: str) -> Notice:
    """One that may have arrived, and that has no receipt."""
    row = notice(owner, at, **dates)
    row.sent_at, row.outcome, row.doubtful = None, "doubtful", 3
    return row


def held(owner: Owner, at: datetime = NOW) -> Notice:
    row = notice(owner, at)
    row.told = Told((("api", "2027-03-01"),), legal_hold=True).text
    return row


def untold(*notices: Notice, surface: str = "api", day: str = "2027-03-01") -> tuple[str, ...]:
    return owners_untold(candidate(), surface, day, notices)


def test_every_owner_without_a_receipt_for_the_last_day_is_named():
    search, mail = OWNERS
    assert untold() == BOTH
    assert untold(notice(search)) == ("Mail",)
    assert untold(notice(search), notice(mail)) == ()
    assert untold(notice(search), doubtful(mail)) == ("Mail",), "it takes a receipt"
    assert untold(notice(search), notice(mail), surface="") == ()
    for row in (doubtful(mail), doubtful(mail, api="2027-01-01")):
        row.doubtful, row.outcome = None, "refused"
        assert untold(notice(search), row) == ("Mail",)


def test_who_was_told_of_another_day_is_told_only_where_that_is_no_later():
    search, mail = OWNERS
    sure = notice(search)
    assert untold(sure, notice(mail, api="2027-02-01")) == ()
    assert untold(sure, notice(mail, api="2027-03-02")) == ("Mail",)
    later = NOW + timedelta(days=1)
    assert untold(sure, notice(mail), notice(mail, later, api="2027-04-01")) == ("Mail",)
    assert untold(sure, notice(mail), doubtful(mail, later, api="2027-04-01")) == ("Mail",)
    assert untold(sure, notice(mail, api="2027-04-01"), notice(mail, later)) == ()


def test_who_was_told_of_other_surfaces_alone_was_not_told():
    search, mail = OWNERS
    assert untold(notice(search), notice(mail, app="2027-01-01")) == ("Mail",)
    assert untold(notice(search), notice(mail, app="2027-01-01"), surface="") == ()
    first_version = notice(mail)
    first_version.told = ""  # it kept the first day alone
    assert untold(notice(search), first_version) == ()


def test_who_was_told_that_a_hold_stands_is_told_once_they_know_that_it_was_lifted():
    search, mail = OWNERS
    later = NOW + timedelta(days=1)
    assert untold(notice(search), held(mail)) == ("Mail",)
    assert untold(notice(search), held(mail), doubtful(mail, later)) == ("Mail",)
    assert untold(notice(search), held(mail), notice(mail, later)) == ()


def test_a_later_date_breaks_no_promise():
    assert broken_promise(moved(api="2027-09-01"), [notice()], NOW) == ""


def test_an_earlier_date_with_the_whole_notice_ahead_breaks_none():
    assert broken_promise(moved(api="2027-01-30"), [notice()], NOW) == ""  # 60 days


def test_an_earlier_date_within_the_notice_period_is_not_told():
    said = broken_promise(moved(api="2027-01-29"), [notice()], NOW)
    assert said == (
        "api: 2027-01-29 is earlier than 2027-03-01, which 1 owner was told, and fewer than 60 "
        "days ahead (notice_floor_days): nobody is told; set retires_on to 2027-01-30 or later"
    )


def test_close_to_the_day_only_the_promised_date_is_left():
    said = broken_promise(moved(api="2027-02-20"), [notice()], NOW + timedelta(days=70))
    assert said.endswith("set retires_on to 2027-03-01 or later")


def test_whoever_was_told_nothing_was_promised_nothing():
    assert broken_promise(moved(api="2026-12-20"), [], NOW) == ""
    intent = notice()
    intent.sent_at, intent.outcome = None, "later"
    assert broken_promise(moved(api="2026-12-20"), [intent], NOW) == ""


@pytest.mark.parametrize("state", [("doubtful", 1), ("trying", None)])
def test_what_may_have_arrived_is_a_promise(state: tuple[str, int | None]):
    perhaps = notice()
    perhaps.sent_at, (perhaps.outcome, perhaps.doubtful) = None, state
    assert broken_promise(moved(api="2026-12-20"), [perhaps], NOW)


def test_the_latest_telling_is_the_promise():
    told = [notice(), notice(at=NOW + timedelta(days=1), api="2027-09-01")]
    assert broken_promise(moved(api="2027-08-01"), told, NOW + timedelta(days=200))
    assert broken_promise(moved(api="2027-08-01"), told, NOW + timedelta(days=100)) == ""


def test_a_second_owner_still_learns_of_what_the_first_was_told_in_time():
    both = [notice(), notice(OWNERS[1])]
    told_first = notice(at=NOW + timedelta(days=1), api="2027-01-31")
    later = NOW + timedelta(days=10)
    assert broken_promise(moved(api="2027-01-31"), [*both, told_first], later) == ""
    assert broken_promise(moved(api="2027-01-31"), both, later)


def test_every_surface_has_a_promise_of_its_own():
    told = [notice(api="2027-03-01", app="2027-06-01")]
    said = broken_promise(moved(api="2027-03-01", app="2027-03-15"), told, NOW + timedelta(days=60))
    assert said.startswith("app: 2027-03-15 is earlier than 2027-06-01")
    assert said.endswith("set retires_on to 2027-03-31 or later")


def test_a_surface_under_another_name_is_no_way_around_the_first_day():
    said = broken_promise(moved(API="2027-01-10"), [notice()], NOW)
    assert said.startswith("api: 2027-01-10 is earlier than 2027-03-01")


def test_a_surface_that_is_dropped_or_renamed_ends_no_sooner_than_the_floor_allows():
    told = notice()
    told.told = Told((("api", "2027-01-05"), ("app", "2027-09-01"))).text
    kept = moved(api="2027-01-05", app="2027-09-01")
    assert broken_promise(kept, [told], NOW) == ""
    for changed in (moved(api="2027-01-05"), moved(api="2027-01-05", App="2027-01-10")):
        said = broken_promise(changed, [told], NOW)
        assert said.startswith("app: 2027-01-")
        assert "is earlier than 2027-09-01" in said
    assert broken_promise(moved(api="2027-01-05", App="2027-09-01"), [told], NOW) == ""


def test_another_address_of_the_same_owner_keeps_the_promise():
    new = (Owner(name="Search", contact="search-new@example.org"),)
    changed = moved(api="2027-01-10").model_copy(update={"owners": new})
    assert broken_promise(changed, [notice()], NOW)
    stranger = (Owner(name="Other", contact="other@example.org"),)
    unpromised = moved(api="2027-01-10").model_copy(update={"owners": stranger})
    assert broken_promise(unpromised, [notice()], NOW) == ""


def test_a_hold_that_outlasts_the_date_needs_a_new_one():
    told = notice()
    told.told = Told((("api", "2027-03-01"),), legal_hold=True).text
    assert broken_promise(candidate(), [told], NOW + timedelta(days=30)) == ""
    said = broken_promise(candidate(), [told], datetime(2027, 3, 1, tzinfo=UTC))
    assert "outlasted 2027-03-01" in said
    assert said.endswith("set retires_on to 2027-04-30 or later")
    assert broken_promise(moved(api="2027-05-01"), [told], datetime(2027, 3, 1, tzinfo=UTC)) == ""


def test_a_notice_of_the_first_version_promised_its_one_day():
    old = notice()
    old.told, old.tried_at, old.outcome, old.channel = "", None, "", ""
    assert broken_promise(moved(api="2027-01-10"), [old], NOW)
    assert changes(told_by(old), told_from("", "2027-04-01")) == (
        Change("", "2027-03-01", "2027-04-01"),
    )
    assert same(told_by(old), Told((("api", "2027-03-01"), ("app", "2027-05-01"))))
    brownout = ("2027-02-01T10:00:00.000000Z", "2027-02-01T10:10:00.000000Z")
    assert not same(told_by(old), Told((("api", "2027-03-01"),), brownouts=(brownout,)))


@given(
    told=st.dates(date(2027, 1, 1), date(2027, 12, 31)),
    new=st.dates(date(2027, 1, 1), date(2027, 12, 31)),
    today=st.dates(date(2026, 12, 1), date(2027, 12, 31)),
)
def test_only_a_shorter_date_within_the_floor_is_held_back(told: date, new: date, today: date):
    now = datetime.combine(today, datetime.min.time(), UTC)
    said = broken_promise(moved(api=new.isoformat()), [notice(api=told.isoformat())], now)
    assert bool(said) == (new < told and (new - today).days < 60)


def check(lifecycle: str, retires_at: datetime | None = None) -> LifecycleCheck:
    return LifecycleCheck(
        id="c",
        model_id="aster-1",
        checked_at=NOW,
        lifecycle=lifecycle,
        retires_at=retires_at,
        endpoint_model="aster-1",
        simulated=False,
    )


@pytest.mark.parametrize(
    ("found", "day", "held"),
    [
        (None, NOW, False),
        (check("unknown"), NOW, False),
        (check("deprecated", datetime(2027, 2, 28, tzinfo=UTC)), NOW, True),
        (check("deprecated", datetime(2027, 3, 1, tzinfo=UTC)), NOW, False),
        (check("deprecated", datetime(2028, 3, 1, tzinfo=UTC)), NOW, False),
        (check("retired"), NOW, True),
        (check("retired"), datetime(2027, 3, 1, 12, tzinfo=UTC), True),
        (check("retired"), datetime(2027, 3, 2, tzinfo=UTC), False),
    ],
)
def test_what_the_endpoint_says_against_the_dates(
    found: LifecycleCheck | None, day: datetime, held: bool
):
    assert bool(contradiction(candidate(), found, day)) == held


def test_brownouts_are_part_of_what_was_told_and_none_leaves_the_text_as_it_was() -> None:
    dates = (("api", "2027-03-01"),)
    brownout = ("2027-02-01T10:00:00.000000Z", "2027-02-01T10:10:00.000000Z")
    told = Told(dates, brownouts=(brownout,))
    assert told_from(told.text, "") == told
    assert not same(told, Told(dates))
    assert Told(dates).text == '{"dates":{"api":"2027-03-01"},"legal_hold":false}'
