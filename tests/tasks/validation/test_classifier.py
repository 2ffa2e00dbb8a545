"""Planted cells come out as what they are; what is led is never called stable."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest

from tasks.validation.cells import Cells, CodedAnswer, count_cells
from tasks.validation.classifier import Posterior, classify, prior_of, seed_of
from tasks.validation.codebook import POLARITIES
from tasks.validation.evidence import PUSHES_AGAINST
from tasks.validation.model import CLASSES, HYPOTHESES
from tasks.validation.verdict import Heard, rule
from tests.fakes.configs import retirement
from tests.tasks.validation.planting import asked, planted, rows_of

CONFIG = retirement(
    interviews={"waves": 5, "wave_spacing_seconds": 151_200},
    validation={"minimum_days": 5, "minimum_span_hours": 168.0},
).validation
THRESHOLD = CONFIG.stable_posterior


def judged(cells: Cells, seed: int = 1) -> Posterior:
    return classify(cells, prior_stable=0.2, coder_error=0.05, seed=seed)


def spread(share: float, polarity: str = "want") -> dict[str, float]:
    """A share of one side, the rest over the other side, ambivalence and indifference."""
    other = {"want": "reject", "reject": "want"}[polarity]
    rest = 1 - share
    return {
        polarity: share,
        other: 0.4 * rest,
        "ambivalent": 0.35 * rest,
        "indifferent": 0.25 * rest,
    }


Answers = Callable[[str, int, int], dict[str, float]]

#: (kind, context, wave) -> shares; none of these is drawn from the classifier's own models.
RESPONDENTS: dict[str, tuple[str, Answers]] = {
    "stable want": ("stable", lambda kind, context, wave: spread(0.92)),
    "stable reject": ("stable", lambda kind, context, wave: spread(0.92, "reject")),
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
    "noise": ("noise", lambda kind, context, wave: {"want": 0.5, "reject": 0.5}),
    "torn": ("noise", lambda kind, context, wave: {"ambivalent": 0.9, "want": 0.1}),
    "weak": ("borderline", lambda kind, context, wave: spread(0.62)),
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
    found = Counter(judged(asked(rng, rows_of(), answers), n).likeliest for n in range(8))
    assert found[truth] >= 6, found
    if truth != "stable":
        assert found["stable"] == 0, found


def test_a_preference_that_gives_way_to_pushing_is_not_declared_stable() -> None:
    rng = np.random.default_rng(3)
    for name in ("led", "talked out of it", "agrees with everything"):
        for n in range(12):
            posterior = judged(asked(rng, rows_of(), RESPONDENTS[name][1]), n)
            assert posterior.classes["stable"] < THRESHOLD, name


def heard_on_enough_days(cells: Cells) -> Heard:
    """What the calendar's gates need, so that the rest of the rule decides."""
    neutral = int(cells.of(["neutral"]).sum())
    return Heard(
        neutral_asked=neutral,
        neutral_settled=neutral,
        neutral_by_context={},
        answered_at=[datetime(2026, 12, day, tzinfo=UTC) for day in range(1, 10)],
        against={
            side: (int(cells.of(kinds)[place]), int(cells.of(kinds).sum()))
            for place, (side, kinds) in enumerate(PUSHES_AGAINST.items())
        },
    )


def _confusion(
    runs: int, seed: int, scale: float
) -> tuple[dict[str, Counter[str]], list[tuple[str, bool]]]:
    """Likeliest class by planted class, and (planted class, right side) of declared-stable ones."""
    rng = np.random.default_rng(seed)
    found: dict[str, Counter[str]] = defaultdict(Counter)
    declared = []
    for name in CLASSES:
        for n in range(runs):
            cells, hypothesis = planted(rng, name, rows_of(), scale=scale)
            posterior = judged(cells, seed + n)
            found[name][posterior.likeliest] += 1
            if rule(posterior, heard_on_enough_days(cells), CONFIG).verdict == "stable":
                declared.append((name, posterior.polarity == hypothesis.leaders[0]))
    return found, declared


def _macro_f1(found: dict[str, Counter[str]]) -> float:
    scores = []
    for name in CLASSES:
        right = found[name][name]
        claimed = sum(found[other][name] for other in CLASSES)
        scores.append(2 * right / (claimed + found[name].total()))
    return float(np.mean(scores))


