"""Fixtures: a home, records, a clock and a fence of one's own for every test."""

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import Engine

# A worker a core: threads of their own for numpy's products would only wait for one another.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# One authority, whose key nobody has: no test goes past loopback, and each client reads the whole
# list of the system's when it is made.
os.environ["SSL_CERT_FILE"] = str(Path(__file__).parent / "fakes" / "authority.pem")

from tasks import wiring
from tasks.records import Book, Fence, open_book
from tasks.records import book as opening
from tasks.records.migrations import bring_up_to_date, is_up_to_date
from tests.fakes.clock import FakeClock


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of records that the real migrations made, with nothing in it."""
    file = tmp_path_factory.mktemp("migrated") / "records.sqlite"
    engine = opening.connect(f"sqlite:///{file}")
    bring_up_to_date(engine)
    engine.dispose()
    return file


@pytest.fixture(autouse=True)
def migrated_once(migrated: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """New records in SQLite start as a copy of `migrated`: migrating takes nearly a second."""

    def copied(engine: Engine) -> bool | None:
        file = Path(engine.url.database or "")
        if engine.dialect.name == "sqlite" and not (file.exists() and file.stat().st_size):
            shutil.copyfile(migrated, file)
        return is_up_to_date(engine)

    monkeypatch.setattr(opening, "is_up_to_date", copied)
    yield
    open_book.cache_clear()  # no book of a test that is over is kept open


# No example fails for being slow: a busy machine is no fault. `make test-thorough` tries ten times
# as many of each property that sets no number of its own.
settings.register_profile("quick", deadline=None, max_examples=50)
settings.register_profile("thorough", deadline=None, max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def pytest_collection_finish() -> None:
    """What has been imported and collected stays: the collector need not look through it again."""
    gc.collect()
    gc.freeze()


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
