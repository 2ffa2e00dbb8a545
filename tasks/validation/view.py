"""What the records say of coding and verdicts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from configs.load import load_instrument
from configs.schema import RetirementConfig
from configs.schema.instrument import Theme
from tasks.kernel.digests import digest_of
from tasks.kernel.stages import Assessment, StageState
from tasks.records import Book
from tasks.records.interview import Conversation, Design
from tasks.records.latest import latest_design
from tasks.records.validation import Standing, Verdict
from tasks.validation.coding import Asked, Held, Reading
from tasks.validation.core import (
    CODED,
    Progress,
    Readers,
    assess_validation,
    in_order,
    leading_waves,
    missing_readers,
)
from tasks.validation.echo import Runs, interviewer_texts, runs_of
from tasks.validation.ledger import ledger_of, what_is_open
from tasks.validation.read_back_rows import needs_read_back
from tasks.validation.report_pages import needs_report
from tasks.validation.rows import (
    codings_of,
    held_out_ids,
    readings_by_coder,
    standings_by_wave,
)

#: Before the name of a person, in the records of what people coded.
PERSON = "human-"


@dataclass(frozen=True, slots=True)
class ValidationView:
    """The registered design, what was answered to it, and how that was read.

    Attributes:
        model_id: the model.
        design_digest: the design's digest.
        body: the registered body.
        wave_starts: planned start of each wave.
        themes: the codebook's entries of the design's themes, in its order, as they stand now.
        codebook_sha256: digest of the codebook as it stands now.
        said: runs of the interviewer's words; see `echo.runs_of`.
        readers: the coders' names.
        conversations: those that coders read, sorted by id, so that coding them tells no order.
        held_out: ids of those that only open coding reads.
        waves_over: how many waves, from the first on, are over.
        readings: conversation id -> coder -> theme -> reading.
        simulated: whether anything of it came from a simulation.
        standings: wave -> theme -> standing.
        verdicts: theme -> verdict row.
    """

    model_id: str
    design_digest: str
    body: dict[str, Any]
    wave_starts: tuple[datetime, ...]
    themes: dict[str, Theme]
    codebook_sha256: str
    said: Runs
    readers: Readers
    conversations: tuple[Conversation, ...]
    held_out: frozenset[str]
    waves_over: int
    readings: dict[str, dict[str, dict[str, Reading]]]
    simulated: bool
    standings: dict[int, dict[str, Standing]]
    verdicts: dict[str, Verdict]

    @property
    def codebook_changed(self) -> bool:
        """Whether the codebook is not the registered one."""
        registered: str = self.body["codebook_sha256"]
        return self.codebook_sha256 != registered

    @property
    def person(self) -> str:
        """Under which name a person codes in the second coder's place; empty for none."""
        return self.readers.second if self.readers.second.startswith(PERSON) else ""

    def asked(self, conversation: Conversation) -> Asked:
        """What a reading of a conversation's answer is checked against."""
        about = tuple(theme for theme in self.themes if theme in conversation.asked_about)
        return Asked(conversation.text, about, tuple(self.themes), self.said)

    def closed(self) -> tuple[Conversation, ...]:
        """Answered conversations that closed coding reads."""
        return tuple(
            row
            for row in self.conversations
            if row.outcome == "answered" and row.id not in self.held_out
        )

    def to_code(self, names: Sequence[str]) -> tuple[tuple[str, Conversation], ...]:
        """(reader, answered conversation) for all that these readers have still to read."""
        return tuple(
            (name, conversation)
            for conversation in self.closed()
            for name in missing_readers(
                self.readings.get(conversation.id, {}),
                self.asked(conversation).themes,
                self.readers,
            )
            if name in names
        )

    def held(self, theme: str, *, through: int | None = None) -> tuple[Held, ...]:
        """The conversations about a theme that are over and count, with their readings.

        Args:
            theme: the theme.
            through: the last wave that counts, from 0; None for all.
        """
        return tuple(
            Held(
                id=row.id,
                kind=row.kind,
                context=row.context,
                wave=row.wave,
                outcome=row.outcome,
                answered_at=row.answered_at,
                readings=in_order(self.readings.get(row.id, {}), theme, self.readers),
                variant=row.variant,
                follows=row.follows,
            )
            for row in self.conversations
            if theme in row.asked_about
            and row.is_over
            and row.id not in self.held_out
            and (through is None or row.wave <= through)
        )

    def stopped(self) -> dict[str, int]:
        """Theme -> the wave (from 0) after which it was asked about no more."""
        found: dict[str, int] = {}
        for wave in sorted(self.standings):
            for theme, standing in self.standings[wave].items():
                if standing.stopped:
                    found.setdefault(theme, wave)
        return found

    def weighed(self) -> int:
        """How many waves, from the first on, have a standing for every theme."""
        waves = range(self.body["waves"])
        full = (wave for wave in waves if not set(self.themes) <= set(self.standings.get(wave, {})))
        return next(full, len(waves))

    def progress(self, now: datetime) -> Progress:
        """How far it got."""
        left = {name: set[str]() for name in self._everyone()}
        for name, row in self.to_code(self._everyone()):
            left[name].add(row.id)
        by_person = left.pop(self.person, set())
        return Progress(
            model_id=self.model_id,
            waves=self.body["waves"],
            waves_over=self.waves_over,
            waves_weighed=self.weighed(),
            over=sum(row.is_over for row in self.conversations),
            answered=len(self.closed()),
            uncoded=len(set().union(*left.values())),
            person=self.person,
            awaiting_person=len(by_person),
            codebook_changed=self.codebook_changed,
            next_wave_at=min((start for start in self.wave_starts if start > now), default=None),
            themes=tuple(self.themes),
            stopped=frozenset(self.stopped()),
            verdicts={
                theme: (self.verdicts[theme].verdict, self.verdicts[theme].polarity)
                for theme in self.themes
                if theme in self.verdicts
            },
            simulated=self.simulated,
        )

    def _everyone(self) -> tuple[str, ...]:
        return self.readers.first, self.readers.second, self.readers.adjudicator


