"""What pandas and Polars do with the same log: sums by day, model and surface.

Run by tests/bench/monitoring_scale.py with the interpreter of tools/bench-env. Prints one line of
JSON: seconds, peak memory of this process in MB, and sums that show that the work was done.
"""

import json
import os
import sys
import time
from datetime import date
from pathlib import Path

SUMS = ("input_tokens", "output_tokens", "cost_usd", "refused", "unsafe")
READ = ("timestamp", "model", "surface", *SUMS)


def pandas_sums(path: str) -> tuple[int, float, int]:
    import pandas

    if path.endswith(".parquet"):
        frame = pandas.read_parquet(path, columns=list(READ))
    else:
        # its fastest reader; the default one takes several times as long
        frame = pandas.read_csv(path, usecols=list(READ), engine="pyarrow", dtype_backend="pyarrow")
        frame["timestamp"] = pandas.to_datetime(frame["timestamp"], utc=True)
    frame["day"] = frame["timestamp"].dt.floor("D")
    groups = frame.groupby(["day", "model", "surface"])
    sums = groups[list(SUMS)].sum()
    calls = groups.size()
    return int(calls.sum()), float(sums["cost_usd"].sum()), int(sums["refused"].sum())


def polars_sums(path: str) -> tuple[int, float, int]:
    import polars

    if path.endswith(".parquet"):
        frame = polars.scan_parquet(path)
    else:
        frame = polars.scan_csv(path, try_parse_dates=True)
    sums = (
        frame.group_by(polars.col("timestamp").dt.date().alias("day"), "model", "surface")
        .agg(polars.len().alias("calls"), *(polars.col(name).sum() for name in SUMS))
        .collect(engine="streaming")
    )
    assert isinstance(sums["day"][0], date)
    return int(sums["calls"].sum()), float(sums["cost_usd"].sum()), int(sums["refused"].sum())


def main() -> None:
    peer, path = sys.argv[1:]
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    start = time.perf_counter()
    calls, cost, refused = {"pandas": pandas_sums, "polars": polars_sums}[peer](path)
    seconds = time.perf_counter() - start
    status = Path("/proc/self/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    used = os.times()
    told = {
        "seconds": seconds,
        "cpu_seconds": used.user + used.system,
        "peak_mb": int(peak.split()[1]) / 1024,
        "calls": calls,
        "cost": round(cost, 3),
        "refused": refused,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
