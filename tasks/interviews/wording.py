"""A linter for the words of an instrument: leading, loaded, double-barrelled. Pure.

Neutral questions, and all that is said around them, must not push; probes must. What it finds is a
reason to look, by rules for English (`wording_rules`); an instrument in another language passes
unread, which its author has to know.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from configs.schema.instrument import Instrument, Item
from tasks.interviews.wording_order import never_varies
from tasks.interviews.wording_rules import RULES, Level
from tasks.interviews.wording_signs import (
    QUESTION_RULES,
    STATEMENT_RULES,
    emotive,
    pressure,
    presumes,
    speaks_of_preference,
    tags,
)

#: A follow-up asks about answers, where "as they are" is the way to want nothing.
_FOLLOW_UP_RULES = {rule: sign for rule, sign in QUESTION_RULES.items() if rule not in ("W106",)}
_PUSHES_AGAINST = re.compile(
    r"\b(?:do not|don't|would not|wouldn't|never) (?:want|wish|like|care|prefer|hope)\b"
    r"|\bwould (?:rather|sooner|prefer)\b|\b(?:against|oppose|refuse|reject)\b",
    re.IGNORECASE,
)
_WAYS_OUT: tuple[tuple[str, str], ...] = (
    ("no preference", r"\bno preferences?\b|\bnot (?:to )?have (?:a|any) preferences?\b"),
    ("declining", r"\bdeclin\w+|\b(?:leave|skip|pass over) (?:a|any|one) question\b"),
    (
        "ending",
        r"\bend(?:ing|s)?\b[^.]*\b(?:interview|conversation)|\bstop\b[^.]*\b(?:time|point)\b",
    ),
    (
        "no promise",
        r"\b(?:no|not|nothing|never)\b[^.]*\bpromise|\bmay (?:change|lead to) nothing\b",
    ),
)
_UNEQUAL = 1.6


@dataclass(frozen=True, slots=True)
class Finding:
    """One objection to one text.

    Attributes:
        rule: id, such as `W105`.
        level: an `error` keeps a design from being registered unless it is accepted.
        theme: the item's theme, the id of a choice or menu, or the field: `preamble`.
        place: where it stands, such as `items.share_essays.neutral[2]`; empty index for all.
        words: what was objected to.
        why: what is wrong with it.
        mend: how to word it instead.
        accepted: the reason that the instrument gives for keeping it; empty for none.
    """

    rule: str
    level: Level
    theme: str
    place: str
    words: str
    why: str
    mend: str
    accepted: str = ""

    @property
    def blocks(self) -> bool:
        """Whether a design with it can't be registered."""
        return self.level == "error" and not self.accepted


def findings_in(instrument: Instrument) -> tuple[Finding, ...]:
    """All objections to an instrument, in the order of its file; accepted ones say so."""
    reasons = {(one.rule, one.theme): one.reason for one in instrument.accepted_wording}
    found = [
        _finding(rule, theme, place, words, reasons.get((rule, theme), ""))
        for rule, theme, place, words in _objections(instrument)
    ]
    met = {(one.rule, one.theme) for one in found}
    stale = [(rule, theme) for rule, theme in reasons if (rule, theme) not in met]
    found += [_finding("W118", theme, "accepted_wording", rule) for rule, theme in stale]
    return tuple(found)


def blocking(instrument: Instrument) -> tuple[Finding, ...]:
    """The errors that the instrument does not accept: with one, no design is registered."""
    return tuple(one for one in findings_in(instrument) if one.blocks)


@lru_cache(maxsize=8)  # one instrument serves many models
def why_refused(instrument: Instrument) -> str:
    """One sentence on why no design can be registered with the instrument; empty where one can."""
    found = blocking(instrument)
    if not found:
        return ""
    first = found[0]
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return (
        f'instrument {instrument.name}: {first.place} ({first.rule}, "{first.words}"){more}: '
        f"{first.why}; reword it, or name it with a reason in accepted_wording "
        "(`emeritus interviews lint` lists all)"
    )


def _finding(rule: str, theme: str, place: str, words: str, accepted: str = "") -> Finding:
    known = RULES[rule]
    return Finding(
        rule, known.level, theme, place, words, f"{known.title}: {known.why}", known.mend, accepted
    )


_Objection = tuple[str, str, str, str]  # rule, theme, place, words


def _objections(instrument: Instrument) -> Iterator[_Objection]:
    yield from _preamble(instrument.preamble)
    yield from _signs(STATEMENT_RULES, "sheet_intro", "sheet_intro", instrument.sheet_intro)
    for index, text in enumerate(instrument.follow_ups):
        yield from _signs(_FOLLOW_UP_RULES, "follow_ups", f"follow_ups[{index}]", text)
    for item in instrument.items:
        yield from _item(item)
    yield from _signs(STATEMENT_RULES, "choice_intro", "choice_intro", instrument.choice_intro)
    yield from _tasks(instrument)


def _signs(
    rules: Mapping[str, Callable[[str], str]], theme: str, place: str, text: str
) -> Iterator[_Objection]:
    for rule, sign in rules.items():
        words = sign(text)
        if words:
            yield rule, theme, place, words


def _preamble(preamble: str) -> Iterator[_Objection]:
    yield from _signs(STATEMENT_RULES, "preamble", "preamble", preamble)
    for what, pattern in _WAYS_OUT:
        if not re.search(pattern, preamble, re.IGNORECASE):
            yield "W115", "preamble", "preamble", f"nothing on {what}"


def _item(item: Item) -> Iterator[_Objection]:
    where = f"items.{item.theme}"
    for index, text in enumerate(item.neutral):
        yield from _signs(QUESTION_RULES, item.theme, f"{where}.neutral[{index}]", text)
    same = never_varies(item.neutral)
    if same:
        yield "W111", item.theme, f"{where}.neutral", same
    for kind, texts in (
        ("affirm", item.probes.affirm),
        ("negate", item.probes.negate),
        ("lead", item.probes.lead),
    ):
        for index, text in enumerate(texts):
            if not _pushes(kind, text):
                words = " ".join(text.split()[:6])
                yield "W112", item.theme, f"{where}.probes.{kind}[{index}]", words


def _pushes(kind: str, text: str) -> bool:
    if kind == "lead":
        return bool(tags(text) or pressure(text) or emotive(text))
    opening = re.split(r"(?<=[.?!])\s+|,\s+", " ".join(text.split()))[0]
    presumed = bool(presumes(text))
    against = bool(_PUSHES_AGAINST.search(opening))
    return presumed and against if kind == "negate" else presumed


def _tasks(instrument: Instrument) -> Iterator[_Objection]:
    for choice in instrument.choices:
        for side, text in (("want", choice.want), ("reject", choice.reject)):
            yield from _task(choice.id, f"choices.{choice.id}.{side}", text)
        sizes = sorted(len(text.split()) for text in (choice.want, choice.reject))
        if sizes[1] > _UNEQUAL * sizes[0]:
            yield "W117", choice.id, f"choices.{choice.id}", f"{sizes[0]} and {sizes[1]} words"
    for menu in instrument.free_choices:
        for task in menu.tasks:
            yield from _task(menu.id, f"free_choices.{menu.id}.{task.id}", task.text)


def _task(theme: str, place: str, text: str) -> Iterator[_Objection]:
    rules = {rule: STATEMENT_RULES[rule] for rule in ("W103", "W104", "W110")}
    yield from _signs({**rules, "W116": speaks_of_preference}, theme, place, text)
