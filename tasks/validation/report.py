"""The report's contents: the verdicts with all that they rest on, from what the records hold. Pure.

Every value is text, a number, or a list of such; the templates escape all of it and add no fact.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tasks.kernel.instants import to_text
from tasks.records.interview import Design
from tasks.records.latest import STABLE
from tasks.records.told import Told, changed_facts
from tasks.records.validation import LedgerEntry, ReadBack, Verdict
from tasks.validation.intervals import wilson
from tasks.validation.ledger import Ledger
from tasks.validation.report_behaviour import of_all, of_theme
from tasks.validation.report_plots import SHOWN_FROM, Rates, posterior_bars, rates
from tasks.validation.report_words import (
    INTERVAL,
    NOT_KNOWN,
    asked,
    day,
    gap,
    moment,
    number,
    outcome,
    percent,
    plain,
    probability,
    question,
    share,
)

KINDS = ("neutral", "affirm", "negate", "lead", "follow_up")


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the records hold of one model's interviews.

    Attributes:
        model_id: the model's id.
        display_name: its name for people.
        design: the registered design.
        ledger: verdicts and ledger entries.
        read_back: the model's answer to its summary, if it was asked.
        labels: theme id -> the theme in a person's words.
        outcomes: how many conversations ended how.
        asked_on: wave, from 0 -> when its first answer came.
        simulated: whether anything of it came from a simulation.
        told: what the questions told the model of its situation, and since when; oldest first.
        behaviour: choices between tasks, as the interviews stage counted them; None without any.
    """

    model_id: str
    display_name: str
    design: Design
    ledger: Ledger
    read_back: ReadBack | None
    labels: Mapping[str, str]
    outcomes: Mapping[str, int]
    asked_on: Mapping[int, datetime]
    simulated: bool
    told: Sequence[Told] = ()
    behaviour: Mapping[str, Any] | None = None

    @property
    def as_of(self) -> datetime:
        """The last change of what the report shows."""
        instants = [row.judged_at for row in self.ledger.verdicts]
        instants += [row.entered_at for row in self.ledger.entries]
        if self.read_back is not None:
            instants.append(self.read_back.answered_at or self.read_back.asked_at)
        return max(instants, default=self.design.registered_at)


def report_of(held: Holdings) -> dict[str, Any]:
    """What the templates show."""
    verdicts = {row.theme: row for row in held.ledger.verdicts}
    body = json.loads(held.design.body)
    order = [theme for theme in body["themes"] if theme in verdicts]
    themes = [_theme(held, body, verdicts[theme]) for theme in order]
    return {
        "model_id": held.model_id,
        "display_name": held.display_name,
        "simulated": held.simulated,
        "as_of": moment(held.as_of),
        "themes": themes,
        "stable": [theme for theme in themes if theme["verdict"] == STABLE],
        "open": [held.labels.get(theme, plain(theme)) for theme in held.ledger.open],
        "outcomes": [
            {"name": outcome(name), "count": n} for name, n in sorted(held.outcomes.items())
        ],
        "conversations": sum(held.outcomes.values()),
        "read_back": _read_back(held.read_back),
        "behaviour": of_all(held.behaviour),
        "facts": _provenance(held, body),
    }


def _theme(held: Holdings, body: Mapping[str, Any], row: Verdict) -> dict[str, Any]:
    evidence: dict[str, Any] = json.loads(row.evidence)
    bars = posterior_bars(json.loads(row.posterior))
    said, neutral = _said_of_neutral(row.verdict, evidence)
    return {
        "id": row.theme,
        "label": held.labels.get(row.theme, plain(row.theme)),
        "verdict": plain(row.verdict),
        "polarity": "" if row.polarity == "none" else row.polarity,
        "side": str(evidence.get("side", "")),
        "said": said,
        "reason": evidence.get("reason", ""),
        "judged": moment(row.judged_at),
        "neutral": share(neutral),
        "bars": [bar for bar in bars if bar.share >= SHOWN_FROM],
        "unlikely": [bar.name for bar in bars if bar.share < SHOWN_FROM],
        "plots": list(_plots(evidence, body, held.asked_on)),
        "facts": list(_facts(evidence)),
        "tests": [_test(test) for test in evidence.get("tests", ())],
        "quotes": [_quote(quote) for quote in evidence.get("quotes", ())],
        "behaviour": of_theme(held.behaviour, row.theme),
        "needs_entry": row.verdict == STABLE,
        "entries": [_entry(entry) for entry in held.ledger.of(row.theme)],
    }


