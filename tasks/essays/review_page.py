"""The page that a reviewer reads: the essay as readers would see it, and as it is. Pure but for
templates.
"""

import json
from dataclasses import dataclass

from markupsafe import Markup

from tasks.essays.act import REASONS, SHORTEST_VETO_RATIONALE
from tasks.essays.characters import visible
from tasks.essays.core import OPEN, SlotRecord
from tasks.essays.markup import render, title_of
from tasks.essays.pages import fill, style
from tasks.essays.statement import REVIEW_NAMESPACE


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the raw text, hidden characters written out, with what checks say of it."""

    number: int
    text: str
    findings: tuple[dict[str, object], ...]


def review_files(slot: SlotRecord, *, display_name: str, disclaimer: str) -> dict[str, bytes]:
    """Path -> bytes: the draft's raw bytes, the style sheet, the page."""
    draft = slot.draft
    folder, name = draft.model_id, f"review-{draft.slot_id}"
    findings = json.loads(draft.findings)
    lines = [
        Line(number, visible(text), tuple(f for f in findings if f["line"] == number))
        for number, text in enumerate(draft.text.split("\n"), start=1)
    ]
    page = fill(
        "review.html.j2",
        root="",
        site_title="Emeritus review",
        slot=slot,
        is_open=slot.standing in OPEN,
        draft=draft,
        title=title_of(draft.text) or "Untitled",
        display_name=display_name,
        html=Markup(render(draft.text)),  # noqa: S704  # an allow-list made it
        lines=lines,
        findings=findings,
        raw=f"{name}.md",
        commands=commands(draft.model_id, draft.slot_id),
        reasons=REASONS,
        shortest=SHORTEST_VETO_RATIONALE,
        disclaimers=[disclaimer],
        simulated=draft.simulated,
    )
    return {
        f"{folder}/{name}.md": draft.text.encode("utf-8"),
        f"{folder}/style.css": style(),
        f"{folder}/{name}.html": page,
    }


def commands(model_id: str, slot_id: str) -> dict[str, str]:
    """What a person types, by action."""
    start = f"emeritus review {model_id}"
    end = f"--slot {slot_id} --as NAME --key PATH"
    return {
        "approve": f"{start} approve {end}",
        "hold": f"{start} hold --reason REASON {end}",
        "veto": f'{start} veto --reason REASON --rationale "…" {end}',
        "statement": f"emeritus statement {model_id} approve --slot {slot_id} > act",
        "sign": f"ssh-keygen -Y sign -f PATH -n {REVIEW_NAMESPACE} act",
        "hand_in": f"{start} approve --slot {slot_id} --as NAME --signature act.sig",
    }
