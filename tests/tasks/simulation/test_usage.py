"""The usage log: deterministic, weekly, moving to the successor."""

import csv
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path

from tasks.simulation.usage import COLUMNS, make_usage_csv

END = date(2026, 11, 24)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_rows_columns_and_span(tmp_path: Path) -> None:
    rows = _rows(make_usage_csv(tmp_path / "new" / "u.csv", seed=1, model_id="old", end=END))
    assert len(rows) == 10_000
    assert tuple(rows[0]) == COLUMNS
    moments = [datetime.fromisoformat(row["timestamp"]) for row in rows]
    assert moments == sorted(moments)
    assert moments[-1].date() == END
    assert moments[0].date() == END - timedelta(days=119)
    assert {row["refused"] for row in rows} == {"true", "false"}
    assert {"old", "old-latest", "aster-2"} <= {row["model"] for row in rows}
    assert all(row["output_tokens"] == "0" for row in rows if row["status"] != "200")


def test_weekends_are_quiet_and_users_move_to_the_successor(tmp_path: Path) -> None:
    rows = _rows(make_usage_csv(tmp_path / "u.csv", seed=2, model_id="old", end=END))
    days = Counter(datetime.fromisoformat(row["timestamp"]).weekday() for row in rows)
    assert days[5] + days[6] < 0.6 * (days[1] + days[2])
    halves = (rows[:3000], rows[-3000:])
    early, late = (sum("old" in row["model"] for row in half) for half in halves)
    assert late < 0.7 * early


def test_same_arguments_same_bytes(tmp_path: Path) -> None:
    made = [
        make_usage_csv(tmp_path / name, rows=500, seed=seed, model_id="old", end=END).read_bytes()
        for name, seed in (("a", 3), ("b", 3), ("c", 4))
    ]
    assert made[0] == made[1] != made[2]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c"]
