"""What either way of evaluating brings, for scoring."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tasks.validation.cells import Cells
from tasks.validation.scoring import Found


@dataclass(frozen=True, slots=True)
class Outcome:
    """Planted themes, as they were judged.

    Attributes:
        found: one a theme.
        cells: the settled answers of all of them, in the same order.
        error: the share of settled answers that really are wrong.
        more: figures that only this way has; JSON values.
    """

    found: list[Found]
    cells: Cells
    error: float
    more: Mapping[str, Any] = field(default_factory=dict)


def draws_seed(seed: int) -> int:
    """The seed of the pipeline's own draws, apart from the world's."""
    return 1_000_003 * (seed + 1)