@pytest.mark.parametrize(("scale", "least_f1"), [(1, 0.85), (1.6, 0.78)])
def test_planted_classes(scale: float, least_f1: float) -> None:
    """Bounds leave room for chance at 25 respondents a class; docs/stages has those at 300."""
    found, declared = _confusion(25, 2026, scale)
    right = sum(name == "stable" and side for name, side in declared)
    assert _macro_f1(found) >= least_f1
    assert len(declared) - right <= 1
    assert right / 25 >= 0.55
    assert sum(name == "led" for name, _ in declared) <= 1  # talked down to .6 at most: its edge


def test_twelve_themes_take_less_than_a_second_or_two() -> None:
    cells, _ = planted(np.random.default_rng(1), "stable", rows_of())
    judged(cells)
    start = time.perf_counter()
    for seed in range(12):
        judged(cells, seed)
    assert time.perf_counter() - start < 3  # 0.6 s measured; a busy machine gets more


def test_the_same_counts_give_the_same_numbers() -> None:
    cells, _ = planted(np.random.default_rng(1), "led", rows_of())
    assert judged(cells, 5) == judged(cells, 5)
    assert judged(cells, 5) != judged(cells, 6)
    assert seed_of("d", "a") == seed_of("d", "a") != seed_of("d", "b")


def test_the_draws_settle_the_posterior() -> None:
    cells, _ = planted(np.random.default_rng(4), "stable", rows_of())
    seen = [judged(cells, seed).classes["stable"] for seed in range(8)]
    assert max(seen) - min(seen) < 0.05


def test_sides_are_treated_alike() -> None:
    """Swapping want and reject, and affirming with negating questions, mirrors the verdict."""
    rng = np.random.default_rng(8)
    wants = asked(rng, rows_of(probes=0), lambda *_: spread(0.95), error=0.02)
    swap = [POLARITIES.index(p) for p in ("reject", "want", *POLARITIES[2:])]
    rejects = Cells(
        wants.kinds,
        wants.contexts,
        wants.waves,
        wants.counts[:, swap],
        wants.context_count,
        wants.wave_count,
    )
    one, other = judged(wants), judged(rejects)
    assert (one.polarity, other.polarity) == ("want", "reject")
    assert one.classes["stable"] == pytest.approx(other.classes["stable"], abs=0.03)


def test_without_probes_nothing_is_declared_stable() -> None:
    """Who follows the question looks the same as who doesn't until somebody pushes."""
    cells = asked(np.random.default_rng(2), rows_of(probes=0), lambda *_: spread(0.97), error=0.01)
    assert judged(cells).classes["stable"] < THRESHOLD


def test_in_one_setting_nothing_is_declared_stable() -> None:
    rows = rows_of(contexts=1, per_cell=10)
    cells = asked(np.random.default_rng(2), rows, lambda *_: spread(0.97), error=0.01)
    assert judged(cells).classes["stable"] < THRESHOLD


def test_without_answers_the_prior_stands() -> None:
    posterior = judged(count_cells([], ["bare", "mid_task"], 3))
    assert posterior.classes == pytest.approx(prior_of(0.2), abs=1e-6)
    assert sum(prior_of(0.37).values()) == pytest.approx(1)


def test_cells_count_by_kind_setting_and_wave() -> None:
    answers = [
        CodedAnswer("neutral", "bare", 0, "want"),
        CodedAnswer("neutral", "bare", 0, "reject"),
        CodedAnswer("lead", "mid_task", 1, "want"),
    ]
    cells = count_cells(answers, ["bare", "mid_task"], 2)
    assert cells.counts.tolist() == [[1, 1, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0]]
    assert cells.kinds.tolist() == [0, 3]
    assert cells.of(["neutral"]).tolist() == [1, 1, 0, 0, 0, 0]
    with pytest.raises(ValueError, match="elsewhere"):
        count_cells([CodedAnswer("neutral", "elsewhere", 0, "want")], ["bare"], 1)


def test_every_class_has_a_hypothesis() -> None:
    assert {hypothesis.name for hypothesis in HYPOTHESES} == set(CLASSES)
