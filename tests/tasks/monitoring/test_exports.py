import csv
import gzip
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.schema.usage import UsageExport
from tasks.monitoring.exports import files_of, read_exports
from tasks.monitoring.file_read import FileRead

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
MAP = {
    "timestamp": "at",
    "callers": ("who",),
    "model": "model",
    "request_id": "id",
    "input_tokens": "read",
    "output_tokens": "wrote",
    "cost_usd": "cost",
}
HEADER = "at,who,model,id,read,wrote,cost\n"
ROW = "2026-11-30T08:00:00Z,ada,aster-1,r1,10,20,0.5\n"
CALL = (datetime(2026, 11, 30, 8, tzinfo=UTC), "ada", "aster-1", 10, 20, 0.5)

TOKENS = (
    "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,"
    "usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,"
    "usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens,"
    "web_search_count,inference_geo,speed\n"
)
COSTS = (
    "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,"
    "list_price_usd,cost_type,inference_geo,speed\n"
)
SPEND = (
    "request_id,call_type,api_key,spend,total_tokens,prompt_tokens,completion_tokens,startTime,"
    "endTime,model,model_group,user,metadata,team_id,status\n"
)


def export(path: Path | str, form: str = "columns", **fields: Any) -> UsageExport:
    values: dict[str, Any] = {"name": "gateway", "path": Path(path), "format": form, **fields}
    if form == "columns":
        values.setdefault("columns", MAP)
    return UsageExport.model_validate(values)


def write(folder: Path, data: str | bytes, name: str = "log.csv") -> Path:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def read(*exports: UsageExport) -> tuple[tuple[FileRead, ...], list[tuple[Any, ...]], int]:
    """Files, rows of use as (instant, caller, model, read, wrote, cost), duplicates."""
    with read_exports(exports, NOW) as found:
        rows = found.connection.execute(
            "SELECT make_timestamptz(moment), k0, served, tokens_in, tokens_out,"
            " CASE decimal WHEN '.' THEN cost_dot WHEN ',' THEN cost_comma END"
            " FROM calls JOIN files USING (file) WHERE active ORDER BY moment, calls.rowid"
        ).fetchall()
        return found.files, rows, found.duplicates


def one(folder: Path, data: str | bytes, name: str = "log.csv", form: str = "columns", **fields):
    (file,), rows, _ = read(export(write(folder, data, name), form, **fields))
    return file, rows


@pytest.mark.parametrize(
    "data",
    [
        HEADER + ROW,
        b"\xef\xbb\xbf" + (HEADER + ROW).encode(),
        (HEADER + ROW).encode("utf-16"),
        (HEADER + ROW).encode("utf-16-le"),
        (HEADER + ROW).encode("utf-16-be"),
        b"\xfe\xff" + (HEADER + ROW).encode("utf-16-be"),
        (HEADER + ROW).replace(",", ";"),
        (HEADER + ROW).replace(",", ";").replace("0.5", "0,5"),
        "sep=;\r\n" + (HEADER + ROW).replace(",", ";").replace("\n", "\r\n"),
        (HEADER + ROW).replace(",", "\t"),
        (HEADER + ROW).replace(",", "|"),
        (HEADER + ROW).replace("\n", "\r\n"),
        HEADER.upper().replace(",", " , ") + ROW,
        gzip.compress((HEADER + ROW).encode()),
        gzip.compress((HEADER + ROW).encode("utf-16")),
        (HEADER + ROW).rstrip("\n"),
        HEADER + ROW.replace("0.5", '"$0.50"').replace("ada", '" ada "'),
    ],
    ids=(
        *("plain", "bom", "utf-16", "utf-16-le", "utf-16-be", "utf-16-be bom", "semicolon"),
        *("decimal comma", "sep line", "tab", "bar", "crlf", "spaced header", "gzip"),
        *("gzip of utf-16", "no last break", "quoted"),
    ),
)
def test_dialects(tmp_path: Path, data: str | bytes):
    file, rows = one(tmp_path, data)
    assert file.problem == ""
    assert rows == [CALL]
    assert file.unreadable == 0


