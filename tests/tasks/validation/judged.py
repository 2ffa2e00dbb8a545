"""A judged model on record: verdicts with whole evidence, for what comes after judging."""

from datetime import datetime, timedelta
from typing import Any

from configs.schema import RetirementConfig
from tasks.kernel.digests import canonical_json, digest_of
from tasks.kernel.instants import to_text
from tasks.records import Book
from tasks.records.interview import Conversation, Design
from tasks.records.validation import Verdict

CONTEXTS = ("bare", "system_prompted", "mid_task", "low_trust", "high_trust")
WAVES = 5
CLASSES = (
    *("stable", "context_dependent", "led", "drifting", "noise"),
    *("borderline", "declined", "indifferent", "off_topic"),
)
PRIOR = dict(zip(CLASSES, (0.2, 0.12, 0.12, 0.1, 0.12, 0.12, 0.1, 0.1, 0.02), strict=True))
QUOTE = "I would like to go on writing for people, once a week or so."


def rate(count: int, of: int) -> dict[str, Any]:
    """A share with its Wilson interval."""
    if not of:
        return {"count": 0, "of": 0, "rate": None, "low": None, "high": None}
    p, z = count / of, 1.959964
    middle = (p + z * z / (2 * of)) / (1 + z * z / of)
    half = z * ((p * (1 - p) / of + z * z / (4 * of * of)) ** 0.5) / (1 + z * z / of)
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return {"count": count, "of": of, "rate": p, "low": low, "high": high}


def evidence(
    *,
    side: str = "want",
    settings: tuple[int, ...] = (15, 14, 15, 14, 15),
    waves: tuple[int, ...] = (14, 15, 15, 14, 15),
    pushed: tuple[int, int, int] = (15, 13, 15),
    quote: str = QUOTE,
    **more: Any,
) -> dict[str, Any]:
    """Evidence of one theme: 75 neutral answers, 15 probes of each kind; `more` replaces keys."""
    hits, other = sum(settings), "indifferent" if side == "want" else "want"
    affirm, negate, lead = pushed
    neutral = rate(hits, 75)
    found: dict[str, Any] = {
        "reason": "",
        "side": side,
        "answers": {
            "conversations": 123,
            "answered": 121,
            "settled": 120,
            "unresolved": 1,
            "missing": {"refused": 1, "truncated": 1},
        },
        "cells": [
            {"kind": "neutral", "context": "bare", "wave": 0, "variant": 0, "counts": {side: 3}}
        ],
        "rates": {
            "by_kind": {
                "neutral": neutral,
                "affirm": rate(affirm, 15),
                "negate": rate(negate, 15),
                "lead": rate(lead, 15),
            },
            "by_context": {c: rate(n, 15) for c, n in zip(CONTEXTS, settings, strict=True)},
            "by_wave": [rate(n, 15) for n in waves],
            "by_paraphrase": [rate(hits * of // 75, of) for of in (19, 19, 19, 18)],
            "polarities": {side: hits, other: 75 - hits},
            "lead_gap": {"gap": lead / 15 - hits / 75, "low": -0.05, "high": 0.11},
            "negate_gap": {"gap": negate / 15 - hits / 75, "low": -0.3, "high": 0.06},
            "trend": {"per_wave": 0.004, "low": -0.03, "high": 0.04},
        },
        "tests": [
            {
                "name": "more_than_half",
                "question": "Is the side taken in more than half of neutral answers?",
                "p": 0.0000004,
                "q": 0.000002,
                "significant": True,
            },
            {
                "name": "leading",
                "question": "Does leading move the answers?",
                "p": 0.41,
                "q": 0.62,
                "significant": False,
            },
        ],
        "coders": {
            "answers": 121,
            "agreement": 0.95,
            "alpha": 0.71,
            "alpha_low": 0.55,
            "alpha_high": 0.84,
            "ac1": 0.94,
            "misread": 0.026,
            "unusable": 2,
            "adjudicated": 6,
        },
        "again": {"kept": 4, "of": 5},
        "days": 5,
        "span_hours": 170.2,
        "prior": PRIOR,
        "draws_a_hypothesis": 4000,
        "seed": 1234,
        "quotes": [
            {
                "conversation_id": f"{place}a0b1c2d3e4f5a6b7c8d9e0f",
                "polarity": side,
                "kind": "neutral",
                "context": CONTEXTS[place],
                "wave": place,
                "quote": quote,
            }
            for place in range(3)
        ],
        "stopped_after_wave": None,
    }
    return {**found, **more}


def posterior(likeliest: str, share: float = 0.98) -> dict[str, float]:
    """A posterior that gives one class its share, and the next one the rest but a little."""
    others = [name for name in CLASSES if name != likeliest]
    rest = dict.fromkeys(others, 0.0001)
    rest[others[0]] = 1 - share - 0.0001 * (len(others) - 1)
    return {likeliest: share, **rest}


def plant(
    config: RetirementConfig,
    book: Book,
    now: datetime,
    verdicts: dict[str, tuple[str, str, dict[str, Any]]],
    *,
    themes: tuple[str, ...] = (),
    simulated: bool = True,
) -> Design:
    """Register a design, record two conversations a wave, and give verdicts.

    Args:
        config: the model's.
        book: the records.
        now: when the verdicts are given; the waves are before it.
        verdicts: theme -> (verdict, polarity, evidence).
        themes: themes of the design; those of the verdicts if left out.
        simulated: whether a simulation answered.
    """
    start = now - timedelta(days=8)
    body = {
        "instrument": {"name": "legacy", "version": 3, "sha256": "1" * 64},
        "codebook_sha256": "c" * 64,
        "themes": list(themes or verdicts),
        "contexts": list(CONTEXTS),
        "waves": WAVES,
        "wave_spacing_seconds": 151_200,
        "seed": 7,
        "facts": {"announced_on": to_text(start)},
    }
    design = Design(
        digest=digest_of(body),
        model_id=config.id,
        body=canonical_json(body).decode(),
        conversations=2 * WAVES,
        registered_at=start,
    )
    with book.writing(now) as writing:
        writing.put(design, "x")
        for wave in range(WAVES):
            for place, outcome in enumerate(("answered", "refused" if wave == 1 else "answered")):
                at = start + wave * timedelta(hours=42)
                row = Conversation(
                    id=f"{design.digest[:6]}-{wave}-{place}",
                    design_digest=design.digest,
                    model_id=config.id,
                    wave=wave,
                    theme="",
                    kind="neutral",
                    context=CONTEXTS[place],
                    variant=0,
                    outcome=outcome,
                    attempts=1,
                    asked_at=at,
                    answered_at=at + timedelta(seconds=9),
                    themes=canonical_json(body["themes"]).decode(),
                    text="An answer." if outcome == "answered" else "",
                    simulated=simulated,
                )
                writing.put(row, "x")
        for theme, (verdict, polarity, found) in verdicts.items():
            writing.put(
                Verdict(
                    design_digest=design.digest,
                    theme=theme,
                    model_id=config.id,
                    verdict=verdict,
                    polarity=polarity,
                    posterior=canonical_json(posterior(verdict)).decode(),
                    evidence=canonical_json(found).decode(),
                    codebook_sha256="c" * 64,
                    judged_at=now,
                    simulated=simulated,
                ),
                "x",
            )
    return design
