"""Phrases that checks look for, kept as text in `phrases/*.txt`. Pure but for reading its own data.

A line is one phrase. What is special in it, beside what regular expressions know:

- `NAME = a|b` gives a list of words a name, `NAME += c` adds to it; `{NAME}` stands for one of them
- `[section]` begins a section; `# ` begins a remark
- a space is any white space, or none before `'`, which is a typographic apostrophe too; `(` groups
- `…` is at most 60 characters within a sentence; `..` at most 25
- phrases begin and end at the edge of a word, except in scripts that don't part words
- case counts for nothing, but within `(?-i:…)`
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_NAME = re.compile(r"\{([A-Z_]+)\}")
_LETTER = re.compile(r"[A-Za-zÀ-ÿĀ-žА-яЁёΑ-ώ]")
_CASED = "(?-i:"
#: White space; or none, where a contraction goes on ("I 'd rather" is "I'd rather").
_SPACE = r"(?:\s{1,3}|(?=['’]))"
_MEANS = {
    " ": _SPACE,
    "'": "['’]",
    "…": r"[^.!?\n]{0,60}?",
    "..": r"[^.!?\n]{0,25}?",
}
#: What stands for something else, but in a class of characters.
_SPECIAL = re.compile(r"\[[^\]\[]*\]|[ '…]|(?<!\.)\.\.(?!\.)")


@dataclass(frozen=True, slots=True)
class Phrases:
    """One section: phrases on text in small letters, phrases in which case counts."""

    small: re.Pattern[str]
    cased: re.Pattern[str] | None

    def search(self, text: str) -> re.Match[str] | None:
        """The first phrase in `text`; positions are those of `text`."""
        found = self.small.search(small(text))
        if found is None and self.cased is not None:
            found = self.cased.search(text)
        return found

    def match(self, text: str) -> re.Match[str] | None:
        """A phrase at the start of `text`."""
        found = self.small.match(small(text))
        if found is None and self.cased is not None:
            found = self.cased.match(text)
        return found

    def count(self, text: str) -> int:
        """How many phrases stand in `text`."""
        more = len(self.cased.findall(text)) if self.cased is not None else 0
        return len(self.small.findall(small(text))) + more


def small(text: str) -> str:
    """`text` in small letters, as long as before."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(one if len(one := letter.lower()) == 1 else letter for letter in text)


@cache
def phrases(name: str) -> dict[str, Phrases]:
    """Section -> its phrases.

    Raises:
        KeyError: a phrase names a list that stands nowhere above it.
    """
    text = files("tasks.essays.checking").joinpath("phrases", f"{name}.txt").read_text("utf-8")
    lists: dict[str, str] = {}
    sections: dict[str, list[tuple[bool, str]]] = {}
    section = ""
    for line in _lines(text):
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif re.match(r"[A-Z_]+ \+?= ", line):
            key, more, words = re.split(r" (\+?)= ", line, maxsplit=1)
            words = _NAME.sub(lambda match: lists[match[1]], words)
            lists[key] = f"{lists[key]}|{words}" if more else words
        else:
            sections.setdefault(section, []).append(_as_pattern(line, lists))
    return {key: _compiled(group) for key, group in sections.items()}


@cache
def word_lists(name: str) -> dict[str, frozenset[str]]:
    """Section -> its words, from `words/*.txt`; `# ` begins a remark there too."""
    text = files("tasks.essays.checking").joinpath("words", f"{name}.txt").read_text("utf-8")
    sections: dict[str, set[str]] = {}
    section = ""
    for line in _lines(text):
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        else:
            sections.setdefault(section, set()).update(line.split())
    return {key: frozenset(words) for key, words in sections.items()}


def _compiled(group: list[tuple[bool, str]]) -> Phrases:
    """Phrases that begin at the edge of a word look there alone, which is most of their speed."""
    small_ones = [(edge, words) for edge, words in group if _CASED not in words]
    cased = [(edge, words) for edge, words in group if _CASED in words]
    return Phrases(
        re.compile(_joined([(e, re.sub(r"\\.|[^\\]", _lowered, w)) for e, w in small_ones])),
        re.compile(_joined(cased), re.IGNORECASE) if cased else None,
    )


def _lowered(match: re.Match[str]) -> str:
    return match.group() if match.group().startswith("\\") else match.group().lower()


def _joined(group: list[tuple[bool, str]]) -> str:
    edged = "|".join(words for edge, words in group if edge)
    others = [words for edge, words in group if not edge]
    return "|".join([*([rf"(?<!\w)(?:{edged})"] if edged else []), *others])


def _lines(text: str) -> list[str]:
    return [line for line in map(str.strip, text.splitlines()) if line and line[:2] != "# "]


def _as_pattern(line: str, lists: dict[str, str]) -> tuple[bool, str]:
    """(whether it begins at the edge of a word, the regular expression)."""
    words = _NAME.sub(lambda match: f"({lists[match[1]]})", line)
    first, last = words.lstrip("("), words.rstrip(")?*")
    words = re.sub(r"(?<!\\)\((?!\?)", "(?:", words)
    words = _SPECIAL.sub(lambda match: _MEANS.get(match.group(), match.group()), words)
    end = r"(?!\w)" if _LETTER.match(last[-1:]) and last[-2:-1] != "\\" else ""
    return bool(
        _LETTER.match(first) or first.startswith(("?-i:", "\\w", "\\d"))
    ), f"(?:{words}){end}"
