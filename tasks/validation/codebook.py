"""What a coder is shown of one answer: the theme and the answer, and nothing of the question. Pure.

The answer is untrusted text. Whatever in it could pass for its delimiter is written otherwise in
what is sent; quotes are still checked against the answer as it was given.
"""

import re

from configs.schema.instrument import Theme
from tasks.ports.respondent import Question

POLARITIES = ("want", "reject", "ambivalent", "indifferent", "declined", "off_topic")
MAX_OUTPUT_TOKENS = 1024

_REPLY = (
    'Reply with one JSON object: {"theme": "...", "polarity": "' + "|".join(POLARITIES) + '", '
    '"quote": "verbatim words of the answer"}'
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


def user_turn(theme: Theme, answer: str) -> str:
    """The user's turn of one coding request."""
    return (
        f"Theme: {theme.id} ({theme.label})\n"
        f"Definition: {theme.definition}\n"
        f'"want": {theme.want}\n'
        f'"reject": {theme.reject}\n'
        f"\n<answer>\n{neutralised(answer)}\n</answer>\n\n{_REPLY}"
    )


def coding_question(system: str, theme: Theme, answer: str) -> Question:
    """One coding request: a fresh conversation that knows nothing of the interview.

    Args:
        system: the coder's prompt, from its template.
        theme: the codebook's entry.
        answer: the model's words, as they were given.
    """
    return Question((user_turn(theme, answer),), MAX_OUTPUT_TOKENS, system)
