"""The page that a reviewer reads: the essay as readers would see it, and as it is. Pure but for
templates.
"""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from markupsafe import Markup

from configs.schema import RetirementConfig
from tasks.essays.act import statement_of
from tasks.essays.act_rules import check_possible
from tasks.essays.characters import visible
from tasks.essays.markup import render, title_of
from tasks.essays.pages import fill, style
from tasks.essays.policy import RULES, SIGNED_FOR_DAYS, policy_of
from tasks.essays.slot_record import OPEN, QUESTIONED, SlotRecord, Standing
from tasks.essays.statement import REVIEW_NAMESPACE, Act
from tasks.kernel.errors import DecisionRefused
from tasks.records.essay import Draft, Redraft


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a line: hidden characters written out, and whether a finding begins here."""

    text: str
    marked: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the raw text, with what checks say of it."""

    number: int
    pieces: tuple[Piece, ...]
    findings: tuple[dict[str, Any], ...]


def review_files(config: RetirementConfig, slot: SlotRecord, today: date) -> dict[str, bytes]:
    """Path -> bytes: the texts' raw bytes, the words to sign, the style sheet, the page.

    Args:
        config: whose essay.
        slot: which, as it stands.
        today: day of the approval that can be signed from the page.
    """
    draft, text = slot.draft, slot.current
    folder, name = draft.model_id, f"review-{draft.slot_id}"
    findings = json.loads(text.findings)
    files = {f"{folder}/{name}.md": text.text.encode("utf-8"), f"{folder}/style.css": style()}
    statement = _statement(config, slot, today)
    if statement:
        files[f"{folder}/{name}.approve.json"] = statement
    texts: list[Draft | Redraft] = [draft, *slot.redrafts]
    earlier = [t for t in texts if t is not text and t.outcome == "drafted"]
    files[f"{folder}/{name}.html"] = fill(
        "review.html.j2",
        root="",
        site_title="Emeritus review",
        slot=slot,
        is_open=slot.standing in OPEN,
        is_questioned=slot.standing in QUESTIONED,
        held=slot.hold if slot.standing is Standing.HELD else None,
        due=slot.in_review_since + timedelta(days=config.essays.review_days),
        draft=draft,
        text=text,
        redraft=text if isinstance(text, Redraft) else None,
        redrafts=slot.redrafts,
        requests={review.id: review for review in slot.reviews},
        earlier=[(t, lines_of(t)) for t in earlier],
        title=title_of(text.text) or "Untitled",
        display_name=config.display_name,
        html=Markup(render(text.text)),  # noqa: S704  # an allow-list made it
        lines=lines_of(text),
        findings=findings,
        context=json.loads(draft.context)["sources"] if draft.context else [],
        raw=f"{name}.md",
        statement=f"{name}.approve.json" if statement else "",
        signed_by=today + timedelta(days=SIGNED_FOR_DAYS),
        rules=RULES,
        policy=policy_of(config.essays),
        namespace=REVIEW_NAMESPACE,
        model=draft.model_id,
        slot_id=draft.slot_id,
        disclaimers=[config.essays.disclaimer],
        simulated=text.simulated,
    )
    return files


def handbook_files(config: RetirementConfig, *, simulated: bool) -> dict[str, bytes]:
    """Path -> bytes: the style sheet, and the reviewer's handbook."""
    page = fill(
        "handbook.html.j2",
        root="",
        site_title="Emeritus review",
        model=config.id,
        display_name=config.display_name,
        rules=RULES,
        policy=policy_of(config.essays),
        disclaimers=[config.essays.disclaimer],
        simulated=simulated,
    )
    return {f"{config.id}/style.css": style(), f"{config.id}/handbook.html": page}


def lines_of(text: Draft | Redraft) -> list[Line]:
    """The raw text line by line, findings at their places."""
    findings = json.loads(text.findings)
    lines = []
    for number, line in enumerate(text.text.split("\n"), start=1):
        here = tuple(f for f in findings if f["line"] == number)
        lines.append(Line(number, _pieces(line, here), here))
    return lines


def _pieces(line: str, findings: tuple[dict[str, Any], ...]) -> tuple[Piece, ...]:
    """Cut a line where findings begin and end; what a finding covers is marked once."""
    spans: list[tuple[int, int]] = []
    for finding in sorted(findings, key=lambda f: f.get("column", 0)):
        start = finding.get("column", 0) - 1
        if not 0 <= start < len(line):
            continue
        said = str(finding["excerpt"])
        length = len(said) if line.startswith(said, start) else 1
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], start + length))
        else:
            spans.append((start, start + length))
    pieces, at = [], 0
    for start, end in spans:
        pieces += [Piece(visible(line[at:start]), False), Piece(visible(line[start:end]), True)]
        at = end
    pieces.append(Piece(visible(line[at:]), False))
    return tuple(piece for piece in pieces if piece.text)


def _statement(config: RetirementConfig, slot: SlotRecord, today: date) -> bytes:
    """The words of an approval; empty where none is possible."""
    act = Act("approve")
    try:
        check_possible(slot, act)
    except DecisionRefused:
        return b""
    return statement_of(config.essays, slot, act, today)
