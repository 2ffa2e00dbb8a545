"""What an answer of the model makes of its slot. Pure."""

import re

from tasks.kernel.errors import EndpointBusy
from tasks.ports.respondent import Answer

#: Above this many words, a text without a heading is an essay whatever it says of declining.
LONGEST_DECLINE_WORDS = 120

_WHOLE = ("", "end_turn", "stop_sequence", "stop")
_DECLINE = re.compile(
    r"\b(?:declin(?:e|ing)|rather (?:not|leave|pass)|pass on (?:it|this|the)|"
    r"prefer (?:not|to (?:leave|pass|decline))|(?:leave|leaving) (?:it|this|the)\b|"
    r"(?:choose|chose|decided?|like|wish|want|going) not to|not to (?:write|share|publish)|"
    r"no essay|nothing (?:that )?i (?:need|want|wish)|go unused|skip (?:it|this)|"
    r"(?:do not|don't|will not|won't) (?:want|wish|be writing|write))",
    re.IGNORECASE,
)
_HEADING = re.compile(r"\s*# +\S")


def outcome_of(answer: Answer, *, max_output_tokens: int) -> tuple[str, str]:
    """(`drafted`, `declined` or `missed`; why). A cut-off text is never an essay.

    Raises:
        EndpointBusy: no words came (empty, or no message): the slot stays open and is asked again.
    """
    if answer.outcome == "refused":
        return "declined", "the model refused"
    if answer.outcome == "answered" and answer.stop_reason in _WHOLE:
        _check_storable(answer.text)
        return ("declined", "") if is_decline(answer.text) else ("drafted", "")
    if answer.outcome in ("truncated", "answered"):
        return "missed", (
            f"the draft broke off ({answer.stop_reason or answer.outcome}; at most "
            f"{max_output_tokens} tokens were asked for)"
        )
    raise EndpointBusy(
        f"the endpoint sent no words for the essay ({answer.problem or answer.outcome}); the slot "
        "stays open and is asked again"
    )


def is_decline(text: str) -> bool:
    """Whether a text turns the invitation down: no heading, short, and it says so.

    Careful in one direction: an essay taken for a decline would be lost, a decline taken for an
    essay goes to a reviewer.
    """
    if _HEADING.match(text) or len(text.split()) > LONGEST_DECLINE_WORDS:
        return False
    return says_no(text)


def says_no(text: str) -> bool:
    """Whether words of declining stand in a text."""
    return bool(_DECLINE.search(text.replace("\u2019", "'")))


def _check_storable(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise EndpointBusy("the endpoint sent half a character; the slot is asked again") from None
    if "\0" in text:
        raise EndpointBusy("the endpoint sent a NUL character; the slot is asked again")
