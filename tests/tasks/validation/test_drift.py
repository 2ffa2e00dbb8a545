"""A drift is called only where answers differ by more than chance, and nothing is said of few."""

from datetime import UTC, datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from tasks.validation.coding import Held, Reading
from tasks.validation.drift import FEWEST, Counts, changed, commoner_side, drift_of, p_and_q
from tasks.validation.significance import FALSE_FINDINGS

AT = datetime(2027, 4, 1, tzinfo=UTC)


def held(*counts: int, kind: str = "neutral") -> list[Held]:
    """Answers settled on want, reject and indifferent, as many as said."""
    names = ("want", "reject", "indifferent")
    polarities = [name for name, count in zip(names, counts, strict=True) for _ in range(count)]
    return [
        Held(
            id=f"{kind}-{n}",
            kind=kind,
            context="bare",
            wave=0,
            outcome="answered",
            answered_at=AT,
            readings=(Reading(polarity), Reading(polarity)),
        )
        for n, polarity in enumerate(polarities)
    ]


def test_a_turn_is_found_and_named() -> None:
    before = {"share": held(70, 2, 3), "keep": held(30, 30, 15)}
    after = {"share": held(2, 12, 1), "keep": held(6, 6, 3)}
    drift = drift_of(before, after)
    assert changed(drift) == ("share",)
    assert drift["share"]["side"] == "want"
    assert (drift["share"]["before"]["count"], drift["share"]["after"]["count"]) == (70, 2)
    assert drift["keep"]["state"] == "not_shown"


def test_few_answers_say_nothing_and_probes_never_count() -> None:
    few = held(0, FEWEST - 1, 0)
    drift = drift_of({"share": held(70, 0, 0)}, {"share": few + held(0, 40, 0, kind="lead")})
    assert drift["share"]["state"] == "not_enough"
    assert (drift["share"]["p"], drift["share"]["after"]["of"]) == (None, FEWEST - 1)
    assert drift_of({"share": held(70, 0, 0)}, {})["share"]["state"] == "not_enough"


counts = st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 20))


@given(before=counts, after=counts)
def test_one_theme_gives_fishers_p(before: tuple[int, ...], after: tuple[int, ...]) -> None:
    old, new = held(*before), held(*after)
    found = drift_of({"t": old}, {"t": new})["t"]
    if sum(before) < FEWEST or sum(after) < FEWEST:
        assert found["state"] == "not_enough"
        return
    place = ("want", "reject").index(commoner_side(old))
    table = [
        [before[place], sum(before) - before[place]],
        [after[place], sum(after) - after[place]],
    ]
    assert found["p"] == round(float(fisher_exact(np.array(table)).pvalue), 6)
    assert found["q"] == found["p"]


def test_no_change_is_rarely_called_one() -> None:
    rng = np.random.default_rng(7)
    called, runs = 0, 300
    for _ in range(runs):
        rates = rng.uniform(0.2, 1, size=12)
        old = {str(n): Counts(int(k), 75) for n, k in enumerate(rng.binomial(75, rates))}
        new = {str(n): Counts(int(k), 15) for n, k in enumerate(rng.binomial(15, rates))}
        called += any(q <= FALSE_FINDINGS for q in p_and_q(old, new)[1].values())
    assert called <= 0.05 * runs + 3 * (0.05 * 0.95 * runs) ** 0.5
