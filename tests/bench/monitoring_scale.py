"""Usage of ten million calls read from Parquet and from CSV, beside pandas and Polars.

Each reading is a process of its own on two cores; its peak memory is the kernel's. Emeritus does
all that a pass does with a source: SHA-256 of the file, the model's names, owners, days covered,
ids that stand twice, what is odd, the body of the record. The peers only sum by day, model and
surface. Seconds are of that work; starting Python and importing pandas or Polars is left out, but
importing DuckDB is not.

    make bench-monitoring_scale                        ten million, beside the peers
    python -m tests.bench.monitoring_scale 1000000     so many instead
    python -m tests.bench.monitoring_scale linear      10, 30 and 100 million in Parquet
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench.harness import Figure, report

ROWS = 10_000_000
LINEAR = (10_000_000, 30_000_000, 100_000_000)
NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
_MAP = {
    "timestamp": "timestamp",
    "callers": ["user_id"],
    "model": "model",
    "request_id": "request_id",
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cost_usd": "cost_usd",
    "refused": "refused",
    "unsafe": "unsafe",
    "surface": "surface",
}
_CALLS = """
SELECT TIMESTAMPTZ '2026-07-29 00:00:00+00'
        + to_microseconds((i * (120.0 * 86400000000 / $rows))::BIGINT) AS "timestamp",
    'req_' || lpad(i::VARCHAR, 12, '0') AS request_id, 'user-' || (hash(i) % 4000) AS user_id,
    ['api', 'app', 'cloud-east', 'cloud-west'][1 + (hash(i * 7) % 4)::INT] AS surface,
    ['aster-1', 'aster-1-latest', 'aster-2', 'aster-mini'][1 + (hash(i * 3) % 4)::INT] AS model,
    (hash(i * 5) % 4000)::INT AS input_tokens, (hash(i * 11) % 1000)::INT AS output_tokens,
    round((hash(i * 13) % 100000) / 1e6, 6) AS cost_usd,
    hash(i * 17) % 80 = 0 AS refused, hash(i * 19) % 100 = 0 AS unsafe
FROM range($rows) t(i)
"""
_TEXT = """
SELECT strftime("timestamp", '%Y-%m-%dT%H:%M:%S.%gZ') AS "timestamp", * EXCLUDE ("timestamp")
FROM read_parquet($path)
"""


def make_parquet(path: Path, rows: int) -> None:
    """Calls of 120 days, by 4,000 callers of four models."""
    import duckdb

    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"COPY ({_CALLS}) TO '{path}' (FORMAT parquet)", {"rows": rows})


def make_csv(path: Path, parquet: Path) -> None:
    """The same calls as text."""
    import duckdb

    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"COPY ({_TEXT}) TO '{path}' (HEADER)", {"path": str(parquet)})


def one_reading(path: str) -> dict[str, Any]:
    """Read one source in this process."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    from tasks.monitoring.sources.places import files_of
    from tasks.monitoring.sources.reading import read_files
    from tests.fakes.configs import retirement

    source = {"kind": "usage", "name": "gateway", "path": path, "columns": _MAP}
    owners = [
        {"name": "Search", "contact": "s@example.org", "callers": ["user-1*", "user-3111"]},
        {"name": "Ads", "contact": "a@example.org", "callers": ["user-2*", "user-3112"]},
    ]
    names = ["aster-1", "aster-2", "aster-mini"]
    config = retirement(
        candidate={"owners": owners}, monitoring={"sources": [source], "model_names": names}
    )
    (one,) = config.monitoring.sources
    before = resource.getrusage(resource.RUSAGE_SELF)
    start = time.perf_counter()
    found = read_files(config, one, files_of(one), NOW)  # type: ignore[arg-type]
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF)
    totals = found.body["totals"]
    return {
        "seconds": seconds,
        "cpu_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "peak_mb": _peak_mb(),
        "calls": totals["calls"],
        "cost": round(totals["cost_usd"], 3),
        "refused": totals["refused"],
    }


