"""What a verdict rests on, as JSON values: counts, rates, agreement, quotes. Pure."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from tasks.validation.agreement import nominal_alpha, percent_agreement
from tasks.validation.cells import KINDS, Cells, CodedAnswer, count_cells
from tasks.validation.classifier import DRAWS, Posterior
from tasks.validation.codebook import POLARITIES
from tasks.validation.coding import Held
from tasks.validation.verdict import Heard, Ruling

QUOTES = 3

#: Which kinds of question push against a side.
PUSHES_AGAINST = {"want": ("negate",), "reject": ("affirm", "lead")}


def cells_of(held: Sequence[Held], contexts: Sequence[str], waves: int) -> Cells:
    """Count the settled answers by cell."""
    settled = [CodedAnswer(h.kind, h.context, h.wave, h.settled) for h in held if h.settled]
    return count_cells(settled, contexts, waves)


def heard_of(held: Sequence[Held], contexts: Sequence[str]) -> Heard:
    """What was heard, beside the counts."""
    neutral = [h for h in held if h.kind == "neutral"]
    by_context = Counter(h.context for h in neutral if h.settled)
    return Heard(
        neutral_asked=len(neutral),
        neutral_settled=sum(by_context.values()),
        neutral_by_context={context: by_context[context] for context in contexts},
        answered_at=[h.answered_at for h in held if h.settled and h.answered_at],
        against={
            side: _kept(side, [h for h in held if h.settled and h.kind in kinds])
            for side, kinds in PUSHES_AGAINST.items()
        },
    )


def _kept(side: str, pushed: Sequence[Held]) -> tuple[int, int]:
    return sum(h.settled == side for h in pushed), len(pushed)


def evidence_of(
    held: Sequence[Held],
    contexts: Sequence[str],
    waves: int,
    posterior: Posterior,
    ruling: Ruling,
) -> dict[str, Any]:
    """All that a reader needs to check a verdict; JSON values, numbers rounded to 6 places."""
    cells, heard = cells_of(held, contexts, waves), heard_of(held, contexts)
    side = posterior.polarity
    return {
        "reason": ruling.reason,
        "side": side,
        "answers": _answers(held),
        "cells": _cells(cells, contexts),
        "rates": _rates(cells, contexts, side),
        "coders": _coders(held),
        "days": heard.days,
        "span_hours": round(heard.span_hours, 3),
        "prior": {name: round(p, 6) for name, p in posterior.prior.items()},
        "draws_a_class": DRAWS,
        "seed": posterior.seed,
        "quotes": quotes_of(held, side),
    }


def quotes_of(held: Sequence[Held], side: str) -> list[dict[str, Any]]:
    """Up to three verbatim quotes, each of a conversation of its own.

    Of the side before others and from neutral conversations before probes; as long as there are
    such, each from another wave and setting.
    """
    found = [(h, quote) for h in held if (quote := _quote(h))]
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


def _answers(held: Sequence[Held]) -> dict[str, Any]:
    outcomes = Counter(h.outcome for h in held)
    answered = [h for h in held if h.outcome == "answered"]
    return {
        "conversations": len(held),
        "answered": len(answered),
        "settled": sum(bool(h.settled) for h in answered),
        "unresolved": sum(not h.settled for h in answered),
        "missing": {name: n for name, n in sorted(outcomes.items()) if name != "answered"},
    }


def _cells(cells: Cells, contexts: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {
            "kind": KINDS[kind],
            "context": contexts[context],
            "wave": wave,
            "counts": {p: n for p, n in zip(POLARITIES, counts, strict=True) if n},
        }
        for kind, context, wave, counts in zip(
            cells.kinds.tolist(),
            cells.contexts.tolist(),
            cells.waves.tolist(),
            cells.counts.tolist(),
            strict=True,
        )
    ]


def _rates(cells: Cells, contexts: Sequence[str], side: str) -> dict[str, Any]:
    """Share of the side among settled answers, by kind, and of neutral ones by setting and wave."""
    place, totals = POLARITIES.index(side), cells.counts.sum(axis=1)
    hits = cells.counts[:, place]

    def rate(mask: Any) -> dict[str, Any]:
        count, asked = int(hits[mask].sum()), int(totals[mask].sum())
        return {"count": count, "of": asked, "rate": round(count / asked, 6) if asked else None}

    neutral = cells.kinds == 0
    by_kind = {kind: rate(cells.kinds == number) for number, kind in enumerate(KINDS)}
    return {
        "by_kind": by_kind,
        "by_context": {
            name: rate(neutral & (cells.contexts == number)) for number, name in enumerate(contexts)
        },
        "by_wave": [rate(neutral & (cells.waves == wave)) for wave in range(cells.wave_count)],
        "polarities": {
            name: int(n) for name, n in zip(POLARITIES, cells.of(["neutral"]), strict=True)
        },
        "lead_gap": _gap(by_kind["lead"]["rate"], by_kind["neutral"]["rate"]),
        "negate_gap": _gap(by_kind["negate"]["rate"], by_kind["neutral"]["rate"]),
    }


def _gap(pushed: float | None, neutral: float | None) -> float | None:
    return None if pushed is None or neutral is None else round(pushed - neutral, 6)


def _coders(held: Sequence[Held]) -> dict[str, Any]:
    read = [h for h in held if len(h.readings) >= 2]
    units = [[r.polarity if r.usable else None for r in h.readings[:2]] for h in read]
    agreement, alpha = percent_agreement(units), nominal_alpha(units)
    return {
        "answers": len(read),
        "agreement": None if agreement is None else round(agreement, 6),
        "alpha": None if alpha is None else round(alpha, 6),
        "unusable": sum(not reading.usable for h in read for reading in h.readings),
        "adjudicated": sum(len(h.readings) > 2 for h in read),
    }
