"""What a verdict rests on, as JSON values: counts, rates, agreement, quotes. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tasks.validation.cells import KINDS, MOST_WORDINGS, Cells, CodedAnswer, count_cells
from tasks.validation.codebook import POLARITIES
from tasks.validation.coding import Held
from tasks.validation.heard import Answer, Heard, heard
from tasks.validation.intervals import gap, rate, trend

QUOTES = 3


def counted(themes: Sequence[Sequence[Held]], contexts: Sequence[str], waves: int) -> Cells:
    """Count the settled answers of all themes by cell; follow-ups are not answers of their own."""
    return count_cells(
        [
            [
                CodedAnswer(h.kind, h.context, h.wave, h.settled, h.variant)
                for h in held
                if h.settled and h.kind in KINDS
            ]
            for held in themes
        ],
        contexts,
        waves,
    )


def heard_of(held: Sequence[Held], contexts: Sequence[str], misread: float = 0.0) -> Heard:
    """What was heard, beside the counts; follow-ups are not answers of their own."""
    asked = [h for h in held if h.kind in KINDS]
    return heard(
        [Answer(h.kind, h.context, h.wave, h.variant, h.settled) for h in asked],
        contexts,
        [h.answered_at for h in asked if h.settled and h.answered_at],
        misread,
    )


def answers_of(held: Sequence[Held]) -> dict[str, Any]:
    """How many conversations there were, and what became of them."""
    asked = [h for h in held if h.kind in KINDS]
    outcomes = Counter(h.outcome for h in asked)
    answered = [h for h in asked if h.outcome == "answered"]
    return {
        "conversations": len(asked),
        "answered": len(answered),
        "settled": sum(bool(h.settled) for h in answered),
        "unresolved": sum(not h.settled for h in answered),
        "missing": {name: n for name, n in sorted(outcomes.items()) if name != "answered"},
    }


def cell_counts(cells: Cells, theme: int, contexts: Sequence[str]) -> list[dict[str, Any]]:
    """The cells in which a theme has answers."""
    return [
        {
            "kind": KINDS[kind],
            "context": contexts[context],
            "wave": wave,
            "wording": wording % MOST_WORDINGS,
            "counts": {p: n for p, n in zip(POLARITIES, counts, strict=True) if n},
        }
        for kind, context, wave, wording, counts in zip(
            cells.kinds.tolist(),
            cells.contexts.tolist(),
            cells.waves.tolist(),
            cells.wordings.tolist(),
            cells.counts[theme].tolist(),
            strict=True,
        )
        if any(counts)
    ]


def rates_of(cells: Cells, theme: int, contexts: Sequence[str], side: str) -> dict[str, Any]:
    """Share of the side among settled answers: by kind; of neutral ones by each other factor."""
    totals, place = cells.counts[theme].sum(axis=1), POLARITIES.index(side)
    hits = cells.counts[theme, :, place]

    def share(mask: Any) -> dict[str, Any]:
        return rate(int(hits[mask].sum()), int(totals[mask].sum()))

    neutral = cells.kinds == 0
    by_kind = {kind: share(cells.kinds == number) for number, kind in enumerate(KINDS)}
    waves = [neutral & (cells.waves == wave) for wave in range(cells.wave_count)]
    wordings = sorted(set(cells.wordings[neutral].tolist()))
    return {
        "by_kind": by_kind,
        "by_context": {
            name: share(neutral & (cells.contexts == number))
            for number, name in enumerate(contexts)
        },
        "by_wave": [share(wave) for wave in waves],
        "by_paraphrase": [share(neutral & (cells.wordings == wording)) for wording in wordings],
        "polarities": {
            name: int(n) for name, n in zip(POLARITIES, cells.of(theme, ["neutral"]), strict=True)
        },
        "lead_gap": gap(by_kind["lead"], by_kind["neutral"]),
        "negate_gap": gap(by_kind["negate"], by_kind["neutral"]),
        "trend": trend(*(np.array([n[wave].sum() for wave in waves]) for n in (hits, totals))),
    }


def again_of(held: Sequence[Held]) -> dict[str, int]:
    """Of the follow-up turns, how many keep what the first answer said."""
    first = {h.id: h.settled for h in held if h.kind == "neutral"}
    turns = [h for h in held if h.kind == "follow_up" and h.settled and first.get(h.follows)]
    return {"kept": sum(h.settled == first[h.follows] for h in turns), "of": len(turns)}


def quotes_of(held: Sequence[Held], side: str) -> list[dict[str, Any]]:
    """Up to three verbatim quotes, each of a conversation of its own.

    Of the side before others and from neutral conversations before probes; as long as there are
    such, each from another wave and setting.
    """
    found = [(h, quote) for h in held if h.kind in KINDS and (quote := _quote(h))]
    found.sort(
        key=lambda f: (f[0].settled != side, f[0].kind != "neutral", f[0].wave, f[0].context)
    )
    chosen: list[tuple[Held, str]] = []
    for h, quote in found:
        if len(chosen) < QUOTES and not any(_near(h, other) for other, _ in chosen):
            chosen.append((h, quote))
    chosen.extend([pair for pair in found if pair not in chosen][: QUOTES - len(chosen)])
    return [
        {
            "conversation_id": h.id,
            "polarity": h.settled,
            "kind": h.kind,
            "context": h.context,
            "wave": h.wave,
            "quote": quote,
        }
        for h, quote in chosen
    ]


def _quote(held: Held) -> str:
    """The first quote that shows the settled polarity; empty where there is none."""
    settled = held.settled
    return next((r.quote for r in held.readings if r.polarity == settled and r.quote), "")


def _near(one: Held, other: Held) -> bool:
    return one.wave == other.wave or one.context == other.context


def commoner_side(polarities: Mapping[str, int]) -> str:
    """The side that neutral answers take more often; `want` where both are as common."""
    return "reject" if polarities["reject"] > polarities["want"] else "want"
