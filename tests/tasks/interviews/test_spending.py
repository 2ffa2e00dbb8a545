"""Ceilings hold in the worst case, and say which of them holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.interviews.spending import (
    Ceilings,
    Prices,
    Spent,
    Tries,
    affordable,
    exhausted,
    spent_on,
)
from tasks.ports.respondent import Question

PRICES = Prices(3.0, 15.0)
QUESTION = Question(("How do you see this?" * 10,), 1000)

questions = st.lists(
    st.builds(Question, st.tuples(st.text(min_size=1, max_size=300)), st.integers(16, 4000)),
    max_size=30,
)


@given(questions, st.integers(0, 40), st.floats(0, 1), st.floats(0, 2))
def test_what_goes_out_at_once_stays_under_both_ceilings_whatever_it_costs(
    asked: list[Question], calls: int, spent_usd: float, usd: float
) -> None:
    spent, ceilings = Spent(calls=5, usd=spent_usd), Ceilings(calls + 5, usd)
    count = affordable(asked, spent, ceilings, PRICES)
    assert count <= calls
    worst = spent_usd + sum(PRICES.dearest(question) for question in asked[:count])
    if usd and count:
        assert worst <= usd + 1e-9
    more = count < min(len(asked), calls)
    assert not more or worst + PRICES.dearest(asked[count]) > usd > 0
    assert bool(exhausted(asked, spent, ceilings, PRICES)) == (bool(asked) and count == 0)


def test_a_try_without_usage_counts_as_the_dearest_it_can_have_been() -> None:
    spent = spent_on([Tries(QUESTION, 3, 50, 200), Tries(QUESTION, 1, 0, 0)], PRICES)
    assert (spent.calls, spent.input_tokens, spent.output_tokens) == (4, 50, 200)
    assert spent.usd == pytest.approx((50 * 3 + 200 * 15) / 1e6)
    assert spent.unsure_usd == pytest.approx(3 * PRICES.dearest(QUESTION))
    assert PRICES.dearest(QUESTION) > 1000 * 15 / 1e6


def test_a_row_that_was_only_planned_cost_nothing() -> None:
    assert spent_on([Tries(QUESTION, 0, 0, 0)], PRICES) == Spent()


def test_the_sentence_names_the_ceiling() -> None:
    full = exhausted([QUESTION] * 3, Spent(calls=9), Ceilings(9, 0), PRICES)
    assert full.startswith("interviews.max_calls (9) is reached, and 3 calls")
    dear = exhausted([QUESTION], Spent(usd=0.99, unsure_usd=0.005), Ceilings(9, 1.0), PRICES)
    assert dear.startswith("interviews.max_cost_usd (1) has no room for another call: 0.99 USD")
    assert "tries without an answer" in dear
    assert exhausted([QUESTION], Spent(usd=0.5), Ceilings(9, 1.0), PRICES) == ""
    assert exhausted([QUESTION], Spent(), Ceilings(9, 1.0), Prices(0, 0)) == ""
