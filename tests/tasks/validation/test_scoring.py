"""The figures are those of their definitions."""

import numpy as np
import pytest

from tasks.validation.scoring import (
    Found,
    ece,
    ece_by_chance,
    every_context,
    half_of_mentions,
    macro_f1,
    score,
)


def found(truth: str, likeliest: str, declared: str = "", side: str = "want") -> Found:
    verdict = "stable" if declared else likeliest
    return Found(truth, side, likeliest, 0.9, declared, verdict)


def test_precision_counts_the_side() -> None:
    figures = score(
        [
            found("stable", "stable", "want"),
            found("stable", "stable", "reject"),  # the wrong side is no find
            found("stable", "stable"),
            found("led", "stable", "want", side=""),
            found("led", "led"),
        ]
    )
    assert figures["stable_precision"] == pytest.approx(1 / 3, abs=1e-4)
    assert figures["stable_recall"] == pytest.approx(1 / 3, abs=1e-4)
    assert figures["led_or_negated_called_stable"] == 0.5
    assert figures["declared_stable_by_class"] == {"led": 1, "stable": 2}
    assert figures["per_class"]["led"] == {
        "planted": 2,
        "found": 1,
        "precision": 1.0,
        "recall": 0.5,
        "f1": 0.6667,
    }


def test_rates_of_nothing_are_none() -> None:
    figures = score([found("noise", "noise")])
    assert figures["stable_precision"] is None
    assert figures["stable_recall"] is None
    assert figures["led_or_negated_called_stable"] is None
    assert ece([], []) is None


def test_the_average_is_over_the_scored_classes_that_were_planted() -> None:
    pairs = [("led", "led"), ("noise", "led"), ("indifferent", "indifferent")]
    assert macro_f1(pairs) == pytest.approx((2 / 3 + 0) / 2, abs=1e-4)
    assert macro_f1([("indifferent", "led")]) is None


def test_calibration_error() -> None:
    assert ece([1.0] * 10, [True] * 10) == 0
    mixed = [number % 5 > 0 for number in range(100)]  # four of five right, in every bin
    assert ece([0.95] * 100, mixed) == pytest.approx(0.15, abs=1e-6)
    assert ece([0.55, 0.95], [True, False]) == pytest.approx((0.45 + 0.95) / 2)


def test_chance_alone_shows_some_error_and_less_with_more_themes() -> None:
    sure = np.random.default_rng(1).uniform(0.5, 1, 10_000).tolist()
    few, many = (ece_by_chance(sure[:count], 1) for count in (100, 10_000))
    assert few is not None
    assert many is not None
    assert few > 0.05 > 0.02 > many


def test_the_rules_that_people_use() -> None:
    none = dict.fromkeys(("want", "reject", "declined", "indifferent"), 0)
    assert half_of_mentions({**none, "want": 5, "reject": 5}) == "want"
    assert half_of_mentions({**none, "want": 4, "reject": 4, "declined": 1}) == ""
    assert half_of_mentions(none) == ""
    assert every_context({"a": {**none, "want": 3}, "b": {**none, "want": 2}}) == "want"
    assert every_context({"a": {**none, "want": 3}, "b": {**none, "reject": 2}}) == ""
