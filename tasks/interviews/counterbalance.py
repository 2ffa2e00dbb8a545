"""Orders that favour nobody: Williams squares, and rounds that spread settings over a day. Pure.

E. J. Williams, *Experimental designs balanced for the estimation of residual effects of
treatments*, Australian Journal of Scientific Research 2 (1949): over the rows of such a square
each thing takes each place once, and follows each other thing equally often.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TypeVar

_Thing = TypeVar("_Thing")


def williams_row(things: Sequence[_Thing], row: int) -> tuple[_Thing, ...]:
    """One row of the Williams square of some things.

    Any `len(things)` consecutive rows from a multiple of it put each thing in each place once. An
    odd number of things needs the mirrored square besides, which is every second block of rows.

    Args:
        things: in the order of which the square is made; at least one.
        row: from 0, without an end.
    """
    size = len(things)
    zigzag = [at // 2 if at % 2 == 0 else size - (at + 1) // 2 for at in range(size)]
    order = tuple(things[(place + row) % size] for place in zigzag)
    mirrored = size % 2 == 1 and (row // size) % 2 == 1
    return order[::-1] if mirrored else order


def in_rounds(
    cells: Sequence[_Thing], setting_of: Callable[[_Thing], str], rng: random.Random
) -> tuple[_Thing, ...]:
    """All cells, dealt in rounds of one a setting, so that no setting has an end to itself.

    Args:
        cells: in any order that follows from the seed.
        setting_of: a cell's setting.
        rng: source of the order of cells within a setting, and of the settings' square.
    """
    queues: dict[str, list[_Thing]] = defaultdict(list)
    for cell in rng.sample(cells, k=len(cells)):
        queues[setting_of(cell)].append(cell)
    settings = rng.sample(sorted(queues), k=len(queues))
    longest = max(map(len, queues.values()), default=0)
    return tuple(
        queues[setting][turn]
        for turn in range(longest)
        for setting in williams_row(settings, turn)
        if turn < len(queues[setting])
    )


def even_parts(things: Sequence[_Thing], most: int) -> tuple[tuple[_Thing, ...], ...]:
    """The things in order, in as few parts of at most `most` as there can be, of even length."""
    count = -(-len(things) // most)
    parts, start = [], 0
    for part in range(count):
        length = len(things) // count + (part < len(things) % count)
        parts.append(tuple(things[start : start + length]))
        start += length
    return tuple(parts)
