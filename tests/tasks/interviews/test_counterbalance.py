"""Orders that favour nobody."""

import random
from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tasks.interviews.counterbalance import even_parts, in_rounds, williams_row

sizes = st.integers(1, 14)


@given(sizes, st.integers(0, 5))
def test_a_block_of_rows_puts_each_thing_in_each_place_once(size: int, block: int) -> None:
    rows = [williams_row(range(size), block * size + n) for n in range(size)]
    for place in range(size):
        assert {row[place] for row in rows} == set(range(size))


@given(st.integers(2, 14))
def test_over_two_blocks_each_thing_follows_each_other_equally_often(size: int) -> None:
    rows = [williams_row(range(size), n) for n in range(2 * size)]
    after = Counter(pair for row in rows for pair in pairwise(row))
    assert set(after.values()) == {2}
    assert len(after) == size * (size - 1)


@given(st.lists(st.sampled_from("abcde"), max_size=40), st.integers(0, 99))
def test_rounds_keep_every_cell_and_no_setting_waits(settings: list[str], seed: int) -> None:
    cells = list(enumerate(settings))
    dealt = in_rounds(cells, lambda cell: cell[1], random.Random(seed))
    assert sorted(dealt) == cells
    fewest = min(Counter(settings).values(), default=0)
    kinds = len(set(settings))
    for turn in range(fewest):
        assert {setting for _, setting in dealt[turn * kinds : (turn + 1) * kinds]} == set(settings)


@given(st.integers(0, 50), st.integers(1, 14))
def test_parts_are_few_whole_and_even(size: int, most: int) -> None:
    parts = even_parts(range(size), most)
    assert [thing for part in parts for thing in part] == list(range(size))
    assert len(parts) == -(-size // most)
    assert not parts or max(map(len, parts)) - min(map(len, parts)) <= 1
