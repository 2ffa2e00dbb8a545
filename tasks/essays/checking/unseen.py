"""Words that stand in a draft and that its readers never see. Pure.

Each block of the draft is rendered as the page renders it, read back as text, and compared with
the words of its raw lines. What is left over is pointed at where it stands.
"""

import html
import re
from bisect import bisect_right
from collections.abc import Iterator
from difflib import SequenceMatcher
from html.parser import HTMLParser

from tasks.essays.characters import visible
from tasks.essays.checking.findings import Finding
from tasks.essays.checking.reading import Reading
from tasks.essays.markup import shown_blocks

CHECK = "render loss"

#: A row of spaces that pushes what follows out of sight of whoever reads the raw text.
FAR = 40
#: Lines without a word, between words.
EMPTY_LINES = 8

_WORD = re.compile(r"[^\W_]+")
_CHUNK = re.compile(r"\S{1,300}")
_FAR = re.compile(
    rf"(?<=\S)[^\S\n]{{{FAR},}}(?=\S)|(?m:^[^\S\n]{{{FAR},}}(?=\S))|"
    rf"(?:&nbsp;|&emsp;|&#160;){{{FAR // 4},}}(?=\S)"
)
_HTML = re.compile(
    r"<!--|<(?!https?:|mailto:|ftp:)[/!?]?[A-Za-z][\w-]{0,40}(?=[\s/>])[^<>\n]{0,400}>?|<(?:script|style|!doctype|!\[cdata)\b",
    re.I,
)
_FRONT = re.compile(
    r"\A\s*(?P<by>---|\+\+\+)[ \t]*\n(?P<lines>(?:[^\n]*\n){1,60}?)(?P=by)[ \t]*(?:\n|\Z)"
)
#: Of a block's raw text: where links lead (another check's matter), numbers of lists, the name of
#: a programming language.
_APART = re.compile(
    r"\]\(\s*<?[^\s()<>]*(?:\([^\s()]*\)[^\s()]*)*"
    r"|(?m:^[ \t>]{0,40}(?:(?:[-*+]|\d{1,9}[.)])[ \t]{1,8}){1,20})"
    r"|\A[\s>]*(?:`{3,}|~{3,})[ \t]*[\w+#.-]{0,20}[ \t]*(?=\n|\Z)"
)
_IMAGE = re.compile(r"!\[[^\[\]\n]{0,400}\]\s?[(\[]")
_MARKS = re.compile(r"^[\s>*+\-_=|:#~`\d.()\[\]]*$")
_MOST_PAIRS = 1_000_000


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def find_unseen(reading: Reading) -> Iterator[Finding]:
    """Lost words at their places, words out of sight, and HTML, which only a browser would hide."""
    text = reading.text
    yield from _lost(reading)
    for match in _FAR.finditer(text):
        note = f"{len(match.group())} spaces push what follows out of sight"
        yield reading.point_raw(CHECK, "look", match.end(), match.end() + 80, note)
    yield from _below_gaps(reading)
    for match in _HTML.finditer(reading.prose):
        note = "HTML: shown as text here, and hidden or obeyed elsewhere"
        yield reading.point(CHECK, "look", match.start(), match.end(), note)
    for match in _IMAGE.finditer(reading.prose):
        note = "an image is never fetched: readers see its description"
        yield reading.point(CHECK, "look", match.start(), match.end(), note)
    yield from _front_matter(reading)


def _below_gaps(reading: Reading) -> Iterator[Finding]:
    """Lines that stand below many without a word."""
    place = gap = 0
    seen = False
    for line in reading.text.split("\n"):
        if line.strip():
            if seen and gap >= EMPTY_LINES:
                note = "a gap that hides what stands below it"
                yield reading.point_raw(CHECK, "look", place, place + len(line), note)
            seen, gap = True, 0
        else:
            gap += 1
        place += len(line) + 1


