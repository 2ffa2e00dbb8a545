"""Several worker processes on one database: nothing is lost, and nothing is done twice."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import col, func, select

from configs.home import CHECKOUT
from tasks.records import Book, open_book
from tasks.records.access import Approval
from tasks.records.audit import AuditEntry
from tasks.records.retirement import Retirement
from tests.contracts.postgres import postgres
from tests.operation.writer import SHARED

PROCESSES = 8
ROUNDS = int(os.environ.get("EMERITUS_TEST_ROUNDS", "5"))


@pytest.fixture(params=["postgresql", "sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'records.sqlite'}"
        return
    with postgres() as made:
        yield made


def test_processes_that_write_at_once_lose_nothing(url: str) -> None:
    book, names = open_book(url), [f"model-{number}" for number in range(PROCESSES)]
    now = datetime.now(UTC)
    with book.writing(now) as writing:
        for model in (*names, SHARED):
            row = Retirement(
                model_id=model, display_name="0", config_json="", config_sha256="", opened_at=now
            )
            writing.put(row, "opened")
    told = _written_by(url, names)
    total = sum(told, Counter[str]())
    with book.reading() as session:
        counted = {
            row.model_id: int(row.display_name) for row in session.exec(select(Retirement)).all()
        }
        approvals = list(session.exec(select(Approval.packet_digest)))
        entries = session.exec(select(func.count(col(AuditEntry.seq)))).one()
    assert {name: counted[name] for name in names} == dict.fromkeys(names, ROUNDS)
    assert counted[SHARED] == total["shared"], "an update was lost"
    assert total["shared"] > 0
    assert book.last_serial(SHARED) == PROCESSES * ROUNDS
    races = [one for one in approvals if one.startswith("race")]
    assert sorted(races) == sorted({f"race-{turn}" for turn in range(ROUNDS)}), "one wins a race"
    assert len(approvals) == total["act"] + total["won"] == PROCESSES * ROUNDS + ROUNDS
    written = len(names) + 1 + total["own"] + total["shared"] + len(approvals)
    assert entries == written, "an audit entry a row that was written, and no other"
    _verify(book, entries)


def _verify(book: Book, entries: int) -> None:
    found = book.verify_audit()
    assert found.problems == ()
    assert found.entries == entries


def _written_by(url: str, names: list[str]) -> list[Counter[str]]:
    """All at once; what each process says that it wrote."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.operation.writer", url, str(ROUNDS), *names],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    told = [json.loads(line) for line in run.stdout.splitlines()]
    assert sorted(one.pop("name") for one in told) == names
    print(*told, sep="\n")
    return [Counter(one) for one in told]
