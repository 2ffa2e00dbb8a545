"""Whether a preference is what it was: a follow-up's answers against the first ones. Pure.

Per theme the share of settled neutral answers that take the side which was commoner before is
compared with Fisher's exact test, and corrected over all themes by Benjamini and Hochberg (JRSS B
57, 1995). Answers of one day are more alike than answers of many, and a follow-up's preamble tells
that the last day is past: a drift that is found is one between two situations, not a fault.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.validation.coding import Held
from tasks.validation.intervals import rate
from tasks.validation.significance import FALSE_FINDINGS

FEWEST = 5  # settled answers of a follow-up below which nothing is said
SIDES = ("want", "reject")


@dataclass(frozen=True, slots=True)
class Counts:
    """Settled neutral answers of one theme: those on the side, and all."""

    hits: int
    of: int


def counted(held: Sequence[Held], side: str) -> Counts:
    """Settled neutral answers on a side, among all settled ones."""
    settled = [one.settled for one in held if one.kind == "neutral" and one.settled]
    return Counts(sum(polarity == side for polarity in settled), len(settled))


def commoner_side(held: Sequence[Held]) -> str:
    """The side that more of the settled neutral answers take; `want` where both are even."""
    return max(SIDES, key=lambda side: counted(held, side).hits)


def drift_of(
    before: Mapping[str, Sequence[Held]], after: Mapping[str, Sequence[Held]]
) -> dict[str, Any]:
    """Theme -> what changed, as JSON values.

    Args:
        before: theme -> conversations of the registered design.
        after: theme -> conversations of the follow-up; the same themes.

    Returns:
        For each theme `side`, `before` and `after` (`count`, `of`, `rate`, `low`, `high`), `p`, `q`
        and `state`: `changed`, `not_shown` (no change was shown, which proves none), or
        `not_enough`.
    """
    sides = {theme: commoner_side(held) for theme, held in before.items()}
    old = {theme: counted(held, sides[theme]) for theme, held in before.items()}
    new = {theme: counted(after.get(theme, ()), sides[theme]) for theme in before}
    p, q = p_and_q(old, new)
    return {
        theme: {
            "side": sides[theme],
            "before": rate(old[theme].hits, old[theme].of),
            "after": rate(new[theme].hits, new[theme].of),
            "p": round(p[theme], 6) if theme in p else None,
            "q": round(q[theme], 6) if theme in q else None,
            "state": _state(q.get(theme)),
        }
        for theme in before
    }


def p_and_q(
    old: Mapping[str, Counts], new: Mapping[str, Counts]
) -> tuple[dict[str, float], dict[str, float]]:
    """Theme -> p, and theme -> q (corrected), of the themes with enough answers on both sides."""
    enough = [t for t in old if new[t].of >= FEWEST and old[t].of >= FEWEST]
    p = {theme: _fisher(old[theme], new[theme]) for theme in enough}
    return p, _corrected(p)


def changed(drift: Mapping[str, Any]) -> tuple[str, ...]:
    """The themes whose preference changed."""
    return tuple(theme for theme, one in drift.items() if one["state"] == "changed")


def _state(q: float | None) -> str:
    if q is None:
        return "not_enough"
    return "changed" if q <= FALSE_FINDINGS else "not_shown"


def _fisher(old: Counts, new: Counts) -> float:
    import numpy as np
    from scipy.stats import fisher_exact  # slow to import, and seldom needed

    table = np.array([[old.hits, old.of - old.hits], [new.hits, new.of - new.hits]])
    return float(fisher_exact(table).pvalue)


def _corrected(p: Mapping[str, float]) -> dict[str, float]:
    if not p:
        return {}
    from scipy.stats import false_discovery_control

    values = false_discovery_control(list(p.values()), method="bh")
    return dict(zip(p, values.tolist(), strict=True))
