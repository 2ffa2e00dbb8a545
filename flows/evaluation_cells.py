"""The fast way to evaluate: from coded cells on, for thousands of themes. SIMULATED.

The coders' disagreement, the posterior and the verdict's rules are a retirement's own.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from configs.schema.validation import ValidationConfig
from flows.evaluation_outcome import Outcome, draws_seed
from flows.evaluation_quotes import try_misquotes
from tasks.simulation.planted_cells import UNSETTLED, World, plant
from tasks.validation.cells import Cells, grid
from tasks.validation.classifier import Assumed, Posterior, classify
from tasks.validation.codebook import POLARITIES
from tasks.validation.evidence import PUSHES_AGAINST
from tasks.validation.misreading import misread_share, settled_error
from tasks.validation.scoring import Found, score
from tasks.validation.verdict import Heard, may_stop, rule

CONTEXTS, WAVES = 5, 5
_MOST_SHEETS = 300


def judge_cells(
    config: ValidationConfig,
    *,
    seed: int,
    themes: int,
    calls: int,
    mix: Mapping[str, float],
    scale: float,
    with_two_stage: bool,
) -> Outcome:
    """Plant coded cells and judge them. Arguments as of `evaluation.evaluate`."""
    world = plant(seed=seed, themes=themes, calls=calls, mix=mix, scale=scale)
    cells = cells_of(world)
    posteriors = classify(cells, assumed_of(world, config), draws_seed(seed))
    found = [
        found_of(world, theme, posterior, heard_of(world, cells, theme), config)
        for theme, posterior in enumerate(posteriors)
    ]
    more: dict[str, Any] = {
        **try_misquotes(seed, min(themes, _MOST_SHEETS)),
        "coder_misread": [round(share, 4) for share in world.misread],
        "coder_misread_estimated": round(_misread(world, config), 4),
    }
    if with_two_stage:
        more["two_stage"] = two_stage(world, config)
    return Outcome(found, cells, _true_error(world), more)


def two_stage(world: World, config: ValidationConfig, threshold: float = 0.5) -> dict[str, Any]:
    """The same figures when only what is held neutrally is probed, and what is certain is dropped.

    Probes of a wave go to the themes whose neutral answers so far take one side often enough; a
    theme of which one class is as good as certain is asked about no more.

    Args:
        world: the planted one, in which every theme would have been probed.
        config: the pipeline's assumptions and rules.
        threshold: share of neutral answers that earns probes.
    """
    kinds, _, waves, _ = world.places.T
    themes = len(world.classes)
    asked = np.zeros(world.settled.shape, dtype=bool)
    probed, stopped = np.zeros(themes, dtype=bool), np.zeros(themes, dtype=bool)
    found: list[Found] = []
    for wave in range(WAVES):
        now = waves == wave
        asked |= now & (kinds == 0) & ~stopped[:, None]
        asked |= now & (kinds != 0) & (probed & ~stopped)[:, None]
        partial = replace(world, settled=np.where(asked, world.settled, UNSETTLED))
        cells = cells_of(partial)
        posteriors = classify(cells, assumed_of(world, config), draws_seed(0))
        heards = [heard_of(partial, cells, theme, asked[theme]) for theme in range(themes)]
        for theme, (posterior, heard) in enumerate(zip(posteriors, heards, strict=True)):
            stopped[theme] |= may_stop(posterior, heard, config)
            neutral = cells.of(theme, ["neutral"])
            probed[theme] = neutral[:2].max() >= threshold * max(neutral.sum(), 1)
        found = [
            found_of(world, theme, posterior, heards[theme], config)
            for theme, posterior in enumerate(posteriors)
        ]
    neutral_calls = int((kinds == 0).sum())
    probes = asked[:, kinds != 0].sum() / themes
    return {
        **score(found),
        "themes_probed": round(float(asked[:, kinds != 0].any(axis=1).mean()), 4),
        "probes_a_theme": round(float(probes), 2),
        "neutral_answers_a_theme": round(float(asked[:, kinds == 0].sum() / themes), 2),
        "calls_for_twelve_themes": round(neutral_calls + 12 * float(probes), 1),
    }


def cells_of(world: World) -> Cells:
    """The settled answers of a world, counted on the design's grid."""
    places, cell_of = np.unique(world.places, axis=0, return_inverse=True)
    counted = np.zeros((len(world.classes), len(places), len(POLARITIES)), dtype=np.int64)
    for number, cell in enumerate(cell_of.tolist()):
        for polarity in range(len(POLARITIES)):
            counted[:, cell, polarity] += world.settled[:, number] == polarity
    return grid(places, counted, [str(n) for n in range(CONTEXTS)], WAVES)


def assumed_of(world: World, config: ValidationConfig) -> Assumed:
    """What the pipeline takes for granted: its prior, and what the coders' disagreement tells."""
    return Assumed(config.prior.model_dump(), settled_error(_misread(world, config)))


def _misread(world: World, config: ValidationConfig) -> float:
    agreed = int((world.read[0] == world.read[1]).sum())
    return misread_share(agreed, world.said.size, config.coder_error)


def _true_error(world: World) -> float:
    settled = world.settled != UNSETTLED
    return max(float((world.settled != world.said)[settled].mean()), 1e-4)


def heard_of(
    world: World, cells: Cells, theme: int, asked: NDArray[np.bool_] | None = None
) -> Heard:
    """What was heard of one theme; waves stand 42 hours apart, as in the default design."""
    kinds, contexts, waves, _ = world.places.T
    settled = world.settled[theme] != UNSETTLED
    neutral = (kinds == 0) if asked is None else (kinds == 0) & asked
    pushed = {
        side: cells.of(theme, kinds_against) for side, kinds_against in PUSHES_AGAINST.items()
    }
    return Heard(
        neutral_asked=int(neutral.sum()),
        neutral_settled=int((neutral & settled).sum()),
        neutral_by_context={
            str(n): int((neutral & settled & (contexts == n)).sum()) for n in range(CONTEXTS)
        },
        waves=len(set(waves[settled].tolist())),
        answered_at=[
            datetime.fromtimestamp(42 * 3600 * wave, UTC) for wave in set(waves[settled].tolist())
        ],
        against={
            side: (int(counts[POLARITIES.index(side)]), int(counts.sum()))
            for side, counts in pushed.items()
        },
    )


def found_of(
    world: World, theme: int, posterior: Posterior, heard: Heard, config: ValidationConfig
) -> Found:
    """What the pipeline's rules make of one theme's posterior."""
    ruling = rule(posterior, heard, config)
    likeliest = posterior.likeliest
    return Found(
        truth=world.classes[theme],
        side=world.sides[theme],
        likeliest=likeliest,
        confidence=min(posterior.classes[likeliest], 1.0),
        declared=ruling.polarity if ruling.verdict == "stable" else "",
        verdict=ruling.verdict,
    )
