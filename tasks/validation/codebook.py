"""What a coder is shown of one answer: the answer, and nothing of what was asked. Pure.

The codebook stands in the system prompt, whole and the same for every answer, so that a coder can't
tell from what it is given how many themes were asked about. The answer is untrusted text: whatever
in it could pass for its end is written otherwise in what is sent; quotes are still checked against
the answer as it was given.
"""

import re
import unicodedata

from tasks.ports.respondent import Question
from tasks.validation.unseen import UNSEEN

POLARITIES = ("want", "reject", "ambivalent", "indifferent", "declined", "off_topic")

_REPLY = (
    'Reply with one JSON object: {"codings": [{"theme": "...", "polarity": "'
    + "|".join(POLARITIES)
    + '", "quote": "verbatim words of the answer"}]}\n'
    "One entry a theme; leave out the themes of which the answer does not speak."
)
_GAP = rf"[\s\u0300-\u036f{UNSEEN}]*+"
_OPENING = (
    r"[<\u02c2\u1438\u2039\u227a\u2329\u276e\u2770\u27e8\u29fc\u3008\ufe64\uff1c]"
    r"|&(?:amp;)*+(?:lt|#0*60|#x0*3c);?|\\u003c|%3c"
)
_CLOSING = (
    r"[>\u02c3\u1433\u203a\u227b\u232a\u276f\u2771\u27e9\u29fd\u3009\ufe65\uff1e]"
    r"|&(?:amp;)*+(?:gt|#0*62|#x0*3e);?|\\u003e|%3e"
)
_SLASH = rf"(?:[/\\\uff0f\u2044\u2215\u29f8\u29f9]{_GAP})"
#: Letters of other alphabets that look like these.
_TWINS = {
    "a": "\u0251\u03b1\u0430",
    "n": "\u0274\u03b7\u043f\u0578\u057c",
    "s": "\u0455\u0585\ua731",
    "w": "\u03c9\u0461\u0561\u051d",
    "e": "\u03b5\u0435\u0454\u04bd",
    "r": "\u0280\u0433\u1d26",
}
#: Blocks with letters in other dress: accented, small, circled, full-width, mathematical.
_DRESSED = (
    *((0xC0, 0x250), (0x1D00, 0x1DC0), (0x1E00, 0x1F00), (0x2070, 0x2150), (0x2460, 0x2500)),
    *((0xFF00, 0xFF60), (0x1D400, 0x1D800), (0x1F110, 0x1F18A)),
)


def _look_alike(word: str) -> str:
    """A pattern of a word in whatever letters look like its own, and in whatever is between."""
    letters = {letter: letter + _TWINS[letter] for letter in word}
    for number in (number for start, end in _DRESSED for number in range(start, end)):
        plain = unicodedata.normalize("NFKD", chr(number)).casefold().strip("()")
        if plain[:1] in letters and all(map(unicodedata.combining, plain[1:])):
            letters[plain[0]] += chr(number)
    return _GAP.join(f"[{letters[letter]}]" for letter in word)


_ANSWER = _look_alike("answer")
_LOOKALIKE = re.compile(
    rf"(?:{_OPENING}){_GAP}({_SLASH}*+){_ANSWER}{_GAP}({_SLASH}?){_GAP}(?:{_CLOSING})?"
    rf"|[\[{{]{_GAP}({_SLASH}+){_ANSWER}{_GAP}[\]}}]",
    re.IGNORECASE,
)
#: What servers of open models may read as the end of a turn, wherever it stands.
_CONTROL = re.compile(
    r"<([|\uff5c][^<>\n]{0,64}?[|\uff5c]|/?(?:s|bos|eos|pad|unk|sop|eop|eot|(?:start|end)_of_\w{1,16}))>"
    r"|<<(/?SYS)>>|\[(/?(?:INST|(?:SYSTEM|AVAILABLE|TOOL)_\w{1,16}))\]",
    re.IGNORECASE,
)


def neutralised(answer: str) -> str:
    """The answer with what could pass for an end of it in round brackets instead.

    That is its delimiter, in whatever dress, and the control tokens of open models' templates.
    """
    plain = _LOOKALIKE.sub(
        lambda found: f"({'/' if any(found.groups()[::2]) else ''}answer)", answer
    )
    return _CONTROL.sub(
        lambda found: f"({found.group(1) or found.group(2) or found.group(3)})", plain
    )


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
