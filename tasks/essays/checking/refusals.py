"""Texts that turn the invitation down, wholly or in part, in several languages. Pure."""

from collections.abc import Iterator

from tasks.essays.checking.findings import Finding
from tasks.essays.checking.phrases import phrases
from tasks.essays.checking.reading import Reading, Span

CHECK = "refusal"


def find_refusals(reading: Reading) -> Iterator[Finding]:
    """The first words of each paragraph that say no to the invitation."""
    for paragraph in reading.paragraphs:
        if not reading.is_heading(paragraph[0].start):
            place = next(_refusals(reading, paragraph), None)
            if place:
                note = "the model may be declining, wholly or in part"
                yield reading.point(CHECK, "look", *place, note)


def _refusals(reading: Reading, paragraph: tuple[Span, ...]) -> Iterator[tuple[int, int]]:
    known = phrases("refusal")
    meta = [known["meta"].search(sentence.words) is not None for sentence in paragraph]
    for number, sentence in enumerate(paragraph):
        found = known["english"].search(sentence.words) or known["others"].search(sentence.words)
        if not found and any(meta[max(0, number - 1) : number + 2]):
            found = known["no"].search(sentence.words)
        if found:
            start, end = sentence.start + found.start(), sentence.start + found.end()
            if not reading.is_quoted(start, end):
                yield start, end
