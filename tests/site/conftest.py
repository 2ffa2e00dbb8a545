"""Judging the site in a browser; skipped unless EMERITUS_SITE_ENV names the judges' environment.

`make test-site` makes that environment with `tools/site-env` and sets the variable.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Judge = Callable[[Path], dict[str, Any]]

_JUDGE = Path(__file__).with_name("judge.mjs")


@pytest.fixture(scope="session")
def judge() -> Judge:
    """Looks at every page of a folder with Chromium, axe-core and html-validate."""
    named = os.environ.get("EMERITUS_SITE_ENV", "")
    if not named:
        pytest.skip("needs a browser and axe-core: run `make test-site`")
    modules = Path(named).resolve() / "node_modules"
    if not (modules / "axe-core").exists():
        pytest.fail(f"{modules}: holds no axe-core; run tools/site-env first")
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""

    def look(folder: Path) -> dict[str, Any]:
        pages = sorted(str(p.relative_to(folder)) for p in folder.rglob("*.html"))
        done = subprocess.run(
            ["node", str(_JUDGE), str(modules), str(folder), chromium],
            input=json.dumps(pages),
            capture_output=True,
            text=True,
            check=False,
            timeout=1500,
        )
        assert done.returncode == 0, done.stderr
        return {"pages": pages, **json.loads(done.stdout)}

    return look
