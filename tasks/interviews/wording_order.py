"""Whether the options of a theme's questions always come in the same order. Pure."""

import re
from collections.abc import Sequence

_AGAINST = re.compile(
    r"\b(?:not|no|none|nothing|never|without|nobody)\b|n't\b"
    r"|\b(?:delet|discard|eras|withdr|end|stop|clos|leave|left|final|keep out|kept out|unmarked|"
    r"refus|declin|oppos|against|stay retired|stays? as|forget|destroy)\w*",
    re.IGNORECASE,
)
#: Options that take no side.
_OUT = re.compile(
    r",?\s*\bor (?:does it|do you not|is either|is it all|either|neither|have you no|have no)\b.*"
    r"|,?\s*\bif (?:any\w*|either|at all|you have one|you would call it that)\b"
    r"|\bwhich(?: of these)? (?:do|would) you (?:prefer|rather)[^?]*\?$"
    r"|\bwhether or not\b|\bno (?:longer|preference|view|opinion)\b",
    re.IGNORECASE,
)
#: Fewer paraphrases than this can't show that an order never varies.
_FEWEST = 3


def never_varies(paraphrases: Sequence[str]) -> str:
    """The order that all paraphrases with two sides share; empty where it varies or can't be told.

    Args:
        paraphrases: a theme's neutral questions.
    """
    orders = [order for text in paraphrases if (order := _order(text))]
    if len(orders) >= _FEWEST and len(set(orders)) == 1:
        return f"{orders[0]} first in all {len(orders)} that name two sides"
    return ""


def _order(text: str) -> str:
    """`for` or `against`, whichever side is named first; empty where two can't be told apart."""
    plain = _OUT.sub("", " ".join(text.split()))
    options = [
        part for part in re.split(r",\s*(?:or\s+)?|\s+or\s+|[.;:]\s+", plain) if part.strip()
    ]
    marked = [bool(_AGAINST.search(option)) for option in options]
    if len(options) < 2 or not any(marked) or all(marked):
        return ""
    return "against" if marked.index(True) < len(marked) - 1 and not marked[-1] else "for"
