"""Changes of the traffic mix."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.monitoring.statistics.mix import mix_change


def weeks(seed: int, number: int, *shares: float, calls: int = 1_000) -> list[dict[str, int]]:
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(calls, shares, number)
    return [{"Search": int(a), "Night jobs": int(b), "": int(c)} for a, b, c in drawn]


def test_a_tenth_of_the_calls_moved_is_found_and_the_movers_are_named():
    found = mix_change(weeks(1, 12, 0.6, 0.3, 0.1), weeks(2, 4, 0.5, 0.3, 0.2))
    assert found is not None
    assert found.changed()
    assert found.total_variation == pytest.approx(0.1, abs=0.03)
    assert {mover.group for mover in found.movers[:2]} == {"Search", ""}
    assert found.weeks == (12, 4)


def test_weeks_of_one_kind_show_a_change_about_as_seldom_as_stated():
    found = [
        mix_change(weeks(2 * seed, 12, 0.6, 0.3, 0.1), weeks(2 * seed + 1, 4, 0.6, 0.3, 0.1))
        for seed in range(150)
    ]
    assert sum(one is not None and one.changed() for one in found) / 150 <= 0.1


def test_a_group_that_is_new_or_gone_is_a_mover():
    found = mix_change([{"a": 10}] * 6, [{"b": 10}] * 4)
    assert found is not None
    assert (found.total_variation, found.jensen_shannon) == (1.0, 1.0)
    assert {(one.group, one.before, one.now) for one in found.movers} == {
        ("a", 1.0, 0.0),
        ("b", 0.0, 1.0),
    }


def test_too_few_weeks_give_distances_and_no_verdict():
    found = mix_change([{"a": 10}] * 3, [{"b": 10}])
    assert found is not None
    assert found.p_value is None
    assert not found.changed()


def test_no_calls_before_or_now_are_no_comparison():
    assert mix_change([], [{"a": 1}]) is None
    assert mix_change([{"a": 1}], [{"a": 0}]) is None


@given(
    st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(0, 50)), min_size=2, max_size=9)
)
@settings(max_examples=50)
def test_distances_are_bounded_and_weeks_in_another_order_give_the_same(
    found: list[dict[str, int]],
):
    before, now = found[: len(found) // 2], found[len(found) // 2 :]
    change, again = mix_change(before, now), mix_change(before[::-1], now[::-1])
    if change is None or again is None:
        assert change is again
        return
    assert 0 <= change.jensen_shannon <= change.total_variation + 1e-9 <= 1 + 1e-9
    assert change.jensen_shannon == pytest.approx(again.jensen_shannon)
    assert change.p_value == again.p_value
    assert change.p_value is None or 0 < change.p_value <= 1
