"""What is larger stands higher, lies further right, or is longer; and ticks say what they mark."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.access import plots
from tasks.access.plots import LinePlot, cost_plot, frontier_plot

amounts = st.floats(0, 1e6).map(lambda usd: round(usd, 2))
series = st.integers(1, 24).flatmap(
    lambda months: st.lists(
        st.lists(amounts, min_size=months, max_size=months), min_size=3, max_size=3
    )
)


def _points(line: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (point.split(",") for point in line.split())]


def _ways(costs: list[list[float]]) -> list[dict[str, Any]]:
    return [{"id": f"way-{n}", "monthly_usd": monthly} for n, monthly in enumerate(costs)]


def _number(text: str) -> float:
    return float(text.replace(",", ""))


def _read_off(plot: LinePlot, at: float) -> float:
    """What an eye reads at a height, between the lowest and the highest tick."""
    (low, *_, high) = plot.up
    return _number(low.text) + (at - low.at) / (high.at - low.at) * (
        _number(high.text) - _number(low.text)
    )


@given(series)
def test_a_dearer_month_is_drawn_higher_and_a_later_one_further_right(
    costs: list[list[float]],
) -> None:
    plot = cost_plot(_ways(costs))
    drawn = [
        (usd, x, y)
        for line, monthly in zip(plot.lines, costs, strict=True)
        for usd, (x, y) in zip(monthly, _points(line.points), strict=False)
    ]
    for usd, x, y in drawn:
        assert plots.LEFT <= x <= plots.WIDTH
        assert plots.TOP <= y <= plots.HEIGHT - plots.BOTTOM
        assert _read_off(plot, y) == pytest.approx(usd, abs=max(map(max, costs)) * 0.01 + 0.01)
    for (usd, _, y), (other, _, other_y) in pairwise(sorted(drawn)):
        assert other_y <= y, (usd, other)  # y runs downwards
    for line in plot.lines:
        across = [x for x, _ in _points(line.points)]
        assert across == sorted(across)
        assert len(set(across)) == len(across)
    assert [tick.at for tick in plot.across] == sorted(tick.at for tick in plot.across)
    assert _number(plot.across[0].text) == 1


@given(
    st.lists(st.tuples(amounts, st.floats(0, 200)), min_size=1, max_size=30),
    st.tuples(amounts, st.floats(0, 200)),
)
def test_a_larger_budget_is_further_right_and_more_worth_is_higher(
    points: list[tuple[float, float]], chosen: tuple[float, float]
) -> None:
    line = sorted(points)
    plot = frontier_plot(line, *chosen)
    drawn = [*zip(line, _points(plot.lines[0].points), strict=True)]
    drawn.append((chosen, _points(plot.lines[1].points)[0]))
    for ((cost, worth), (x, y)), ((other_cost, other_worth), (other_x, other_y)) in pairwise(drawn):
        assert (other_cost - cost) * (other_x - x) >= -1e-3 * max(cost, other_cost)
        assert (other_worth - worth) * (other_y - y) <= 1e-3 * max(worth, other_worth)
    heights, places = [t.at for t in plot.up], [t.at for t in plot.across]
    assert heights == sorted(heights, reverse=True)
    assert [_number(t.text) for t in plot.up] == sorted(_number(t.text) for t in plot.up)
    assert places == sorted(places)


def test_the_ends_of_the_scales_stand_at_the_edges() -> None:
    plot = cost_plot(_ways([[0.0, 0.0], [0.0, 50.0], [100.0, 100.0]]))
    bottom, top = plots.HEIGHT - plots.BOTTOM, plots.TOP
    assert [_points(line.points) for line in plot.lines] == [
        [(plots.LEFT, bottom), (plots.WIDTH - 8, bottom)],
        [(plots.LEFT, bottom), (plots.WIDTH - 8, (bottom + top) / 2)],
        [(plots.LEFT, top), (plots.WIDTH - 8, top)],
    ]
    assert [(tick.at, tick.text) for tick in plot.up] == [
        (bottom, "0"),
        ((bottom + top) / 2, "50"),
        (top, "100"),
    ]


def test_a_scale_of_cents_has_no_two_equal_ticks() -> None:
    plot = cost_plot(_ways([[0.0], [0.2], [0.6]]))
    assert [tick.text for tick in plot.up] == ["0", "0.3", "0.6"]
