"""The usage audit over LiteLLM's columns, against DuckDB's bare scan of the same file.

The scan counts rows by model and user, as text: what cannot be beaten. The audit beside it reads
times, tokens and costs, keeps every row to leave out calls that stand twice, and says whose each
call is. Peak memory is of a process of its own.
"""

import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import duckdb

from tasks.monitoring.auditing import audit
from tests.bench.harness import Figure, report
from tests.fakes.configs import retirement

ROWS = 1_000_000
NOW = datetime(2026, 11, 26, tzinfo=UTC)
_LOG = """
COPY (
    SELECT 'req-' || i AS request_id, 'acompletion' AS call_type,
        md5((i % 400)::VARCHAR) AS api_key, 0.001 * (i % 97) AS spend,
        600 + i % 50 AS prompt_tokens, 400 AS completion_tokens,
        strftime(TIMESTAMP '2026-08-20' + to_microseconds((i * 8500000)::BIGINT),
            '%Y-%m-%d %H:%M:%S.%g') AS "startTime",
        ['anthropic/aster-1', 'aster-10', 'bedrock/us.anthropic.aster-1-v1:0'][1 + i % 3] AS model,
        'user-' || (hash(i) % 4000) AS "user",
        '{"user_api_key_alias": "key-' || (i % 400) || '"}' AS metadata, 'success' AS status
    FROM range($rows) t(i)
) TO 'PLACE' (HEADER)
"""


def _audit(path: str) -> tuple[float, float]:
    """Seconds, and MB at most, of one audit in this process."""
    one = {"name": "gateway", "path": path, "format": "litellm_spend"}
    owners = [{"name": "Search", "contact": "s@example.org", "callers": ["key-1*"]}]
    config = retirement(candidate={"owners": owners}, monitoring={"exports": [one]})
    start = time.perf_counter()
    body: dict[str, Any] = audit(config, NOW, exports=config.monitoring.exports).body
    seconds = time.perf_counter() - start
    assert body["state"] == "in_use"
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _scan(path: str) -> float:
    start = time.perf_counter()
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute(
            'SELECT model, "user", count(*) FROM read_csv(?, all_varchar=true) GROUP BY ALL', [path]
        ).fetchall()
    return time.perf_counter() - start


def main() -> None:
    """Make a log, read it both ways, and tell."""
    rows = int(sys.argv.pop(1)) if len(sys.argv) > 1 and sys.argv[1].isdigit() else ROWS
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "spend.csv"))
        with duckdb.connect() as connection:
            connection.execute("SET enable_progress_bar = false")
            connection.execute(_LOG.replace("PLACE", path), {"rows": rows})
        with get_context("spawn").Pool(1) as pool:
            seconds, peak = pool.apply(_audit, (path,))
        bare = _scan(path)
    millions = rows / 1e6
    report(
        [
            Figure(
                "usage audit, a million rows", seconds / millions, "s", "a scan", seconds / bare
            ),
            Figure("usage audit, peak memory", peak, "MB", "DuckDB's limit", peak / 384),
        ]
    )


if __name__ == "__main__":
    main()
