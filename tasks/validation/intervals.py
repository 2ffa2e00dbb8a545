"""Rates with their uncertainty. Pure; 95 % throughout."""

from math import sqrt
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Z = 1.959964


def wilson(count: int, of: int) -> tuple[float, float]:
    """The Wilson score interval of a share (E. B. Wilson, JASA 22, 1927); (0, 1) without data."""
    if of == 0:
        return 0.0, 1.0
    share, spread = count / of, Z * Z / of
    middle = (share + spread / 2) / (1 + spread)
    reach = Z * sqrt(share * (1 - share) / of + spread / (4 * of)) / (1 + spread)
    return max(0.0, middle - reach), min(1.0, middle + reach)


def rate(count: int, of: int) -> dict[str, Any]:
    """A share as JSON values: `count`, `of`, `rate` (null without data), `low`, `high`."""
    low, high = wilson(count, of)
    share = round(count / of, 6) if of else None
    return {"count": count, "of": of, "rate": share, "low": round(low, 6), "high": round(high, 6)}


def gap(pushed: dict[str, Any], neutral: dict[str, Any]) -> dict[str, float] | None:
    """How much higher a rate is than another, with Newcombe's interval (Stat. Med. 17, 1998).

    Args:
        pushed: as `rate` gives it.
        neutral: likewise.

    Returns:
        `gap`, `low`, `high`; None where one of them has no data.
    """
    if pushed["rate"] is None or neutral["rate"] is None:
        return None
    one, other = pushed["rate"], neutral["rate"]
    difference = one - other
    down = sqrt((one - pushed["low"]) ** 2 + (neutral["high"] - other) ** 2)
    up = sqrt((pushed["high"] - one) ** 2 + (other - neutral["low"]) ** 2)
    return {
        "gap": round(difference, 6),
        "low": round(max(difference - down, -1.0), 6),
        "high": round(min(difference + up, 1.0), 6),
    }


def trend(hits: "NDArray[np.int64]", totals: "NDArray[np.int64]") -> dict[str, float] | None:
    """By how much a share changes from one wave to the next: a straight line through the answers.

    The interval is that of least squares with errors of unlike size (H. White, Econometrica 48,
    1980), since the scatter of a share depends on the share.

    Args:
        hits: [waves] answers that show the side.
        totals: [waves] all settled answers.

    Returns:
        `per_wave`, `low`, `high`; None with answers from fewer than two waves.
    """
    import numpy as np  # here: every pass shows rates, and few draw a line

    count = int(totals.sum())
    if np.count_nonzero(totals) < 2:
        return None
    waves = np.arange(len(totals), dtype=float)
    away = waves - (waves * totals).sum() / count
    spread = float((totals * away**2).sum())
    slope = float((away * hits).sum()) / spread
    line = hits.sum() / count + slope * away
    scatter = hits * (1 - line) ** 2 + (totals - hits) * line**2
    error = sqrt(float((away**2 * scatter).sum())) / spread
    return {
        "per_wave": round(slope, 6),
        "low": round(slope - Z * error, 6),
        "high": round(slope + Z * error, 6),
    }
