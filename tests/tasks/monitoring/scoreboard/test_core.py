import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.monitoring.scoreboard.core import (
    WAYS,
    Finding,
    Ground,
    Line,
    Source,
    counts,
    defined,
    interval,
    no_evidence,
    rate,
)

SOURCE = Source("gateway", "sum(unsafe) / sum(unsafe_of)", "a" * 64, "1 Sep to 3 Sep 2026")


@pytest.mark.parametrize("ground", [Ground.MEASURED, Ground.MODELLED])
def test_a_figure_without_a_source_is_refused(ground: Ground):
    with pytest.raises(ValueError, match="names no source"):
        Finding(ground, "7 calls", 7.0)


def test_no_evidence_shows_no_figure():
    with pytest.raises(ValueError, match="shows a figure"):
        Finding(Ground.NONE, "nothing", 0.0)


def test_a_finding_says_something():
    with pytest.raises(ValueError, match="has to say"):
        Finding(Ground.NONE, "")


def test_a_line_leaves_no_way_out():
    whole = {way: no_evidence("none") for way in WAYS}
    assert Line("id", "cost", "?", whole)
    with pytest.raises(ValueError, match="needs a criterion and all ways"):
        Line("id", "cost", "?", {way: whole[way] for way in WAYS[:2]})
    with pytest.raises(ValueError, match="needs a criterion"):
        Line("id", "charm", "?", whole)
    with pytest.raises(ValueError, match="no evidence"):
        Line("id", "cost", "?", {**whole, WAYS[0]: ()})


@given(st.integers(1, 10_000), st.data())
def test_a_rate_lies_in_its_interval_and_names_its_counts(of: int, data: st.DataObject):
    hits = data.draw(st.integers(0, of))
    found = rate(hits, of, "of the answers", SOURCE)
    assert found.low <= found.value <= found.high
    assert (found.hits, found.of) == (hits, of)
    assert f"{hits:,} of {of:,}" in interval(found)


def test_nobody_is_asked_for_a_rate_of_none():
    with pytest.raises(ValueError, match="no share"):
        rate(0, 0, "of nothing", SOURCE)


def test_evidence_is_counted_and_nothing_is_scored():
    ways = {
        WAYS[0]: (rate(1, 2, "of two", SOURCE),),
        WAYS[1]: defined("0"),
        WAYS[2]: (*no_evidence("none"), *defined("every call")),
    }
    found = counts([Line("id", "cost", "?", ways)])
    assert found[WAYS[0]][Ground.MEASURED] == 1
    assert found[WAYS[2]][Ground.DEFINED] == 1
    assert sum(sum(one.values()) for one in found.values()) == 3
