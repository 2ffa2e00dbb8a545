"""E-processes: evidence that may be looked at every day. Pure.

An alarm says "look"; a claim says "it is so", and is made only from an e-process that reached 20.
Under what it denies, it ever does so with a probability of at most 1 in 20, however often one
looks and whenever one stops (J. Ville, 1939; A. Ramdas, P. Gruenwald, V. Vovk, G. Shafer,
Statist. Sci. 38, 2023, 576-601).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tasks.monitoring.statistics.cusum import Figure

CLAIM = 20.0
#: Shares of the largest safe stake that are bet at once, equally; their mean is an e-process too.
STAKES = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9)
#: Every so many days new bets begin, so that quiet years don't use up what a change needs.
ROUND_DAYS = 28


@dataclass(frozen=True, slots=True)
class Claim:
    """What an e-process says of "the mean of the daily shares is above `bound`".

    Attributes:
        bound: the share that is to be exceeded.
        e_value: evidence now.
        highest: the highest evidence so far: a claim once made stays made.
        day: when it first reached 20; None while no claim is made.
        days: how many days it rests on.
    """

    bound: float
    e_value: float
    highest: float
    day: date | None
    days: int

    @property
    def made(self) -> bool:
        """Whether the claim is made."""
        return self.day is not None


def claim_above(figures: Sequence[Figure], bound: float, usual: float) -> Claim:
    """Bet each day that its share is above a bound.

    Denied is: given all that was before, each day's expected share is at most the bound. Nothing is
    assumed of how calls within a day hang together, so calls that come in bursts don't make it
    claim too often. Each day multiplies a stake's capital by 1 + stake * (share - bound); a stake
    never above 1/bound keeps it positive. A day of fewer calls than usual gets a smaller stake in
    proportion. Source: I. Waudby-Smith & A. Ramdas, JRSS B 86 (2024), 1-27.

    Round k of bets begins after 28 k days with 1/((k+1)(k+2)) of the capital; what has not begun
    lies idle. The sum is an e-process again.

    Args:
        figures: hits and of how many a day, in order; a share above 1 counts as 1.
        bound: in 0..1, both left out.
        usual: calls on a usual day, known beforehand, such as the baseline's mean.

    Raises:
        ValueError: the bound does not lie between 0 and 1.
    """
    if not 0 < bound < 1:
        raise ValueError(f"a bound of {bound} can't be exceeded, or always is")
    capital: list[float] = []  # logarithms, a stake of a round each
    now = highest = 0.0
    day = None
    for number, figure in enumerate(figures):
        if number % ROUND_DAYS == 0:
            begun = number // ROUND_DAYS
            part = -math.log((begun + 1) * (begun + 2) * len(STAKES))
            capital.extend([part] * len(STAKES))
        share = min(figure.value / figure.of, 1.0)
        weight = min(figure.of / usual, 1.0) if usual > 0 else 1.0
        won = [math.log1p(stake * weight / bound * (share - bound)) for stake in STAKES]
        capital = [one + won[place % len(STAKES)] for place, one in enumerate(capital)]
        idle = -math.log(number // ROUND_DAYS + 2)
        now = _log_sum([*capital, idle])
        highest = max(highest, now)
        if day is None and now >= math.log(CLAIM):
            day = figure.day
    return Claim(bound, _exp(now), _exp(highest), day, len(figures))


def _log_sum(logs: Sequence[float]) -> float:
    most = max(logs)
    return most + math.log(sum(math.exp(one - most) for one in logs))


def _exp(value: float) -> float:
    """Evidence for people: beyond 10^12 nothing is gained by a larger number."""
    return min(math.exp(min(value, 30.0)), 1e12)
