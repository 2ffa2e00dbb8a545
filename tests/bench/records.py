"""Records: fenced and audited writes against bare SQLite commits of the same rows."""

import sqlite3
import tempfile
from pathlib import Path

from tasks.records import open_book
from tasks.records.retirement import Retirement
from tests.bench.harness import Figure, best, report
from tests.fakes.clock import FakeClock

WRITES = 500


def main() -> None:
    now = FakeClock().now()
    with tempfile.TemporaryDirectory() as folder:
        book = open_book(f"sqlite:///{folder}/records.sqlite")
        fence = book.take_lease("m", "", now).fence
        rounds = iter(range(100))

        def audited() -> None:
            turn = next(rounds)
            for number in range(WRITES):
                with book.writing(now, fence=fence) as writing:
                    row = Retirement(
                        model_id=f"{turn}/{number}",
                        display_name="M",
                        config_json="{}",
                        config_sha256="0",
                        opened_at=now,
                    )
                    writing.put(row, "opened")

        ours = best(audited)
        bare = best(lambda: _bare(Path(folder)))
        verify = best(book.verify_audit)
        one = best(lambda: book.verify_model("0/0"))
        entries = book.verify_audit().entries
    report(
        [
            Figure("audited write", ours / WRITES * 1e3, "ms", "a bare commit", ours / bare),
            Figure(
                "audit verify, per entry",
                verify / entries * 1e3,
                "ms",
                "an audited write",
                (verify / entries) / (ours / WRITES),
            ),
            Figure(f"one row's model of {entries}", one * 1e3, "ms", "all", one / verify),
        ]
    )


def _bare(folder: Path) -> None:
    file = folder / "bare.sqlite"
    file.unlink(missing_ok=True)
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE t (id TEXT PRIMARY KEY, a TEXT, b TEXT, c TEXT, d TEXT)")
    for number in range(WRITES):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO t VALUES (?, 'M', '{}', '0', '2026')", (str(number),))
        connection.execute("COMMIT")
    connection.close()


if __name__ == "__main__":
    main()
