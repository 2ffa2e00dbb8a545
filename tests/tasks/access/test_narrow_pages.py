"""The pages that people decide and apply by fit a telephone: nothing is read by scrolling sideways.

A browser measures them in a frame of 400 pixels; skipped where no Chromium is installed.
"""

import html
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from configs.schema import RetirementConfig
from tasks.access.applications.task import advance_applications
from tasks.access.task import propose
from tasks.records import Fence

WIDTH = 400
FRAME = f"""<!doctype html><iframe src="page.html" style="width:{WIDTH}px;height:3000px"></iframe>
<pre id="found"></pre><script>
document.querySelector("iframe").onload = event => {{
  const page = event.target.contentDocument, parts = [page.documentElement];
  parts.push(...page.querySelectorAll(".scroll"));
  document.getElementById("found").textContent =
    parts.map(part => part.scrollWidth - part.clientWidth).join(" ");
}};
</script>"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Where files of the folder `served` are shown: a page reads a frame of its own origin only."""
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "frame.html").write_text(FRAME)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/frame.html"
    server.shutdown()
    thread.join()
    server.server_close()


def _too_wide(page: Path, address: str, tmp_path: Path) -> list[int]:
    """By how many pixels the page, and then each part that may scroll, are too wide."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("needs Chromium")
    shutil.copy(page, tmp_path / "served" / "page.html")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'user'}"]
    command = [browser, *flags, "--virtual-time-budget=5000", "--dump-dom", address]
    shown = subprocess.run(command, capture_output=True, check=True, timeout=120).stdout.decode()
    found = re.search(r'<pre id="found">([\d -]+)</pre>', html.unescape(shown))
    assert found, shown[:500]
    return [int(number) for number in found[1].split()]


@pytest.mark.parametrize("pattern", ["access/*/packet.html", "criteria.html"])
def test_nothing_is_wider_than_a_telephone(
    judged: RetirementConfig, fence: Fence, home: Path, tmp_path: Path, address: str, pattern: str
) -> None:
    propose.fn(judged, fence)
    advance_applications.fn(judged, fence)
    (page,) = (home / "pages" / "aster-1").glob(pattern)
    found = _too_wide(page, address, tmp_path)
    assert len(found) > 2, "the page and its tables"
    assert found == [0] * len(found)
