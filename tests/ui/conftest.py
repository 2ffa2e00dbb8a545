"""A running installation, as `emeritus serve` makes it, with a SIMULATED model in it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from configs.home import CHECKOUT

_UP_SECONDS = 600  # a busy machine deploys slowly; a quiet one takes half a minute
_WORLD = (
    "from datetime import UTC, datetime; from flows.demo_world import make_world; "
    "from flows.services import free_port; "
    "print(make_world(datetime.now(UTC).date(), free_port()).config)"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Minutes of a real browser: only `make test-ui` asks for it."""
    if os.environ.get("EMERITUS_TEST_UI"):
        return
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="`make test-ui` runs it"))


@pytest.fixture(scope="session")
def chromium() -> str:
    found = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert found, "chromium is missing (Debian: apt-get install chromium)"
    return found


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """EMERITUS_HOME of the installation."""
    return tmp_path_factory.mktemp("installation") / "home"


@pytest.fixture(scope="session")
def config(place: Path) -> Path:
    """The simulated model's YAML."""
    run = subprocess.run(
        [sys.executable, "-c", _WORLD],
        cwd=CHECKOUT,
        env={**os.environ, "EMERITUS_HOME": str(place)},
        capture_output=True,
        text=True,
        check=True,
    )
    return Path(run.stdout.strip())


@pytest.fixture(scope="session")
def server(place: Path, config: Path) -> Iterator[str]:
    """Address of the Prefect server that `emeritus serve` started."""
    log = place.parent / "serve.log"
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "EMERITUS_"))}
    with log.open("wb") as output:
        serve = subprocess.Popen(
            [Path(sys.executable).with_name("emeritus"), "serve"],
            cwd=CHECKOUT,
            env={**kept, "EMERITUS_HOME": str(place)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield _address(serve, log)
    finally:
        serve.send_signal(signal.SIGTERM)
        serve.wait(60)


def _address(serve: "subprocess.Popen[bytes]", log: Path) -> str:
    until = time.monotonic() + _UP_SECONDS
    while time.monotonic() < until and serve.poll() is None:
        if found := re.search(r"Prefect UI: (http://\S+)/deployments", log.read_text()):
            return found[1]
        time.sleep(0.5)
    raise AssertionError(f"serve did not come up: {log.read_text()[-2000:]}")
