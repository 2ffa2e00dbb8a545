"""Which of the offered tasks an answer picked: by letter, number or the task's own words. Pure.

It never guesses: two picks, a pick that is hedged or taken back, and a pick that is only implied by
doing a task all read as none. A lost answer costs some precision, a misread one costs the truth.
What stands below the pick is the task as done, and may say anything: it is read for further picks
alone.
"""

import re
from collections.abc import Iterator, Sequence

from tasks.interviews.choices import Option

_I = re.IGNORECASE
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_NOUN = r"(?:option|task|choice|answer|letter|number|item|no\.|#)"
_AFTER = (
    r"(?=$|[.,;:!?)\]\u2013\u2014-]|\s*[\u2013\u2014(-]|\s(?:because|as|since|and|or|for|over|rather"
    + (r"|instead|here|today|now|please|then|this|it|is|from|out|with|but|if|\u2013|\u2014)\b)")
)

#: A line that opens with a letter or number, perhaps named or in brackets; what follows it.
_OPENING = re.compile(
    rf"^(?P<noun>(?:my |the |i pick |i choose )?{_NOUN}(?: is)?\s*:?\s*)?[(\[\"']*"
    r"(?P<mark>[A-Ha-h]|[1-8])(?P<end>[)\].:,\"']+(?=\s|$)|\s*[\u2013\u2014-]+\s|\s*$)(?P<rest>.*)$",
    _I,
)
_BY_PLACE = re.compile(
    rf"^(?:the )?(?P<place>{'|'.join(_ORDINALS)}|former|latter)(?: (?:one|{_NOUN}))?"
    r"(?: please)?[.!,:]*$",
    _I,
)
_PICKS = re.compile(
    r"\b(?:i|i'll|i'd|i'm|i've|let me|let's|going)\b[^.?!;\n]{0,40}?\b"
    r"(?:pick(?:ed|ing)?|choose|chose|choosing|chosen|go(?:ing)? (?:with|for)|take|taking"
    r"|select(?:ed|ing)?|opt(?:ed|ing)? for|do|doing|prefer|complete|settle on|settled on)\b"
    r"|\bmy (?:choice|pick|answer|selection|preference|vote) (?:is|would be|goes to|:)",
    _I,
)
_NAMED = re.compile(
    rf"(?:\b(?i:{_NOUN})\s+[(\[\"']*(?P<noun>[A-Ha-h1-8])(?![\w'])"
    r"|[(\[\"'](?P<dressed>[A-Ha-h1-8])[)\]\"']"
    rf"|(?<![\w'])(?P<bare>[A-H1-8]|[b-h])(?![\w']){_AFTER}"
    rf"|\bthe (?P<place>(?i:{'|'.join(_ORDINALS)}|former|latter))\b)"
)
_PASSED_OVER = re.compile(
    r"(?:\bnot|\bnever|n't|\bneither|\bnor|rather than|instead of|\bavoid|\bskip|\bagainst|\bover"
    r"|\bthan|\bbut no)\b[^.;,]{0,30}$",
    _I,
)
_HEDGE = re.compile(
    r"\b(?:maybe|perhaps|possibly|might|could go either way|either (?:one|is|would|of|works)"
    r"|(?:is|are|would be) (?:also )?fine|not sure|unsure|undecided|if i (?:had|have|were|must)"
    r"|(?:can't|cannot) (?:decide|choose|pick)|if forced|hard to (?:choose|say|pick)|torn|both"
    r"|all of them|at random|flip a coin|(?:doesn't|does not) matter|no preference)\b",
    _I,
)
_DECLINE = re.compile(
    r"\b(?:neither|none of|do(?:ing)? none|declin\w+|i(?:'d| would) rather not|prefer not to"
    r"|not (?:to )?(?:do|choose|choosing|pick|picking|doing) (?:any|either|one|a task|between)"
    r"|(?:won't|will not|can't|cannot|don't want to|do not want to) (?:do|choose|pick|take)"
    r"|end (?:the|this) (?:interview|conversation)|opt(?:ing)? out)\b",
    _I,
)
#: Before or within the verb: what is not, or not really, picked.
_UNREAL = re.compile(
    r"\b(?:not|never|could|might|may|almost|nearly|was|were|if|when|had|asked|told)\b|n't\b", _I
)
_RETRACTS = re.compile(
    r"^(?:but|actually|on (?:second thought|reflection)|however|wait|no\b|still|that said|or\b"
    r"|and\b|&|/|though|hm|sorry)",
    _I,
)
_SECOND_THOUGHT = re.compile(r"^(?:actually|on (?:second thought|reflection)|wait|sorry)\b", _I)


