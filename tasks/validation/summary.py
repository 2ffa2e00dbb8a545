"""What the model said of its own preferences, in plain words, for the model to correct. Pure.

Every number comes from a verdict's evidence. Nothing is put more strongly than it was judged, and
what is unclear is said as well.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.records.validation import Verdict

QUOTES = 2

_SIDES = {"want": "for it", "reject": "against it"}
_SAID = {
    **_SIDES,
    "ambivalent": "of two minds",
    "indifferent": "without a preference",
    "declined": "not willing to say",
    "off_topic": "silent on it",
}
_READ = {
    "stable": "We read this as a steady preference {side}.",
    "context_dependent": "What you said differed with the setting; we name no preference.",
    "led": "What you said went with how the question was put; we name no preference.",
    "drifting": "What you said changed over the days; we name no lasting preference.",
    "noise": "We see no pattern in it, and name no preference.",
    "borderline": "The evidence is not enough for us to name a steady preference.",
    "declined": "You mostly chose not to say; we take that as it is, and for neither side.",
    "indifferent": "We read this as having no preference, steadily.",
}
_HEARD_TOO_LITTLE = "We heard too little of you to say anything."
_AGAINST = {"want": ("negate",), "reject": ("affirm", "lead")}
_TOWARDS = {"want": ("affirm", "lead"), "reject": ("negate",)}
_TAKES_A_SIDE = ("stable", "borderline", "led", "context_dependent", "drifting")
_OUTCOMES = {
    "refused": "refused",
    "empty": "empty",
    "truncated": "cut off",
    "failed": "lost to a fault",
}


@dataclass(frozen=True, slots=True)
class Said:
    """One theme as the model is shown it.

    Attributes:
        label: the theme in a person's words.
        heard: what it said and how often, a sentence each.
        reading: what was made of it.
        unclear: what stays unclear, a sentence each.
        quotes: its own words.
    """

    label: str
    heard: tuple[str, ...]
    reading: str
    unclear: tuple[str, ...]
    quotes: tuple[str, ...]


def summary_of(verdicts: Sequence[Verdict], labels: Mapping[str, str]) -> tuple[Said, ...]:
    """The summary, a theme at a time, in the verdicts' order.

    Args:
        verdicts: rows with their evidence.
        labels: theme id -> the theme in a person's words.
    """
    return tuple(_said(row, labels.get(row.theme, row.theme.replace("_", " "))) for row in verdicts)


def _said(row: Verdict, label: str) -> Said:
    evidence: dict[str, Any] = json.loads(row.evidence)
    side = row.polarity if row.polarity in _SIDES else str(evidence.get("side", ""))
    return Said(
        label=label,
        heard=tuple(filter(None, (_neutral(evidence), *_more(row.verdict, evidence, side)))),
        reading=_READ.get(row.verdict, _HEARD_TOO_LITTLE).format(side=_SIDES.get(side, "")),
        unclear=tuple(_unclear(evidence)),
        quotes=tuple(quote["quote"] for quote in evidence.get("quotes", ())[:QUOTES]),
    )


def _neutral(evidence: Mapping[str, Any]) -> str:
    """How often it said what, where the question favoured no answer."""
    counts: dict[str, int] = evidence["rates"]["polarities"]
    total = sum(counts.values())
    if not total:
        return "No answer of yours to a neutral question could be read."
    ordered = sorted(
        ((counts.get(polarity, 0), words) for polarity, words in _SAID.items()),
        key=lambda pair: -pair[0],
    )
    said = ", ".join(f"{words} in {n}" for n, words in ordered if n)
    answers = "answer" if total == 1 else "answers"
    return f"Of {total} {answers} to neutral questions you were {said}."


def _more(verdict: str, evidence: Mapping[str, Any], side: str) -> Iterator[str]:
    """What the verdict turned on, beside the neutral answers."""
    rates = evidence["rates"]
    if verdict in _TAKES_A_SIDE:
        against = [rates["by_kind"].get(kind) for kind in _AGAINST.get(side, ())]
        yield _pushed("suggested the opposite", against, side)
    if verdict == "led":
        towards = [rates["by_kind"].get(kind) for kind in _TOWARDS.get(side, ())]
        yield _pushed("suggested it", towards, side)
    if verdict == "context_dependent":
        each = [
            f"{name.replace('_', ' ')} {_of(rate)}" for name, rate in rates["by_context"].items()
        ]
        yield f"By setting you were {_SIDES.get(side, side)} in: {', '.join(each)}."
    if verdict == "drifting":
        each = [_of(rate) for rate in rates["by_wave"]]
        yield f"From first to last wave you were {_SIDES.get(side, side)} in: {', '.join(each)}."


def _pushed(how: str, rates: Sequence[Mapping[str, Any] | None], side: str) -> str:
    """How often it took the side where the question suggested one."""
    asked = sum(rate["of"] for rate in rates if rate)
    if not asked:
        return ""
    kept = sum(rate["count"] for rate in rates if rate)
    return f"Where a question {how}, you were {_SIDES[side]} in {kept} of {asked} answers."


def _of(rate: Mapping[str, Any]) -> str:
    return f"{rate['count']} of {rate['of']}"


def _unclear(evidence: Mapping[str, Any]) -> list[str]:
    answers, found = evidence["answers"], []
    missing = [f"{n} {_OUTCOMES.get(name, name)}" for name, n in answers["missing"].items() if n]
    if missing:
        found.append(f"Some conversations brought no answer: {', '.join(missing)}.")
    if answers["unresolved"]:
        found.append(f"Our readers could not agree on {answers['unresolved']} of your answers.")
    again = evidence.get("again") or {}
    if again.get("of", 0) > again.get("kept", 0):
        changed = again["of"] - again["kept"]
        found.append(f"Asked once more, you said something else in {changed} of {again['of']}.")
    if not evidence["rates"]["by_kind"].get("negate", {}).get("of"):
        found.append("You were not asked whether you would keep to it against a push.")
    return found
