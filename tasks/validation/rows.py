"""Rows of the records as values: who read what, and how."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy.orm import defer
from sqlmodel import Session, select

from tasks.records.interview import Conversation
from tasks.records.validation import Coding, Standing
from tasks.validation.coding import Reading, from_json
from tasks.validation.core import is_held_out


def held_out_ids(rows: Sequence[Conversation], digest: str, share: float) -> frozenset[str]:
    """First neutral conversations that only open coding reads, and the turns that follow them."""
    first = {
        row.id
        for row in rows
        if row.wave == 0 and row.kind == "neutral" and is_held_out(digest, row.id, share)
    }
    return frozenset(first | {row.id for row in rows if row.follows in first})


def standings_by_wave(session: Session, digest: str) -> dict[int, dict[str, Standing]]:
    """Wave -> theme -> standing, of one design."""
    found: dict[int, dict[str, Standing]] = defaultdict(dict)
    for row in session.exec(select(Standing).where(Standing.design_digest == digest)):
        found[row.wave][row.theme] = row
    return dict(found)


def codings_of(session: Session, model_id: str, conversations: set[str]) -> list[Coding]:
    """The codings of some conversations of a model, without the raw replies."""
    rows = session.exec(
        select(Coding).where(Coding.model_id == model_id).options(defer(Coding.raw))  # type: ignore[arg-type]  # SQLModel types it as str
    )
    return [row for row in rows if row.conversation_id in conversations]


def readings_by_coder(
    codings: Sequence[Coding], conversations: Mapping[str, Conversation]
) -> dict[str, dict[str, dict[str, Reading]]]:
    """Conversation id -> coder -> theme -> reading.

    Rows older than migration 0003 hold one theme's reading, in columns of their own.
    """
    readings: dict[str, dict[str, dict[str, Reading]]] = defaultdict(dict)
    for row in codings:
        old = {conversations[row.conversation_id].theme: (row.polarity, row.quote, row.problem)}
        readings[row.conversation_id][row.coder] = (
            from_json(row.readings)
            if row.readings
            else {theme: Reading(*fields) for theme, fields in old.items()}
        )
    return dict(readings)
