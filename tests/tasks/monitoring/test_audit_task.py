import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from configs.schema import RetirementConfig
from tasks.kernel.errors import FenceLost
from tasks.kernel.stages import StageState
from tasks.monitoring.audit_task import audit_usage
from tasks.monitoring.audit_view import audit_due
from tasks.monitoring.task import report_usage
from tasks.monitoring.view import assess
from tasks.records import Book, Fence
from tasks.records.monitoring import UsageAudit
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement

HEADER = "at,who,model\n"
MAP = {"timestamp": "at", "callers": ["who"], "model": "model"}
LOG = "timestamp,user_id,model,cost_usd,refused\n2026-12-01T08:00:00Z,ada,aster-1,0.5,true\n"


def config(**fields: Any) -> RetirementConfig:
    one = {"name": "gw", "path": "exports/gw-*.csv", "format": "columns", "columns": MAP}
    return retirement(
        candidate={
            "owners": [{"name": "Search", "contact": "s@example.org", "callers": ["search"]}]
        },
        monitoring={"exports": [{**one, **fields}]},
    )


def export(home: Path, clock: FakeClock, *extra: str, name: str = "gw-1.csv") -> Path:
    rows = [
        f"{(clock.now() - timedelta(days=day)).isoformat()},other,aster-2\n" for day in range(91)
    ]
    folder = home / "exports"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(HEADER + "".join(rows) + "".join(extra))
    return path


def call(clock: FakeClock) -> str:
    return f"{clock.now().isoformat()},search,aster-1\n"


def rows(book: Book) -> list[UsageAudit]:
    with book.reading() as session:
        return list(session.exec(select(UsageAudit).order_by(UsageAudit.made_at)))


def due(book: Book, of: RetirementConfig) -> str:
    with book.reading() as session:
        return audit_due(of, session)


def test_without_exports_nothing_is_due_and_nothing_changes(
    book: Book, fence: Fence, clock: FakeClock, home: Path
):
    (home / "usage.csv").write_text(LOG)
    report_usage.fn(retirement(), fence)
    assert due(book, retirement()) == ""
    assert audit_usage.fn(retirement(), fence) == ""
    answer = assess(retirement(), book, clock.now())
    assert answer.state is StageState.DONE
    assert answer.reason == "1 calls in the usage log, which ends on 2026-12-01"
    assert rows(book) == []


def test_an_export_is_audited_once(book: Book, fence: Fence, clock: FakeClock, home: Path):
    export(home, clock, call(clock))
    (home / "usage.csv").write_text(LOG)
    report_usage.fn(config(), fence)
    assert assess(config(), book, clock.now()).state is StageState.DUE
    location = audit_usage.fn(config(), fence)
    (row,) = rows(book)
    assert row.location == location == str(home / "reports/aster-1/usage-audit/audit.json")
    assert json.loads(row.body)["owners"][0]["state"] == "in_use"
    assert json.loads(row.sources)[0]["file"] == "gw-1.csv"
    assert due(book, config()) == ""
    assert audit_usage.fn(config(), fence) == ""
    answer = assess(config(), book, clock.now())
    assert answer.state is StageState.DONE
    assert answer.reason.endswith(f"; audit of {clock.now():%Y-%m-%d}: 1 of 1 owners call it")
    assert not book.verify_audit().problems


def test_another_file_or_owner_makes_it_due(book: Book, fence: Fence, clock: FakeClock, home: Path):
    export(home, clock)
    audit_usage.fn(config(), fence)
    clock.advance(hours=1)
    export(home, clock, call(clock), name="gw-2.csv")
    assert "changed" in due(book, config())
    audit_usage.fn(config(), fence)
    assert len(rows(book)) == 2
    assert due(book, config()) == ""
    assert "changed" in due(book, config(quiet_days=1))


def test_the_same_bytes_again_change_their_row(
    book: Book, fence: Fence, clock: FakeClock, home: Path
):
    path = export(home, clock)
    audit_usage.fn(config(), fence)
    os.utime(path, ns=(1, 1))
    clock.advance(days=1)
    assert due(book, config())
    audit_usage.fn(config(), fence)
    assert len(rows(book)) == 1
    assert due(book, config()) == ""


def test_an_audit_again_ends_its_window_now(book: Book, fence: Fence, clock: FakeClock, home: Path):
    export(home, clock)
    audit_usage.fn(config(), fence)
    assert json.loads(rows(book)[0].body)["state"] == "unused_in_window"
    clock.advance(days=10)
    audit_usage.fn(config(), fence, again=True)
    (row,) = rows(book)
    assert json.loads(row.body)["state"] == "not_known"  # the old export doesn't reach so far
    assert row.made_at == clock.now()


def test_a_file_that_can_t_be_used_blocks_until_it_changes(
    book: Book, fence: Fence, clock: FakeClock, home: Path
):
    (home / "usage.csv").write_text(LOG)
    report_usage.fn(config(), fence)
    audit_usage.fn(config(), fence)
    answer = assess(config(), book, clock.now())
    assert answer.state is StageState.BLOCKED
    assert "no file fits it; export one there" in answer.reason
    clock.advance(hours=1)
    export(home, clock)
    assert assess(config(), book, clock.now()).state is StageState.DUE
    audit_usage.fn(config(), fence)
    assert assess(config(), book, clock.now()).state is StageState.DONE


def test_a_pass_that_lost_its_lease_writes_nothing(
    book: Book, fence: Fence, clock: FakeClock, home: Path
):
    export(home, clock)
    clock.advance(days=1)
    book.take_lease("aster-1", "", clock.now())
    with pytest.raises(FenceLost):
        audit_usage.fn(config(), fence)
    assert rows(book) == []
    assert not (home / "reports").exists()
