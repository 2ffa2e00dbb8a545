"""What a source in files tells: figures by day, and how the source stands."""

import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.tasks.monitoring.sources.scene import (
    HEADER,
    MAP,
    call,
    codes,
    config_of,
    day,
    parquet,
    read,
    says,
    usage,
    write,
)

ROWS = (
    HEADER + call(1) + call(2, who="search-7", refused="true", surface="app") + call(3, unsafe="1")
)
TOLD = {
    "day": "2026-11-30",
    "calls": 3,
    "tokens_in": 30,
    "tokens_out": 60,
    "cost_usd": 1.5,
    "cost_known": 3,
    "refused": 1,
    "refused_of": 3,
    "unsafe": 1,
    "unsafe_of": 3,
    "part": True,
}


@pytest.mark.parametrize(
    "data",
    [
        ROWS,
        b"\xef\xbb\xbf" + ROWS.encode(),
        ROWS.encode("utf-16"),
        ROWS.replace(",", ";"),
        ROWS.replace(",", ";").replace("0.5", "0,5"),
        ROWS.replace(",", "\t"),
        ROWS.replace("\n", "\r\n"),
        ROWS.rstrip("\n"),
        gzip.compress(ROWS.encode()),
        ROWS.replace("0.5", "$0.50"),
        ROWS.replace("08:00:00Z", "09:00:00+01:00"),
        ROWS.replace("2026-11-30T08:00:00Z", "1796025600"),
        ROWS.replace("T08:00:00Z", " 08:00:00 UTC"),
        ROWS.replace("ada", '" Ada "').replace("search-7", "SEARCH-7"),
        ROWS.replace("false", "0").replace("true", "1"),
        ROWS.replace("true", "Yes").replace(",10,", ',"10.0",'),
    ],
    ids=(
        *("plain", "bom", "utf-16", "semicolon", "decimal comma", "tab", "crlf", "no last break"),
        *("gzip", "currency", "offset", "epoch", "utc", "spaced names", "numbers", "words"),
    ),
)
def test_dialects_tell_the_same(tmp_path: Path, data: str | bytes):
    found = read(usage(write(tmp_path, data)))
    assert found.state == "whole", says(found)
    assert found.body["days"] == [TOLD]
    assert found.body["covers"] == {"from": "2026-11-30", "to": "2026-11-30"}
    mix = {one["by"]: one["groups"] for one in found.body["mix"]}
    assert mix["owner"] == {"Search": 3}
    assert mix["surface"] == {"api": 2, "app": 1}
    assert mix["name"] == {"aster-1": 3}
    assert {one["week_of"] for one in found.body["mix"]} == {"2026-11-30"}


@pytest.mark.parametrize("kind", ["TIMESTAMPTZ", "TIMESTAMP", "VARCHAR", "epoch"])
def test_parquet_tells_what_csv_does(tmp_path: Path, kind: str):
    at = "1796025600" if kind == "epoch" else f"'2026-11-30 08:00:00+00'::{kind}"
    rows = (
        f"SELECT {at} AS at, w AS who, 'aster-1' AS model, 'r' || i AS id, 10 AS read, 20 AS wrote,"
        " 0.5 AS cost, i = 2 AS refused, (i = 3)::INT AS unsafe, s AS surface"
        " FROM (VALUES (1, 'ada', 'api'), (2, 'search-7', 'app'), (3, 'ada', 'api')) t(i, w, s)"
    )
    zone = "UTC" if kind == "TIMESTAMP" else ""
    found = read(usage(parquet(tmp_path / "u.parquet", rows), time_zone=zone))
    assert found.body["days"] == [TOLD], says(found)


@pytest.mark.parametrize(
    ("written", "zone", "when"),
    [
        ("2026-11-30T00:30:00+01:00", "", "2026-11-29"),
        ("2026-11-29T23:30:00-01:00", "UTC", "2026-11-30"),
        ("2026-11-30 00:30:00", "Europe/Berlin", "2026-11-29"),
        ("2026-11-30 00:30:00", "UTC", "2026-11-30"),
        ("2026-11-30T08:00:00.123456Z", "", "2026-11-30"),
        ("2026-11-30", "", "2026-11-30"),
        ("20261130", "UTC", "2026-11-30"),
    ],
)
def test_a_call_is_of_its_day_in_utc(tmp_path: Path, written: str, zone: str, when: str):
    found = read(usage(write(tmp_path, HEADER + call(1, written)), time_zone=zone))
    assert [one["day"] for one in found.body["days"]] == [when], says(found)


