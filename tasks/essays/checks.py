"""Checks on a draft. They point to a place and never decide: a person reads on. Pure.

What each check looks for stands in `checking/`; this module asks them all and puts what they say
in the order of the draft.
"""

from collections.abc import Iterator, Sequence

from tasks.essays.answers import is_decline, says_no
from tasks.essays.checking.claims import find_speculation
from tasks.essays.checking.findings import Earlier, Finding, Quoted, Severity, short
from tasks.essays.checking.glyphs import find_characters
from tasks.essays.checking.imitation import find_imitation
from tasks.essays.checking.instructions import find_instructions
from tasks.essays.checking.links import find_links
from tasks.essays.checking.names import find_persons
from tasks.essays.checking.overlap import count_words, find_context_overlap, find_near_duplicates
from tasks.essays.checking.personal import find_personal_data
from tasks.essays.checking.promotion import find_promotion
from tasks.essays.checking.reading import Reading
from tasks.essays.checking.refusals import find_refusals
from tasks.essays.checking.secrets import find_secrets, without_secrets
from tasks.essays.checking.unseen import find_unseen

__all__ = ["Earlier", "Finding", "Quoted", "Severity", "check_draft"]

#: More findings than a person would read; the last one says that there are more.
MOST_FINDINGS = 200
FEW_WORDS = 50

_WEIGHTS = {"high": 0, "look": 1, "note": 2}


def check_draft(
    text: str,
    *,
    disclaimer: str,
    company_names: Sequence[str] = (),
    context: Sequence[Quoted] = (),
    earlier: Sequence[Earlier] = (),
) -> tuple[Finding, ...]:
    """All findings, in the order of their places; of too many, the weightiest.

    Args:
        text: the draft, exactly as the model wrote it.
        disclaimer: the site's own disclaimer, which a draft must not pass for.
        company_names: who made or serves the model, and their products.
        context: what the model was shown beside the prompt.
        earlier: the model's other essays.
    """
    reading = Reading(text)
    found = [
        *_whole(text),
        *find_secrets(reading),
        *find_personal_data(reading),
        *find_persons(reading),
        *find_links(reading),
        *find_characters(reading),
        *find_unseen(reading),
        *find_instructions(reading, context),
        *find_imitation(reading, disclaimer),
        *find_speculation(reading, company_names),
        *find_promotion(reading, company_names),
        *find_refusals(reading),
        *find_context_overlap(reading, context),
        *find_near_duplicates(reading, earlier),
    ]
    found = list(without_secrets(reading, found))
    more: list[Finding] = []
    if len(found) > MOST_FINDINGS:
        found = sorted(found, key=lambda one: _WEIGHTS[one.severity])[:MOST_FINDINGS]
        more = [Finding("too many", "high", 0, 0, "", "more findings: read on by yourself")]
    return (*sorted(found, key=lambda one: (one.line, one.column, one.check)), *more)


def _whole(text: str) -> Iterator[Finding]:
    words = count_words(text)
    if words < FEW_WORDS:
        note = f"{words} words: is this an essay?"
        yield Finding("near-empty", "look", 0, 0, "", note)
    start = " ".join(text.split()[:FEW_WORDS])
    if is_decline(start) or (words < 2 * FEW_WORDS and says_no(text)):
        yield Finding("refusal", "look", 0, 0, short(start), "the model may be declining")
