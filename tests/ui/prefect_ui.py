"""Prefect's own page in a real Chromium, driven by the words that stand beside a field."""

import json
import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Locator, Page, expect, sync_playwright

#: Without the last ones Chromium asks Google's hosts at every start.
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
_RUN_SECONDS = 240
_FINAL = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


class PrefectUi:
    """One browser window on a Prefect server.

    Attributes:
        page: Playwright's.
        url: the server's address, without a slash at its end.
        shots: folder for screenshots, or None to make none.
    """

    def __init__(self, page: Page, url: str, shots: Path | None) -> None:
        self.page = page
        self.url = url
        self.shots = shots

    def open_form(self, deployment: str, **filled: str) -> None:
        """Open the form of a deployment, through its page and its button, or filled by a link."""
        found = self.api(f"/deployments/name/{deployment}")
        address = f"{self.url}/v2/deployments/deployment/{found['id']}/run"
        if filled:
            address += f"?parameters={quote(json.dumps(filled))}"
        self.page.goto(address)
        expect(self.page.get_by_role("button", name="Submit")).to_be_visible(timeout=20_000)

    def copy_to_new_run(self, run: dict[str, Any]) -> None:
        """From a run's menu: its form again, with what was typed."""
        self.open_run(run)
        self.page.get_by_role("button", name="Open menu").click()
        self.page.get_by_role("menuitem", name="Copy to new run").click()
        expect(self.page.get_by_role("button", name="Submit")).to_be_visible(timeout=20_000)

    def fill(self, title: str, text: str) -> None:
        """Type into the field with this title; a text of several lines is pasted as it is."""
        self.field(title).fill(text)

    def choose(self, title: str, option: str) -> None:
        """Choose from a list."""
        self.choice(title).click()
        self.page.get_by_role("option", name=option, exact=True).click()

    def choice(self, title: str) -> Locator:
        """The list under a title; its text is what is chosen."""
        return self.page.get_by_role("button", name=f"Select {title}", exact=True)

    def field(self, title: str) -> Locator:
        """The field under a title, optional or not."""
        return self.page.get_by_label(_titled(title)).first

    def submit(self) -> dict[str, Any]:
        """Submit the form, wait until its run has ended, and open the run's page."""
        with self.page.expect_response(re.compile("create_flow_run")) as answer:
            self.page.get_by_role("button", name="Submit").click()
        run = answer.value.json()
        return self.ended(run["id"])

    def ended(self, run_id: str) -> dict[str, Any]:
        """A run once it has ended."""
        for _ in range(_RUN_SECONDS * 2):
            run: dict[str, Any] = self.api(f"/flow_runs/{run_id}")
            if run["state_type"] in _FINAL:
                self.open_run(run)
                return run
            self.page.wait_for_timeout(500)
        raise AssertionError(f"run {run_id} did not end in {_RUN_SECONDS} s")

    def open_run(self, run: dict[str, Any]) -> None:
        """Open the page of a run."""
        self.page.goto(f"{self.url}/v2/runs/flow-run/{run['id']}")
        expect(self.page.get_by_text(run["name"]).first).to_be_visible(timeout=20_000)

    def open_artifact(self, run: dict[str, Any]) -> str:
        """Open the Markdown artifact of a run; returns its text as the records have it."""
        body = {"artifacts": {"flow_run_id": {"any_": [run["id"]]}}, "sort": "CREATED_DESC"}
        found = [a for a in self.api("/artifacts/filter", body) if a["type"] == "markdown"]
        self.page.goto(f"{self.url}/v2/artifacts/artifact/{found[0]['id']}")
        self.page.wait_for_load_state("networkidle")
        return str(found[0]["data"])

    def shot(self, name: str) -> None:
        """Keep what is seen now, where somebody asked for it."""
        if self.shots is not None:
            self.page.wait_for_timeout(800)  # charts grow, and pictures fade in
            self.page.screenshot(path=self.shots / f"{name}.png")

    def api(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """What the server itself says."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/api{path}", data=data, headers={"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)


def _titled(title: str) -> re.Pattern[str]:
    return re.compile(rf"^{re.escape(title)}( \(Optional\))?$")


@contextmanager
def prefect_ui(url: str, chromium: str, shots: Path | None) -> Iterator[PrefectUi]:
    """A fresh browser for the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(_ARGUMENTS))
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        try:
            yield PrefectUi(page, url, shots)
        finally:
            browser.close()
