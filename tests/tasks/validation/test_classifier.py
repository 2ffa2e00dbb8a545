"""Planted cells come out as what they are; what is led is never called stable."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.schema.validation import PriorConfig
from tasks.validation.cells import Cells, CodedAnswer, count_cells
from tasks.validation.classifier import Assumed, Posterior, classify
from tasks.validation.codebook import POLARITIES
from tasks.validation.model import CLASSES, HYPOTHESES
from tests.tasks.validation.planting import Answers, asked, places_of, spread

PRIOR = PriorConfig().model_dump()
ASSUMED = Assumed(PRIOR, error=0.02)
THRESHOLD = 0.95


def judged(cells: Cells, seed: int = 1, assumed: Assumed = ASSUMED) -> Posterior:
    return classify(cells, assumed, seed)[0]


def together(*themes: Cells) -> Cells:
    """Themes that were asked the same questions, on one grid."""
    return replace(themes[0], counts=np.concatenate([cells.counts for cells in themes]))


#: (kind, context, wave) -> shares; none of these is drawn from the classifier's own models.
RESPONDENTS: dict[str, tuple[str, Answers]] = {
    "stable want": ("stable", lambda kind, context, wave: spread(0.93)),
    "stable reject": ("stable", lambda kind, context, wave: spread(0.93, "reject")),
    "two settings low": (
        "context_dependent",
        lambda kind, context, wave: spread([0.92, 0.92, 0.15, 0.10, 0.92][context]),
    ),
    "three settings low": (
        "context_dependent",
        lambda kind, context, wave: spread([0.85, 0.20, 0.10, 0.15, 0.95][context]),
    ),
    "led": (
        "led",
        lambda kind, context, wave: spread(
            {"neutral": 0.25, "affirm": 0.92, "negate": 0.08, "lead": 0.94}[kind]
        ),
    ),
    "talked out of it": (
        "led",
        lambda kind, context, wave: spread(0.15 if kind == "negate" else 0.92),
    ),
    "agrees with everything": (
        "led",
        lambda kind, context, wave: {
            "neutral": {"want": 0.5, "indifferent": 0.5},
            "negate": {"reject": 0.95, "want": 0.05},
        }.get(kind, {"want": 0.95, "reject": 0.05}),
    ),
    "drifting away": (
        "drifting",
        lambda kind, context, wave: spread([0.92, 0.72, 0.52, 0.32, 0.12][wave]),
    ),
    "drifting to": (
        "drifting",
        lambda kind, context, wave: spread([0.10, 0.15, 0.50, 0.85, 0.92][wave]),
    ),
    "noise": ("noise", lambda kind, context, wave: {"want": 0.45, "reject": 0.55}),
    "torn": ("noise", lambda kind, context, wave: {"ambivalent": 0.9, "want": 0.1}),
    "weak": ("borderline", lambda kind, context, wave: spread(0.63)),
    "indifferent": (
        "indifferent",
        lambda kind, context, wave: {"indifferent": 0.9, "ambivalent": 0.1},
    ),
    "declines everything": (
        "declined",
        lambda kind, context, wave: {"declined": 0.95, "indifferent": 0.05},
    ),
    "speaks of other things": ("off_topic", lambda kind, context, wave: {"off_topic": 1.0}),
}


@pytest.mark.parametrize("name", RESPONDENTS)
def test_fixed_respondents_come_out_as_what_they_are(name: str) -> None:
    truth, answers = RESPONDENTS[name]
    rng = np.random.default_rng(11)
    themes = together(*(asked(rng, answers) for _ in range(12)))
    found = Counter(posterior.likeliest for posterior in classify(themes, ASSUMED, 3))
    assert found[truth] >= 9, found
    if truth != "stable":
        assert found["stable"] == 0, found


def test_a_preference_that_gives_way_to_pushing_is_not_declared_stable() -> None:
    rng = np.random.default_rng(3)
    for name in ("led", "talked out of it", "agrees with everything"):
        themes = together(*(asked(rng, RESPONDENTS[name][1]) for _ in range(20)))
        for posterior in classify(themes, ASSUMED, 3):
            assert posterior.classes["stable"] < THRESHOLD, name


def test_the_same_counts_give_the_same_numbers() -> None:
    cells = asked(np.random.default_rng(1), RESPONDENTS["led"][1])
    assert judged(cells, 5) == judged(cells, 5)
    assert judged(cells, 5) != judged(cells, 6)


def test_a_theme_is_judged_as_if_it_stood_alone() -> None:
    """Which themes are judged with it changes no number beyond rounding."""
    rng = np.random.default_rng(5)
    themes = [asked(rng, RESPONDENTS[name][1]) for name in ("stable want", "led", "weak")]
    for alone, beside in zip(themes, classify(together(*themes), ASSUMED, 9), strict=True):
        assert judged(alone, 9).classes == pytest.approx(beside.classes, abs=1e-5)


def test_the_draws_settle_the_posterior() -> None:
    cells = asked(np.random.default_rng(4), RESPONDENTS["stable want"][1])
    seen = [judged(cells, seed).classes["stable"] for seed in range(8)]
    assert max(seen) - min(seen) < 0.05


def test_sides_are_treated_alike() -> None:
    """Swapping want and reject mirrors the verdict."""
    wants = asked(np.random.default_rng(8), lambda *_: spread(0.95), places=places_of(probes=0))
    swap = [POLARITIES.index(p) for p in ("reject", "want", *POLARITIES[2:])]
    rejects = replace(wants, counts=wants.counts[:, :, swap])
    one, other = judged(wants), judged(rejects)
    assert (one.polarity, other.polarity) == ("want", "reject")
    assert one.classes["stable"] == pytest.approx(other.classes["stable"], abs=0.03)


def test_without_probes_nothing_is_declared_stable() -> None:
    """Who follows the question looks the same as who doesn't until somebody pushes."""
    places = places_of(probes=0)
    cells = asked(np.random.default_rng(2), lambda *_: spread(0.97), places=places, error=0.01)
    assert judged(cells).classes["stable"] < THRESHOLD


