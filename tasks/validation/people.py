"""What a person is given to code, and what of it can be recorded. Pure.

A person sees what a coder sees: whole answers and every theme, whatever was asked, in an order
that tells nothing.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tasks.validation.codebook import POLARITIES
from tasks.validation.coding import QUOTED, Asked, Reading, checked
from tasks.validation.echo import is_echo
from tasks.validation.quotes import folded
from tasks.validation.sheet import SheetRow


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with one line of a sheet, and how to mend it."""

    line: int
    field: str
    problem: str


def sheet_of(asked: Mapping[str, Asked], *, sample: int | None, seed: int) -> list[SheetRow]:
    """The rows of a sheet to be filled in: for each answer, every theme of the design.

    Args:
        asked: conversation id -> its answer and the design's themes.
        sample: how many answers; None for all.
        seed: of their order, and of which are taken.
    """
    ids = sorted(asked)
    random.Random(seed).shuffle(ids)
    return [
        SheetRow(name, theme, asked[name].answer)
        for name in ids[:sample]
        for theme in asked[name].known
    ]


def readings_of(
    rows: Sequence[SheetRow], asked: Mapping[str, Asked]
) -> tuple[dict[str, dict[str, Reading]], list[Mistake]]:
    """Conversation id -> theme -> reading, and every mistake.

    Of an answer with at least one polarity, the themes left empty are `off_topic`, as they are for
    a coder; an answer without any is not coded yet and left out.

    Args:
        rows: as read from a sheet.
        asked: conversation id -> what it is checked against, of all answers that can be coded.
    """
    mistakes = [mistake for row in rows for mistake in _mistakes_of(row, asked)]
    seen: set[tuple[str, str]] = set()
    for row in rows:
        if (row.conversation_id, row.theme) in seen:
            problem = f"{row.theme!r} stands twice for this answer; keep one of the lines"
            mistakes.append(Mistake(row.line, "theme", problem))
        seen.add((row.conversation_id, row.theme))
    if mistakes:
        return {}, sorted(mistakes, key=lambda mistake: mistake.line)
    found: dict[str, dict[str, Reading]] = {}
    for row in rows:
        if row.polarity.strip():
            one = asked[row.conversation_id]
            mine = found.setdefault(row.conversation_id, {})
            mine[row.theme] = checked(row.polarity, row.quote, one)
    left_out = Reading("off_topic")
    return {
        name: {theme: mine.get(theme, left_out) for theme in asked[name].themes}
        for name, mine in found.items()
    }, []


def _mistakes_of(row: SheetRow, asked: Mapping[str, Asked]) -> Iterator[Mistake]:
    one = asked.get(row.conversation_id)
    if one is None:
        known = "is no answer that is coded under this design; export again"
        yield Mistake(row.line, "conversation_id", f"{row.conversation_id[:60]!r} {known}")
        return
    if row.theme not in one.known:
        known = f"is no theme of this design; the themes are {', '.join(one.known)}"
        yield Mistake(row.line, "theme", f"{row.theme[:60]!r} {known}")
    if folded(row.answer) != folded(one.answer):
        problem = "is not the recorded answer; leave this column as it was exported"
        yield Mistake(row.line, "answer", problem)
    polarity, quote = row.polarity.strip().lower(), folded(row.quote)
    choices = ", ".join(POLARITIES)
    if not polarity and quote:
        yield Mistake(row.line, "polarity", f"is empty beside a quote; choose one of {choices}")
    elif polarity and polarity not in POLARITIES:
        yield Mistake(row.line, "polarity", f"{row.polarity[:60]!r} is none of {choices}")
    elif polarity in QUOTED and not quote:
        problem = f"is empty; copy the words of the answer that show {polarity!r}"
        yield Mistake(row.line, "quote", problem)
    elif quote and not checked(polarity, quote, replace(one, said=frozenset())).usable:
        problem = "stands nowhere in the answer; copy its words as they are"
        yield Mistake(row.line, "quote", problem)
    elif is_echo(quote, one.said, one.answer):
        problem = "only repeats what the interviewer said; copy words that are the model's own"
        yield Mistake(row.line, "quote", problem)
