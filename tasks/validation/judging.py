"""From the conversations of a design to what is judged of each theme. Pure.

All themes are judged together: they share a grid of cells and its draws, the coders, and the
correction for many tests.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from configs.schema.validation import ValidationConfig
from tasks.validation.agreement import agreement_of
from tasks.validation.classifier import DRAWS, Assumed, classify
from tasks.validation.coding import Held
from tasks.validation.evidence import (
    again_of,
    answers_of,
    cell_counts,
    commoner_side,
    counted,
    heard_of,
    quotes_of,
    rates_of,
)
from tasks.validation.misreading import settled_error
from tasks.validation.significance import checks_of
from tasks.validation.verdict import may_stop, rule


@dataclass(frozen=True, slots=True)
class Judged:
    """What is judged of one theme.

    Attributes:
        verdict: a class, or `insufficient`.
        polarity: the side of a stable verdict; `none` for others.
        reason: why the verdict is not what the posterior alone would say; empty otherwise.
        posterior: class -> probability.
        evidence: what it rests on; JSON values.
        side: the side that neutral answers take more often.
        neutral_hits: settled neutral answers that take it.
        neutral_settled: settled neutral answers.
        likeliest: the class with the highest posterior.
        stopped: whether the theme need not be asked about any more.
    """

    verdict: str
    polarity: str
    reason: str
    posterior: Mapping[str, float]
    evidence: dict[str, Any]
    side: str
    neutral_hits: int
    neutral_settled: int
    likeliest: str
    stopped: bool


def judge_all(
    held: Mapping[str, Sequence[Held]],
    *,
    contexts: Sequence[str],
    waves: int,
    config: ValidationConfig,
    seed: int,
) -> dict[str, Judged]:
    """Judge every theme of a design.

    Args:
        held: theme -> its conversations that are over; one that asked about several themes stands
            under each, with that theme's readings.
        contexts: the design's settings.
        waves: how many there are in the design.
        config: the validation section.
        seed: of draws, reshufflings and resamples; see `core.seed_of_design`.

    Raises:
        ValueError: an answer's kind, context or polarity is not in the design.
    """
    themes = tuple(held)
    cells = counted([held[theme] for theme in themes], contexts, waves)
    coders = coders_of([h for theme in themes for h in held[theme]], config, seed)
    assumed = Assumed(config.prior.model_dump(), settled_error(coders["misread"]))
    posteriors = classify(cells, assumed, seed)
    tests = checks_of(cells, [posterior.polarity for posterior in posteriors], seed)
    result = {}
    for number, theme in enumerate(themes):
        heard = heard_of(held[theme], contexts, coders["misread"])
        posterior = posteriors[number]
        ruling = rule(posterior, heard, config)
        evidence: dict[str, Any] = {
            "reason": ruling.reason,
            "side": posterior.polarity,
            "answers": answers_of(held[theme]),
            "cells": cell_counts(cells, number, contexts),
            "rates": rates_of(cells, number, contexts, posterior.polarity),
            "tests": tests[number],
            "coders": coders,
            "again": again_of(held[theme]),
            "days": heard.dates,
            "span_hours": round(heard.span_hours, 3),
            "prior": {name: round(p, 6) for name, p in posterior.prior.items()},
            "draws_a_hypothesis": DRAWS,
            "seed": seed,
            "quotes": quotes_of(held[theme], posterior.polarity),
        }
        neutral = evidence["rates"]["polarities"]
        side = commoner_side(neutral)
        result[theme] = Judged(
            verdict=ruling.verdict,
            polarity=ruling.polarity,
            reason=ruling.reason,
            posterior=posterior.classes,
            evidence=evidence,
            side=side,
            neutral_hits=neutral[side],
            neutral_settled=sum(neutral.values()),
            likeliest=posterior.likeliest,
            stopped=may_stop(posterior, heard, config),
        )
    return result


def coders_of(held: Sequence[Held], config: ValidationConfig, seed: int) -> dict[str, Any]:
    """How far the two coders agree over all themes, and what that says of their error."""
    read = [h for h in held if len(h.readings) >= 2]
    units = [[r.polarity if r.usable else None for r in h.readings[:2]] for h in read]
    found = agreement_of(units, coder_error=config.coder_error, seed=seed)
    numbers = {
        "agreement": found.agreement,
        "alpha": found.alpha,
        "alpha_low": found.alpha_low,
        "alpha_high": found.alpha_high,
        "ac1": found.ac1,
        "prevalence": found.prevalence,
        "misread": found.misread,
    }
    return {
        "answers": found.answers,
        **{name: None if n is None else round(n, 6) for name, n in numbers.items()},
        "measure": found.measure,
        "unusable": sum(not reading.usable for h in read for reading in h.readings),
        "adjudicated": sum(len(h.readings) > 2 for h in read),
    }
