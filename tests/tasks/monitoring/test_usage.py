from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from configs.schema.monitoring import UsageColumns
from tasks.kernel.errors import UsageLogUnusable
from tasks.monitoring.usage import measure, stamp_of
from tasks.simulation.usage import make_usage_csv

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
HEADER = "timestamp,user_id,model,cost_usd,refused\n"
ROW = "2026-12-01T08:00:00Z,ada,aster-1,0.5,true\n"


def log(tmp_path: Path, data: str | bytes, name: str = "usage.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def read(path: Path, columns: UsageColumns | None = None, names=("aster-1",)):
    return measure(path, columns or UsageColumns(), names, NOW)


def test_a_simulated_log_is_counted_whole(tmp_path: Path):
    path = make_usage_csv(
        tmp_path / "u.csv", rows=2000, seed=1, model_id="m", end=date(2026, 12, 1)
    )
    lines = [line.split(",") for line in path.read_text().splitlines()[1:]]
    ours = [line for line in lines if line[3] in ("m", "m-latest")]
    usage = read(path, names=("m", "m-latest"))
    assert (usage.rows, usage.calls, usage.unreadable) == (2000, len(ours), 0)
    assert usage.users == len({line[1] for line in ours})
    assert usage.refused == sum(line[8] == "true" for line in ours)
    assert usage.cost_usd == pytest.approx(sum(float(line[6]) for line in ours))
    assert sum(week.all_calls for week in usage.weeks) == 2000


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + (HEADER + ROW).encode(),
        (HEADER + ROW).replace(",", ";"),
        (HEADER + ROW).replace(",", "\t"),
        (HEADER + ROW).replace("\n", "\r\n"),
        (HEADER + ROW).rstrip("\n"),
        HEADER.replace(",", " , ") + ROW,
    ],
    ids=["bom", "semicolon", "tab", "crlf", "no last newline", "spaced header"],
)
def test_dialects(tmp_path: Path, data: str | bytes):
    usage = read(log(tmp_path, data))
    assert (usage.calls, usage.users, usage.cost_usd, usage.refused) == (1, 1, 0.5, 1)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"\n\n", "is empty"),
        (HEADER, "a header and no row"),
        (HEADER.rstrip(), "a header and no row"),
        ("timestamp,user_id\n" + "x,y\n", "has no column 'model', 'cost_usd', 'refused'"),
        ((HEADER + ROW).encode("utf-16"), "is not UTF-8"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "is not UTF-8"),
        (b"\0\0\0\0", "has no column"),
        (HEADER.strip() + ",model\n" + ROW.strip() + ",x\n", "has column 'model' twice"),
        (HEADER + ROW.replace("Z,", ",") * 3, "no instant with an offset"),
        (HEADER + "yesterday,ada,aster-1,1,0\n" * 3, "no instant with an offset"),
        (HEADER + ROW + "broken\n" * 5, "5 of 6 rows are no CSV"),
        (HEADER + "broken\n", "1 of 1 rows are no CSV"),
    ],
)
def test_an_unusable_log_says_so_and_is_no_zero(tmp_path: Path, data: str | bytes, says: str):
    with pytest.raises(UsageLogUnusable, match=says):
        read(log(tmp_path, data))


@pytest.mark.parametrize("cut", ["2026-12-01T0", '"2026-12-01T08:00:00Z,ad'])
def test_a_last_line_cut_short_is_counted_as_unread(tmp_path: Path, cut: str):
    usage = read(log(tmp_path, HEADER + ROW * 3 + cut))
    assert (usage.calls, usage.unreadable, usage.first_unreadable) == (3, 1, 5)