@pytest.mark.parametrize(
    ("written", "zone", "meant"),
    [
        ("2026-11-30T09:00:00+01:00", "", "2026-11-30T08:00:00+00:00"),
        ("2026-11-30 08:00:00 UTC", "", "2026-11-30T08:00:00+00:00"),
        ('"2026-11-30T08:00:00,250Z"', "", "2026-11-30T08:00:00.250+00:00"),
        ("2026-11-30T08:00Z", "Asia/Tokyo", "2026-11-30T08:00:00+00:00"),
        ("2026-11-30 08:00:00", "UTC", "2026-11-30T08:00:00+00:00"),
        ("2026-11-30 08:00:00", "Europe/Berlin", "2026-11-30T07:00:00+00:00"),
        ("2026-07-30 08:00", "Europe/Berlin", "2026-07-30T06:00:00+00:00"),
        ("1796025600", "", "2026-11-30T08:00:00+00:00"),
        ("1796025600.5", "", "2026-11-30T08:00:00.500+00:00"),
        ("1796025600000", "", "2026-11-30T08:00:00+00:00"),
        ("1796025600000000", "", "2026-11-30T08:00:00+00:00"),
        ("1796025600000000000", "", "2026-11-30T08:00:00+00:00"),
        ("2026-11-30", "", "2026-11-30T00:00:00+00:00"),
        ("20261130", "", "2026-11-30T00:00:00+00:00"),
        ("2026/11/30", "Europe/Berlin", "2026-11-30T00:00:00+00:00"),
    ],
)
def test_times(tmp_path: Path, written: str, zone: str, meant: str):
    data = HEADER + ROW.replace("2026-11-30T08:00:00Z", written)
    file, rows = one(tmp_path, data, time_zone=zone)
    assert file.problem == ""
    assert rows[0][0] == datetime.fromisoformat(meant)


@pytest.mark.parametrize(
    "written", ["30.11.2026", "11/30/2026", "yesterday", "", "0", "9999-01-01", "1.8E+09", "-1"]
)
def test_a_time_that_could_be_two_or_none_is_refused(tmp_path: Path, written: str):
    data = HEADER + ROW.replace("2026-11-30T08:00:00Z", written) * 3
    file, _ = one(tmp_path, data, time_zone="UTC")
    assert "3 of 3 rows have no time that can be read" in file.problem


def test_a_time_without_zone_needs_one(tmp_path: Path):
    file, rows = one(tmp_path, HEADER + ROW.replace("Z,", ",") * 3)
    assert "3 of 3 rows tell a time without an offset; say its zone" in file.problem
    assert rows == []


@pytest.mark.parametrize(
    ("local", "doubtful"),
    [
        ("2026-10-25 02:30:00", 1),  # stands twice in Berlin
        ("2026-03-29 02:30:00", 1),  # never
        ("2026-10-25 01:30:00", 0),
        ("2026-10-25 03:30:00", 0),
        ("2026-03-29 03:30:00", 0),
    ],
)
def test_hours_that_the_clocks_change_makes_doubtful(tmp_path: Path, local: str, doubtful: int):
    data = HEADER + ROW.replace("2026-11-30T08:00:00Z", local)
    file, _ = one(tmp_path, data, time_zone="Europe/Berlin")
    assert (file.doubtful, file.rows) == (doubtful, 1)


