"""People's coding: a sheet to fill in, the record of one filled in, and how far it agrees."""

import re
from datetime import datetime
from pathlib import Path

from configs.schema import RetirementConfig
from tasks.kernel.errors import DecisionRefused, NotFound, SystemRefused, told
from tasks.kernel.labels import labelled
from tasks.records import Book
from tasks.records.validation import Coding
from tasks.validation.agreement import Agreement, agreement_of
from tasks.validation.coding import UNRESOLVED, resolve, to_json
from tasks.validation.core import in_order, seed_of_design
from tasks.validation.people import Mistake, readings_of, sheet_of
from tasks.validation.sheet import SheetUnreadable, read_sheet, write_sheet
from tasks.validation.view import PERSON, ValidationView, look

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,33}")


def export_sheet(
    config: RetirementConfig, book: Book, file: Path, *, sample: int | None, seed: int
) -> int:
    """Write a sheet of answers to be coded; returns how many answers it has.

    Where a person takes the second coder's place, those that the person has coded are left out.

    Raises:
        NotFound: there is no answer to be coded.
        DecisionRefused: the file exists; it may hold somebody's work.
        SystemRefused: the file can't be written.
    """
    view = _view(config, book)
    asked = {
        row.id: view.asked(row)
        for row in view.closed()
        if not view.person or view.person not in view.readings.get(row.id, {})
    }
    if not asked:
        raise NotFound(f"{config.id}: no answer is left for a person to code")
    text = write_sheet(sheet_of(asked, sample=sample, seed=seed))
    try:
        with file.open("x", encoding="utf-8", newline="") as out:
            out.write(text)
    except FileExistsError:
        raise DecisionRefused(f"{file}: exists already; name another file") from None
    except OSError as error:
        raise SystemRefused(told(error, str(file))) from None
    return len(asked) if sample is None else min(sample, len(asked))


def import_sheet(
    config: RetirementConfig, book: Book, file: Path, *, coder: str, now: datetime
) -> str:
    """Record what a person coded, all of it or nothing; returns a sentence for the person.

    Safe to repeat: what is recorded already, and the same, is left alone.

    Args:
        config: the configuration in force.
        book: the records.
        file: a sheet that was exported and filled in.
        coder: the person's name, lower case; codings are recorded under `human-<name>`.
        now: the current instant.

    Raises:
        NotFound: no design is registered.
        DecisionRefused: not all lines can be recorded; the message has one line a mistake.
        SystemRefused: the file can't be read.
    """
    if not _NAME.fullmatch(coder):
        raise DecisionRefused(
            f"--coder: {coder!r} is no coder's name; write lower-case letters, digits, - and _, at "
            "most 34, a letter first"
        )
    view, name = _view(config, book), PERSON + coder
    if view.codebook_changed:
        raise DecisionRefused(
            f"{config.id}: codebook.yaml changed after the design was registered; put the "
            "registered version back before coding with it"
        )
    try:
        rows = read_sheet(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SystemRefused(told(error, str(file))) from None
    except UnicodeDecodeError:
        raise DecisionRefused(f"{file}: is not UTF-8 text; save it as CSV UTF-8") from None
    except SheetUnreadable as error:
        raise DecisionRefused(f"{file}:{error.line}: {error}") from None
    coded, mistakes = readings_of(rows, {row.id: view.asked(row) for row in view.closed()})
    before = {key: found[name] for key, found in view.readings.items() if name in found}
    for key in sorted(key for key in coded if before.get(key, coded[key]) != coded[key]):
        line = next(row.line for row in rows if row.conversation_id == key and row.polarity.strip())
        problem = f"{coder} coded this answer otherwise before, and no coding is changed"
        mistakes.append(Mistake(line, "polarity", f"{problem}; import under another name"))
    if mistakes:
        lines = [f"{file}:{one.line}: {one.field}: {one.problem}" for one in mistakes]
        raise DecisionRefused("\n".join(lines))
    new = {key: readings for key, readings in coded.items() if key not in before}
    simulated = {row.id: row.simulated for row in view.conversations}
    with book.writing(now, actor=coder) as writing:
        for key, readings in sorted(new.items()):
            row = Coding(
                conversation_id=key,
                coder=name,
                model_id=config.id,
                codebook_sha256=view.codebook_sha256,
                prompt_sha256="",
                readings=to_json(readings),
                raw="",
                coded_at=now,
                simulated=simulated[key],
            )
            writing.put(row, "validation.coded_by_person")
    said = f"{len(new)} answers coded by {coder} are recorded, {len(coded) - len(new)} were before"
    return labelled(f"{said}. {agreement_with(config, book, name)}", view.simulated)


def agreement_with(config: RetirementConfig, book: Book, name: str) -> str:
    """How far a recorded coder agrees with what the others settled, in one sentence.

    For the second coder, or a person in that place, the first coder's readings are what is compared
    with, and the other way round. Raises `NotFound` while no design is registered.
    """
    view = _view(config, book)
    found = agreement_of(
        _units(view, name),
        coder_error=config.validation.coder_error,
        seed=seed_of_design(view.design_digest),
    )
    pair = (view.readers.first, view.readers.second)
    other = next((one for one in pair if one != name), "") if name in pair else "the settled coding"
    return _told(name, other, found, config.validation.agreement_target)


def coders_of(config: RetirementConfig, book: Book) -> tuple[str, ...]:
    """All who coded, the second coder first, then people in order."""
    view = _view(config, book)
    names = {name for readings in view.readings.values() for name in readings}
    people = sorted(name for name in names if name.startswith(PERSON))
    return tuple(dict.fromkeys([view.readers.second, *people]))


def _units(view: ValidationView, name: str) -> list[list[str | None]]:
    """For each answer and theme that it asked about: the coder's polarity, and the others'."""
    pair, units = (view.readers.first, view.readers.second), list[list[str | None]]()
    for row in view.closed():
        readings = view.readings.get(row.id, {})
        if name not in readings:
            continue
        for theme in view.asked(row).themes:
            mine = readings[name][theme]
            if name in pair:
                others = [readings[n][theme] for n in pair if n != name and n in readings]
                other = others[0].polarity if others and others[0].usable else None
            else:
                settled = resolve(in_order(readings, theme, view.readers))
                other = None if settled == UNRESOLVED else settled
            units.append([mine.polarity if mine.usable else None, other])
    return units


def _told(name: str, other: str, found: Agreement, target: float) -> str:
    if found.agreement is None:
        return f"{name}: nothing yet to compare with {other}"
    said = f"{name} agrees with {other} in {found.agreement:.1%} of {found.answers} readings"
    if found.alpha is not None:
        said += f"; alpha {found.alpha:.3f}"
        if found.alpha_low is not None and found.alpha_high is not None:
            said += f" (95 %: {found.alpha_low:.3f} to {found.alpha_high:.3f})"
    if found.ac1 is not None:
        said += f"; AC1 {found.ac1:.3f}"
    reached = found.reaches(target)
    if reached is None:
        return said
    measure = "AC1" if found.measure == "ac1" else "alpha"
    verb = "reached" if reached else "not reached"
    return f"{said}; the target, {measure} of {target:g}, is {verb}"


def _view(config: RetirementConfig, book: Book) -> ValidationView:
    with book.reading() as session:
        view = look(config, session)
    if view is None:
        raise NotFound(f"{config.id}: no design is registered yet; run a pass first")
    return view