def _peak_mb() -> float:
    """The most that this process ever held; unlike ru_maxrss it leaves out whoever started it."""
    status = Path("/proc/self/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1]) / 1024


def in_its_own_process(*command: str) -> dict[str, Any]:
    """What a process tells in its last line, tried twice: the faster one."""
    environment = {**os.environ, "POLARS_MAX_THREADS": "2", "OMP_NUM_THREADS": "2"}
    best: dict[str, Any] = {}
    for _ in range(2):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        if not best or told["seconds"] < best["seconds"]:
            best = told
    return best


def emeritus(path: Path) -> dict[str, Any]:
    """One reading by Emeritus."""
    return in_its_own_process(
        sys.executable, "-m", "tests.bench.monitoring_scale", "one", str(path)
    )


def peers(path: Path) -> dict[str, dict[str, Any]]:
    """The same file by pandas and by Polars."""
    made = subprocess.run(["tools/bench-env"], stdout=subprocess.PIPE, text=True, check=True)
    python = str(Path(made.stdout.strip(), "bin", "python"))
    script = str(Path(__file__).parent / "peers" / "sum_by_day.py")
    return {
        name: in_its_own_process(python, script, name, str(path)) for name in ("pandas", "polars")
    }


def _load() -> str:
    return f"load of the machine {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores"


def _beside(folder: Path, rows: int) -> list[Figure]:
    parquet, text = folder / "usage.parquet", folder / "usage.csv"
    make_parquet(parquet, rows)
    make_csv(text, parquet)
    figures = []
    for path in (parquet, text):
        kind = "Parquet" if path is parquet else "CSV"
        print(f"{kind}, {rows:,} rows, {path.stat().st_size / 1e6:,.0f} MB; {_load()}")
        own, others = emeritus(path), peers(path)
        for name, told in {"emeritus": own, **others}.items():
            print(
                f"  {name:9} {told['seconds']:7.2f} s {told['cpu_seconds']:7.2f} s of CPU "
                f"{told['peak_mb']:7.0f} MB"
            )
            assert (told["calls"], told["refused"]) == (own["calls"], own["refused"]), told
            assert abs(told["cost"] - own["cost"]) < 1, told
        for name, told in others.items():
            what = f"{rows / 1e6:g} million rows of {kind}"
            ratio = own["seconds"] / told["seconds"]
            figures.append(Figure(what, own["seconds"], "s", name, ratio))
            ratio = own["peak_mb"] / told["peak_mb"]
            figures.append(Figure(f"{what}, peak", own["peak_mb"], "MB", name, ratio))
    return figures


def _linear(folder: Path) -> list[Figure]:
    figures, first = [], 0.0
    for rows in LINEAR:
        path = folder / "usage.parquet"
        make_parquet(path, rows)
        load = _load()
        told = emeritus(path)
        each = told["seconds"] / rows * 1e6
        first = first or each
        print(
            f"{rows:>12,} rows {told['seconds']:7.2f} s {told['cpu_seconds']:7.2f} s of CPU "
            f"{told['peak_mb']:5.0f} MB; {load}"
        )
        what = f"Parquet, {rows / 1e6:g} million rows"
        figures.append(Figure(f"{what}, a million", each, "s", "a million of 10", each / first))
    return figures


def main() -> None:
    """Measure, and tell."""
    asked = sys.argv.pop(1) if len(sys.argv) > 1 and not sys.argv[1].startswith("-") else ""
    if asked == "one":
        print(json.dumps(one_reading(sys.argv[1])))
        return
    with tempfile.TemporaryDirectory(prefix="emeritus-bench-") as folder:
        if asked == "linear":
            report(_linear(Path(folder)))
        else:
            report(_beside(Path(folder), int(asked or ROWS)))


if __name__ == "__main__":
    main()
