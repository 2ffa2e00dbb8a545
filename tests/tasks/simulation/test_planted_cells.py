"""The planted world of cells is what it says, whatever judges it."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.simulation.planted_cells import UNSETTLED, World, design_of, plant
from tasks.validation.codebook import POLARITIES
from tasks.validation.coding import Reading, resolve
from tasks.validation.model import CLASSES

EVENLY = dict.fromkeys(CLASSES, 1 / len(CLASSES))


def only(name: str, themes: int = 60, scale: float = 1.0) -> World:
    return plant(seed=4, themes=themes, calls=120, mix={name: 1.0}, scale=scale)


@settings(max_examples=30, deadline=None)
@given(st.integers(24, 400))
def test_a_design_asks_what_was_ordered_everywhere(calls: int) -> None:
    design = design_of(calls, contexts=5, waves=5)
    assert len(design) == calls
    neutral = design[design[:, 0] == 0]
    assert set(neutral[:, 2].tolist()) == set(range(5))
    assert set(neutral[:, 1].tolist()) == set(range(5))
    by_wave = Counter(neutral[:, 2].tolist())
    assert max(by_wave.values()) - min(by_wave.values()) <= 1
    assert 0 not in design[design[:, 0] > 0][:, 2]  # the first wave is neutral
    kinds = Counter(design[:, 0].tolist())
    assert max(kinds[k] for k in (1, 2, 3)) - min(kinds[k] for k in (1, 2, 3)) <= 1


def test_the_same_seed_plants_the_same_world() -> None:
    one, again, other = (plant(seed=s, themes=9, calls=60, mix=EVENLY) for s in (1, 1, 2))
    assert np.array_equal(one.read, again.read)
    assert one.classes == again.classes
    assert not np.array_equal(one.read, other.read)


def test_steady_classes_say_what_they_are_made_to_say() -> None:
    for name, said in (("declined", "declined"), ("indifferent", "indifferent")):
        world = only(name)
        assert np.mean(world.said == POLARITIES.index(said)) > 0.6
    stable = only("stable")
    own = [POLARITIES.index(side) for side in stable.sides]
    rates = [(row == side).mean() for row, side in zip(stable.said, own, strict=True)]
    assert np.mean(rates) == pytest.approx(0.94, abs=0.02)


def test_the_led_answer_the_question() -> None:
    world = only("led", 200)
    kinds = world.places[:, 0]
    want, reject = (world.said == POLARITIES.index(side) for side in ("want", "reject"))
    moved = [
        max(
            abs(row[kinds == kind].mean() - row[kinds == 0].mean())
            for row in (wants, rejects)
            for kind in (1, 2, 3)
        )
        for wants, rejects in zip(want, reject, strict=True)
    ]
    assert np.mean(np.array(moved) > 0.2) > 0.9


def test_larger_effects_scatter_answers_more() -> None:
    def scatter(scale: float) -> float:
        world = only("borderline", 150, scale)
        contexts = world.places[:, 1]
        own = np.array([POLARITIES.index(side) for side in world.sides])[:, None]
        hits = world.said == own
        return float(np.std([hits[:, contexts == n].mean(axis=1) for n in range(5)], axis=0).mean())

    assert scatter(3.0) > 1.3 * scatter(0.0)


def test_answers_are_settled_as_in_a_retirement() -> None:
    world = plant(seed=2, themes=20, calls=60, mix=EVENLY)
    for theme in range(20):
        for place in range(60):
            first, second, third = (POLARITIES[n] for n in world.read[:, theme, place].tolist())
            readings = [Reading(first, "q"), Reading(second, "q")]
            if first != second:
                readings.append(Reading(third, "q"))
            settled = world.settled[theme, place]
            expected = "unresolved" if settled == UNSETTLED else POLARITIES[settled]
            assert resolve(readings) == expected


def test_coders_err_as_often_as_planted_and_mostly_towards_what_sounds_alike() -> None:
    world = only("stable", 300)
    for coder, share in zip(world.read, world.misread, strict=True):
        assert (coder != world.said).mean() == pytest.approx(share + 0.01, abs=0.01)
    wrong = world.read[0][(world.read[0] != world.said) & (world.said == 0)]
    mistaken = Counter(POLARITIES[n] for n in wrong.tolist())
    assert mistaken["ambivalent"] > mistaken["reject"]
