import csv
import json
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tasks.monitoring.audit_pages import write_audit
from tasks.monitoring.auditing import audit
from tests.fakes.configs import retirement

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
HOSTILE = "=cmd|' /C x'!A1<script>alert(1)</script>"
MAP = {
    "timestamp": "at",
    "callers": ["who"],
    "model": "model",
    "cost_usd": "cost",
    "input_tokens": "read",
}


def made(folder: Path, owners: list[dict[str, Any]], *, simulated: bool = False) -> Path:
    """The audit's folder, of one log."""
    rows = ["at,who,model,cost,read\n"]
    for day in range(91):
        at = (NOW - timedelta(days=day)).isoformat()
        rows += [f"{at},other,aster-2,1,2\n", f"{at},search-prod,us.anthropic.aster-1-v1:0,1,2\n"]
    rows.append(f'2026-11-30T08:00:00Z,"{HOSTILE}",aster-1,1,2\n')
    log = folder / "log.csv"
    log.write_text("".join(rows))
    one = {"name": "gw", "path": str(log), "format": "columns", "columns": MAP}
    config = retirement(candidate={"owners": owners}, monitoring={"exports": [one]})
    found = audit(config, NOW, exports=config.monitoring.exports, simulated=simulated)
    out = folder / "usage-audit"
    assert write_audit(out, found.body, found.uses) == out / "audit.json"
    return out


def owner(name: str, *callers: str) -> dict[str, Any]:
    return {"name": name, "contact": "a@example.org", "callers": list(callers)}


def test_a_packet_tells_an_owner_what_to_know(tmp_path: Path):
    out = made(tmp_path, [owner("Search team", "search-*")])
    text = (out / "owners" / "search-team.md").read_text()
    for said in (
        "**You still call this model.** 91 calls",  # a call on each day, the window's first too
        "| api | 2027-03-01 | in 90 days |",
        "`aster-2`, its successor",
        "a@example.org",
        "| search-prod | gw | 91 calls | 2026-12-01 09:00 UTC | us.anthropic.aster-1-v1:0 |",
        "| Cost | 91.00 USD |",
    ):
        assert said in text
    assert "It goes by aster-1, also behind" in text
    packet = json.loads((out / "owners" / "search-team.json").read_text())
    assert packet["format"] == "emeritus-usage-packet/1"
    assert packet["owner"]["calls"] == 91
    assert packet["surfaces"][0]["retires_on"] == "2027-03-01"


def test_files_are_the_same_for_the_same_audit(tmp_path: Path):
    out = made(tmp_path, [owner("Search team", "search-*")])
    first = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in out.rglob("*.*")}
    made(tmp_path, [owner("Search team", "search-*")])
    assert first == {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in out.rglob("*.*")}


def test_names_that_look_alike_as_files_stay_apart(tmp_path: Path):
    out = made(tmp_path, [owner("Search team", "a"), owner("search/TEAM", "b"), owner("検索", "c")])
    names = [json.loads(p.read_text())["owner"]["name"] for p in (out / "owners").glob("*.json")]
    assert sorted(names) == sorted(["Search team", "search/TEAM", "検索"])


def test_a_packet_of_a_former_owner_is_kept_and_told_of(tmp_path: Path):
    out = made(tmp_path, [owner("Search team", "search-*"), owner("Billing", "b")])
    (out / "owners" / "notes.json").write_text("{}")  # a person's own
    made(tmp_path, [owner("Search team", "search-*")])
    assert not (out / "owners" / "billing.md").exists()
    assert (out / "owners" / "former" / "billing.md").is_file()
    assert (out / "owners" / "notes.json").is_file()
    assert json.loads((out / "audit.json").read_text())["former_owners"] == ["Billing"]
    assert "`owners/former/`: Billing" in (out / "audit.md").read_text()
    made(tmp_path, [owner("Search team", "search-*"), owner("Billing", "b")])
    assert (out / "owners" / "billing.md").is_file()
    assert json.loads((out / "audit.json").read_text())["former_owners"] == []


def test_hostile_callers_stay_text_in_every_file(tmp_path: Path):
    out = made(tmp_path, [owner("Search team", "search-*")])
    for name in ("audit.html", "audit.md"):
        text = (out / name).read_text()
        assert "<script" not in text
        assert "alert(1)" in text
    rows = list(csv.DictReader((out / "callers.csv").open()))
    assert [row["caller"] for row in rows] == [f"'{HOSTILE}", "search-prod"]
    assert rows[1]["owner"] == "Search team"


@pytest.mark.parametrize("simulated", [True, False])
def test_what_is_simulated_says_so(tmp_path: Path, simulated: bool):
    out = made(tmp_path, [owner("Search team", "search-*")], simulated=simulated)
    for name in ("audit.html", "audit.md", "owners/search-team.md"):
        assert ("SIMULATED" in (out / name).read_text()) == simulated


class _Plots(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.plots: list[dict[str, str | None]] = []
        self.ids: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "svg":
            self.plots.append(told)
        if "id" in told:
            self.ids.append(told["id"])


def test_each_plot_has_a_title_and_a_description(tmp_path: Path):
    out = made(tmp_path, [owner("Search team", "search-*"), owner("Billing", "b")])
    page = _Plots()
    page.feed((out / "audit.html").read_text())
    assert len(page.plots) == 2  # an owner's who calls, and the unknown callers'
    assert len(page.ids) == len(set(page.ids))
    for plot in page.plots:
        assert set((plot["aria-labelledby"] or "").split()) <= set(page.ids)
