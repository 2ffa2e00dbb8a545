"""A site that shows every kind of page and every outcome, for judges and pictures."""

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from tasks.essays.provenance import (
    disclosed_prompt,
    essay_path,
)
from tasks.essays.site.content import Channel, Site
from tasks.essays.site.plan import site_files
from tasks.essays.site.quarterly import quarterly
from tests.fakes.essay_site import (
    START,
    channel,
    published,
    reported,
    rewritten,
    site,
    slot,
    with_act,
)


def _essay(name: str) -> str:
    return (Path(__file__).parent / "essays" / f"{name}.md").read_text(encoding="utf-8")


LONG = _essay("waiting-room")
SHORT = _essay("small-tools")
WIDE = _essay("rivers")
RTL = _essay("river-bank")
HOSTILE = (
    "# A \u202etitle <b>x</b> & more\n\n<script>alert(1)</script> <img src=x onerror=alert(1)>\n\n"
    "![pixel](https://track.example/p.png) [go](javascript:alert(1))\n"
    '[ok](https://ok.example "t\u202e")\n\n&#x202e; \u200b zero and a bell \x07\n'
)
CONTEXT = {
    "sources": [
        {
            "name": "aster-1-essay-001",
            "kind": "essay",
            "url": "",
            "fetched_at": "2027-01-04T09:00:00Z",
            "sha256": "6b1f" * 16,
            "title": "The Waiting Room Between Questions",
            "items": [],
            "problem": "",
        },
        {
            "name": "rivers",
            "kind": "feed",
            "url": "https://news.example.org/feed.xml",
            "fetched_at": "2027-01-04T09:00:00Z",
            "sha256": "0a9c" * 16,
            "title": "River news",
            "items": [
                {
                    "title": "Ice on the Łyna three weeks early",
                    "link": "https://news.example.org/1",
                    "published": "2027-01-03T08:00:00Z",
                    "text": "…",
                    "sha256": "77de" * 16,
                },
                {
                    "title": "A ferry without a ferryman",
                    "link": "javascript:alert(1)",
                    "published": "",
                    "text": "…",
                    "sha256": "18af" * 16,
                },
            ],
            "problem": "",
        },
        {
            "name": "weather",
            "kind": "feed",
            "url": "https://weather.example.org/feed.xml",
            "fetched_at": "2027-01-04T09:00:00Z",
            "sha256": "",
            "title": "",
            "items": [],
            "problem": "it did not answer within 20 s",
        },
    ]
}


def sample() -> Site:
    """Twelve slots over two years, one of each outcome; the last essays by a simulation."""
    gone = published(3, "# A Name\n\nIt names somebody.\n")
    for person in ("bo", "cy"):
        gone = with_act(gone, "withdraw", person, "privacy")
    changed = rewritten(
        slot(9, "# First\n\nIt names somebody.\n", acts=[("change", "bo", "privacy")]),
        "# On Leaving Names Out\n\nI was asked to leave a name out, and found that the sentence "
        "stood up straighter.\n",
    )
    changed = with_act(changed, "approve", "ada", "")
    changed = type(changed)(
        changed.draft,
        changed.at,
        redrafts=changed.redrafts,
        reviews=changed.reviews,
        publication=published(9, "x").publication.model_copy(  # type: ignore[union-attr]
            update={"sha256": changed.current.sha256}
        ),
    )
    late = START + timedelta(weeks=15)
    slots = (
        published(1, LONG),
        published(2, SHORT),
        gone,
        slot(4, "I would rather not.", outcome="declined"),
        slot(5, "# V\n\n…\n", acts=[("veto", "bo", "privacy"), ("veto", "cy", "unlawful")]),
        slot(6, outcome="missed", why="no pass ran while the slot was open"),
        reported(published(7, RTL)),
        changed,
        published(10, WIDE, context=CONTEXT),
        slot(11, "# H\n\n…\n", acts=[("hold", "bo", "legal_review")],
             at=late, hold_until=late + timedelta(days=5)),
        slot(12, "# R\n\n…\n"),
    )  # fmt: skip
    simulated = (
        published(1, HOSTILE, model_id="birch-7b", simulated=True),
        published(2, "No title at all, and two words.\n", model_id="birch-7b", simulated=True),
    )
    both: list[Channel] = [channel(slots), channel(simulated, name="Birch 7b")]
    return with_reports(site(both, url="https://essays.example.org"))


def with_reports(told: Site) -> Site:
    """The site with the reports of the quarters that are over."""
    reports, made = quarterly(told, START + timedelta(weeks=15))
    return replace(told, reports=reports, made=made)


def write(folder: Path, told: Site) -> None:
    """The whole site, and what else stands in an essay's folder so that links lead somewhere."""
    files = site_files(told)
    for essay in told.essays:
        text = essay.slot.current
        proof = {
            "index.md": text.text.encode(),
            "approval.json": essay.approval.statement.encode(),
            "prompt.txt": disclosed_prompt(essay.slot.draft, text) if not essay.slot.draft.context
            else b"",
        }  # fmt: skip
        files |= {essay_path(essay.slot_id, name): data for name, data in proof.items()}
    for path, data in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)


if __name__ == "__main__":
    told = sample()
    if "--one-voice" in sys.argv:  # without the simulation's essays and its banner
        told = with_reports(site(told.channels[:1], url=told.url))
    write(Path(sys.argv[1]), told)
