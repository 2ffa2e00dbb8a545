"""However rows are parted among files, each counts once."""

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.monitoring.sources import twice
from tests.tasks.monitoring.sources.scene import (
    HEADER,
    MAP,
    call,
    codes,
    day,
    parquet,
    read,
    says,
    usage,
    write,
)

NO_ID = {name: column for name, column in MAP.items() if name != "request_id"}


def rows_of(seed: int, number: int) -> list[str]:
    """Calls of a fortnight; no two alike."""
    pick = random.Random(seed)
    return [
        call(
            n,
            f"2026-11-{pick.randrange(14, 28)}T{pick.randrange(24):02}:00:{n % 60:02}.{n:06}Z",
            pick.choice(["ada", "ads", "search-1", "zed"]),
            pick.choice(["aster-1", "aster-1", "aster-2"]),
            f"{pick.random():.9f}",
            pick.choice(["true", "false", ""]),
            pick.choice(["0", "1"]),
            pick.choice(["api", "app"]),
        )
        for n in range(number)
    ]


@settings(deadline=None, max_examples=12)  # each example opens two databases
@given(
    st.integers(0, 2**32),
    st.lists(st.integers(0, 3), min_size=1, max_size=40),
    st.booleans(),
    st.booleans(),
)
def test_any_split_of_the_rows_tells_the_same(
    tmp_path_factory: pytest.TempPathFactory, seed: int, parts: list[int], ids: bool, again: bool
):
    folder = tmp_path_factory.mktemp("split")
    rows = rows_of(seed, len(parts))
    columns = MAP if ids else NO_ID
    whole = read(usage(write(folder, HEADER + "".join(rows), "whole.csv"), columns=columns))
    for part in set(parts):
        some = [row for row, place in zip(rows, parts, strict=True) if place == part]
        if again:  # rows that another file tells too
            some += rows[: len(rows) // 2]
        write(folder / "parts", HEADER + "".join(dict.fromkeys(some)), f"{part}.csv")
    found = read(usage(folder / "parts", columns=columns))
    assert found.body["days"] == whole.body["days"]
    assert found.body["mix"] == whole.body["mix"]
    assert found.body["covers"] == whole.body["covers"]


def test_a_doubled_file_changes_nothing_and_is_said(tmp_path: Path):
    data = HEADER + "".join(rows_of(1, 50))
    once = read(usage(write(tmp_path / "once", data)))
    write(tmp_path / "twice", data, "a.csv")
    write(tmp_path / "twice", data, "b.csv")
    found = read(usage(tmp_path / "twice"))
    assert found.body["days"] == once.body["days"]
    assert found.state == once.state
    assert "b.csv has the bytes of a.csv: they count once" in says(found)


@pytest.mark.parametrize("columns", [MAP, NO_ID], ids=["ids", "no ids"])
def test_the_same_rows_in_another_order_are_the_same_rows(tmp_path: Path, columns: dict[str, Any]):
    rows = rows_of(2, 50)
    once = read(usage(write(tmp_path / "once", HEADER + "".join(rows)), columns=columns))
    write(tmp_path / "twice", HEADER + "".join(rows), "a.csv")
    write(tmp_path / "twice", HEADER + "".join(reversed(rows)), "b.csv")
    found = read(usage(tmp_path / "twice", columns=columns))
    assert found.body["days"] == once.body["days"]
    assert found.body["mix"] == once.body["mix"]
    assert found.body["totals"]["doubled"] == 50
    assert "50 rows between 2026-11-14 and 2026-11-27 stood before (a.csv and b.csv)" in says(found)


def test_exports_that_overlap_count_their_common_rows_once(tmp_path: Path):
    rows = [call(n, f"2026-11-{20 + n // 10}T{n % 10:02}:00:00Z") for n in range(60)]
    write(tmp_path, HEADER + "".join(rows[:35]), "1.csv")
    write(tmp_path, HEADER + "".join(rows[27:]), "2.csv")
    found = read(usage(tmp_path))
    assert [one["calls"] for one in found.body["days"]] == [10] * 6
    assert found.body["totals"]["doubled"] == 8


def test_rows_alike_in_one_file_without_ids_are_calls_of_their_own(tmp_path: Path):
    data = HEADER + call(1) * 3
    found = read(usage(write(tmp_path, data), columns=NO_ID))
    assert day(found)["calls"] == 3
    assert "doubled" not in codes(found)


def test_one_id_twice_in_one_file_is_one_call(tmp_path: Path):
    found = read(usage(write(tmp_path, HEADER + call(1) * 2 + call(2))))
    assert day(found)["calls"] == 2
    assert "1 row on 2026-11-30 stood before (usage.csv)" in says(found)


def test_rows_without_an_id_among_others_are_kept(tmp_path: Path):
    bare = call(3).replace(",r3,", ",,")
    found = read(usage(write(tmp_path, HEADER + call(1) + bare + bare)))
    assert day(found)["calls"] == 3


def test_a_sum_told_anew_takes_the_place_of_the_old_one(tmp_path: Path):
    columns = {"date": "day", "callers": ["team"], "model": "model", "requests": "n"}
    header = "day,team,model,n\n"
    write(tmp_path, header + "2026-11-28,ada,aster-1,10\n2026-11-29,ada,aster-1,3\n", "1.csv")
    write(tmp_path, header + "2026-11-29,ada,aster-1,8\n2026-11-30,ada,aster-1,9\n", "2.csv")
    found = read(usage(tmp_path, columns=columns))
    assert [one["calls"] for one in found.body["days"]] == [10, 8, 9]


def test_files_of_two_surfaces_on_the_same_days_are_added(tmp_path: Path):
    api = [call(n, surface="api") for n in range(5)]
    app = [call(n + 100, surface="app") for n in range(7)]
    write(tmp_path, HEADER + "".join(api), "api.csv")
    write(tmp_path, HEADER + "".join(app), "app.csv")
    found = read(usage(tmp_path, columns=NO_ID))
    assert day(found)["calls"] == 12
    assert "doubled" not in codes(found)


def test_a_large_file_that_was_doubled_within_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(twice.count_once, "__kwdefaults__", {"few": 100})
    rows = (
        "SELECT TIMESTAMPTZ '2026-11-29 00:00:00+00' + to_seconds(i % 3000) AS at, 'ada' AS who,"
        " 'aster-1' AS model, 'r' || (i % 3000) AS id, 1 AS read, 1 AS wrote, 0.5 AS cost,"
        " false AS refused, false AS unsafe, 'api' AS surface FROM range(6000) t(i)"
    )
    found = read(usage(parquet(tmp_path / "u.parquet", rows)))
    assert day(found, "2026-11-29")["calls"] == 3000
    assert found.body["totals"]["doubled"] == 3000


def test_parquet_and_csv_of_the_same_calls_count_once(tmp_path: Path):
    csv = write(tmp_path / "csv", HEADER + "".join(rows_of(3, 30)))
    rows = f"SELECT * FROM read_csv('{csv}', all_varchar = true)"
    parquet(tmp_path / "both" / "b.parquet", rows)
    write(tmp_path / "both", csv.read_text(), "a.csv")
    once = read(usage(csv))
    found = read(usage(tmp_path / "both"))
    assert found.body["days"] == once.body["days"]
