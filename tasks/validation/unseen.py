"""Characters that show nothing, which words may hide behind."""

import re

#: Ignorable ones, marks of direction, fillers and blanks; as the inside of a character class.
UNSEEN = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff"
)
_UNSEEN = re.compile(f"[{UNSEEN}]")


def has_unseen(text: str) -> bool:
    """Whether a text holds any."""
    return not text.isascii() and _UNSEEN.search(text) is not None


def without_unseen(text: str) -> str:
    """A text without them."""
    return text if text.isascii() else _UNSEEN.sub("", text)