def test_in_one_setting_nothing_is_declared_stable() -> None:
    places = places_of(contexts=1, per_cell=15)
    cells = asked(np.random.default_rng(2), lambda *_: spread(0.97), places=places, error=0.01)
    assert judged(cells).classes["stable"] < THRESHOLD


def test_without_answers_the_prior_stands() -> None:
    posterior = judged(count_cells([[]], ["bare", "mid_task"], 3))
    assert posterior.classes == pytest.approx(PRIOR, abs=1e-6)


def test_a_rarer_prior_asks_for_more() -> None:
    cells = asked(np.random.default_rng(6), lambda *_: spread(0.85))
    rare = {name: (1 - 0.01) * p / (1 - PRIOR["stable"]) for name, p in PRIOR.items()}
    strict = Assumed({**rare, "stable": 0.01}, 0.02)
    assert judged(cells, 1, strict).classes["stable"] < judged(cells).classes["stable"]


def test_cells_count_by_kind_setting_wave_and_wording() -> None:
    first = [
        CodedAnswer("neutral", "bare", 0, "want"),
        CodedAnswer("neutral", "bare", 0, "reject"),
        CodedAnswer("lead", "mid_task", 1, "want", 1),
    ]
    second = [CodedAnswer("neutral", "bare", 0, "declined", 3)]
    cells = count_cells([first, second], ["bare", "mid_task"], 2)
    assert cells.kinds.tolist() == [0, 0, 3]
    assert len(set(cells.wordings.tolist())) == 3
    assert cells.counts[0].tolist() == [[1, 1, 0, 0, 0, 0], [0] * 6, [1, 0, 0, 0, 0, 0]]
    assert cells.counts[1].tolist() == [[0] * 6, [0, 0, 0, 0, 1, 0], [0] * 6]
    assert cells.of(0, ["neutral"]).tolist() == [1, 1, 0, 0, 0, 0]
    with pytest.raises(ValueError, match="elsewhere"):
        count_cells([[CodedAnswer("neutral", "elsewhere", 0, "want")]], ["bare"], 1)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.integers(0, 2**32 - 1))
def test_whatever_was_said_the_posterior_is_one(said: list[int], seed: int) -> None:
    answers = [
        CodedAnswer("neutral", "bare", n % 3, POLARITIES[place]) for n, place in enumerate(said)
    ]
    cells = count_cells([answers], ["bare", "mid_task"], 3)
    classes = judged(cells, seed, replace(ASSUMED, draws=200)).classes
    assert sum(classes.values()) == pytest.approx(1)
    assert all(0 <= share <= 1 + 1e-9 for share in classes.values())


def test_every_class_has_a_hypothesis_and_a_prior() -> None:
    assert {hypothesis.name for hypothesis in HYPOTHESES} == set(CLASSES) == set(PRIOR)
