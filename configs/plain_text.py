"""Which characters of a text nobody sees. Pure."""

import unicodedata

#: Control, format, surrogate, private and unassigned characters, and the two line separators.
_HIDDEN_CATEGORIES = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
#: Letters and marks that show nothing.
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
#: Variation selectors beyond the two that choose between text and picture.
_SELECTORS = range(0xE0100, 0xE01F0)
_JOINERS = "\u200c\u200d"
_FIRST_JOINED = 0x590  # from Hebrew on: scripts and emoji in which joiners do honest work


def visible(text: str) -> str:
    """`text` with each hidden character written out as `[U+202E]`; line feeds and tabs stay.

    Hidden is what shows nothing, turns the reading direction, or has no agreed look. A joiner
    between two characters of a script that needs it stays.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        f"[U+{ord(character):04X}]" if _is_hidden(text, place) else character
        for place, character in enumerate(text)
    )


def hidden_in(text: str) -> str:
    """The first hidden character and its place, such as `U+202E at character 17`; empty if none."""
    for place, character in enumerate(text):
        if _is_hidden(text, place):
            return f"U+{ord(character):04X} at character {place + 1}"
    return ""


def _is_hidden(text: str, place: int) -> bool:
    character = text[place]
    if character in "\n\t" or text[place : place + 2] == "\r\n":
        return False
    if character in _BLANKS or ord(character) in _SELECTORS:
        return True
    if unicodedata.category(character) not in _HIDDEN_CATEGORIES:
        return False
    if character not in _JOINERS or not 0 < place < len(text) - 1:
        return True
    around = text[place - 1] + text[place + 1]
    return any(
        ord(one) < _FIRST_JOINED or unicodedata.category(one) in _HIDDEN_CATEGORIES
        for one in around
    )
