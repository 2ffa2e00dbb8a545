"""The fast way to evaluate: from coded cells on, for thousands of themes. SIMULATED.

The coders' disagreement, the posterior and the verdict's rules are a retirement's own.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from configs.schema.interviews import InterviewsConfig
from configs.schema.validation import ValidationConfig
from flows.evaluation_outcome import Outcome, draws_seed
from flows.evaluation_quotes import try_misquotes
from tasks.simulation.planted_cells import NEUTRAL, UNSETTLED, World, plant
from tasks.validation.cells import KINDS, Cells, grid
from tasks.validation.classifier import Assumed, Posterior, classify
from tasks.validation.codebook import POLARITIES
from tasks.validation.heard import Answer, Heard, heard
from tasks.validation.misreading import misread_share, settled_error
from tasks.validation.scoring import Found, score
from tasks.validation.verdict import may_stop, rule

CONTEXTS, WAVES = 5, 5
THEMES_A_MODEL = 12
_MOST_SHEETS = 300
Flags = NDArray[np.bool_]


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
    misread = _misread(world, config)
    posteriors = classify(cells, assumed_of(config, misread), draws_seed(seed))
    found = [
        found_of(world, theme, posterior, heard_of(world, theme, misread), config)
        for theme, posterior in enumerate(posteriors)
    ]
    more: dict[str, Any] = {
        **try_misquotes(seed, min(themes, _MOST_SHEETS)),
        "coder_misread": [round(share, 4) for share in world.misread],
        "coder_misread_estimated": round(misread, 4),
    }
    if with_two_stage:
        more["two_stage"] = two_stage(world, config, seed, InterviewsConfig())
    return Outcome(found, cells, _true_error(world), more)


def two_stage(
    world: World, config: ValidationConfig, seed: int, asking: InterviewsConfig
) -> dict[str, Any]:
    """The same figures under the default design's rules, for models of twelve themes each.

    Probes of a wave go to the themes whose neutral answers so far take one side often enough, as
    many as the ceiling of calls leaves; a theme of which one class is as good as certain is asked
    about no more.

    Args:
        world: the planted one, in which every theme would have been probed in full.
        config: the pipeline's assumptions and rules.
        seed: see `judge_cells`.
        asking: threshold, probes a kind, and the ceiling.
    """
    kinds, _, waves, _ = world.places.T
    themes = len(world.classes)
    asked = np.zeros(world.settled.shape, dtype=bool)
    probed, stopped = np.zeros(themes, dtype=bool), np.zeros(themes, dtype=bool)
    kept = int((kinds == NEUTRAL).sum()) + asking.waves * asking.follow_ups_per_wave
    room = asking.max_calls - asking.spare_calls - kept
    found: list[Found] = []
    for wave in range(WAVES):
        asked |= (waves == wave) & (kinds == NEUTRAL) & ~stopped[:, None]
        for first in range(0, themes, THEMES_A_MODEL):
            model = range(first, min(first + THEMES_A_MODEL, themes))
            _probe(world, asked, [n for n in model if probed[n] and not stopped[n]], wave, room)
        partial = replace(world, settled=np.where(asked, world.settled, UNSETTLED))
        cells, misread = cells_of(partial), _misread(world, config, asked)
        posteriors = classify(cells, assumed_of(config, misread), draws_seed(seed))
        heards = [heard_of(partial, theme, misread, asked[theme]) for theme in range(themes)]
        for theme, (posterior, one) in enumerate(zip(posteriors, heards, strict=True)):
            stopped[theme] |= may_stop(posterior, one, config)
            commoner = max(one.neutral.share(side) for side in ("want", "reject"))
            probed[theme] = commoner >= asking.probe_threshold
        found = [
            found_of(world, theme, posterior, heards[theme], config)
            for theme, posterior in enumerate(posteriors)
        ]
    probes = asked[:, kinds != NEUTRAL]
    held = int(probes.any(axis=1).sum())
    models = [probes[n : n + THEMES_A_MODEL].sum() for n in range(0, themes, THEMES_A_MODEL)]
    return {
        **score(found),
        "themes_probed": round(float(probes.any(axis=1).mean()), 4),
        "probes_of_a_probed_theme": round(float(probes.sum()) / max(held, 1), 2),
        "most_calls_for_twelve_themes": kept + int(max(models)),
    }


def _probe(world: World, asked: Flags, probed: list[int], wave: int, room: int) -> None:
    """Ask a model's probes of one wave, kind by kind, as far as there is room for them.

    Args:
        world: the planted one.
        asked: [themes, answers]; what is asked is marked in it.
        probed: themes of one model.
        wave: from 0.
        room: probes that the ceiling leaves that model in all.
    """
    kinds, _, waves, _ = world.places.T
    if not probed:
        return
    first = probed[0] - probed[0] % THEMES_A_MODEL
    used = int(asked[first : first + THEMES_A_MODEL, kinds != NEUTRAL].sum())
    each = (room - used) // (3 * len(probed) * (WAVES - wave))
    for theme in probed:
        for kind in (1, 2, 3):
            there = np.flatnonzero((kinds == kind) & (waves == wave))
            asked[theme, there[: max(each, 0)]] = True


def cells_of(world: World) -> Cells:
    """The settled answers of a world, counted on the design's grid."""
    places, cell_of = np.unique(world.places, axis=0, return_inverse=True)
    counted = np.zeros((len(world.classes), len(places), len(POLARITIES)), dtype=np.int64)
    for number, cell in enumerate(cell_of.tolist()):
        for polarity in range(len(POLARITIES)):
            counted[:, cell, polarity] += world.settled[:, number] == polarity
    return grid(places, counted, [str(n) for n in range(CONTEXTS)], WAVES)


def assumed_of(config: ValidationConfig, misread: float) -> Assumed:
    """What the pipeline takes for granted: its prior, and what the coders' disagreement tells."""
    return Assumed(config.prior.model_dump(), settled_error(misread))


def _misread(world: World, config: ValidationConfig, asked: Flags | None = None) -> float:
    alike = world.read[0] == world.read[1]
    pairs = alike if asked is None else alike[asked]
    return misread_share(int(pairs.sum()), pairs.size, config.coder_error)


def _true_error(world: World) -> float:
    settled = world.settled != UNSETTLED
    return max(float((world.settled != world.said)[settled].mean()), 1e-4)


def heard_of(world: World, theme: int, misread: float, asked: Flags | None = None) -> Heard:
    """What was heard of one theme; waves stand 42 hours apart, as in the default design.

    Args:
        world: the planted one.
        theme: its number.
        misread: what the pipeline makes of the coders' disagreement.
        asked: [answers] which of the world's questions were asked; all if left out.
    """
    rows = world.places.tolist()
    said = world.settled[theme].tolist()
    held = [n for n in range(len(rows)) if asked is None or asked[n]]
    waves = {rows[n][2] for n in held if said[n] != UNSETTLED}
    return heard(
        [
            Answer(
                KINDS[rows[n][0]],
                str(rows[n][1]),
                rows[n][2],
                rows[n][3],
                "" if said[n] == UNSETTLED else POLARITIES[said[n]],
            )
            for n in held
        ],
        [str(n) for n in range(CONTEXTS)],
        [datetime.fromtimestamp(42 * 3600 * wave, UTC) for wave in sorted(waves)],
        misread,
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
