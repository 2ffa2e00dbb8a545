"""What an audit concludes, and what it never concludes."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.kernel.errors import ConfigError
from tasks.monitoring.auditing import audit
from tasks.monitoring.coverage import Window
from tests.fakes.configs import retirement

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
DAYS = 90
MAP = {
    "timestamp": "at",
    "callers": ["key", "team"],
    "model": "model",
    "model_asked": "asked",
    "requests": "",
    "cost_usd": "cost",
}
HEADER = "at,key,team,model,asked,cost\n"
OWNERS = [
    {"name": "Search", "contact": "s@example.org", "callers": ["search-*"]},
    {"name": "Billing", "contact": "b@example.org", "callers": ["billing"]},
]


def row(days_ago: float, key: str = "other", model: str = "aster-2", **told: str) -> str:
    at = (NOW - timedelta(days=days_ago)).isoformat()
    return f"{at},{key},{told.get('team', '')},{model},{told.get('asked', '')},0.5\n"


def traffic(days: Iterable[int] = range(DAYS + 1)) -> str:
    """A row of another model on each of these days ago."""
    return "".join(row(day) for day in days)


def run(folder: Path, *files: str | bytes, window: Window | None = None, **monitoring: Any):
    """The audit of some files, which together hold all calls of the one surface."""
    for number, data in enumerate(files):
        path = folder / f"log-{number}.csv"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
    exports = monitoring.pop(
        "exports", [{"name": "gw", "path": str(folder / "log-*.csv"), "format": "columns"}]
    )
    for one in exports:
        if one["format"] == "columns":
            one.setdefault("columns", MAP)
    candidate = {"owners": monitoring.pop("owners", OWNERS)}
    if surfaces := monitoring.pop("surfaces", None):
        candidate["surfaces"] = [{"name": n, "retires_on": "2027-03-01"} for n in surfaces]
    config = retirement(candidate=candidate, monitoring={"exports": exports, **monitoring})
    return audit(config, NOW, exports=config.monitoring.exports, window=window).body


def owner(body: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in body["owners"] if one["name"] == name)


def test_a_covered_window_without_a_call_is_unused(tmp_path: Path):
    body = run(tmp_path, HEADER + traffic())
    assert (body["state"], body["doubts"]) == ("unused_in_window", [])
    assert [one["state"] for one in body["owners"]] == ["unused_in_window"] * 2


def test_a_call_is_use_however_little_is_covered(tmp_path: Path):
    body = run(tmp_path, HEADER + row(3, "search-prod", "anthropic/aster-1"))
    assert body["state"] == "in_use"
    assert owner(body, "Search")["state"] == "in_use"
    assert owner(body, "Billing")["state"] == "not_known"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (traffic(range(80)), "gw has no row of any model on 2026-09-02 to 2026-09-12"),
        (traffic(range(5, 91)), "gw has no row of any model on 2026-11-27 to 2026-11-30"),
        (
            traffic(day for day in range(91) if day not in {20, 21}),
            "gw has no row of any model on 2026-11-10 to 2026-11-11",
        ),
        (traffic() + "2026-11-30T0", "log-0.csv ends in the middle of a row"),
        (traffic() + "x\n", "1 row of log-0.csv can't be read, the first at line 93"),
        (traffic() + '"open\n' + traffic(), "log-0.csv can't be read from line 93 on"),
        (traffic() + row(1) * 909, "log-0.csv has 1,000 rows, at which exports are often cut off"),
        (traffic() + row(1, model=""), "1 row of log-0.csv without a model's name"),
        (traffic() + row(-400), "1 row of log-0.csv more than a day ahead of our clock"),
        (traffic() + row(1, model="acme/aster-1"), "calls name acme/aster-1, near to the model's"),
        (traffic() + row(1, asked="aster-latest"), "calls name aster-latest, near to the model's"),
    ],
    ids=(
        *("late begin", "early end", "gap", "cut row", "broken row", "open quote", "round number"),
        *("no model", "ahead", "near name", "near alias"),
    ),
)
def test_no_absence_is_concluded_where_rows_may_be_missing(tmp_path: Path, data: str, why: str):
    body = run(tmp_path, HEADER + data)
    assert body["state"] == "not_known"
    assert [one["state"] for one in body["owners"]] == ["not_known"] * 2
    assert any(why in doubt for doubt in body["doubts"]), body["doubts"]
    assert all(body["doubts"] == one["why"] for one in body["owners"])


def test_nor_from_a_file_that_can_t_be_used(tmp_path: Path):
    body = run(tmp_path, HEADER + traffic(), HEADER)
    assert body["state"] == "not_known"
    assert "has a header and no row" in body["doubts"][0]


def test_nor_where_there_is_no_file(tmp_path: Path):
    body = run(tmp_path)
    assert body["state"] == "not_known"
    assert "no file fits it" in body["doubts"][0]


def test_nor_of_a_surface_whose_calls_no_export_holds(tmp_path: Path):
    one = {"name": "gw", "path": str(tmp_path / "log-*.csv"), "format": "columns"}
    body = run(tmp_path, HEADER + traffic(), exports=[one], surfaces=["api", "app"])
    assert body["state"] == "not_known"
    assert len(body["doubts"]) == 2
    said = run(tmp_path, exports=[{**one, "surfaces": ["api"]}], surfaces=["api", "app"])
    assert [doubt for doubt in said["doubts"] if "the surface app" in doubt] == said["doubts"]
    both = run(tmp_path, exports=[{**one, "surfaces": ["api", "app"]}], surfaces=["api", "app"])
    assert both["state"] == "unused_in_window"


def test_a_surface_that_the_candidate_has_not_is_refused(tmp_path: Path):
    one = {"name": "gw", "path": "x.csv", "format": "columns", "surfaces": ["web"]}
    with pytest.raises(ConfigError, match=r"'web' is no surface of the candidate; its .* are api"):
        run(tmp_path, exports=[one])


def test_nor_of_an_owner_while_callers_have_no_owner(tmp_path: Path):
    body = run(tmp_path, HEADER + traffic() + row(2, "mystery", "aster-1"))
    assert body["state"] == "in_use"
    assert owner(body, "Search")["state"] == "not_known"
    assert "whose owner is not known" in owner(body, "Search")["why"][0]
    nobody = run(tmp_path, HEADER + traffic() + row(2, "", "aster-1"))
    assert nobody["no_caller"]["calls"] == 1
    assert owner(nobody, "Search")["state"] == "not_known"


def test_nor_of_an_owner_without_callers(tmp_path: Path):
    owners = [{"name": "Search", "contact": "s@example.org"}]
    body = run(tmp_path, HEADER + traffic(), owners=owners)
    assert body["state"] == "unused_in_window"
    assert owner(body, "Search")["state"] == "not_known"
    assert "no callers of theirs are listed" in owner(body, "Search")["why"][0]


def test_quiet_weekends_may_be_normal(tmp_path: Path):
    weekdays = [day for day in range(91) if (NOW - timedelta(days=day)).weekday() < 5]
    one = {"name": "gw", "path": str(tmp_path / "log-*.csv"), "format": "columns"}
    assert run(tmp_path, HEADER + traffic(weekdays))["state"] == "not_known"
    body = run(tmp_path, exports=[{**one, "quiet_days": 2}])
    assert body["state"] == "unused_in_window"


def test_a_name_that_was_decided_is_no_doubt(tmp_path: Path):
    data = HEADER + traffic() + row(1, "search-x", "acme/aster-1")
    other = run(tmp_path, data, not_model_names=["acme/aster-1"])
    assert (other["state"], other["near_names"]) == ("unused_in_window", [])
    ours = run(tmp_path, data, model_names=["aster-1", "acme/aster-1"])
    assert owner(ours, "Search")["calls"] == 1


def test_an_alias_is_the_model_behind_it_and_a_redirected_call_asks_for_it(tmp_path: Path):
    data = (
        row(1, "search-a", "anthropic/aster-1", asked="chat")
        + row(2, "search-b", "aster-2", asked="aster-1")
        + row(3, "search-c", "aster-2", asked="chat")
    )
    body = run(tmp_path, HEADER + traffic() + data)
    assert [one["caller"] for one in owner(body, "Search")["callers"]] == ["search-a", "search-b"]
    assert {one["name"] for one in body["called_as"]} == {
        "chat (answered by anthropic/aster-1)",
        "aster-1 (answered by aster-2)",
    }


def test_a_later_column_may_tell_the_owner_and_rivals_are_listed(tmp_path: Path):
    data = row(1, "k1", "aster-1", team="billing") + row(1, "search-x", "aster-1", team="billing")
    body = run(tmp_path, HEADER + traffic() + data)
    assert owner(body, "Billing")["callers"][0]["caller"] == "billing"
    assert body["rivals"] == [{"caller": "search-x", "owner": "Search", "others": ["Billing"]}]


def test_figures_are_of_the_window_and_the_last_call_of_all(tmp_path: Path):
    spread = [(1, "new"), (8, "x"), (29, "x"), (31, "x"), (59, "x"), (89, "x"), (120, "old")]
    data = "".join(row(day, f"search-{key}", "aster-1") for day, key in spread)
    found = owner(run(tmp_path, HEADER + traffic() + data), "Search")
    assert (found["calls"], found["cost_usd"]) == (6, 3.0)
    assert (found["last_7_days"], found["last_30_days"], found["trend"]) == (1, 3, "rising")
    assert found["first_at"] == "2026-08-03T09:00:00.000000Z"
    assert found["last_at"] == "2026-11-30T09:00:00.000000Z"
    assert {one["caller"]: one["calls"] for one in found["callers"]}["search-old"] is None
    assert sum(week["calls"] or 0 for week in found["weeks"]) == 6


@pytest.mark.parametrize(
    ("days", "trend"),
    [
        ([1], "new"),
        ([40], "stopped"),
        ([1, 40], "steady"),
        ([1, 40, 41], "falling"),
        ([80], "none"),
    ],
)
def test_trends(tmp_path: Path, days: list[int], trend: str):
    data = "".join(row(day, "search-a", "aster-1") for day in days)
    assert owner(run(tmp_path, HEADER + traffic() + data), "Search")["trend"] == trend
    short = owner(run(tmp_path, HEADER + traffic(range(40)) + data), "Search")
    assert short["trend"] == "not_known"


def test_a_week_without_any_row_is_no_zero(tmp_path: Path):
    data = traffic(day for day in range(91) if not 20 < day < 40) + row(1, "search-a", "aster-1")
    weeks = owner(run(tmp_path, HEADER + data), "Search")["weeks"]
    unknown = [week["week_of"] for week in weeks if not week["known"]]
    assert unknown == ["2026-10-26", "2026-11-02"]
    assert [week["whole"] for week in weeks] == [True] * 13 + [False]


def test_files_that_cover_the_same_time_without_ids_are_told(tmp_path: Path):
    body = run(tmp_path, HEADER + traffic(), HEADER + traffic(range(10)))
    notes = body["exports"][0]["notes"]
    assert any("cover the same time and rows have no id" in note for note in notes)


def test_a_partial_last_day_is_told(tmp_path: Path):
    notes = run(tmp_path, HEADER + traffic())["exports"][0]["notes"]
    assert any("ends on 2026-12-01 at 09:00 UTC: that day is there in part" in n for n in notes)


def test_a_window_of_the_past_ends_before_its_last_day(tmp_path: Path):
    window = Window(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
    data = traffic(range(31, 62)) + row(5, "search-a", "aster-1")
    body = run(tmp_path, HEADER + data, window=window)
    assert (body["state"], body["doubts"]) == ("unused_in_window", [])
    assert owner(body, "Search")["last_at"].startswith("2026-11-26")
    early = Window(window.since - timedelta(days=1), window.until)
    assert run(tmp_path, window=early)["state"] == "not_known"


def test_tokens_stand_in_for_calls_where_an_export_counts_none(tmp_path: Path):
    head = "usage_date_utc,model_version,api_key,usage_input_tokens_no_cache,usage_output_tokens\n"
    days = [(NOW - timedelta(days=day)).date().isoformat() for day in range(91)]
    rows = "".join(f"{day},other,x,1,1\n" for day in days)
    used = f"{days[3]},aster-1-20260514,search-a,100,20\n{days[2]},aster-1,billing,0,0\n"
    one = {"name": "gw", "path": str(tmp_path / "log-*.csv"), "format": "anthropic_console"}
    body = run(tmp_path, head + rows + used, exports=[one])
    found = owner(body, "Search")
    assert (found["state"], found["calls"], found["measure"]) == ("in_use", None, "tokens")
    assert (found["tokens_in"], found["tokens_out"], found["last_7_days"]) == (100, 20, 120)
    assert owner(body, "Billing")["state"] == "unused_in_window"  # a row that counts nothing


@settings(deadline=None, max_examples=25)  # each example opens a database
@given(
    present=st.sets(st.integers(0, DAYS), max_size=DAYS + 1),
    calls=st.lists(st.tuples(st.integers(0, DAYS - 1), st.sampled_from(["search-a", "zoe"]))),
)
def test_no_users_needs_every_day(
    tmp_path_factory: pytest.TempPathFactory, present: set[int], calls: list[tuple[int, str]]
):
    days = present or {0}
    data = HEADER + traffic(days) + "".join(row(day, key, "aster-1") for day, key in calls)
    body = run(tmp_path_factory.mktemp("audit"), data)
    covered = {day for day, _ in calls} | days >= set(range(1, DAYS + 1))
    if calls:
        assert body["state"] == "in_use"
    else:
        assert body["state"] == ("unused_in_window" if covered else "not_known")
    counted = sum(one["calls"] or 0 for one in body["owners"]) + (body["unknown"]["calls"] or 0)
    assert counted == len(calls)
    for one in body["owners"]:
        if one["state"] == "unused_in_window":
            assert covered
            assert not calls or all(key == "search-a" for _, key in calls)


@pytest.mark.parametrize("ahead_hours", [0, 1, 23])
def test_a_call_stamped_a_little_after_now_is_use(tmp_path: Path, ahead_hours: int):
    body = run(tmp_path, HEADER + traffic() + row(-ahead_hours / 24, "search-a", "aster-1"))
    found = owner(body, "Search")
    assert (found["state"], found["calls"], found["last_7_days"]) == ("in_use", 1, 1)


def test_the_last_days_of_a_past_window_end_with_it(tmp_path: Path):
    window = Window(datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
    days = [29, 30, 31, 37, 38]  # 2 and 1 November, 31, 25 and 24 October
    data = "".join(row(day, "search-a", "aster-1") for day in days)
    found = owner(run(tmp_path, HEADER + data, window=window), "Search")
    assert (found["calls"], found["last_7_days"], found["last_30_days"]) == (3, 2, 3)


def test_a_caller_in_two_exports_is_one_caller(tmp_path: Path):
    (tmp_path / "b.csv").write_text(HEADER + traffic() + row(3, "zoe", "aster-1"))
    exports = [
        {"name": "a", "path": str(tmp_path / "log-*.csv"), "format": "columns"},
        {"name": "b", "path": str(tmp_path / "b.csv"), "format": "columns"},
    ]
    body = run(tmp_path, HEADER + traffic() + row(2, "zoe", "aster-1"), exports=exports)
    assert body["unknown_callers_in_all"] == 1
    assert [one["export"] for one in body["unknown_callers"]] == ["a", "b"]
    assert body["unknown"]["calls"] == 2