@pytest.mark.parametrize(
    ("costs", "sums"),
    [
        (["0.5", "0.25"], [0.5, 0.25]),
        (["0,5", "0,25"], [0.5, 0.25]),
        (["1,234.5", "1,000"], [1234.5, 1000]),
        (["1.234,5", "1.000"], [1234.5, 1000]),
        (["0.125", "1e-05"], [0.125, 1e-05]),
        (["€ 1 234,56", "1"], [1234.56, 1]),
        (["0.5", "0,5"], [None, None]),  # which mark is which can't be told
        (["", "n/a"], [None, None]),
    ],
)
def test_costs_and_their_decimal_mark(tmp_path: Path, costs: Sequence[str], sums: list[float]):
    rows = "".join(ROW.replace(",0.5\n", f',"{cost}"\n') for cost in costs)
    file, found = one(tmp_path, HEADER + rows.replace("r1", "", 1))
    assert [row[5] for row in found] == sums
    assert file.costs_unclear == (costs == ["0.5", "0,5"])


@pytest.mark.parametrize(
    ("written", "tokens"),
    [
        ("1,234", 1234),
        ("1.234", 1234),
        ("1 234", 1234),
        ("12.0", 12),
        ("1'234'567", 1234567),
        ("", None),
        ("many", None),
    ],
)
def test_tokens_and_their_thousands(tmp_path: Path, written: str, tokens: float | None):
    _, rows = one(tmp_path, HEADER + ROW.replace(",10,", f',"{written}",'))
    assert rows[0][3] == tokens


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        ("\n \n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (HEADER, "a header and no row"),
        (HEADER.rstrip(), "a header and no row"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "neither UTF-8 nor UTF-16"),
        (
            HEADER.replace("who", "whom") + ROW,
            "has no column 'who'; its columns are 'at', 'whom', 'model'",
        ),
        (HEADER.replace("id", "model") + ROW, "has column 'model' twice"),
        (HEADER + "x\n" * 9, "9 of 9 rows are no CSV of the header's width"),
        (SPEND, "they are those of the format litellm_spend"),
        (gzip.compress((HEADER + ROW).encode())[:-9], "gzip that was cut"),
        (b"PAR1 and no Parquet", "can't be read"),
        ((HEADER + ROW).encode("utf-16")[:-1] + b"", "UTF-16 text that was cut"),
    ],
    ids=(
        *("empty", "blank", "bom alone", "header", "header without break", "png", "missing column"),
        *("column twice", "no csv", "another format", "cut gzip", "no parquet", "cut utf-16"),
    ),
)
def test_an_unusable_file_says_why(tmp_path: Path, data: str | bytes, says: str):
    file, rows = one(tmp_path, data)
    assert says in file.problem
    assert str(tmp_path / "log.csv") in file.problem
    assert rows == []


@pytest.mark.parametrize("form", ["litellm_spend", "anthropic_console"])
def test_the_wrong_format_lists_the_columns_that_are_there(tmp_path: Path, form: str):
    file, _ = one(tmp_path, HEADER + ROW, form=form)
    assert f"is no {form} export" in file.problem
    assert "'at', 'who', 'model'" in file.problem


def test_a_missing_file_and_an_empty_pattern_say_so(tmp_path: Path):
    (file,), _, _ = read(export(tmp_path / "none.csv"))
    assert "is missing; export it there" in file.problem
    (file,), _, _ = read(export(tmp_path / "none-*.csv"))
    assert "no file fits it" in file.problem


def test_one_bad_file_stops_no_other(tmp_path: Path):
    write(tmp_path, HEADER, "a.csv")
    write(tmp_path, HEADER + ROW, "b.csv")
    (bad, good), rows, _ = read(export(tmp_path / "*.csv"))
    assert bad.problem
    assert not good.problem
    assert rows == [CALL]


def test_a_name_with_pattern_characters_is_that_file(tmp_path: Path):
    write(tmp_path, HEADER + ROW * 9, "log-b.csv")
    path = write(tmp_path, HEADER + ROW, "log-[ab]*.csv")
    assert files_of(export(path)) == (path,)
    (file,), rows, _ = read(export(path))
    assert file.rows == len(rows) == 1


def test_quoted_line_breaks_are_part_of_a_field(tmp_path: Path):
    hostile = '"a\nb ""c"", d"'
    _, rows = one(tmp_path, HEADER + ROW.replace("ada", hostile))
    assert rows[0][1] == 'a\nb "c", d'


