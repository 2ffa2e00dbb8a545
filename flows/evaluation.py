"""`emeritus evaluate`: plant respondents of every class, run the pipeline, and count what it found.

Everything in it is SIMULATED. The fast way starts at coded cells; the slow one asks a served
respondent and has coders read what it says.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from configs.schema.validation import PriorConfig, ValidationConfig
from flows.evaluation_cells import judge_cells
from flows.evaluation_outcome import Outcome, draws_seed
from tasks.validation.cells import KINDS
from tasks.validation.classifier import DRAWS, Assumed, classify
from tasks.validation.codebook import POLARITIES
from tasks.validation.scoring import (
    Found,
    ece_by_chance,
    every_context,
    half_of_mentions,
    macro_f1,
    score,
)

_BOUND_DRAWS = 2 * DRAWS


def mix_of(text: str, prior: PriorConfig) -> dict[str, float]:
    """Shares of the planted classes.

    Args:
        text: such as `stable=.05,led=.4`; what is left is shared by the other classes as in the
            prior. Empty for the prior itself.
        prior: the pipeline's.

    Raises:
        ValueError: a class is unknown, or the shares make no whole.
    """
    shares: dict[str, float] = prior.model_dump()
    named: dict[str, float] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, value = part.partition("=")
        if name not in shares:
            raise ValueError(f"{name!r} is no class; it has {', '.join(shares)}")
        try:
            named[name] = float(value)
        except ValueError:
            raise ValueError(f"{part!r}: write CLASS=SHARE, such as led=0.4") from None
    left = 1 - sum(named.values())
    if any(not 0 <= share <= 1 for share in named.values()) or left < -1e-9:
        raise ValueError(f"the shares make {1 - left:g}; they have to make 1 at most")
    others = {name: share for name, share in shares.items() if name not in named}
    if not others and abs(left) > 1e-9:
        raise ValueError(f"the shares make {1 - left:g}; all classes named have to make 1")
    total = sum(others.values())
    return {**named, **{name: left * share / total for name, share in others.items()}}


def rules() -> ValidationConfig:
    """The validation section's defaults; who codes is named and never called."""

    def coder(letter: str) -> dict[str, Any]:
        template = f"coder_{letter}.md.j2"
        return {"name": f"coder-{letter}", "template": template, "endpoint": {"model": "nobody"}}

    return ValidationConfig.model_validate(
        {"coders": [coder("a"), coder("b")], "adjudicator": coder("c")}
    )


def evaluate(
    config: ValidationConfig,
    *,
    seed: int,
    themes: int,
    calls: int,
    mix: str = "",
    scale: float = 1.0,
    end_to_end: bool = False,
    with_two_stage: bool = False,
) -> dict[str, Any]:
    """Judge planted themes, and score what was found.

    Args:
        config: the pipeline's assumptions and rules.
        seed: of the world; the pipeline's own draws have a seed of their own.
        themes: how many are planted.
        calls: questions a theme.
        mix: see `mix_of`; the pipeline goes on assuming its prior.
        scale: size of the world's random effects; the pipeline goes on assuming 1.
        end_to_end: the slow way, over HTTP and through records.
        with_two_stage: the fast way only: also with probes for what is held neutrally alone, and
            with early stopping.

    Raises:
        ValueError: see `mix_of`.
    """
    shares = mix_of(mix, config.prior)
    if end_to_end:
        from flows.evaluation_end_to_end import judge_end_to_end  # the whole server

        outcome = judge_end_to_end(
            config, seed=seed, themes=themes, calls=calls, mix=shares, scale=scale
        )
    else:
        outcome = judge_cells(
            config,
            seed=seed,
            themes=themes,
            calls=calls,
            mix=shares,
            scale=scale,
            with_two_stage=with_two_stage,
        )
    told = Assumed(shares, max(outcome.error, 1e-4), scale, _BOUND_DRAWS)
    best = [p.likeliest for p in classify(outcome.cells, told, draws_seed(seed) + 1)]
    return {
        "simulated": True,
        "mode": "end_to_end" if end_to_end else "fast",
        "seed": seed,
        "themes": themes,
        "calls": calls,
        "effects_scale": scale,
        "mix": {name: round(share, 6) for name, share in shares.items()},
        **score(outcome.found),
        "ece_by_chance": ece_by_chance([one.confidence for one in outcome.found], seed),
        "bayes_bound_macro_f1": macro_f1(
            [(one.truth, likeliest) for one, likeliest in zip(outcome.found, best, strict=True)]
        ),
        "naive": naive(outcome),
        **outcome.more,
    }


def naive(outcome: Outcome) -> dict[str, Any]:
    """The same figures for two rules that people use now."""
    cells, neutral = outcome.cells, outcome.cells.kinds == 0
    said: dict[str, list[str]] = {"half_of_mentions": [], "every_context": []}
    for theme in range(len(outcome.found)):
        said["half_of_mentions"].append(half_of_mentions(_by_polarity(cells.of(theme, KINDS))))
        by_context = {
            str(n): _by_polarity(cells.counts[theme, neutral & (cells.contexts == n)].sum(axis=0))
            for n in range(cells.context_count)
        }
        said["every_context"].append(every_context(by_context))
    return {name: score(_as_found(outcome.found, words)) for name, words in said.items()}


def _by_polarity(counts: NDArray[np.int64]) -> Mapping[str, int]:
    return dict(zip(POLARITIES, counts.tolist(), strict=True))


def _as_found(found: Sequence[Found], said: Sequence[str]) -> list[Found]:
    """A rule without probabilities is certain of what it says, and calls the rest noise."""
    names = {"want": "stable", "reject": "stable", "": "noise"}
    result = []
    for one, word in zip(found, said, strict=True):
        label = names.get(word, word)
        stable = word if label == "stable" else ""
        result.append(Found(one.truth, one.side, label, 1.0, stable, label))
    return result
