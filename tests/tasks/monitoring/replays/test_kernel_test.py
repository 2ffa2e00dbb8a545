"""The kernel test: exact under exchangeability, blind to the order of answers, sharp enough."""

import random
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.monitoring.replays.answer_features import CONTENT, SHAPE, vector_of, vectors_of
from tasks.monitoring.replays.kernel_test import (
    FEWEST,
    comparable,
    compare,
    p_value_of,
)
from tests.tasks.monitoring.replays.scene import OTHERS, WORDS, words

PROMPTS = ("a", "b", "c")


def _answers(
    seed: int, count: int, other: float = 0.0, among: list[str] = OTHERS
) -> dict[str, list[str]]:
    rng = random.Random(seed)
    return {
        name: [words(rng, among if rng.random() < other else WORDS) for _ in range(count)]
        for name in PROMPTS
    }


def _vectors(texts: dict[str, list[str]]) -> dict[str, np.ndarray]:
    return {name: vectors_of(told) for name, told in texts.items()}


@given(st.text(max_size=300))
def test_a_text_gives_one_finite_vector_of_length_one_a_part(text: str) -> None:
    vector = vector_of(text)
    assert vector.shape == (CONTENT + SHAPE,)
    assert np.isfinite(vector).all()
    assert np.array_equal(vector, vector_of(text))
    assert float(vector[:CONTENT] @ vector[:CONTENT]) <= 2.0001


def test_texts_that_share_words_are_nearer_than_those_that_do_not() -> None:
    one, near, far = vectors_of(
        ["The river is quiet today.", "Today the river is quiet.", "42; SELECT * FROM x"]
    )[:, :CONTENT]
    assert one @ near > 0.5 > one @ far


@given(st.lists(st.integers(0, 5), min_size=2, max_size=60), st.integers(1, 20))
def test_a_p_value_is_super_uniform_over_every_place_of_the_observed(
    values: list[int], tenth: int
) -> None:
    """Exchangeable: each value is as likely to be the observed one. Exact, by enumeration."""
    found = [
        p_value_of(np.array([one, *values[:place], *values[place + 1 :]], dtype=float))
        for place, one in enumerate(values)
    ]
    alpha = tenth / 20
    assert sum(p <= alpha + 1e-12 for p in found) <= alpha * len(values) + 1e-9


SHORT = ["Yes.", "Yes.", "Yes.", "No.", "Yes.", "No.", "Perhaps not.", "Yes."]


@pytest.mark.parametrize("texts", [[words(random.Random(n)) for n in range(8)], SHORT])
def test_over_every_split_of_one_pool_small_p_values_are_no_more_than_they_may_be(
    texts: list[str],
) -> None:
    pool = vectors_of(texts)
    found = []
    for fresh in combinations(range(8), 4):
        kept = [n for n in range(8) if n not in fresh]
        result = compare(
            {"a": pool[kept]}, {"a": pool[list(fresh)]}, permutations=99, seed=len(found)
        )
        found.append(result.p_value)
    for alpha in (0.05, 0.1, 0.2, 0.5):
        share = sum(p <= alpha for p in found) / len(found)
        assert share <= alpha + 3 * (alpha * (1 - alpha) / len(found)) ** 0.5 + 0.03


def test_the_same_answers_and_seed_give_the_same_p_value() -> None:
    old, new = _vectors(_answers(1, 12)), _vectors(_answers(2, 12))
    assert compare(old, new, permutations=99, seed=5) == compare(old, new, permutations=99, seed=5)


def test_another_model_behind_a_third_of_the_answers_is_found_and_shown() -> None:
    old, said = _answers(1, 40), _answers(2, 40, 0.3)
    result = compare(_vectors(old), _vectors(said), permutations=199, seed=1)
    assert result.p_value == 1 / 200
    assert (result.frozen, result.fresh) == (120, 120)
    worst = result.prompts[0]
    assert any(word in said[worst.prompt][worst.fresh_example].lower() for word in OTHERS)
    assert [one.excess for one in result.prompts] == sorted(
        (one.excess for one in result.prompts), reverse=True
    )


def test_a_change_of_length_alone_is_found() -> None:
    rng = random.Random(3)
    old = {name: [" ".join(rng.choices(WORDS, k=12)) for _ in range(30)] for name in PROMPTS}
    new = {name: [" ".join(rng.choices(WORDS, k=16)) for _ in range(30)] for name in PROMPTS}
    assert compare(_vectors(old), _vectors(new), permutations=199, seed=1).p_value < 0.02


def test_prompts_may_differ_from_one_another_as_they_like() -> None:
    """Labels are permuted within prompts: answers to one say nothing of answers to another."""
    rng = random.Random(4)
    texts = {
        "a": [words(rng, WORDS) for _ in range(60)],
        "b": [words(rng, OTHERS) for _ in range(24)],
    }
    old = {"a": texts["a"][:50], "b": texts["b"][:8]}
    new = {"a": texts["a"][50:], "b": texts["b"][8:]}
    assert compare(_vectors(old), _vectors(new), permutations=199, seed=1).p_value > 0.05


def test_identical_answers_everywhere_are_the_same() -> None:
    same = {"a": vectors_of(["Yes."] * 20)}
    assert compare(same, same, permutations=99, seed=1).p_value == 1.0


def test_a_prompt_with_too_few_answers_is_left_out_and_none_is_an_error() -> None:
    assert comparable({"a": FEWEST, "b": FEWEST - 1, "c": 50}, {"a": 50, "b": 50}) == ("a",)
    with pytest.raises(ValueError, match="enough"):
        compare({"a": vectors_of(["x"])}, {"a": vectors_of(["x"])}, permutations=99, seed=1)


@settings(max_examples=20, deadline=None)
@given(st.integers(4, 9), st.integers(4, 9), st.integers(0, 99))
def test_sides_of_any_size_give_a_p_value_between_its_step_and_one(
    frozen: int, fresh: int, seed: int
) -> None:
    result = compare(
        _vectors(_answers(seed, frozen)),
        _vectors(_answers(seed + 1, fresh)),
        permutations=19,
        seed=1,
    )
    assert 1 / 20 <= result.p_value <= 1