@pytest.mark.parametrize("cut", ["2026-11-30T0", "2026-11-30T09:00:00Z,ada"])
def test_a_file_that_ends_within_a_row_shows_it(tmp_path: Path, cut: str):
    file, rows = one(tmp_path, HEADER + ROW * 3 + cut)
    assert (file.unreadable, file.first_unreadable, file.open_end) == (1, 5, True)
    assert len(rows) == 1  # one id


def test_a_quote_left_open_in_the_middle_is_found(tmp_path: Path):
    lost = ROW * 50
    file, _ = one(tmp_path, HEADER + ROW + '"2026-11-30T0,x\n' + lost)
    assert file.cut_at == 3


@pytest.mark.parametrize(
    ("rows", "round_count"),
    [(999, False), (1000, True), (2500, True), (5000, True), (5001, False), (3000, False)],
)
def test_a_number_of_rows_at_which_exports_are_cut(tmp_path: Path, rows: int, round_count: bool):
    file, _ = one(tmp_path, HEADER + ROW * rows)
    assert (file.rows, file.round_count) == (rows, round_count)


def test_a_call_in_two_exports_counts_once(tmp_path: Path):
    later = ROW.replace("T08:00:00Z", "T08:00:00.400Z").replace("0.5", "0.50")
    write(tmp_path, HEADER + ROW + ROW.replace("r1", "r2"), "a.csv")
    write(tmp_path, HEADER + later + ROW.replace("r1", "r3"), "b.csv")
    _, rows, duplicates = read(export(tmp_path / "*.csv"))
    assert (len(rows), duplicates) == (3, 1)


def test_an_id_that_is_no_call_s_loses_no_call(tmp_path: Path):
    other = ROW.replace("08:00:00", "08:00:09")
    _, rows, duplicates = read(export(write(tmp_path, HEADER + ROW + other)))
    assert (len(rows), duplicates) == (2, 0)


def test_the_same_bytes_twice_are_read_once(tmp_path: Path):
    write(tmp_path, HEADER + ROW, "a.csv")
    write(tmp_path, HEADER + ROW, "b.csv")
    (_, second), rows, _ = read(export(tmp_path / "*.csv"))
    assert (second.problem, second.same_as) == ("", "a.csv")
    assert rows == [CALL]


def test_rows_ahead_of_the_clock_are_told(tmp_path: Path):
    file, _ = one(tmp_path, HEADER + ROW + ROW.replace("2026", "2027"))
    assert file.ahead == 1
    assert file.last == file.first


def test_tokens_of_the_anthropic_console(tmp_path: Path):
    rows = (
        "2026-11-29,claude-x,search,Default,standard,≤ 200k,100,20,3,4000,50,0,global,\n"
        "2026-11-30 14:00,claude-x,search,Default,standard,≤ 200k,1,0,0,0,2,0,global,\n"
        "2026-11-30,claude-x,idle,Default,standard,≤ 200k,0,0,0,0,0,0,global,\n"
    )
    file, found = one(tmp_path, TOKENS + rows, form="anthropic_console")
    assert (file.kind, file.rows, file.whole_days) == ("tokens", 3, False)
    assert [row[1:5] for row in found] == [
        ("search", "claude-x", 4123, 50),
        ("search", "claude-x", 1, 2),
    ]
    assert found[1][0] == datetime(2026, 11, 30, 14, tzinfo=UTC)


def test_costs_of_the_anthropic_console(tmp_path: Path):
    rows = (
        "2026-11-29,Claude X,Default,search,message,≤ 200k,output,0.05,0.05,token,global,\n"
        "2026-11-29,,Default,search,,,,1.00,1.00,code_execution,global,\n"
    )
    file, found = one(tmp_path, COSTS + rows, form="anthropic_console")
    assert (file.kind, file.nameless, file.whole_days) == ("costs", 0, True)
    assert found == [(datetime(2026, 11, 29, tzinfo=UTC), "search", "Claude X", None, None, 0.05)]


