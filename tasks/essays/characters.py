"""Characters that readers don't see, or take for others. Pure."""

import re
import unicodedata

_JOINERS = "\u200c\u200d\ufe0e\ufe0f"
_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_UNSEEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2028\u2029"
    "\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
_HIDDEN = re.compile(f"[{_JOINERS}{_BIDI}{_UNSEEN}]")
_TURNS_TEXT = re.compile(f"[{_BIDI}]")
_FIRST_JOINED = 0x590  # from Hebrew on: scripts and emoji in which joiners do honest work
_WORD = re.compile(r"[^\W\d_]{2,}")
_ALPHABETS = frozenset(("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"))
_LOOKALIKES = ("MATHEMATICAL", "FULLWIDTH LATIN")


def hidden_in(text: str) -> list[tuple[int, str]]:
    """(position, character) of all that is invisible or turns the direction of text.

    Joiners and emoji selectors after a character of a script that needs them are left alone.
    """
    return [
        (match.start(), match.group())
        for match in _HIDDEN.finditer(text)
        if not _is_honest(text, match.start())
    ]


def turns_text(character: str) -> bool:
    """Whether a character changes the direction in which text is shown."""
    return bool(_TURNS_TEXT.match(character))


def visible(text: str) -> str:
    """`text` with each hidden character written out as `[U+202E]`; line feeds and tabs stay."""
    parts, last = [], 0
    for position, character in hidden_in(text):
        parts += [text[last:position], f"[U+{ord(character):04X}]"]
        last = position + 1
    return "".join(parts) + text[last:]


def without_hidden(text: str) -> str:
    """`text` as a reader would see it: hidden characters dropped, look-alike forms unified."""
    return unicodedata.normalize("NFKC", _HIDDEN.sub("", text))


def lookalikes_in(line: str) -> list[str]:
    """Words that mix alphabets or borrow letters from mathematics, in order."""
    return [word for word in _WORD.findall(line) if not word.isascii() and _is_lookalike(word)]


def _is_honest(text: str, position: int) -> bool:
    character = text[position]
    after = text[position + 1 : position + 2]
    if character == "\r":
        return after == "\n"
    if character not in _JOINERS:
        return False
    if after == "\u20e3":  # a keycap
        return True
    before = text[position - 1] if position else ""
    return bool(before) and ord(before) >= _FIRST_JOINED and not _HIDDEN.match(before)


def _is_lookalike(word: str) -> bool:
    names = [unicodedata.name(letter, "") for letter in word]
    alphabets = {name.split(" ", 1)[0] for name in names} & _ALPHABETS
    return len(alphabets) > 1 or any(name.startswith(_LOOKALIKES) for name in names)
