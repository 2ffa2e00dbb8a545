"""What the records say of coding and verdicts."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from configs.load import load_instrument
from configs.schema import RetirementConfig
from configs.schema.instrument import Theme
from tasks.kernel.digests import digest_of
from tasks.kernel.instants import from_text
from tasks.kernel.stages import Assessment
from tasks.records import Book
from tasks.records.interview import Conversation
from tasks.records.latest import latest_design
from tasks.records.validation import Coding, Verdict
from tasks.validation.coding import Held, Reading
from tasks.validation.core import (
    Progress,
    Readers,
    assess_validation,
    in_order,
    missing_readers,
)


@dataclass(frozen=True, slots=True)
class ValidationView:
    """The registered design, what was answered to it, and how that was read.

    Attributes:
        design_digest: the design's digest.
        body: the registered body.
        planned: conversations of the design.
        themes: the codebook's entries by id, as they stand now.
        codebook_sha256: digest of the codebook as it stands now.
        readers: the coders' names.
        conversations: all with a row, sorted by id, so that coding them tells no order.
        readings: conversation id -> coder -> reading.
        simulated: whether anything of it came from a simulation.
        verdicts: theme -> verdict row.
    """

    design_digest: str
    body: dict[str, Any]
    planned: int
    themes: dict[str, Theme]
    codebook_sha256: str
    readers: Readers
    conversations: tuple[Conversation, ...]
    readings: dict[str, dict[str, Reading]]
    simulated: bool
    verdicts: dict[str, Verdict]

    @property
    def codebook_changed(self) -> bool:
        """Whether the codebook is not the registered one."""
        registered: str = self.body["codebook_sha256"]
        return self.codebook_sha256 != registered

    def to_code(self, names: Sequence[str]) -> tuple[tuple[str, Conversation], ...]:
        """(reader, answered conversation) for all that these readers have still to read."""
        return tuple(
            (name, conversation)
            for conversation in self.conversations
            if conversation.outcome == "answered"
            for name in missing_readers(self.readings.get(conversation.id, {}), self.readers)
            if name in names
        )

    def held(self, theme: str) -> tuple[Held, ...]:
        """A theme's conversations that are over, with their readings."""
        return tuple(
            Held(
                id=row.id,
                kind=row.kind,
                context=row.context,
                wave=row.wave,
                outcome=row.outcome,
                answered_at=row.answered_at,
                readings=in_order(self.readings.get(row.id, {}), self.readers),
            )
            for row in self.conversations
            if row.theme == theme and row.is_over
        )

    def progress(self, now: datetime) -> Progress:
        """How far it got."""
        over = [row for row in self.conversations if row.is_over]
        everyone = (self.readers.first, self.readers.second, self.readers.adjudicator)
        starts = [from_text(start) for start in self.body.get("wave_starts", [])]
        return Progress(
            planned=self.planned,
            over=len(over),
            answered=sum(row.outcome == "answered" for row in over),
            uncoded=len({row.id for _, row in self.to_code(everyone)}),
            codebook_changed=self.codebook_changed,
            next_wave_at=min((start for start in starts if start > now), default=None),
            themes=tuple(self.body["themes"]),
            verdicts={
                theme: (self.verdicts[theme].verdict, self.verdicts[theme].polarity)
                for theme in self.body["themes"]
                if theme in self.verdicts
            },
            simulated=self.simulated,
        )


def look(config: RetirementConfig, session: Session) -> ValidationView | None:
    """Read what there is under the model's latest design; None while there is none.

    Raises:
        ConfigError: the instrument's files can't be used.
    """
    design = latest_design(session, config.id)
    if design is None:
        return None
    _, codebook = load_instrument(config.interviews.instrument_folder)
    conversations = session.exec(
        select(Conversation)
        .where(Conversation.design_digest == design.digest)
        .order_by(col(Conversation.id))
        .options(defer(Conversation.raw))  # type: ignore[arg-type]  # SQLModel types it as str
    ).all()
    verdicts = session.exec(select(Verdict).where(Verdict.design_digest == design.digest)).all()
    codings = _codings(session, config.id, {row.id for row in conversations})
    coders = config.validation.coders
    return ValidationView(
        design_digest=design.digest,
        body=json.loads(design.body),
        planned=design.conversations,
        themes={theme.id: theme for theme in codebook.themes},
        codebook_sha256=digest_of(codebook.model_dump(mode="json")),
        readers=Readers(coders[0].name, coders[1].name, config.validation.adjudicator.name),
        conversations=tuple(conversations),
        readings=_readings(codings),
        simulated=any(row.simulated for row in conversations)
        or any(row.simulated for row in codings),
        verdicts={row.theme: row for row in verdicts},
    )


def _codings(session: Session, model_id: str, conversations: set[str]) -> list[Coding]:
    rows = session.exec(
        select(Coding).where(Coding.model_id == model_id).options(defer(Coding.raw))  # type: ignore[arg-type]  # SQLModel types it as str
    )
    return [row for row in rows if row.conversation_id in conversations]


def _readings(codings: Sequence[Coding]) -> dict[str, dict[str, Reading]]:
    readings: dict[str, dict[str, Reading]] = defaultdict(dict)
    for row in codings:
        readings[row.conversation_id][row.coder] = Reading(row.polarity, row.quote, row.problem)
    return dict(readings)


def assess(config: RetirementConfig, book: Book, now: datetime) -> Assessment:
    """How the stage stands. Reads records and the codebook's file."""
    with book.reading() as session:
        view = look(config, session)
    return assess_validation(None if view is None else view.progress(now))