@pytest.mark.parametrize(
    "written", ["30.11.2026", "11/30/2026", "", "infinity", "9999-01-01T00:00:00Z"]
)
def test_a_time_that_can_not_be_read_is_refused(tmp_path: Path, written: str):
    found = read(usage(write(tmp_path, HEADER + call(1, written) * 3)))
    assert found.state == "unusable"
    assert "3 of 3 rows have no time that can be read" in says(found)


def test_a_time_without_a_zone_needs_one(tmp_path: Path):
    found = read(usage(write(tmp_path, HEADER + call(1, "2026-11-30 08:00:00") * 3)))
    assert found.state == "unusable"
    assert "say its zone in time_zone" in says(found)


@pytest.mark.parametrize(
    ("data", "state", "said"),
    [
        (b"", "unusable", "is empty"),
        (HEADER, "empty", "a header and no row: either nothing happened"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "unusable", "neither UTF-8 nor UTF-16"),
        (
            ROWS.replace("who", "whom"),
            "unusable",
            "has no column 'who'; its columns are 'at', 'whom'",
        ),
        (ROWS.replace("id", "model", 1), "unusable", "has column 'model' twice"),
        (HEADER + "x\n" * 9, "unusable", "9 of 9 rows are no CSV of the header's width"),
        (gzip.compress(ROWS.encode())[:-9], "unusable", "gzip that was cut"),
        (b"PAR1 and no Parquet", "unusable", "can't be read"),
        (
            ROWS + "2026-11-30T09:0",
            "partial",
            "1 row of usage.csv can't be read, the first at line 5; it ends",
        ),
        (
            ROWS + call(4, "2026-12-09T00:00:00Z"),
            "partial",
            "1 row of usage.csv ahead of our clock",
        ),
    ],
    ids=(
        *("no byte", "header", "png", "missing column", "column twice", "no csv", "cut gzip"),
        *("no parquet", "cut row", "ahead"),
    ),
)
def test_what_is_wrong_is_said(tmp_path: Path, data: str | bytes, state: str, said: str):
    found = read(usage(write(tmp_path, data)))
    assert found.state == state
    assert said in says(found)
    assert "emeritus-source-" not in says(found)
    if state in ("unusable", "empty"):
        assert found.body["days"] == []
        assert found.body["covers"] is None


def test_a_missing_file_and_an_empty_pattern_say_so(tmp_path: Path):
    found = read(usage(tmp_path / "none.csv"))
    assert (found.state, "is missing; export it there" in says(found)) == ("unusable", True)
    found = read(usage(tmp_path / "none-*.csv"))
    assert (found.state, "no file fits it" in says(found)) == ("unusable", True)


def test_a_bad_file_stops_no_other(tmp_path: Path):
    write(tmp_path, "who\n1\n", "a.csv")
    write(tmp_path, ROWS, "b.csv")
    found = read(usage(tmp_path))
    assert found.state == "partial"
    assert day(found)["calls"] == 3
    assert "a.csv: is no columns export" in says(found)


@pytest.mark.parametrize(
    ("cost", "known", "sum_"),
    [
        ("-1", 1, 0.5),
        ("nan", 1, 0.5),
        ("inf", 1, 0.5),
        ("1e30", 1, 0.5),
        ("", 1, 0.5),
        ("free", 1, 0.5),
        ("1e-05", 2, 0.50001),
    ],
)
def test_a_cost_that_can_be_none_is_unknown_and_not_zero(
    tmp_path: Path, cost: str, known: int, sum_: float
):
    found = read(usage(write(tmp_path, HEADER + call(1) + call(2, cost=cost))))
    told = day(found)
    assert (told["calls"], told["cost_known"], told["cost_usd"]) == (2, known, sum_)
    assert ("cost" in codes(found)) == (cost not in ("", "1e-05"))


def test_costs_with_both_marks_count_as_unknown(tmp_path: Path):
    rows = call(1, cost="0.55") + call(2, cost='"0,55"')
    found = read(usage(write(tmp_path, HEADER + rows)))
    assert "cost_usd" not in day(found)
    assert "both with dots and with commas" in says(found)


def test_absurd_numbers_break_nothing(tmp_path: Path):
    row = call(1).replace(",10,20,", ",99999999999999999999999,-5,")
    found = read(usage(write(tmp_path, HEADER + row)))
    assert day(found)["calls"] == 1
    assert "tokens_in" not in day(found)


def test_a_day_within_the_quiet_ones_is_zero_and_a_longer_gap_is_absent(tmp_path: Path):
    rows = call(1, "2026-11-20T08:00:00Z") + call(2, "2026-11-23T08:00:00Z")
    rows += call(3, "2026-11-29T23:30:00Z")
    found = read(usage(write(tmp_path, HEADER + rows), quiet_days=2))
    told = {one["day"]: one["calls"] for one in found.body["days"]}
    assert told == {
        "2026-11-20": 1,
        "2026-11-21": 0,
        "2026-11-22": 0,
        "2026-11-23": 1,
        "2026-11-29": 1,
    }
    assert found.state == "partial"
    assert "no row at all on 2026-11-24 to 2026-11-28" in says(found)


