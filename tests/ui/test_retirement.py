"""A retirement that is run from the Prefect UI alone: its forms, its pages, a pasted signature."""

import base64
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.ui.prefect_ui import PrefectUi, prefect_ui

MODEL = "aster-1"
_MOST_PASSES = 10
_SHOTS = os.environ.get("EMERITUS_SCREENSHOTS", "")


@pytest.fixture(scope="module")
def ui(server: str, chromium: str) -> Iterator[PrefectUi]:
    with prefect_ui(server, chromium, Path(_SHOTS) if _SHOTS else None) as one:
        yield one


@pytest.fixture(scope="module")
def people(place: Path) -> Path:
    return place / "demo" / "people"


def test_a_retirement_goes_from_form_to_public_essay(
    ui: PrefectUi, config: Path, people: Path, place: Path, tmp_path: Path
) -> None:
    ui.page.goto(f"{ui.url}/v2/deployments?limit=100")
    expect(ui.page.get_by_text("approve-access").first).to_be_visible(timeout=20_000)
    ui.shot("ui-deployments")

    run = _pass_until(ui, config, "approve")
    ui.open_run(run)
    ui.shot("ui-pass")
    ui.open_artifact(run)
    ui.shot("ui-what-it-waits-for")

    _open_form_from_page(ui, "access")
    assert ui.field("Model").input_value() == MODEL
    ui.fill("Your name", "alice")
    ui.shot("ui-approve-form")
    unsigned = ui.submit()
    assert unsigned["state_name"] == "To be signed"
    words = ui.open_artifact(unsigned)
    ui.shot("ui-to-be-signed")

    ui.copy_to_new_run(unsigned)
    assert ui.field("Your name").input_value() == "alice"
    ui.fill("Signature", _signed(words, people / "bob", tmp_path))
    refused = ui.submit()
    assert refused["state_name"] == "Refused"
    assert "[EM" in ui.open_artifact(refused)
    ui.shot("ui-refused")

    ui.copy_to_new_run(refused)
    ui.fill("Signature", _signed(words, people / "alice", tmp_path))
    assert ui.submit()["state_name"] == "Recorded"
    _act(ui, "approve-access/approve-access", people / "bob", tmp_path, model=MODEL)

    run = _pass_until(ui, config, "review")
    ui.open_artifact(run)
    _read_the_draft(ui)
    ui.open_artifact(run)
    _open_form_from_page(ui, "essays")
    expect(ui.choice("Decision")).to_have_text("approve")
    ui.fill("Your name", "erin")
    unsigned = ui.submit()
    signature = _signed(ui.open_artifact(unsigned), people / "erin", tmp_path)
    ui.copy_to_new_run(unsigned)
    ui.fill("Signature", signature)
    ui.shot("ui-review-form")
    recorded = ui.submit()
    assert recorded["state_name"] == "Recorded"
    ui.shot("ui-recorded")

    assert not list(place.glob("site/essays/*/index.html"))
    _pass(ui, config)
    (essay,) = place.glob("site/essays/*/index.html")
    assert "erin" in essay.read_text(encoding="utf-8")
    assert not [r for r in _runs(ui) if r["state_type"] not in ("COMPLETED", "SCHEDULED")]


def test_a_mistake_in_a_form_is_one_sentence_and_no_traceback(ui: PrefectUi) -> None:
    ui.open_form("checklist/checklist")
    ui.fill("Model", "nobody")
    run = ui.submit()
    assert run["state_name"] == "Refused"
    assert re.search(r"'nobody': no such retirement .*\[EM\d+\]", run["state"]["message"])
    logs = ui.api("/logs/filter", {"logs": {"flow_run_id": {"any_": [run["id"]]}}})
    assert not [line for line in logs if "Traceback" in line["message"]]


def _pass(ui: PrefectUi, config: Path) -> dict[str, Any]:
    ui.open_form("retire/one-model")
    ui.fill("Configuration file", str(config))
    run = ui.submit()
    assert run["state_name"] in ("Waiting", "Done"), run["state"]["message"]
    assert run["name"] == MODEL
    return run


def _pass_until(ui: PrefectUi, config: Path, command: str) -> dict[str, Any]:
    """Passes as a schedule would start them, until one ends with a command for a person."""
    for _ in range(_MOST_PASSES):
        run = _pass(ui, config)
        if f"`emeritus {command} " in ui.open_artifact(run):
            return run
        ui.page.wait_for_timeout(2_000)  # waves are seconds apart
    raise AssertionError(f"no pass waited for `{command}`")


def _open_form_from_page(ui: PrefectUi, stage: str) -> None:
    item = ui.page.get_by_role("listitem").filter(has=ui.page.get_by_text(stage, exact=True))
    item.get_by_role("link", name="open the form").click()
    expect(ui.page.get_by_role("button", name="Submit")).to_be_visible(timeout=20_000)


def _read_the_draft(ui: PrefectUi) -> None:
    ui.page.get_by_role("link", name=re.compile("^draft ")).click()
    expect(ui.page.get_by_text("SIMULATED").first).to_be_visible()
    ui.shot("ui-draft")


def _act(ui: PrefectUi, deployment: str, key: Path, folder: Path, **fields: str) -> None:
    """Fill a form twice: for the words to sign, and with the signature."""
    ui.open_form(deployment, **fields)
    ui.fill("Your name", key.name)
    unsigned = ui.submit()
    signature = _signed(ui.open_artifact(unsigned), key, folder)
    ui.copy_to_new_run(unsigned)
    ui.fill("Signature", signature)
    recorded = ui.submit()
    assert recorded["state_name"] == "Recorded", recorded["state"]["message"]


def _signed(page: str, key: Path, folder: Path) -> str:
    """What the page tells a person to type on their own machine."""
    encoded = re.search(r"echo (\S+) \| base64 -d", page)
    namespace = re.search(r"-n (\S+) act", page)
    assert encoded
    assert namespace
    act = folder / "act"
    act.write_bytes(base64.b64decode(encoded[1]))
    act.with_suffix(".sig").unlink(missing_ok=True)
    command = ["ssh-keygen", "-q", "-Y", "sign", "-f", str(key), "-n", namespace[1], str(act)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    return act.with_suffix(".sig").read_text()


def _runs(ui: PrefectUi) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ui.api("/flow_runs/filter", {"limit": 200})
    return found