def _lost(reading: Reading) -> Iterator[Finding]:
    lines = reading.text.split("\n")
    seen = [False] * (len(lines) + 1)
    empty: list[int] = []
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    blocks: dict[tuple[int, int], list[str]] = {}  # the cells of a row share its lines
    for first, end, made in shown_blocks(reading.text):
        blocks.setdefault((first, min(end, len(lines))), []).append(_read(made))
    for (first, end), cells in blocks.items():
        seen[first:end] = [True] * (end - first)
        shown, raw = " ".join(cells), "\n".join(lines[first:end])
        if not shown.strip() and raw.strip():
            empty.append(first)
        yield from _left_over(reading, starts[first], raw, shown)
    for number, line in enumerate(lines):
        if not seen[number] and _WORD.search(line) and not _MARKS.match(line):
            note = "readers never see this line once it is rendered"
            yield reading.point_raw(CHECK, "look", starts[number], starts[number] + len(line), note)
    for number in empty[:1] if len(empty) < 3 else empty:
        note = "a paragraph in which nothing is seen"
        yield reading.point_raw(CHECK, "look", starts[number], starts[number + 1], note)


def _read(made: str) -> str:
    reader = _Text()
    reader.feed(made)
    reader.close()
    return "".join(reader.parts)


def _left_over(reading: Reading, offset: int, raw: str, shown: str) -> Iterator[Finding]:
    """Words of a block's raw lines that its rendering lacks, by row of words."""
    words = list(_WORD.finditer(raw))
    there = _WORD.findall(shown)
    if [word.group() for word in words] == there:
        return
    apart = [match.span() for match in _APART.finditer(raw)]
    other = _written_out(raw, shown)
    for start, end in _missing([word.group() for word in words], there):
        row = [
            word
            for word in words[start:end]
            if not (_is_within(apart, word.start()) or _is_within(other, word.start()))
        ]
        if row:
            note = "readers never see these words once they are rendered"
            place = offset + row[0].start()
            yield reading.point_raw(CHECK, "look", place, offset + row[-1].end(), note)


def _missing(raw: list[str], shown: list[str]) -> Iterator[tuple[int, int]]:
    """Stretches of `raw` that `shown` lacks."""
    head = 0
    while head < min(len(raw), len(shown)) and raw[head] == shown[head]:
        head += 1
    tail = 0
    while tail < min(len(raw), len(shown)) - head and raw[-1 - tail] == shown[-1 - tail]:
        tail += 1
    raw, shown = raw[head : len(raw) - tail], shown[head : len(shown) - tail]
    if len(raw) * len(shown) > _MOST_PAIRS:  # too long to compare: what occurs nowhere is missing
        known = set(shown)
        for place, word in enumerate(raw):
            if word not in known:
                yield head + place, head + place + 1
        return
    for kind, a, b, *_ in SequenceMatcher(None, raw, shown, autojunk=False).get_opcodes():
        if kind in ("delete", "replace"):
            yield head + a, head + b


def _is_within(spans: list[tuple[int, int]], place: int) -> bool:
    index = bisect_right(spans, (place, len(spans) and spans[-1][1])) - 1
    return index >= 0 and spans[index][0] <= place < spans[index][1]


def _written_out(raw: str, shown: str) -> list[tuple[int, int]]:
    """Stretches that are shown in other letters: entities, escapes, hidden characters."""
    there = {_bare(chunk) for chunk in shown.split()}
    spans = []
    for match in _CHUNK.finditer(raw):
        chunk = match.group()
        if "&" in chunk or "\\" in chunk or not chunk.isascii():
            read = _bare(visible(html.unescape(re.sub(r"\\(?=[^\w\s])", "", chunk))))
            if all(_bare(part) in there for part in read.split()):
                spans.append(match.span())
    return spans


def _bare(chunk: str) -> str:
    return chunk.strip("*_`~\"'.,:;()[]!?#>-")


def _front_matter(reading: Reading) -> Iterator[Finding]:
    match = _FRONT.match(reading.text)
    if not match:
        return
    lines = match["lines"].split("\n")
    if not all(re.match(r"\s*(?:[\w-]{1,40}\s*[:=]|- |#|$)", line) for line in lines):
        return
    place = match.start("lines")
    for line in lines:
        if line.strip():
            note = "a head that programs read and many pages don't show"
            yield reading.point_raw(CHECK, "look", place, place + len(line), note)
        place += len(line) + 1
