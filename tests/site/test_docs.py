"""The documentation as people see it: in light and dark, on a phone, and without another host."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from configs.home import CHECKOUT
from tests.site.conftest import Judge

# One page of each kind; every page has the same frame.
PAGES = (
    "index.html",
    "tutorial.html",
    "errors.html",
    "stages/preservation.html",
    "reference/commands/index.html",
    "reference/configuration/preservation.html",
    "reference/deployments.html",
    "reference/python/ports.html",
)
# The theme's navigation names one landmark twice; some tables of two columns need no header.
_ACCEPTED = ("axe landmark-unique", "axe empty-table-header", "html-validate")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages, with all that they load."""
    whole, some = tmp_path_factory.mktemp("whole"), tmp_path_factory.mktemp("some")
    build = [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(whole)]
    done = subprocess.run(build, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for file in whole.rglob("*"):
        place = some / file.relative_to(whole)
        if file.is_file() and (file.suffix != ".html" or str(file.relative_to(whole)) in PAGES):
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)
    return some


def test_pages_are_clean_and_fetch_nothing(judge: Judge, site: Path) -> None:
    found = judge(site)
    assert sorted(found["pages"]) == sorted(PAGES)
    assert [one for one in found["problems"] if not any(a in one for a in _ACCEPTED)] == []
    assert found["fetched"] == []
