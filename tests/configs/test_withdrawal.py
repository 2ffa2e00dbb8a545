"""A withdrawal plan that can't be kept beside the candidate's dates is refused, with its place."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from configs.errors import ConfigError
from configs.home import CHECKOUT
from configs.load import load_retirement
from configs.schema import RetirementConfig
from configs.schema.withdrawal import brownout_windows, sunset_of, withdrawal_problems
from tests.fakes.configs import retirement

REDIRECT = {
    "owner": "Search team",
    "callers": ["team_id:search"],
    "target": "aster-2",
    "starts_on": "2026-12-01",
    "consented_on": "2026-11-20",
    "consented_by": "Kim",
    "evidence": "mail 42",
}


def _config(withdrawal: dict[str, Any], **candidate: Any) -> RetirementConfig:
    """Announced on 2026-11-01 with a floor of 60 days; the last day is 2027-03-01."""
    access = {"proposer": "p", "allowed_signers": "x", "withdrawal": withdrawal}
    return retirement(access=access, candidate=candidate)


def _problems(withdrawal: dict[str, Any], **candidate: Any) -> list[tuple[str, str]]:
    config = _config(withdrawal, **candidate)
    found = withdrawal_problems(config.candidate, config.access.withdrawal, ("aster-1",))
    return [(".".join(str(part) for part in where), what) for where, what in found]


def test_a_plan_within_the_dates_has_no_problem() -> None:
    series = {"days_before": [28, 14, 7], "minutes": [10, 60, 240]}
    one = {"starts_at": "2026-12-31T00:00:00Z", "minutes": 1}
    plan = {
        "surface": "api",
        "brownouts": [one],
        "brownout_series": series,
        "redirects": [REDIRECT],
        "information_url": "https://example.org/aster-1?why=retired#when",
    }
    assert _problems(plan) == []


@pytest.mark.parametrize(
    ("start", "minutes", "told"),
    [
        ("2026-10-31T10:00:00Z", 10, "begin on 2026-12-31 or later"),
        ("2026-12-30T23:59:59Z", 10, "within notice_floor_days (60)"),
        ("2027-02-28T23:55:00Z", 10, "reaches into the last day"),
        ("2027-03-01T12:00:00Z", 10, "end it before 2027-03-01"),
        ("2027-04-01T12:00:00Z", 10, "or beyond"),
    ],
)
def test_a_brownout_keeps_the_promised_notice_and_the_last_day(
    start: str, minutes: int, told: str
) -> None:
    ((where, what),) = _problems({"brownouts": [{"starts_at": start, "minutes": minutes}]})
    assert where == "access.withdrawal.brownouts.0"
    assert told in what


def test_a_brownout_comes_long_enough_after_the_announcement_that_tells_of_it() -> None:
    one = {"brownouts": [{"starts_at": "2026-11-20T10:00:00Z", "minutes": 10}]}
    assert _problems({**one, "brownout_lead_days": 19}, notice_floor_days=0) == []
    ((where, what),) = _problems({**one, "brownout_lead_days": 20}, notice_floor_days=0)
    assert where == "access.withdrawal.brownouts.0"
    assert "fewer than 20 days (brownout_lead_days) after the announcement (2026-11-01)" in what
    assert what.endswith("begin on 2026-11-21 or later")
    early = {"brownouts": [{"starts_at": "2026-11-14T23:59:00Z", "minutes": 10}]}
    assert len(_problems(early, notice_floor_days=0)) == 1  # 14 days if nothing is said


def test_too_short_a_lead_is_refused_with_file_and_line(tmp_path: Path) -> None:
    text = (CHECKOUT / "configs" / "models" / "birch-7b.yaml").read_text(encoding="utf-8")
    series = "    brownout_series:"
    assert text.count(series) == 1
    file = tmp_path / "birch-7b.yaml"
    file.write_text(text.replace(series, f"    brownout_lead_days: 150\n{series}"))
    line = text[: text.index(series)].count("\n") + 2
    where = f"{file}:{line}: access.withdrawal.brownout_series.days_before"
    with pytest.raises(ConfigError) as refused:
        load_retirement(file)
    (told,) = str(refused.value).splitlines()  # the later ones keep it
    assert told.startswith(where)
    assert "2027-06-02 10:00 UTC begins fewer than 150 days" in told


def test_a_series_moves_with_the_last_day_and_names_the_entry_that_is_too_early() -> None:
    series = {"days_before": [70, 7], "minutes": [10, 60], "at_utc": "08:30"}
    ((where, _),) = _problems({"brownout_series": series})
    assert where == "access.withdrawal.brownout_series.days_before.0"
    config = _config(
        {"brownout_series": series}, surfaces=[{"name": "api", "retires_on": "2027-04-01"}]
    )
    start, end = brownout_windows(config.candidate, config.access.withdrawal)[-1]
    assert (start, end - start) == (datetime(2027, 3, 25, 8, 30, tzinfo=UTC), timedelta(hours=1))


def test_the_date_of_the_gateways_own_surface_counts_and_without_one_the_latest() -> None:
    surfaces = [
        {"name": "api", "retires_on": "2027-03-01"},
        {"name": "app", "retires_on": "2027-04-01"},
    ]
    named, unnamed = _config({"surface": "api"}, surfaces=surfaces), _config({}, surfaces=surfaces)
    assert sunset_of(named.candidate, named.access.withdrawal).date() == date(2027, 3, 2)
    assert sunset_of(unnamed.candidate, unnamed.access.withdrawal).date() == date(2027, 4, 2)
    never = _config({}, surfaces=[{"name": "api", "retires_on": "9999-12-31"}])
    assert sunset_of(never.candidate, never.access.withdrawal).date() == date(9999, 12, 31)
    ((where, what),) = _problems({"surface": "web"}, surfaces=surfaces)
    assert (where, what) == (
        "access.withdrawal.surface",
        "'web' is no surface; candidate has api, app",
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"owner": "Somebody else"}, "owner"),
        ({"target": "aster-1"}, "target"),
        ({"starts_on": "2026-10-20", "consented_on": "2026-10-10"}, "starts_on"),
    ],
)
def test_a_redirect_is_of_a_known_owner_to_another_model_after_the_announcement(
    change: dict[str, str], field: str
) -> None:
    ((where, _),) = _problems({"redirects": [{**REDIRECT, **change}]})
    assert where == f"access.withdrawal.redirects.0.{field}"


@pytest.mark.parametrize(
    "plan",
    [
        {"redirects": [{**REDIRECT, "consented_on": "2026-12-02"}]},
        {"redirects": [{**REDIRECT, "evidence": ""}]},
        {"redirects": [{**REDIRECT, "callers": []}]},
        {"redirects": [{**REDIRECT, "callers": ["search"]}]},
        {"redirects": [REDIRECT, {**REDIRECT, "target": "aster-3"}]},
        {"redirects": [{**REDIRECT, "target": "a\r\nset-cookie: x"}]},
        {"information_url": 'https://x/>; rel="next'},
        {"information_url": "https://x/\r\nset-cookie: y"},
        {"information_url": "javascript:alert(1)"},
        {"contact": "a\nb"},
        {"brownouts": [{"starts_at": "2027-01-01T10:00:00", "minutes": 5}]},
        {"brownouts": [{"starts_at": "2027-01-01T10:00:00Z", "minutes": 1441}]},
        {"brownout_series": {"days_before": [7, 3], "minutes": [10]}},
    ],
)
def test_what_could_not_be_meant_is_refused(plan: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        _config(plan)


@given(
    st.lists(
        st.tuples(st.datetimes(datetime(2026, 10, 1), datetime(2027, 4, 1)), st.integers(1, 1440)),
        max_size=8,
    )
)
def test_windows_are_apart_in_order_and_over_by_the_sunset(
    drawn: list[tuple[datetime, int]],
) -> None:
    brownouts = [{"starts_at": f"{at.isoformat()}Z", "minutes": minutes} for at, minutes in drawn]
    config = _config({"brownouts": brownouts})
    candidate, withdrawal = config.candidate, config.access.withdrawal
    windows = brownout_windows(candidate, withdrawal)
    sunset = sunset_of(candidate, withdrawal)
    assert all(start < end <= sunset for start, end in windows)
    assert all(one[1] < other[0] for one, other in pairwise(windows))
    for at, minutes in drawn:
        start, end = at.replace(tzinfo=UTC), at.replace(tzinfo=UTC) + timedelta(minutes=minutes)
        inside = any(s <= start and min(end, sunset) <= e for s, e in windows)
        assert inside or start >= sunset
