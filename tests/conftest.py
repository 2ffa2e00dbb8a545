"""Fixtures: a home, records, a clock and a fence of one's own for every test."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# A worker a core: threads of their own for numpy's products would only wait for one another.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from tasks import wiring
from tasks.records import Book, Fence
from tests.fakes.clock import FakeClock


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """EMERITUS_HOME in a fresh folder, with records in SQLite."""
    monkeypatch.setenv("EMERITUS_HOME", str(tmp_path / "var"))
    monkeypatch.delenv("EMERITUS_DATABASE_URL", raising=False)
    monkeypatch.setenv("EMERITUS_TEST_KEY", "test-key")
    return tmp_path / "var"


@pytest.fixture
def clock() -> Iterator[FakeClock]:
    """The clock that the code under test sees."""
    fake = FakeClock()
    with wiring.using_clock(fake):
        yield fake


@pytest.fixture
def book(home: Path) -> Book:
    """Fresh records."""
    return wiring.book()


@pytest.fixture
def fence(book: Book, clock: FakeClock) -> Fence:
    """The right to write the rows of `aster-1`."""
    return book.take_lease("aster-1", "", clock.now()).fence
