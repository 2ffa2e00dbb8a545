"""What a plan means for a call: the same here and in LiteLLM's callback, at every instant."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configs.schema import RetirementConfig
from tasks.access.withdrawal.plan import Standing, headers_of, plan_of, treatment, what_changes
from tasks.access.withdrawal.words import refusal
from tasks.kernel.instants import from_text
from tests.fakes.configs import retirement
from tests.fakes.litellm_hook import load_withdrawal

CALLBACK = load_withdrawal()
DECIDED = Standing(decided=True)
SUNSET = datetime(2027, 3, 2, tzinfo=UTC)
CALLERS = ("team_id:search", "key_alias:night", "user_id:search", "token_id:0")


def _config(*, hold: bool = False, **withdrawal: Any) -> RetirementConfig:
    return retirement(
        access={"proposer": "p", "allowed_signers": "x", "withdrawal": withdrawal},
        candidate={"legal_hold": hold},
    )


def _redirect(callers: list[str], start: str = "2027-01-01", days: int = 90) -> dict[str, Any]:
    return {
        "owner": "Search team",
        "callers": callers,
        "target": "aster-2",
        "starts_on": start,
        "days": days,
        "consented_on": "2026-11-20",
        "consented_by": "Kim",
        "evidence": "mail 42",
    }


instants = st.datetimes(datetime(2026, 10, 1), datetime(2027, 7, 1), timezones=st.just(UTC))
windows = st.lists(st.tuples(instants, st.integers(1, 1440)), max_size=4)
standings = st.builds(Standing, st.booleans(), st.sampled_from(["", "alice"]), st.booleans())
callers = st.sets(st.sampled_from(CALLERS))


@st.composite
def plans(draw: st.DrawFn) -> dict[str, Any]:
    """Any plan, in force or not, with instants that often touch one another."""
    shared = draw(st.lists(st.sampled_from(CALLERS), unique=True, max_size=3))
    starts = st.dates(datetime(2026, 12, 1).date(), datetime(2027, 4, 1).date())
    config = _config(
        hold=draw(st.booleans()),
        brownouts=[
            {"starts_at": at.isoformat(), "minutes": minutes} for at, minutes in draw(windows)
        ],
        redirects=[
            _redirect([caller], str(draw(starts)), draw(st.integers(1, 120))) for caller in shared
        ],
    )
    return plan_of(config, draw(standings))


@st.composite
def moments(draw: st.DrawFn, plan: dict[str, Any]) -> datetime:
    """Any instant, often one at which something changes, or just before it."""
    edges = [at for at, _ in what_changes(plan)]
    edge = draw(st.sampled_from(edges))
    near = st.sampled_from([edge, edge - timedelta(microseconds=1)])
    return draw(st.one_of(near, instants))


@given(st.data())
def test_a_grant_in_force_is_served_whatever_the_plan_says(data: st.DataObject) -> None:
    plan = data.draw(plans())
    at, who = data.draw(moments(plan)), data.draw(callers)
    assert treatment(plan, at, granted=True, callers=who).kind == "serve"


@given(st.data())
def test_only_a_decided_plan_that_is_neither_paused_nor_held_touches_anybody(
    data: st.DataObject,
) -> None:
    plan = data.draw(plans())
    at, who = data.draw(moments(plan)), data.draw(callers)
    found = treatment(plan, at, granted=False, callers=who)
    if plan["held_by"]:
        assert found.kind == "serve"
    assert plan["in_force"] is not bool(plan["held_by"])


@given(st.booleans(), st.booleans(), st.data())
def test_pause_and_hold_win_over_every_decision(
    decided: bool, hold: bool, data: st.DataObject
) -> None:
    brownout = [{"starts_at": "2027-01-01T00:00:00Z", "minutes": 60}]
    redirects = [_redirect(["team_id:search"])]
    config = _config(hold=hold, brownouts=brownout, redirects=redirects)
    plan = plan_of(config, Standing(decided, "" if hold else "alice"))
    at = data.draw(moments(plan))
    found = treatment(plan, at, granted=False, callers=["team_id:search"])
    assert (found.kind, plan["held_by"]) == ("serve", "legal_hold" if hold else "paused")


@given(st.data())
def test_nobody_is_redirected_but_who_consented_within_the_term(data: st.DataObject) -> None:
    plan = data.draw(plans())
    at, who = data.draw(moments(plan)), data.draw(callers)
    found = treatment(plan, at, granted=False, callers=who)
    consented = [
        r
        for r in plan["redirects"]
        if set(r["callers"]) & who and from_text(r["starts_at"]) <= at < from_text(r["ends_at"])
    ]
    assert (found.kind == "redirect") == bool(plan["in_force"] and consented)


@given(st.data())
def test_without_consent_a_caller_is_refused_exactly_in_windows_and_after_the_sunset(
    data: st.DataObject,
) -> None:
    plan = data.draw(plans())
    at = data.draw(moments(plan))
    found = treatment(plan, at, granted=False)
    inside = any(
        from_text(w["starts_at"]) <= at < from_text(w["ends_at"]) for w in plan["brownouts"]
    )
    announced = at >= from_text(plan["announced_at"])
    refused = plan["in_force"] and announced and (inside or at >= SUNSET)
    assert found.kind == ("refuse" if refused else "serve")
    if found.why == "brownout":
        assert at < SUNSET
        assert found.until is not None
        assert at < found.until <= SUNSET


@given(st.data())
def test_litellms_callback_decides_as_this_program_does(data: st.DataObject) -> None:
    plan = data.draw(plans())
    at, who = data.draw(moments(plan)), data.draw(callers)
    granted = data.draw(st.booleans())
    here = treatment(plan, at, granted=granted, callers=who)
    there = CALLBACK.treatment(plan, at, granted=granted, callers=who)
    until = from_text(there.until) if there.until else None
    assert (there.kind, there.why, until, there.target) == (
        here.kind,
        here.why,
        here.until,
        here.target,
    )
    if here.kind == "refuse":
        assert CALLBACK.explanation(plan, there)["message"] == refusal(plan, here.why, here.until)


def test_the_headers_are_as_their_standards_write_them() -> None:
    config = _config(
        information_url="https://example.org/aster-1",
        policy_url="https://example.org/policy",
        successor_url="https://example.org/aster-2",
    )
    headers = dict(headers_of(config, dated=True))
    assert headers["Deprecation"] == "@1793491200"
    assert headers["Sunset"] == "Tue, 02 Mar 2027 00:00:00 GMT"
    assert headers["Link"] == (
        '<https://example.org/aster-1>; rel="deprecation"; type="text/html", '
        '<https://example.org/policy>; rel="sunset"; type="text/html", '
        '<https://example.org/aster-2>; rel="successor-version"'
    )
    assert dict(headers_of(_config(), dated=True)).keys() == {"Deprecation", "Sunset"}


@given(st.dates(datetime(2026, 1, 1).date(), datetime(2036, 1, 1).date()), st.integers(0, 900))
def test_deprecation_is_never_later_than_sunset(announced: Any, days: int) -> None:
    config = retirement(
        candidate={
            "announced_on": announced,
            "notice_floor_days": 0,
            "surfaces": [{"name": "api", "retires_on": announced + timedelta(days=days)}],
        }
    )
    headers = dict(headers_of(config, dated=True))
    deprecated = datetime.fromtimestamp(int(headers["Deprecation"].removeprefix("@")), UTC)
    sunset = parsedate_to_datetime(headers["Sunset"])
    assert sunset - deprecated == timedelta(days=days + 1)


def test_under_a_legal_hold_no_last_day_is_told() -> None:
    assert [name for name, _ in headers_of(_config(hold=True), dated=False)] == ["Deprecation"]


def test_evidence_and_people_stay_out_of_the_gateways_plan() -> None:
    plan = plan_of(_config(redirects=[_redirect(["team_id:search"])]), DECIDED)
    assert plan["redirects"] == [
        {
            "owner": "Search team",
            "callers": ["team_id:search"],
            "target": "aster-2",
            "starts_at": "2027-01-01T00:00:00.000000Z",
            "ends_at": "2027-04-01T00:00:00.000000Z",
        }
    ]
    assert "Kim" not in str(plan)


@pytest.mark.parametrize(
    ("held", "standing"),
    [
        ("undecided", Standing(decided=False, untold=("Bo",))),
        ("paused", Standing(True, "alice", broken="too soon")),
        ("promise", Standing(True, broken="too soon")),
        ("untold", Standing(True, untold=("Bo",))),
        ("untold", Standing(True, sooner=True)),
        ("", DECIDED),
    ],
)
def test_what_holds_a_plan_is_told(held: str, standing: Standing) -> None:
    plan = plan_of(_config(), standing)
    assert plan["held_by"] == held
    assert plan["in_force"] is not bool(held)
    # a day that owners may not be told is none for callers either
    assert ("Sunset" in dict(plan["headers"])) is not bool(standing.broken or standing.sooner)
