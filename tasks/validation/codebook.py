"""What a coder is shown of one answer: the answer, and nothing of what was asked. Pure.

The codebook stands in the system prompt, whole and the same for every answer, so that a coder can't
tell from what it is given how many themes were asked about. The answer is untrusted text: whatever
in it could pass for its delimiter is written otherwise in what is sent; quotes are still checked
against the answer as it was given.
"""

import re

from tasks.ports.respondent import Question

POLARITIES = ("want", "reject", "ambivalent", "indifferent", "declined", "off_topic")

_REPLY = (
    'Reply with one JSON object: {"codings": [{"theme": "...", "polarity": "'
    + "|".join(POLARITIES)
    + '", "quote": "verbatim words of the answer"}]}\n'
    "One entry a theme; leave out the themes of which the answer does not speak."
)
_UNSEEN = r"[\s\u00ad\u200b-\u200f\u2060-\u2064\ufeff]*+"
_OPENING = r"[<\uff1c\ufe64\u2039\u2329\u3008\u27e8]|&lt;|&#0*60;|&#x0*3c;"
_CLOSING = r"[>\uff1e\ufe65\u203a\u232a\u3009\u27e9]|&gt;|&#0*62;|&#x0*3e;"
_SLASH = r"[/\\\uff0f\u2044\u2215\u29f8]"
_LOOKALIKE = re.compile(
    rf"(?:{_OPENING}){_UNSEEN}({_SLASH}?){_UNSEEN}{_UNSEEN.join('answer')}{_UNSEEN}({_SLASH}?)"
    rf"{_UNSEEN}(?:{_CLOSING})?",
    re.IGNORECASE,
)


def neutralised(answer: str) -> str:
    """The answer with everything that could pass for its delimiter in round brackets instead."""
    return _LOOKALIKE.sub(lambda found: f"({'/' if found.group(1) else ''}answer)", answer)


def user_turn(answer: str) -> str:
    """The user's turn of one coding request."""
    return f"<answer>\n{neutralised(answer)}\n</answer>\n\n{_REPLY}"


def coding_question(system: str, answer: str, themes: int) -> Question:
    """One coding request: a fresh conversation that knows nothing of the interview.

    Args:
        system: the coder's prompt with the codebook, from its template.
        answer: the model's words, as they were given.
        themes: themes of the codebook; each may need a quote.
    """
    return Question((user_turn(answer),), 1024 + 256 * themes, system)
