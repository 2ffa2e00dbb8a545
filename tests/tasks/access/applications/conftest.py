from pathlib import Path

import pytest

from configs.schema import RetirementConfig
from tasks.records import Book, Fence
from tests.fakes.clock import FakeClock
from tests.tasks.access.applications.scene import Scene
from tests.tasks.access.conftest import People


@pytest.fixture
def scene(
    config: RetirementConfig,
    book: Book,
    clock: FakeClock,
    people: People,
    home: Path,
    fence: Fence,
    tmp_path: Path,
) -> Scene:
    """No decision yet, no application, and an empty folder for files."""
    made = Scene(config, book, clock, people, home, fence)
    made.set(folder=tmp_path / "inbox", contact="access@lab.example")
    return made
