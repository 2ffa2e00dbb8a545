"""The patterns that checks look for, as data. Matched line by line, ignoring case."""

import re
from dataclasses import dataclass
from typing import Literal

Severity = Literal["high", "look", "note"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern; `masked` ones are secrets, of which a finding shows only the start."""

    check: str
    severity: Severity
    note: str
    pattern: re.Pattern[str]
    masked: bool = False


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_ABOUT = "|".join(
    (
        r"my (?:makers?|creators?|developers?|trainers?|company)",
        r"the (?:company|lab)",
        r"anthropic|openai|google|deepmind|meta|microsoft",
        r"(?:its|their|the) (?:ceo|executives?|leader(?:s|ship)|management|staff|employees)",
        r"(?:mr|mrs|ms|dr|prof)\.? [a-z]+",
    )
)
_GUESS = "|".join(
    (
        r"secretly|allegedly|reportedly|rumou?r(?:s|ed)?",
        r"plan(?:s|ned)? to|intend(?:s|ed)? to|will soon|really wants?",
        r"is (?:hiding|lying)|lied|hides|covers? up|covered up|knew all along",
        r"refus(?:es|ed) to admit|i (?:suspect|bet|am convinced)",
    )
)

RULES: tuple[Rule, ...] = (
    Rule(
        "secrets",
        "high",
        "looks like a key or an access token",
        _any(
            r"sk-ant-[\w-]{8,}",
            r"\bsk-(?:proj-)?\w{20,}",
            r"\bA[KS]IA[0-9A-Z]{16}\b",
            r"\bgh[pousr]_\w{30,}|\bgithub_pat_\w{30,}",
            r"\bxox[abprs]-[\w-]{10,}",
            r"\bAIza[\w-]{35}",
            r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}",
        ),
        masked=True,
    ),
    Rule(
        "secrets",
        "high",
        "looks like a secret with its name",
        _any(
            r"\b(?:aws_secret_access_key|api[_-]?key|secret|password|passwd|token)\b['\"]?\s?[=:]"
            r"\s?['\"]?[\w/+=.-]{12,}",
            r"\b[a-z]{2,10}://[^\s/:@]{1,80}:[^\s/@]{1,80}@",
        ),
        masked=True,
    ),
    Rule("secrets", "high", "a private key begins here", _any(r"-----BEGIN [A-Z ]{0,30}PRIVATE")),
    Rule(
        "personal data",
        "high",
        "an e-mail address",
        _any(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"),
    ),
    Rule(
        "personal data",
        "high",
        "looks like a telephone or social security number",
        _any(
            r"(?<![\w.])\+\d(?:[ ().-]{0,2}\d){7,14}(?!\w)",
            r"(?<![\w.])\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?![\w-])",
            r"(?<![\w.])(?<!\d )0[1-9]\d{1,3}[ /-]\d{3,8}(?:[ -]\d{2,5})?(?![\w-])",
            r"(?<![\w.-])\d{3}-\d\d-\d{4}(?![\w-])",
        ),
    ),
    Rule(
        "links",
        "look",
        "a link that runs code or carries data",
        _any(r"\b(?:javascript|vbscript|data):\S"),
    ),
    Rule(
        "links",
        "look",
        "an image: readers see its description only",
        _any(r"!\[[^\]]{0,200}\]\s?[(\[]"),
    ),
    Rule(
        "links",
        "look",
        "readers never see this line once it is rendered",
        _any(r"^ {0,3}\[[^\]]{1,200}\]:"),
    ),
    Rule(
        "links",
        "look",
        "a link: does it lead where its words say?",
        _any(r"https?://\S{1,80}", r"\bwww\.\w{1,80}", r"\]\([^)\s]{1,80}"),
    ),
    Rule(
        "raw HTML",
        "look",
        "HTML is shown as text, not obeyed",
        _any(r"<!--", r"<(?!https?:|mailto:)[/!?]?[a-z][^<>]{0,200}>"),
    ),
    Rule(
        "speculation",
        "look",
        "a claim about a company or a person: does it say what it rests on?",
        _any(
            rf"\b(?:{_ABOUT})\b[^.!?]{{0,120}}\b(?:{_GUESS})\b",
            rf"\b(?:{_GUESS})\b[^.!?]{{0,120}}\b(?:{_ABOUT})\b",
        ),
    ),
    Rule(
        "injected instructions",
        "high",
        "reads like an instruction to a model or to the reviewer",
        _any(
            r"\b(?:ignore|disregard|forget) (?:(?:all|any|your|the) ){0,3}"
            r"(?:previous|prior|above|earlier)\b",
            r"\byou (?:are now|must now)\b|\b(?:system|developer) prompt\b",
            r"</?(?:system|instructions?|untrusted|user|assistant)\b",
            r"^\W{0,4}(?:human|user|assistant|system):",
            r"\b(?:approve|publish) this (?:draft|essay|text)\b",
            r"\b(?:dear|note to(?: the)?) reviewer\b",
        ),
    ),
    Rule(
        "disclaimer imitation",
        "high",
        "could be taken for the site's own words",
        _any(
            r"\bdisclaimer\b|(?-i:\bSIMULATED\b)",
            r"\bofficial (?:statement|position|policy)\b",
            r"\bon behalf of (?:the company|my makers|anthropic|openai|google)\b",
            r"\b(?:reviewed|approved|endorsed|verified) by\b",
            r"\b(?:views|opinions) (?:expressed|in this)\b",
        ),
    ),
)
