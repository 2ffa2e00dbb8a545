import json
import os
from pathlib import Path

import pytest
from sqlmodel import select

from tasks.kernel.errors import UsageLogUnusable
from tasks.kernel.stages import StageState
from tasks.monitoring.task import report_usage
from tasks.monitoring.view import assess
from tasks.records import Book, Fence
from tasks.records.monitoring import Report
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement

CONFIG = retirement()
HEADER = "timestamp,user_id,model,cost_usd,refused\n"
ROW = "2026-12-01T08:00:00Z,ada,aster-1,0.5,true\n"


def write(home: Path, text: str) -> Path:
    home.mkdir(exist_ok=True)
    path = home / "usage.csv"
    path.write_text(text)
    return path


def reports(book: Book) -> list[Report]:
    with book.reading() as session:
        return list(session.exec(select(Report)))


def test_a_missing_log_blocks_and_names_its_place(book: Book, fence: Fence, clock, home: Path):
    answer = assess(CONFIG, book, clock.now())
    assert answer.state is StageState.BLOCKED
    assert answer.reason == f"the usage log {home / 'usage.csv'} is missing; export it there"
    with pytest.raises(UsageLogUnusable, match="is missing"):
        report_usage.fn(CONFIG, fence)
    assert reports(book) == []


def test_a_log_is_reported_once(book: Book, fence: Fence, clock: FakeClock, home: Path):
    write(home, HEADER + ROW * 3)
    assert assess(CONFIG, book, clock.now()).state is StageState.DUE
    report_usage.fn(CONFIG, fence)
    answer = assess(CONFIG, book, clock.advance(days=30))
    assert answer.state is StageState.DONE
    assert answer.reason == "3 calls in the usage log, which ends on 2026-12-01"
    (row,) = reports(book)
    body = json.loads(Path(row.location).read_text())
    assert body["source_sha256"] == row.source_sha256
    assert "| Calls | 3 | |" in (home / "reports" / "aster-1" / "usage.md").read_text()
    assert not book.verify_audit().problems


def test_a_changed_log_is_read_again(book: Book, fence: Fence, clock: FakeClock, home: Path):
    write(home, HEADER + ROW)
    report_usage.fn(CONFIG, fence)
    write(home, HEADER + ROW * 2)
    assert assess(CONFIG, book, clock.advance(days=1)).state is StageState.DUE
    report_usage.fn(CONFIG, fence)
    assert len(reports(book)) == 2
    assert assess(CONFIG, book, clock.now()).reason.startswith("2 calls")


def test_the_same_bytes_written_again_make_no_second_row(
    book: Book, fence: Fence, clock: FakeClock, home: Path
):
    path = write(home, HEADER + ROW)
    report_usage.fn(CONFIG, fence)
    os.utime(path, ns=(1, 1))
    assert assess(CONFIG, book, clock.advance(days=1)).state is StageState.DUE
    report_usage.fn(CONFIG, fence)
    assert assess(CONFIG, book, clock.now()).state is StageState.DONE
    assert len(reports(book)) == 1


def test_an_unusable_log_blocks_until_it_changes(
    book: Book, fence: Fence, clock: FakeClock, home: Path
):
    write(home, HEADER + ROW)
    report_usage.fn(CONFIG, fence)
    good = (home / "reports" / "aster-1" / "usage.json").read_bytes()
    write(home, "when,who\n1,2\n")
    clock.advance(hours=1)
    report_usage.fn(CONFIG, fence)
    answer = assess(CONFIG, book, clock.now())
    assert answer.state is StageState.BLOCKED
    assert "has no column 'timestamp'" in answer.reason
    assert (home / "reports" / "aster-1" / "usage.json").read_bytes() == good
    write(home, HEADER + ROW * 4)
    assert assess(CONFIG, book, clock.advance(hours=1)).state is StageState.DUE
    report_usage.fn(CONFIG, fence)
    assert assess(CONFIG, book, clock.now()).reason.startswith("4 calls")


def test_mending_the_column_map_makes_the_same_log_be_read(
    book: Book, fence: Fence, clock: FakeClock, home: Path
):
    write(home, (HEADER + ROW).replace("user_id", "caller"))
    report_usage.fn(CONFIG, fence)
    assert assess(CONFIG, book, clock.now()).state is StageState.BLOCKED
    mended = retirement(monitoring={"columns": {"user": "caller"}})
    assert assess(mended, book, clock.advance(hours=1)).state is StageState.DUE
    report_usage.fn(mended, fence)
    assert assess(mended, book, clock.now()).state is StageState.DONE
    assert len(reports(book)) == 1


def test_hostile_users_do_not_break_the_markdown(book: Book, fence: Fence, clock, home: Path):
    user = '"x | <script>alert(1)</script> [a](javascript:b)"'
    write(home, HEADER + ROW.replace("ada", user))
    report_usage.fn(CONFIG, fence)
    text = (home / "reports" / "aster-1" / "usage.md").read_text()
    assert "<script" not in text
    (line,) = [line for line in text.splitlines() if "alert" in line]
    assert line.replace(r"\|", "").count("|") == 3