def test_offsets_are_honoured(tmp_path: Path):
    rows = (
        "2026-11-30T00:30:00+02:00,a,aster-1,1,0\n"  # Sunday 22:30 UTC
        "2026-11-29T23:30:00-0500,b,aster-1,1,0\n"  # Monday 04:30 UTC
    )
    usage = read(log(tmp_path, HEADER + rows))
    assert usage.first_at == datetime(2026, 11, 29, 22, 30, tzinfo=UTC)
    assert usage.last_at == datetime(2026, 11, 30, 4, 30, tzinfo=UTC)
    assert [week.monday for week in usage.weeks] == [date(2026, 11, 23), date(2026, 11, 30)]


def test_quoted_and_hostile_column_names_are_only_names(tmp_path: Path):
    hostile = 'user "x"; DROP TABLE cells; --'
    columns = UsageColumns(user=hostile, cost_usd="cost, in $")
    quoted = 'timestamp,"user ""x""; DROP TABLE cells; --",model,"cost, in $",refused\n'
    usage = read(log(tmp_path, quoted + '2026-12-01T08:00:00Z,"a, b",aster-1,2,0\n'), columns)
    assert usage.top_users == (("a, b", 1),)
    assert usage.cost_usd == 2


def test_hostile_model_names_are_only_values(tmp_path: Path):
    usage = read(log(tmp_path, HEADER + ROW), names=("x') OR true --",))
    assert (usage.calls, usage.other_models) == (0, (("aster-1", 1),))


def test_a_path_with_glob_characters_is_that_file(tmp_path: Path):
    log(tmp_path, HEADER + ROW * 9, "usage-b.csv")
    assert read(log(tmp_path, HEADER + ROW, "usage-[ab]*.csv")).calls == 1


def test_what_is_not_said_is_not_zero(tmp_path: Path):
    rows = "".join(
        f"2026-12-01T08:00:00Z,{user},aster-1,{cost},{refused}\n"
        for user, cost, refused in (("a", "1", "0"), ("", "", ""), ("b", "nan", "maybe"))
    )
    usage = read(log(tmp_path, HEADER + rows))
    assert (usage.cost_usd, usage.cost_known) == (1, 1)
    assert (usage.refused, usage.refusal_known) == (0, 1)
    assert (usage.users, usage.calls_without_user) == (2, 1)


def test_rows_ahead_of_the_clock_are_no_coverage(tmp_path: Path):
    ahead = ROW.replace("2026-12-01", "2027-12-01")
    usage = read(log(tmp_path, HEADER + ROW + ahead))
    assert (usage.ahead, usage.last_at) == (1, datetime(2026, 12, 1, 8, tzinfo=UTC))


@pytest.mark.parametrize(
    ("rows", "recent", "ever"),
    [
        ([("2026-12-01T08", "ada"), ("2026-09-02T09", "ben"), ("2026-09-02T08", "cy")], 2, 3),
        ([("2026-12-01T08", "ada"), ("2026-01-02T09", "ada"), ("2026-01-02T08", "cy")], 1, 2),
        (
            [("2026-03-01T08", "ada"), ("2025-10-01T08", "ben")],
            1,
            2,
        ),  # of the log, not of the clock
        ([("2026-12-01T08", ""), ("2026-01-02T08", "ben")], None, 1),
        ([("2027-12-01T08", "ahead"), ("2026-12-01T08", "ada"), ("2026-11-01T08", "ben")], 2, 3),
    ],
    ids=["at the edge", "came back", "old log", "nameless", "ahead"],
)
def test_users_of_the_latest_90_days_are_counted_apart(
    tmp_path: Path, rows: list[tuple[str, str]], recent: int | None, ever: int
):
    lines = (f"{at}:00:00Z,{user},aster-1,1,0\n" for at, user in rows)
    usage = read(log(tmp_path, HEADER + "".join(lines)))
    assert (usage.recent_users, usage.users) == (recent, ever)


def test_the_stamp_of_no_file_is_empty(tmp_path: Path):
    assert stamp_of(tmp_path / "none.csv") == stamp_of(tmp_path) == ""
    assert stamp_of(log(tmp_path, ROW)).startswith(f"{len(ROW)}:")
