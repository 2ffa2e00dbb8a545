"""What readers say is wrong with a published essay: it reopens the review, and decides nothing.

A report comes as a JSON file in the inbox (which the webhook fills too), by form or by command. The
same words about the same essay are one report, however often they come.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import Field, ValidationError, field_validator

from configs.home import under_home
from configs.schema import RetirementConfig
from configs.schema.base import Section
from tasks import wiring
from tasks.essays.characters import visible
from tasks.essays.policy import VETO_REASONS
from tasks.essays.rows import slots_of
from tasks.essays.slot_record import PUBLIC
from tasks.kernel.digests import stable_id
from tasks.kernel.errors import DecisionRefused
from tasks.records import Book, Fence
from tasks.records.essay import ReaderReport

KINDS = {**VETO_REASONS, "other": "something else"}
LONGEST_FILE_BYTES = 65_536
#: Reports on one essay that wait for a person; later ones stay in the inbox until then.
MOST_OPEN = 100
READ = "read"


class ReportForm(Section):
    """A reader's report, as the inbox and the webhook take it."""

    slot: str = Field(min_length=1, max_length=200, description="The essay's slot.")
    kind: str = Field(description="Why: a reason of the policy, or `other`.")
    words: str = Field(min_length=10, max_length=4000, description="What is wrong, and where.")
    contact: str = Field(
        default="", max_length=200, description="Where the reader may be answered; not published."
    )

    @field_validator("kind")
    @classmethod
    def _listed(cls, kind: str) -> str:
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is no kind of report; choose one of {', '.join(KINDS)}")
        return kind

    @field_validator("words", "contact")
    @classmethod
    def _shown_whole(cls, words: str) -> str:
        return visible(words.replace("\r\n", "\n").strip())


@dataclass(frozen=True, slots=True)
class Inbox:
    """What lies in the inbox for a model.

    Attributes:
        fresh: (file, form) of reports that can be recorded.
        trouble: one sentence a file that can't.
    """

    fresh: tuple[tuple[Path, ReportForm], ...] = ()
    trouble: tuple[str, ...] = ()


def form_of(data: bytes) -> ReportForm:
    """A report out of JSON.

    Raises:
        DecisionRefused: it is none; what is wrong, and how to mend it.
    """
    if len(data) > LONGEST_FILE_BYTES:
        raise DecisionRefused(f"the report has {len(data)} bytes; keep it to {LONGEST_FILE_BYTES}")
    try:
        return ReportForm.model_validate(json.loads(data.decode("utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the report"
        raise DecisionRefused(f"{field}: {first['msg'].removeprefix('Value error, ')}") from None
    except (ValueError, RecursionError):
        raise DecisionRefused(
            'the report is no JSON object; write {"slot": …, "kind": …, "words": …}'
        ) from None


def report_essay(
    config: RetirementConfig, book: Book, form: ReportForm, *, source: str, now: datetime
) -> ReaderReport:
    """Record a report; the same one again returns the row that is there.

    Args:
        config: whose essay.
        book: the records.
        form: what the reader says.
        source: file, webhook, form or cli.
        now: our clock's time of receipt.

    Raises:
        DecisionRefused: no such essay is public, or too many reports wait for a person.
    """
    report_id = stable_id(form.slot, form.kind, form.words)
    with book.writing(now, actor="reader") as writing:
        known = writing.session.get(ReaderReport, report_id)
        if known is not None:
            return known
        slots = {s.draft.slot_id: s for s in slots_of(writing.session, config.id, now)}
        slot = slots.get(form.slot)
        if slot is None or slot.standing not in PUBLIC:
            raise DecisionRefused(f"{config.id} has no public essay {form.slot!r}")
        if len(slot.open_reports) >= MOST_OPEN:
            raise DecisionRefused(
                f"{form.slot} has {MOST_OPEN} reports that wait for a person; answer them first"
            )
        row = ReaderReport(
            id=report_id,
            model_id=config.id,
            slot_id=form.slot,
            kind=form.kind,
            words=form.words,
            contact=form.contact,
            source=source,
            received_at=now,
        )
        return writing.put(row, "essays.reported")


def inbox_of(config: RetirementConfig) -> Inbox:
    """What lies in the inbox for this model. Reads only."""
    fresh: list[tuple[Path, ReportForm]] = []
    trouble: list[str] = []
    for path in _files(config):
        try:
            form = form_of(_read(path))
        except DecisionRefused as error:
            trouble.append(f"{path.name} is no report: {error}")
            continue
        if form.slot.startswith(f"{config.id}-essay-"):
            fresh.append((path, form))
    return Inbox(tuple(fresh), tuple(trouble))


def read_reports(config: RetirementConfig, fence: Fence) -> None:
    """Record what lies in the inbox, and set each file aside once it is recorded.

    Safe to repeat. What can't be recorded stays where it is.
    """
    book = wiring.book()
    for path, form in inbox_of(config).fresh:
        source = "webhook" if path.name.startswith("webhook-") else "file"
        try:
            report_essay(config, book, form, source=source, now=wiring.clock().now())
        except DecisionRefused:
            continue
        aside = path.parent / READ
        aside.mkdir(mode=0o700, exist_ok=True)
        path.replace(aside / path.name)


def unread_reports(config: RetirementConfig, public: frozenset[str]) -> tuple[str, ...]:
    """Names of files that a pass can record: those about essays that are public."""
    return tuple(path.name for path, form in inbox_of(config).fresh if form.slot in public)


def inbox_trouble(config: RetirementConfig, public: frozenset[str]) -> tuple[str, ...]:
    """One sentence a file in the inbox that can't be recorded."""
    inbox = inbox_of(config)
    lost = [path.name for path, form in inbox.fresh if form.slot not in public]
    return (*inbox.trouble, *(f"{name} is about no public essay" for name in lost))


def _files(config: RetirementConfig) -> Iterator[Path]:
    folder = under_home(config.essays.reports.inbox_folder)
    yield from sorted(folder.glob("*.json")) if folder.is_dir() else ()


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LONGEST_FILE_BYTES + 1)
    except OSError:
        raise DecisionRefused("it can't be read") from None