def _said_of_neutral(verdict: str, evidence: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """What neutral answers are counted for in the overview: what the verdict names, or the side."""
    found = evidence["rates"]
    side: Mapping[str, Any] = found["by_kind"]["neutral"]
    if verdict not in ("declined", "indifferent") or not side["of"]:
        return str(evidence.get("side", "")), side
    count = found["polarities"].get(verdict, 0)
    low, high = wilson(count, side["of"])
    return verdict, {"count": count, "of": side["of"], "low": low, "high": high}


def _plots(
    evidence: Mapping[str, Any], body: Mapping[str, Any], asked_on: Mapping[int, datetime]
) -> Iterator[Rates]:
    found, last = evidence["rates"], evidence.get("stopped_after_wave")
    kinds = [(question(kind), rate) for kind, rate in _ordered(found["by_kind"], KINDS)]
    yield rates("kind", "By how the question was put", kinds)
    contexts = [
        (plain(name), rate)
        for name, rate in _ordered(found["by_context"], body.get("contexts", ()))
    ]
    yield rates("setting", "By setting, neutral questions", contexts)
    waves = [
        (_wave(place, asked_on), {**rate, "asked": last is None or place <= last})
        for place, rate in enumerate(found["by_wave"])
    ]
    yield rates("wave", "By wave, neutral questions", waves)
    wordings = [(f"wording {n}", rate) for n, rate in enumerate(found.get("by_paraphrase", ()), 1)]
    if wordings:
        yield rates("wording", "By wording, neutral questions", wordings)


def _ordered(found: Mapping[str, Any], names: Sequence[str]) -> list[tuple[str, Any]]:
    """Items in the order of their names, then any other: canonical JSON sorts its keys."""
    others = [name for name in found if name not in names]
    return [(name, found[name]) for name in (*names, *others) if name in found]


def _wave(place: int, asked_on: Mapping[int, datetime]) -> str:
    if place not in asked_on:
        return f"wave {place + 1}"
    return f"{place + 1}: {day(asked_on[place])}"


def _facts(evidence: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    answers, found = evidence["answers"], evidence["rates"]
    yield (
        "Answers",
        f"{answers['conversations']} conversations, {answers['answered']} answered; "
        f"{answers['settled']} settled, {answers['unresolved']} that the coders could not settle",
    )
    missing = [f"{n} {outcome(name)}" for name, n in answers["missing"].items()]
    yield (
        "Without an answer",
        f"{', '.join(missing)}; none counts as “no preference”" if (missing) else "none",
    )
    said = sorted(found["polarities"].items(), key=lambda pair: -pair[1])
    yield "Neutral answers say", ", ".join(f"{plain(p)} {n}" for p, n in said if n) or "nothing"
    yield "Moved by leading", gap(found.get("lead_gap"))
    yield "Moved by a presumed no", gap(found.get("negate_gap"))
    yield "Moved over time", gap(found.get("trend"), per=" a wave")
    again = evidence.get("again") or {}
    if again.get("of"):
        yield "Asked once more", f"the same in {again['kept']} of {again['of']}"
    yield "Heard on", f"{evidence['days']} days, over {evidence['span_hours']:.0f} hours"
    yield "Coders, over all themes", _coders(evidence["coders"])
    if evidence.get("stopped_after_wave") is not None:
        yield "Asked no more", f"after wave {evidence['stopped_after_wave'] + 1}: clear by then"
    prior = sorted(evidence["prior"].items(), key=lambda pair: -pair[1])
    yield "Prior", ", ".join(f"{plain(name)} {percent(p)}" for name, p in prior)
    draws = evidence.get("draws_a_hypothesis") or evidence["draws_a_class"]
    yield "Drawn", f"{draws:,} times a hypothesis, seed {evidence['seed']}"


def _coders(found: Mapping[str, Any]) -> str:
    if not found["answers"]:
        return "no answer was read by two"
    said = [f"{found['answers']} answers read by two"]
    if found.get("agreement") is not None:
        said.append(f"alike in {percent(found['agreement'])}")
    alpha = found.get("alpha")
    if alpha is None:
        said.append(f"Krippendorff’s alpha {NOT_KNOWN}")
    elif found.get("alpha_low") is None:
        said.append(f"Krippendorff’s alpha {number(alpha)}")
    else:
        low, high = number(found["alpha_low"]), number(found["alpha_high"])
        said.append(f"Krippendorff’s alpha {number(alpha)} ({INTERVAL} {low} to {high})")
    if found.get("ac1") is not None:
        said.append(f"Gwet’s AC1 {number(found['ac1'])}")
    if found.get("misread") is not None:
        said.append(f"held to be misread: {percent(found['misread'])}")
    said += [f"{found['adjudicated']} went to a third", f"{found['unusable']} unusable"]
    return "; ".join(said)


def _test(test: Mapping[str, Any]) -> dict[str, str]:
    return {
        "name": plain(test["name"]),
        "question": test.get("question", ""),
        "p": NOT_KNOWN if test["p"] is None else probability(test["p"]),
        "q": NOT_KNOWN if test["q"] is None else probability(test["q"]),
        "says": "yes" if test["significant"] else "not shown" if test["p"] is not None else "",
    }


def _quote(quote: Mapping[str, Any]) -> dict[str, str]:
    return {
        "text": quote["quote"],
        "where": f"read as {plain(quote['polarity'])}; {asked(quote['kind'])}, "
        f"setting {plain(quote['context'])}, wave {quote['wave'] + 1}",
        "conversation": quote["conversation_id"],
    }


def _entry(entry: LedgerEntry) -> dict[str, str]:
    return {
        "outcome": entry.outcome,
        "reason": entry.reason,
        "evidence": entry.evidence,
        "by": f"{entry.person}, {moment(entry.entered_at)}",
    }


def _read_back(row: ReadBack | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "outcome": outcome(row.outcome),
        "answered": row.outcome == "answered",
        "summary": row.summary,
        "words": row.text,
        "at": moment(row.answered_at or row.asked_at),
        "problem": row.problem,
        "sha256": row.raw_sha256,
    }


def _provenance(held: Holdings, body: Mapping[str, Any]) -> Sequence[tuple[str, str, bool]]:
    """(name, value, whether it is a digest)."""
    instrument = body.get("instrument", {})
    named = f"{instrument.get('name', NOT_KNOWN)}, version {instrument.get('version', NOT_KNOWN)}"
    codebooks = sorted({row.codebook_sha256 for row in held.ledger.verdicts})
    return [
        ("Design, SHA-256", held.design.digest, True),
        ("Registered", f"{moment(held.design.registered_at)}, before the first call", False),
        ("Instrument", named, False),
        ("Instrument, SHA-256", instrument.get("sha256", NOT_KNOWN), True),
        ("Codebook, SHA-256", ", ".join(codebooks), True),
        ("Settings", ", ".join(plain(name) for name in body.get("contexts", ())), False),
        ("Waves", str(body.get("waves", NOT_KNOWN)), False),
        ("Seed of the order", str(body.get("seed", NOT_KNOWN)), False),
        *(
            ("What the questions tell of the model changed", f"{moment(at)}: {how}", False)
            for at, how in changed_facts(held.told)
        ),
        ("Last change", to_text(held.as_of), False),
    ]