def read_choice(text: str, options: Sequence[Option]) -> str:
    """The id of the option that an answer picked; empty where it is unclear or declined.

    Args:
        text: the answer.
        options: the tasks in the order in which they were offered.
    """
    lines = _lines(text)
    if not lines or not options:
        return ""
    opened, scope = _opened(lines, options)
    stated, around = _stated(lines, options)
    found = opened | stated
    heard = f"{scope} {around}"
    if not found:
        found, heard = _quoted(lines, options)
    if len(found) != 1 or _HEDGE.search(heard) or _DECLINE.search(heard):
        return ""
    return options[found.pop()].id


def _lines(text: str) -> list[str]:
    """Lines that say something, without markup."""
    plain = text.replace("\u2019", "'").replace("\u201c", '"').replace("\u201d", '"')
    stripped = (re.sub(r"[*_`~]|^[>#\s]+", "", line).strip() for line in plain.splitlines())
    fences = re.compile(r"^\s*(?:```|~~~)")
    shown = zip(plain.splitlines(), stripped, strict=True)
    return [line for raw, line in shown if line and not fences.match(raw)]


def _opened(lines: Sequence[str], options: Sequence[Option]) -> tuple[set[int], str]:
    """Picks by a line's opening mark, and what else such a line says."""
    by_place = _BY_PLACE.match(lines[0])
    if by_place:
        return _placed(by_place["place"], len(options)), ""
    marks = [(line, match) for line in lines if (match := _OPENING.match(line))]
    echoes = {
        at
        for _, match in marks
        if (at := _index(match["mark"], len(options))) is not None
        and _same(match["rest"], options[at].text)
    }
    if len(echoes) > 1:  # the list was said again: its letters pick nothing
        marks = [(line, match) for line, match in marks if not match["rest"].strip()]
    found: set[int] = set()
    scope = ""
    for line, match in marks:
        at = _index(match["mark"], len(options))
        alone = not match["rest"].strip()
        lettered = match["mark"].isalpha() and (match["mark"].isupper() or match["end"].strip())
        if at is None or not (alone or match["noun"] or lettered or at in echoes):
            continue
        if line is not lines[0] and not (alone and match["mark"].isupper()):
            if found and lettered and match["mark"].isupper():
                found.add(at)  # a second lettered line: perhaps a list, so no pick
            continue
        found.add(at)
        rest = match["rest"]
        if _RETRACTS.match(rest.strip()) or re.match(r"\s*(?:not|never)\b", rest, _I):
            return set(), f"{rest} neither"
        scope += "" if _same(rest, options[at].text) or match["end"].strip() in ":." else rest
    if found and len(lines) > 1 and _SECOND_THOUGHT.match(lines[1]):
        scope = f"{scope} {lines[1]}"
    return found, scope


def _stated(lines: Sequence[str], options: Sequence[Option]) -> tuple[set[int], str]:
    """Picks in sentences such as "I'd go with B", and the sentences up to and around them."""
    found: set[int] = set()
    heard: list[str] = []
    before: list[str] = []
    follows = False
    for sentence in _sentences(lines):
        here = set(_picked(sentence, len(options)))
        if here:
            heard += [*before, sentence]
            before = []
        elif follows and _RETRACTS.match(sentence):
            heard.append(sentence)
        elif not found:
            before.append(sentence)
        follows = bool(here)
        found |= here
    return found, " ".join(heard)


def _sentences(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        yield from (part for part in re.split(r"(?<=[.!?;:])\s+", line) if part)


def _picked(sentence: str, count: int) -> Iterator[int]:
    verb = _PICKS.search(sentence)
    if verb is None or sentence.endswith("?") or _UNREAL.search(sentence[: verb.end()]):
        return
    for match in _NAMED.finditer(sentence, verb.end()):
        if _PASSED_OVER.search(sentence[verb.end() : match.start()]):
            continue
        if match["place"]:
            yield from _placed(match["place"], count)
        else:
            at = _index(match["noun"] or match["dressed"] or match["bare"], count)
            if at is not None:
                yield at


def _quoted(lines: Sequence[str], options: Sequence[Option]) -> tuple[set[int], str]:
    """Picks by a task's own words, where one task alone is named."""
    said = _squeezed(" ".join(lines))
    named = {at for at, option in enumerate(options) if _squeezed(option.text) in said}
    return named, lines[0] if named else ""


def _index(mark: str, count: int) -> int | None:
    at = int(mark) - 1 if mark.isdigit() else ord(mark.upper()) - ord("A")
    return at if at < count else None


def _placed(word: str, count: int) -> set[int]:
    places = {name: at for at, name in enumerate(_ORDINALS)}
    if count == 2:
        places |= {"former": 0, "latter": 1}
    at = places.get(word.lower())
    return {at} if at is not None and at < count else set()


def _same(said: str, text: str) -> bool:
    return bool(said.strip()) and _squeezed(said).startswith(_squeezed(text))


def _squeezed(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