def test_a_day_with_rows_of_other_models_only_is_zero(tmp_path: Path):
    rows = call(1, "2026-11-29T08:00:00Z") + call(2, model="aster-2")
    found = read(usage(write(tmp_path, HEADER + rows)))
    assert day(found) == {
        **{name: 0 for name in TOLD if name not in ("day", "part")},
        "day": "2026-11-30",
        "cost_usd": 0.0,
        "part": True,
    }


def test_no_row_of_the_model_asks_to_check_its_names(tmp_path: Path):
    found = read(usage(write(tmp_path, HEADER + call(1, model="aster-10"))))
    assert "no row names aster-1; the names there are" in says(found)
    found = read(usage(write(tmp_path, HEADER + call(1, model="corp/aster-1"))))
    assert "near_name" in codes(found)


@pytest.mark.parametrize(
    ("last", "now", "late"),
    [
        ("2026-11-29", datetime(2026, 12, 1, 23, tzinfo=UTC), False),
        ("2026-11-29", datetime(2026, 12, 2, 0, tzinfo=UTC), True),
    ],
)
def test_a_source_is_late_after_its_patience(tmp_path: Path, last: str, now: datetime, late: bool):
    rows = HEADER + call(1, f"{last}T23:30:00Z")
    found = read(usage(write(tmp_path, rows)), now)
    assert found.state == ("late" if late else "whole")
    assert ("late since 2026-12-02" in says(found)) == late


def test_the_last_day_is_there_in_part_until_it_ends(tmp_path: Path):
    early = read(usage(write(tmp_path, HEADER + call(1, "2026-11-29T12:00:00Z"))))
    ended = read(usage(write(tmp_path, HEADER + call(1, "2026-11-29T23:10:00Z"))))
    whole_days = read(usage(write(tmp_path, HEADER + call(1, "2026-11-29"))))
    assert day(early, "2026-11-29")["part"] is True
    assert "part" not in day(ended, "2026-11-29")
    assert "part" not in day(whole_days, "2026-11-29")


def test_hostile_names_stay_names(tmp_path: Path):
    hostile = "who'); DROP TABLE cells; --"
    data = HEADER.replace("who", f'"{hostile}"') + call(1, who='"\'; DROP TABLE cells; --"')
    path = write(tmp_path, data, "it's [a] log*.csv")
    found = read(usage(path, columns={**MAP, "callers": [hostile]}))
    assert day(found)["calls"] == 1
    assert {one["by"]: one["groups"] for one in found.body["mix"]}["name"] == {"aster-1": 1}


def test_rows_of_many_calls(tmp_path: Path):
    data = (
        "day,team,model,n,cost,refused\n"
        "2026-11-29,search-a,aster-1,100,5.5,3\n"
        '2026-11-29,ads,aster-1,"1,000",1,2000\n'
        "2026-11-30,ads,aster-1,many,1,0\n"
    )
    columns = {"date": "day", "callers": ["team"], "model": "model", "requests": "n"}
    columns |= {"cost_usd": "cost", "refused": "refused"}
    found = read(usage(write(tmp_path, data), columns=columns))
    told = day(found, "2026-11-29")
    assert (told["calls"], told["cost_usd"], told["cost_known"]) == (1100, 6.5, 1100)
    assert (told["refused"], told["refused_of"]) == (3, 100)  # 2000 of 1000 is no number of them
    assert "number" in codes(found)
    owner = {one["by"]: one["groups"] for one in found.body["mix"]}["owner"]
    assert owner == {"Search": 100, "Ads": 1000}


def test_named_values_mean_refused(tmp_path: Path):
    data = ROWS.replace("true", "Refusal").replace("false", "end_turn")
    columns = {**MAP, "refused_values": ["refusal"]}
    found = read(usage(write(tmp_path, data), columns=columns))
    assert (day(found)["refused"], day(found)["refused_of"]) == (1, 3)


def test_a_source_of_one_model_needs_no_column_of_models(tmp_path: Path):
    found = read(usage(write(tmp_path, ROWS), columns={"timestamp": "at"}))
    assert day(found) == {"day": "2026-11-30", "calls": 3, "part": True}
    assert [one["by"] for one in found.body["mix"]] == []


