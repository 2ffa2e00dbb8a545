"""The page that an owner gets on the successor, as people see it."""

import shutil
from pathlib import Path

import pytest

from tasks import wiring
from tasks.monitoring.replays.successor_task import compare_with_successor
from tests.fakes.clock import FakeClock
from tests.site.conftest import Judge
from tests.tasks.monitoring.replays.test_successor_task import Both, _config, right, wrong


def test_an_owners_page_is_clean(
    judge: Judge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMERITUS_HOME", str(tmp_path / "var"))
    monkeypatch.delenv("EMERITUS_DATABASE_URL", raising=False)
    clock = FakeClock()
    with wiring.using_clock(clock):
        Both(monkeypatch, right, wrong)
        config = _config(tmp_path / "var")
        fence = wiring.book().take_lease(config.id, "", clock.now()).fence
        compare_with_successor.fn(config, fence)
    shown = tmp_path / "shown"
    shown.mkdir()
    for page in (tmp_path / "var" / "reports").rglob("*.html"):
        shutil.copy(page, shown)
    found = judge(shown)
    assert len(found["pages"]) == 1
    assert found["problems"] == [], found["problems"]
    assert found["fetched"] == []