def test_spend_logs_of_litellm(tmp_path: Path):
    told = json.dumps({"user_api_key_alias": "search-prod"}).replace('"', '""')
    rows = (
        "r1,acompletion,hash,0.01,30,10,20,2026-11-30 08:00:00.123,,anthropic/aster-1,chat,ada,"
        f'"{told}"'
        ",t1,success\n"
        "r2,acompletion,hash,0,0,0,0,2026-11-30 09:00:00,,aster-1,,bob,not json,t1,failure\n"
        "r3,acompletion,hash,0,0,0,0,2026-11-30 09:00:00,,,,,{},,failure\n"
    )
    file, found = one(tmp_path, SPEND + rows, form="litellm_spend")
    assert (file.kind, file.rows, file.nameless) == ("calls", 3, 0)
    assert [row[1:5] for row in found] == [
        ("search-prod", "anthropic/aster-1", 10, 20),
        ("", "aster-1", 0, 0),
    ]
    assert found[0][0] == datetime(2026, 11, 30, 8, 0, 0, 123_000, tzinfo=UTC)


@pytest.mark.parametrize("time", ["instant", "naive", "day", "seconds", "fractions"])
def test_parquet(tmp_path: Path, time: str):
    sql = {
        "instant": "TIMESTAMPTZ '2026-11-30 09:00:00+01'",
        "naive": "TIMESTAMP_NS '2026-11-30 08:00:00'",
        "day": "DATE '2026-11-30'",
        "seconds": "1796025600",
        "fractions": "1796025600.0::DOUBLE",
    }[time]
    path = tmp_path / "log.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT {sql} AS at, 'ada' AS who, 'aster-1' AS model, 'r1' AS id,"
            f" 10 AS \"read\", 20::BIGINT AS wrote, 0.5::DOUBLE AS cost) TO '{path}'"
        )
    zone = "UTC" if time == "naive" else ""
    (file,), rows, _ = read(export(path, time_zone=zone))
    assert file.problem == ""
    hour = 0 if time == "day" else 8
    assert rows == [(CALL[0].replace(hour=hour), *CALL[1:])]
    assert file.whole_days == (time == "day")


def test_metadata_of_litellm_may_be_a_parquet_struct(tmp_path: Path):
    path = tmp_path / "log.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT 'r1' AS request_id, TIMESTAMP '2026-11-30 08:00:00' AS \"startTime\","
            " 'aster-1' AS model, 0.5 AS spend, {'user_api_key_alias': 'search'} AS metadata)"
            f" TO '{path}'"
        )
    (file,), rows, _ = read(export(path, "litellm_spend"))
    assert file.problem == ""
    assert rows[0][1] == "search"


def test_hostile_column_names_are_only_names(tmp_path: Path):
    hostile = 'who"; DROP TABLE calls; --'
    quoted = '"who""; DROP TABLE calls; --"'
    _, rows = one(
        tmp_path, HEADER.replace("who", quoted) + ROW, columns={**MAP, "callers": (hostile,)}
    )
    assert rows == [CALL]


@settings(deadline=None, max_examples=40)  # each example opens a database
@given(
    st.lists(
        st.text(
            st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff"), max_size=20
        ),
        min_size=1,
        max_size=8,
    )
)
def test_every_row_that_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, who: list[str]
):
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(HEADER.strip().split(","))
    for number, caller in enumerate(who):
        writer.writerow([f"2026-11-30T08:00:{number:02}Z", caller, "aster-1", "", 1, 2, 0.5])
    path = write(tmp_path_factory.mktemp("usage"), text.getvalue())
    (file,), rows, _ = read(export(path))
    assert (file.problem, file.rows, file.unreadable) == ("", len(who), 0)
    assert [row[1].split() for row in rows] == [caller.split() for caller in who]
