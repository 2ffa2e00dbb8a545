"""What each way would cost over the months, with what that assumes. Pure."""

from dataclasses import dataclass
from typing import Any

from configs.schema.access import AccessConfig

_WEEKS_A_MONTH = 365.25 / 12 / 7
_RECENT_WEEKS = 4


@dataclass(frozen=True, slots=True)
class Projection:
    """Cost of one way, in USD.

    Attributes:
        monthly: month by month, as assumed.
        low: total if calls fell twice as fast.
        high: total if they did not fall at all.
        without_calls: whether what calls cost is left out, since their number is not known.
    """

    monthly: tuple[float, ...]
    low: float
    high: float
    without_calls: bool = False

    @property
    def total(self) -> float:
        """Over all months."""
        return round(sum(self.monthly), 2)

    @property
    def mean(self) -> float:
        """Of a month."""
        return round(sum(self.monthly) / len(self.monthly), 2)


def calls_a_month(usage: dict[str, Any] | None) -> float | None:
    """Calls of a month at the pace of the last whole weeks, at most four; None where unknown.

    A log that does not cover the last days says nothing of today.
    """
    if usage is None or not usage.get("covers_last_7_days"):
        return None
    weeks = [week for week in usage.get("weeks", ()) if week["whole"]][-_RECENT_WEEKS:]
    known = [week["calls"] for week in weeks if week["calls"] is not None]
    if not known:
        return None
    return float(sum(known) / len(known) * _WEEKS_A_MONTH)


def project(access: AccessConfig, calls: float | None, *, served: float) -> Projection:
    """What serving a share of today's calls would cost.

    Args:
        access: costs and what they assume.
        calls: calls a month today; None where unknown, and then only fixed costs are counted.
        served: share of the calls that is served; 0 keeps nothing running.
    """
    costs = access.costs
    falls = costs.calls_fall_a_month
    monthly = _months(access, calls, served, falls)
    return Projection(
        monthly=monthly,
        low=round(sum(_months(access, calls, served, min(1.0, 2 * falls))), 2),
        high=round(sum(_months(access, calls, served, 0.0)), 2),
        without_calls=calls is None and costs.usd_per_1000_calls > 0,
    )


def _months(
    access: AccessConfig, calls: float | None, served: float, falls: float
) -> tuple[float, ...]:
    costs = access.costs
    fixed = costs.storage_usd_a_month
    if served:
        fixed += access.monthly_cost_usd + costs.oversight_usd_a_month
    rate = (calls or 0.0) * served * costs.usd_per_1000_calls / 1000
    return tuple(round(fixed + rate * (1 - falls) ** month, 2) for month in range(costs.months))


def assumptions(access: AccessConfig, calls: float | None) -> tuple[str, ...]:
    """What the projection takes for granted, a sentence each."""
    costs = access.costs
    said = [
        f"Serving the model at all costs {access.monthly_cost_usd:,.2f} USD a month "
        "(access.monthly_cost_usd, an estimate).",
        f"Keeping the package costs {costs.storage_usd_a_month:,.2f}, and the people who look "
        f"after access {costs.oversight_usd_a_month:,.2f} USD a month (access.costs, estimates).",
    ]
    if calls is None:
        said.append(
            "How often the model is called is not known: no usage report covers the last days, so "
            "that costs that grow with calls are left out."
        )
    else:
        said.append(
            f"{calls:,.0f} calls a month at the pace of the last whole weeks of the usage report, "
            f"each {costs.usd_per_1000_calls / 1000:,.6f} USD, falling by "
            f"{costs.calls_fall_a_month:.0%} a month; the low figure lets them fall twice as fast, "
            "the high one not at all."
        )
    said.append(
        f"A pilot keeps {access.decision.pilot_share_of_users:.0%} of users and calls "
        "(access.decision.pilot_share_of_users, an estimate)."
    )
    return tuple(said)