def test_litellm_spend(tmp_path: Path):
    data = (
        "request_id,call_type,api_key,spend,total_tokens,prompt_tokens,completion_tokens,startTime,"
        "endTime,model,model_group,user,metadata,team_id,status\n"
        "r1,acompletion,h,0.25,30,10,20,2026-11-30 08:00:00.123,,anthropic/aster-1,aster-1,u,"
        '"{""user_api_key_alias"": ""search-prod""}",t1,success\n'
        "r2,acompletion,h,0,0,0,0,2026-11-30 09:00:00,,,,,{},,failure\n"
    )
    found = read(usage(write(tmp_path, data), format="litellm_spend"))
    told = day(found)
    assert (told["calls"], told["cost_usd"], told["tokens_in"]) == (1, 0.25, 10)
    assert {one["by"]: one["groups"] for one in found.body["mix"]}["owner"] == {"Search": 1}


def test_anthropic_console_tells_tokens_and_no_calls(tmp_path: Path):
    data = (
        "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,"
        "usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,"
        "usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens,"
        "web_search_count,inference_geo,speed\n"
        "2026-11-29,aster-1,ada,w,standard,0-200k,1,2,3,4,5,0,global,\n"
    )
    found = read(usage(write(tmp_path, data), format="anthropic_console"))
    assert day(found, "2026-11-29") == {"day": "2026-11-29", "tokens_in": 10, "tokens_out": 5}


def test_a_survey_is_told_on_a_scale_of_0_to_1(tmp_path: Path):
    data = (
        'on,stars,who\n2026-11-29,5,ada\n2026-11-29,3,ads\n2026-11-30,9,ada\n2026-11-30,"4,0",x\n'
    )
    source: dict[str, Any] = {"kind": "survey", "name": "csat", "path": str(write(tmp_path, data))}
    source["columns"] = {"date": "on", "score": "stars", "owner": "who"}
    found = read(source)
    assert day(found, "2026-11-29") == {
        "day": "2026-11-29",
        "scores": 2,
        "score_sum": 1.5,
        "score_squares": 1.25,
    }
    assert day(found, "2026-11-30")["score_sum"] == 0.75
    assert "1 row of usage.csv without a score on the scale" in says(found)
    backwards = read({**source, "scale_lowest": 5, "scale_highest": 1})
    assert day(backwards, "2026-11-29")["score_sum"] == 0.5


def test_tickets_as_rows_and_as_numbers(tmp_path: Path):
    rows = "opened,id,kind\n2026-11-28,t1,a\n2026-11-30,t2,b\n2026-11-30,t2,b\n"
    columns = {"date": "opened", "ticket_id": "id", "kind": "kind"}
    source = {"kind": "tickets", "name": "desk", "path": str(write(tmp_path, rows))}
    found = read({**source, "columns": columns})
    assert {one["day"][-2:]: one["tickets"] for one in found.body["days"]} == {
        "28": 1,
        "29": 0,
        "30": 1,
    }
    numbers = write(tmp_path, "day,n\n2026-11-29,7\n2026-11-30,-1\n", "n.csv")
    found = read({**source, "path": str(numbers), "columns": {"date": "day", "count": "n"}})
    assert day(found, "2026-11-29")["tickets"] == 7
    assert "tickets" not in day(found, "2026-11-30")
    assert "number" in codes(found)


def test_incidents_and_severe_ones(tmp_path: Path):
    data = "at,kind,severity\n2026-11-01T00:00:00Z,leak,HIGH\n2026-11-20T00:00:00Z,slow,low\n"
    source = {"kind": "incidents", "name": "register", "path": str(write(tmp_path, data))}
    source |= {"late_after_days": 30}
    columns = {"timestamp": "at", "kind": "kind", "severity": "severity"}
    found = read({**source, "columns": columns})
    assert (day(found, "2026-11-01")["incidents"], day(found, "2026-11-01")["severe"]) == (1, 1)
    assert (day(found, "2026-11-20")["incidents"], day(found, "2026-11-20")["severe"]) == (1, 0)
    assert day(found, "2026-11-10")["incidents"] == 0
    assert found.state == "whole"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"kind": "usage", "name": "a", "path": "u.csv"}, "needs columns"),
        (usage("u.csv", columns={**MAP, "date": "d"}), "name one of timestamp and date"),
        (usage("u.csv", bucket={"bucket": "abc"}), "exactly one of path and bucket"),
        (usage("u.csv", time_zone="Mars"), "no time zone"),
        (usage("u.csv", format="litellm_spend", columns=MAP), "takes no columns"),
        (usage("u.csv", columns={"timestamp": "t", "refused_values": ["x"]}), "name it too"),
    ],
)
def test_a_source_that_can_not_be_meant_is_refused(source: dict[str, Any], said: str):
    with pytest.raises(ValueError, match=said):
        config_of(source)


def test_two_sources_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two sources are named 'gateway'"):
        config_of(usage("a.csv"), usage("b.csv"))
