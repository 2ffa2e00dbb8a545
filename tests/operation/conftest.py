"""Real faults take minutes: they run where they are asked for, with `make test-faults`."""

import os
from pathlib import Path

import pytest

ASKED_FOR = "EMERITUS_TEST_FAULTS"
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what is slow; what is left runs in one xdist worker, which alone starts a server."""
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.xdist_group("operation"))
            if item.path.name == "test_faults.py" and not os.environ.get(ASKED_FOR):
                reason = f"takes minutes: `make test-faults` sets {ASKED_FOR}"
                item.add_marker(pytest.mark.skip(reason=reason))
