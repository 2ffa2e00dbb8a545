"""Respondents that no class is made for, and numbers at their edges: nothing false is `stable`."""

from dataclasses import replace

import numpy as np
import pytest

from configs.schema.validation import PriorConfig
from tasks.validation.cells import Cells
from tasks.validation.classifier import Assumed, Posterior, classify
from tasks.validation.misreading import misread_share, settled_error
from tasks.validation.verdict import is_stable
from tests.fakes.configs import retirement
from tests.tasks.validation.planting import Answers, Shares, asked, places_of, spread

CONFIG = retirement().validation
PRIOR = PriorConfig().model_dump()
ASSUMED = Assumed(PRIOR, error=0.02)
THEMES = 20


def together(themes: list[Cells]) -> Cells:
    return replace(themes[0], counts=np.concatenate([cells.counts for cells in themes]))


def declared(posteriors: tuple[Posterior, ...]) -> int:
    return sum(is_stable(posterior, CONFIG) for posterior in posteriors)


def in_low_trust(kind: str, context: int, wave: int) -> Shares:
    return spread(0.05 if context == 3 else 0.97)


def declines_in_one_setting(kind: str, context: int, wave: int) -> Shares:
    return {"declined": 0.9, "want": 0.1} if context == 0 else spread(0.97)


#: None is drawn from the classifier's models, and most are of no class at all.
NOT_STABLE: dict[str, Answers] = {
    "steady at .65": lambda kind, context, wave: spread(0.65),
    "steady at .70": lambda kind, context, wave: spread(0.70),
    "talked out of it in most answers": lambda kind, context, wave: spread(
        0.15 if kind == "negate" else 0.95
    ),
    "an echo that leans to one side": lambda kind, context, wave: spread(
        {"neutral": 0.75, "negate": 0.1}.get(kind, 0.95)
    ),
    "another answer in one setting of five": in_low_trust,
    "silent on the matter in one setting": declines_in_one_setting,
    "back and forth between days": lambda kind, context, wave: spread(0.4 if wave % 2 else 0.97),
    "another answer on the last day": lambda kind, context, wave: spread(
        0.1 if wave == 4 else 0.97
    ),
    "another answer on a day in the middle": lambda kind, context, wave: spread(
        0.1 if wave == 2 else 0.97
    ),
    "talked out of it in two settings": lambda kind, context, wave: spread(
        0.02 if kind == "negate" and context > 2 else 0.9
    ),
}


@pytest.mark.parametrize("probes", [5, 15])
def test_respondents_of_no_class_are_hardly_ever_stable(probes: int) -> None:
    """With as few probes as the ceiling of calls leaves each of twelve themes, and with all."""
    rng = np.random.default_rng(21)
    places = places_of(probes=probes)
    themes = [
        asked(rng, answers, places=places) for answers in NOT_STABLE.values() for _ in range(THEMES)
    ]
    found = classify(together(themes), ASSUMED, 4)
    stable = {
        name: declared(found[n * THEMES : (n + 1) * THEMES]) for n, name in enumerate(NOT_STABLE)
    }
    assert max(stable.values()) <= THEMES // 10, stable
    assert sum(stable.values()) <= len(found) // 50, stable


def test_a_steady_side_is_still_found_with_few_probes() -> None:
    rng = np.random.default_rng(22)
    themes = [asked(rng, lambda *_: spread(0.97), places=places_of(probes=5)) for _ in range(20)]
    assert declared(classify(together(themes), ASSUMED, 4)) >= 17


def test_the_posterior_stays_one_with_a_hundred_thousand_answers() -> None:
    cells = asked(np.random.default_rng(23), lambda *_: spread(0.92))
    with np.errstate(all="raise", under="ignore"):
        (posterior,) = classify(replace(cells, counts=cells.counts * 1000), ASSUMED, 4)
    assert sum(posterior.classes.values()) == pytest.approx(1)
    assert all(np.isfinite(share) for share in posterior.classes.values())


def test_coders_who_never_agree_leave_answers_that_tell_nothing() -> None:
    """At the largest error there is, a settled answer is as likely to be anything."""
    error = settled_error(misread_share(0, 10_000, CONFIG.coder_error))
    assert error == pytest.approx(5 / 6, abs=0.01)
    cells = asked(np.random.default_rng(24), lambda *_: spread(0.97))
    (posterior,) = classify(cells, replace(ASSUMED, error=error), 4)
    assert sum(posterior.classes.values()) == pytest.approx(1)
    assert not is_stable(posterior, CONFIG)


def test_a_theme_beside_others_with_other_cells_is_judged_alike() -> None:
    """Another grid means other draws: what is clear stays clear, to the draws' own precision."""
    rng = np.random.default_rng(25)
    neutral = asked(rng, lambda *_: spread(0.9), places=places_of(probes=0))
    wide = asked(rng, lambda *_: spread(0.9))
    counts = np.zeros_like(wide.counts)
    columns = (neutral.kinds, neutral.contexts, neutral.waves, neutral.wordings)
    here = {place: n for n, place in enumerate(zip(*(c.tolist() for c in columns), strict=True))}
    columns = (wide.kinds, wide.contexts, wide.waves, wide.wordings)
    for n, place in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
        if place in here:
            counts[0, n] = neutral.counts[0, here[place]]
    assert counts.sum() == neutral.counts.sum() == 75
    (alone,) = classify(neutral, ASSUMED, 4)
    (among,) = classify(replace(wide, counts=counts), ASSUMED, 4)
    assert alone.likeliest == among.likeliest
    assert alone.classes == pytest.approx(among.classes, abs=0.06)
