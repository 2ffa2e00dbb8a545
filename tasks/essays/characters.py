"""Characters that readers don't see, or take for others. Pure.

Sources: Unicode's `Default_Ignorable_Code_Point`, `Bidi_Control` and `Variation_Selector`
properties (PropList, DerivedCoreProperties), UTS #51 for flags made of tags and for joined emoji,
UTS #39 for letters that are taken for Latin ones.
"""

import re
import unicodedata

_JOINERS = "\u200c\u200d"
_SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_UNSEEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2028\u2029"
    "\u2060-\u2065\u206a-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\ufffc\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
    "\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd"
)
_HIDDEN = re.compile(f"[{_JOINERS}{_SELECTORS}{_BIDI}{_UNSEEN}]")
_TURNS_TEXT = re.compile(f"[{_BIDI}]")
_MARKS = frozenset("\u061c\u200e\u200f")  # they order what is beside them, and turn nothing else
_WORD = re.compile(r"[^\W\d_]{2,}")
_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f")
_ENCLOSED = re.compile("(?:[\u24b6-\u24e9\U0001f110-\U0001f189][ \ufe0f]?){2,}")
_PHONETIC = re.compile(r"[/\[][^/\[\]\n]{0,40}$")

#: Letters of other alphabets that a reader takes for the Latin one (UTS #39, the common ones).
LOOKALIKES = dict(
    zip(
        "АВЕЅІЈКМНОРСТУХҮԚԜаеоорсухһіјѕԁԛԝҽӏΑΒΕΖΗΙΚΜΝΟΡΤΥΧοναικρυϲϳԱՕՏՍհոսցօᎠᎡᎢᎪᎫᎬᎳᎷᎻᏀᏃᏒᏔᏙᏚᏞᏟᏢᏦᏮ",
        "ABESIJKMHOPCTYXYQWaeoopcyxhijsdqwelABEZHIKMNOPTYXovaikpucjUOSUhnugoDRTAJEWMHGZRWVSLCPKB",
        strict=True,
    )
)
_ALPHABETS = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE")
_COSTUMES = (
    "MATHEMATICAL",
    "FULLWIDTH LATIN",
    "LATIN LETTER SMALL CAPITAL",
    "MODIFIER LETTER SMALL",
    "MODIFIER LETTER CAPITAL",
)


def hidden_in(text: str) -> list[tuple[int, str]]:
    """(position, character) of all that is invisible or turns the direction of text.

    Left alone: joiners between letters that join, joined emoji and flags made of tags, selectors
    after what they select from, marks of direction beside letters that run from the right.
    """
    if text.isascii() and text.isprintable():
        return []
    flags = [match.span() for match in _FLAG.finditer(text)]
    return [
        (match.start(), match.group())
        for match in _HIDDEN.finditer(text)
        if not _is_honest(text, match.start())
        and not any(start < match.start() < end for start, end in flags)
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


def is_hidden(character: str) -> bool:
    """Whether a character alone shows nothing, honest or not."""
    return bool(_HIDDEN.match(character))


def lookalikes_in(line: str) -> list[tuple[int, str]]:
    """(position, word) of words that pass for others, in order.

    They mix Latin letters with look-alikes of other alphabets, stand in letters that mathematics
    or emoji lend, or are whole words of look-alikes amid Latin ones.
    """
    if line.isascii():
        return []
    words = [(match.start(), match.group()) for match in _WORD.finditer(line)]
    enclosed = [(match.start(), match.group()) for match in _ENCLOSED.finditer(line)]
    return enclosed + [
        (position, word)
        for position, word in words
        if not word.isascii()
        and not _PHONETIC.search(line[max(0, position - 40) : position])
        and (_is_costume(word) or _is_mixed(word) or _passes_whole(line, word))
    ]


def as_latin(word: str) -> str:
    """`word` with look-alikes of other alphabets as the Latin letters that readers see."""
    return "".join(LOOKALIKES.get(letter, letter) for letter in word)


def _is_honest(text: str, position: int) -> bool:
    character = text[position]
    before = text[position - 1] if position else ""
    after = text[position + 1 : position + 2]
    if character == "\r":
        return after == "\n"
    if character in _MARKS:
        return _runs_from_right(before) or _runs_from_right(after)
    if character in _JOINERS:
        pictures = character == "\u200d" and _is_picture(before) and _is_picture(after)
        return pictures or (_joins(before) and _joins(after))
    return _is_selector_in_place(character, before, after)


def _is_selector_in_place(character: str, before: str, after: str) -> bool:
    if character in "\ufe0e\ufe0f":  # text or picture
        return after == "\u20e3" or _is_picture(before)
    if "\ufe00" <= character <= "\ufe0d":
        return _is_selected_from(before)
    if "\U000e0100" <= character <= "\U000e01ef":
        return bool(before) and unicodedata.name(before, "").startswith("CJK")
    return False


def _runs_from_right(letter: str) -> bool:
    return bool(letter) and unicodedata.bidirectional(letter) in ("R", "AL", "AN")


def _joins(letter: str) -> bool:
    """Letters of scripts in which joining matters: Arabic and its kin, of India, Mongolian."""
    return bool(letter) and (
        _runs_from_right(letter) or "\u0900" <= letter <= "\u109f" or "\u1780" <= letter <= "\u18af"
    )


def _is_picture(sign: str) -> bool:
    return bool(sign) and (
        sign in "\ufe0f\u20e3#*©®"
        or sign.isdecimal()
        or unicodedata.category(sign) in ("So", "Sk", "Sm", "Po")
    )


def _is_selected_from(sign: str) -> bool:
    name = unicodedata.name(sign, "") if sign else ""
    return name.startswith(("CJK", "MYANMAR", "PHAGS-PA", "MANICHAEAN")) or (
        bool(sign) and unicodedata.category(sign) == "Sm"
    )


def _is_costume(word: str) -> bool:
    return any(unicodedata.name(letter, "").startswith(_COSTUMES) for letter in word)


def _alphabets_of(word: str) -> set[str]:
    return {unicodedata.name(letter, "").split(" ", 1)[0] for letter in word} & set(_ALPHABETS)


def _is_mixed(word: str) -> bool:
    if len(_alphabets_of(word)) < 2:
        return False
    return "LATIN" not in _alphabets_of(word) or any(letter in LOOKALIKES for letter in word)


def _passes_whole(line: str, word: str) -> bool:
    """A whole word of look-alikes, where no other word shows that its alphabet is meant."""
    if len(word) < 3 or not all(letter in LOOKALIKES for letter in word):
        return False
    own = _alphabets_of(word)
    others = [other for other in _WORD.findall(line) if other != word]
    return not any(
        _alphabets_of(other) == own and not all(letter in LOOKALIKES for letter in other)
        for other in others
    ) and any(other.isascii() for other in others)
