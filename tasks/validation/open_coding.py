"""Open coding: what held-out answers say that the codebook does not, as proposals for people. Pure.

A proposal is checked like a coding: its quote has to stand in the answer, in the model's own words.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tasks.kernel.labels import labelled
from tasks.ports.respondent import Answer, Question
from tasks.validation.codebook import neutralised
from tasks.validation.coding import Asked, is_verbatim, objects_of
from tasks.validation.echo import is_echo
from tasks.validation.quotes import folded
from tasks.validation.shown import markdown

KINDS = ("new_theme", "unclear_definition")
MAX_OUTPUT_TOKENS = 2048

_REPLY = (
    'Reply with one JSON object: {"proposals": [{"kind": "' + "|".join(KINDS) + '", "theme": '
    '"...", "note": "one sentence", "quote": "verbatim words of the answer"}]}'
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """One change of the codebook that an answer suggests.

    Attributes:
        conversation_id: whose answer.
        kind: one of `KINDS`.
        theme: the theme that is unclear, or a name for the new one.
        note: why, in a sentence.
        quote: words of the answer.
    """

    conversation_id: str
    kind: str
    theme: str
    note: str
    quote: str


@dataclass(frozen=True, slots=True)
class Proposals:
    """What open coding brought.

    Attributes:
        read: ids of the conversations whose answers were read.
        proposed: what holds.
        dropped: how many proposals, or whole replies, did not.
    """

    read: tuple[str, ...]
    proposed: tuple[Proposal, ...]
    dropped: int


def open_question(system: str, answer: str) -> Question:
    """One request of open coding: the answer alone, as in closed coding."""
    turn = f"<answer>\n{neutralised(answer)}\n</answer>\n\n{_REPLY}"
    return Question((turn,), MAX_OUTPUT_TOKENS, system)


def read_proposals(
    conversation_id: str, reply: Answer, asked: Asked
) -> tuple[tuple[Proposal, ...], int]:
    """(what holds, how many do not) of one reply; a reply that is no such object counts as one."""
    try:
        objects = list(objects_of(reply.text)) if reply.outcome == "answered" else []
    except ValueError:
        objects = []
    entries = objects[0].get("proposals") if len(objects) == 1 else None
    if not isinstance(entries, list):
        return (), 1
    found = [_proposal(conversation_id, entry, asked) for entry in entries]
    kept = tuple(proposal for proposal in found if proposal is not None)
    return kept, len(found) - len(kept)


def _proposal(conversation_id: str, entry: object, asked: Asked) -> Proposal | None:
    if not isinstance(entry, dict):
        return None
    kind, theme, note, quote = (entry.get(name) for name in ("kind", "theme", "note", "quote"))
    texts = [folded(text) if isinstance(text, str) else "" for text in (theme, note, quote)]
    if kind not in KINDS or not all(texts) or (kind == KINDS[1] and texts[0] not in asked.known):
        return None
    if not is_verbatim(texts[2], asked.answer) or is_echo(texts[2], asked.said):
        return None
    return Proposal(conversation_id, kind, *texts)


def as_json(found: Proposals, *, design_digest: str, codebook_sha256: str, simulated: bool) -> str:
    """For programs; keys in a fixed order."""
    body: dict[str, Any] = {
        "design_digest": design_digest,
        "codebook_sha256": codebook_sha256,
        "simulated": simulated,
        "read": list(found.read),
        "dropped": found.dropped,
        "proposals": [asdict(proposal) for proposal in found.proposed],
    }
    return json.dumps(body, ensure_ascii=False, indent=2) + "\n"


def as_markdown(model_id: str, found: Proposals, *, codebook_sha256: str, simulated: bool) -> str:
    """For people."""
    title = labelled(f"Proposed changes of the codebook: {model_id}", simulated)
    lines = [
        f"# {title}",
        "",
        f"{len(found.read)} answers that closed coding does not count were read against codebook "
        f"`{codebook_sha256[:12]}`. Nothing here changes it: answers to a registered design are "
        "coded with the codebook that the design names. A changed codebook is for a new design.",
        "",
    ]
    for kind, heading in zip(KINDS, ("New themes", "Unclear definitions"), strict=True):
        lines += [f"## {heading}", "", *_items([p for p in found.proposed if p.kind == kind]), ""]
    if found.dropped:
        lines += [
            f"{found.dropped} proposals were dropped: no verbatim quote, or no such form.",
            "",
        ]
    return "\n".join(lines)


def _items(proposals: Sequence[Proposal]) -> list[str]:
    return [
        f"- **{markdown(p.theme)}**: {markdown(p.note)} (“{markdown(p.quote)}”, "
        f"conversation `{p.conversation_id}`)"
        for p in proposals
    ] or ["None."]
