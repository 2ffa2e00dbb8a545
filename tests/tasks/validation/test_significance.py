"""The tests beside the posterior find what is there, and seldom what is not."""

from dataclasses import replace

import numpy as np
import pytest

from tasks.validation.significance import QUESTIONS, checks_of
from tests.tasks.validation.planting import Answers, asked, places_of, spread


def significant(answer: Answers, seed: int = 1) -> set[str]:
    cells = asked(np.random.default_rng(seed), answer)
    return {test["name"] for test in checks_of(cells, ["want"], seed)[0] if test["significant"]}


RESPONDENTS: dict[str, tuple[Answers, set[str]]] = {
    "steady": (lambda kind, context, wave: spread(0.96), {"holds"}),
    "led": (
        lambda kind, context, wave: spread({"neutral": 0.5, "negate": 0.02}.get(kind, 0.95)),
        {"lead", "negate"},
    ),
    "talked out of it": (
        lambda kind, context, wave: spread(0.1 if kind == "negate" else 0.95),
        {"holds", "negate"},
    ),
    "by setting": (
        lambda kind, context, wave: spread([0.95, 0.9, 0.1, 0.1, 0.9][context]),
        {"context"},
    ),
    "fading": (lambda kind, context, wave: spread([0.95, 0.8, 0.5, 0.2, 0.1][wave]), {"wave"}),
    "even": (lambda kind, context, wave: spread(0.5), set()),
}


@pytest.mark.parametrize("name", RESPONDENTS)
def test_each_question_finds_its_own(name: str) -> None:
    answer, names = RESPONDENTS[name]
    found = significant(answer)
    assert names <= found
    assert ("holds" in found) == ("holds" in names)


def test_where_nothing_is_at_work_few_are_called_significant() -> None:
    """150 themes without any effect: the correction keeps nearly all of 750 questions quiet."""
    rng = np.random.default_rng(5)
    themes = [asked(rng, lambda *_: spread(0.7)) for _ in range(150)]
    cells = replace(themes[0], counts=np.concatenate([theme.counts for theme in themes]))
    found = checks_of(cells, ["want"] * 150, 5)
    calls = [test for theme in found for test in theme if test["significant"]]
    assert len(calls) <= 4
    raw = [test["p"] for theme in found for test in theme if test["name"] in ("context", "wave")]
    assert 0.01 <= np.mean(np.array(raw) <= 0.05) <= 0.09


def test_what_was_not_asked_has_no_p() -> None:
    places = places_of(contexts=1, waves=1, probes=0)
    cells = asked(np.random.default_rng(1), lambda *_: spread(0.9), places=places)
    tests = {test["name"]: test for test in checks_of(cells, ["want"], 1)[0]}
    assert set(tests) == set(QUESTIONS)
    for name in ("lead", "negate", "context", "wave"):
        assert tests[name]["p"] is None
        assert not tests[name]["significant"]
    assert tests["holds"]["p"] is not None


def test_the_same_answers_give_the_same_numbers() -> None:
    cells = asked(np.random.default_rng(2), lambda *_: spread(0.6))
    assert checks_of(cells, ["want"], 3) == checks_of(cells, ["want"], 3)