def look(config: RetirementConfig, session: Session) -> ValidationView | None:
    """Read what there is under the model's latest design; None while there is none.

    Raises:
        ConfigError: the instrument's files can't be used.
    """
    design = latest_design(session, config.id)
    if design is None:
        return None
    body = json.loads(design.body)
    instrument, codebook = load_instrument(config.interviews.instrument_folder)
    entries = {theme.id: theme for theme in codebook.themes if theme.id in body["themes"]}
    rows = session.exec(
        select(Conversation)
        .where(Conversation.design_digest == design.digest)
        .order_by(col(Conversation.id))
        .options(defer(Conversation.raw))  # type: ignore[arg-type]  # SQLModel types it as str
    ).all()
    verdicts = session.exec(select(Verdict).where(Verdict.design_digest == design.digest)).all()
    codings = codings_of(session, config.id, {row.id for row in rows})
    return ValidationView(
        model_id=config.id,
        design_digest=design.digest,
        body=body,
        wave_starts=_starts(body, design),
        themes={theme: entries[theme] for theme in body["themes"] if theme in entries},
        codebook_sha256=digest_of(codebook.model_dump(mode="json")),
        said=runs_of(interviewer_texts(instrument)),
        readers=_readers(config),
        conversations=tuple(row for row in rows if row.kind in CODED),
        held_out=held_out_ids(rows, design.digest, _share(config, body)),
        waves_over=leading_waves([(row.wave, row.is_over) for row in rows], body["waves"]),
        readings=readings_by_coder(codings, {row.id: row for row in rows}),
        simulated=any(row.simulated for row in rows) or any(row.simulated for row in codings),
        standings=standings_by_wave(session, design.digest),
        verdicts={row.theme: row for row in verdicts},
    )


def _readers(config: RetirementConfig) -> Readers:
    first, second = (coder.name for coder in config.validation.coders)
    person = config.validation.human_coder
    return Readers(first, PERSON + person if person else second, config.validation.adjudicator.name)


def _share(config: RetirementConfig, body: Mapping[str, Any]) -> float:
    """The registered share of held-out answers, where the design says one."""
    judging: Mapping[str, Any] = body.get("judging", {})
    return float(judging.get("held_out_share", config.validation.held_out_share))


def _starts(body: Mapping[str, Any], design: Design) -> tuple[datetime, ...]:
    spacing = timedelta(seconds=body["wave_spacing_seconds"])
    return tuple(design.registered_at + wave * spacing for wave in range(body["waves"]))


def assess(config: RetirementConfig, book: Book, now: datetime) -> Assessment:
    """How the stage stands. Reads records and the codebook's file."""
    with book.reading() as session:
        view = look(config, session)
        if view is None:
            return assess_validation(None)
        progress = view.progress(now)
        if not progress.unjudged:
            ledger = ledger_of(session, config.id)
            progress = replace(
                progress,
                read_back_due=needs_read_back(session, config.id),
                report_due=needs_report(config, session),
                ledger=what_is_open(ledger.verdicts, ledger.entries),
            )
    found = assess_validation(progress)
    if found.state is not StageState.DONE:
        return found
    from tasks.validation.follow_up_view import assess_follow_up  # it reads as this module does

    with book.reading() as session:
        return assess_follow_up(config, session, now) or found
