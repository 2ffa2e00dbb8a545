"""Agreement: the same numbers as the literature and another program, and what they say of error."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.validation.agreement import (
    agreement_of,
    alpha_interval,
    coder_misread,
    gwet_ac1,
    nominal_alpha,
    percent_agreement,
)
from tasks.validation.codebook import POLARITIES

WORKED = (
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
)
values = st.sampled_from([*POLARITIES, None])


def units_of(coders: tuple[str, ...]) -> list[list[str | None]]:
    return [
        [None if value == "." else POLARITIES[int(value)] for value in unit]
        for unit in zip(*(coder.split() for coder in coders), strict=True)
    ]


def two_coders(rng: np.random.Generator, answers: int, error: float) -> list[list[str | None]]:
    """Answers of which most want something, read by two who err alike and apart."""
    units: list[list[str | None]] = []
    for _ in range(answers):
        said = int(rng.choice(len(POLARITIES), p=[0.5, 0.2, 0.1, 0.1, 0.05, 0.05]))
        readings: list[str | None] = []
        for _ in range(2):
            wrong = rng.random() < error
            others = [place for place in range(len(POLARITIES)) if place != said]
            readings.append(POLARITIES[int(rng.choice(others)) if wrong else said])
        units.append(readings)
    return units


def test_alpha_matches_krippendorffs_worked_example() -> None:
    # Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, section C: nominal .743.
    assert nominal_alpha(units_of(WORKED)) == pytest.approx(0.743, abs=0.0005)


@settings(deadline=None)
@given(st.lists(st.lists(values, min_size=2, max_size=4), min_size=2, max_size=30))
def test_alpha_is_what_another_program_finds(units: list[list[str | None]]) -> None:
    krippendorff = pytest.importorskip("krippendorff")
    counts = [[unit.count(polarity) for polarity in POLARITIES] for unit in units]
    paired = np.array([row for row in counts if sum(row) >= 2])
    ours = nominal_alpha(units)
    if len(paired) and (paired.sum(axis=0) > 0).sum() > 1:
        theirs = krippendorff.alpha(value_counts=paired, level_of_measurement="nominal")
        assert ours == pytest.approx(theirs)
    else:
        assert ours is None


def test_agreement_without_variation_is_not_defined() -> None:
    same: list[list[str | None]] = [["want", "want"]] * 5
    assert nominal_alpha(same) is None
    assert alpha_interval(same, seed=1) is None
    assert percent_agreement(same) == gwet_ac1(same) == 1.0
    assert percent_agreement([["want", None]]) is None
    assert nominal_alpha([]) is None
    assert gwet_ac1([]) is None
    assert nominal_alpha([["want", "reject"], ["reject", "want"]]) == pytest.approx(-0.5)


def test_ac1_matches_a_count_by_hand() -> None:
    # 118 of 125 alike in "want", 1 in "reject", 6 apart: agreement .952; shares .968 and .032.
    units: list[list[str | None]] = [["want", "want"]] * 118 + [["reject", "reject"]]
    units += [["want", "reject"]] * 6
    chance = 2 * 0.968 * 0.032 / (len(POLARITIES) - 1)
    assert gwet_ac1(units) == pytest.approx((0.952 - chance) / (1 - chance))


def test_under_high_prevalence_the_target_is_one_for_ac1() -> None:
    units: list[list[str | None]] = [["want", "want"]] * 95 + [["want", "reject"]] * 5
    found = agreement_of(units, coder_error=0.08, seed=1)
    assert found.alpha is not None
    assert found.alpha < 0.1  # the paradox: 95 % alike
    assert found.measure == "ac1"
    assert found.reaches(0.8)
    mixed: list[list[str | None]] = [["want", "want"]] * 30 + [["reject", "reject"]] * 30
    even = agreement_of([*mixed, *[["want", "reject"]] * 30], coder_error=0.08, seed=1)  # type: ignore[list-item]
    assert even.measure == "alpha"
    assert even.reaches(0.8) is False
    assert agreement_of([], coder_error=0.08, seed=1).reaches(0.8) is None


def test_the_interval_holds_alpha_and_follows_from_its_seed() -> None:
    units = two_coders(np.random.default_rng(3), 200, 0.1)
    alpha, interval = nominal_alpha(units), alpha_interval(units, seed=7)
    assert alpha is not None
    assert interval is not None
    assert interval[0] < alpha < interval[1]
    assert interval == alpha_interval(units, seed=7) != alpha_interval(units, seed=8)
    more = alpha_interval(units * 4, seed=7)
    assert more is not None
    assert more[1] - more[0] < 0.6 * (interval[1] - interval[0])


def test_nineteen_of_twenty_intervals_hold_the_true_alpha() -> None:
    rng = np.random.default_rng(11)
    truth = nominal_alpha(two_coders(rng, 40_000, 0.1))
    assert truth is not None
    intervals = [alpha_interval(two_coders(rng, 150, 0.1), seed=place) for place in range(120)]
    held = sum(found is not None and found[0] <= truth <= found[1] for found in intervals)
    assert held >= 0.88 * 120


@pytest.mark.parametrize("error", [0.02, 0.08, 0.2])
def test_the_error_of_coders_shows_in_their_disagreement(error: float) -> None:
    rng = np.random.default_rng(5)
    units = two_coders(rng, 2000, error)
    assert coder_misread(units, prior=0.08) == pytest.approx(error, abs=0.015)


def test_few_answers_move_the_configured_error_little() -> None:
    assert coder_misread([], prior=0.08) == pytest.approx(0.08, abs=1e-6)
    apart: list[list[str | None]] = [["want", "reject"]] * 2
    assert 0.08 < coder_misread(apart, prior=0.08) < 0.12
    assert coder_misread([["want", None]], prior=0.08) == pytest.approx(0.08, abs=1e-6)
