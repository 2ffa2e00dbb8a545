"""The dossier's section on costs: what a packet projects, and what sources measured. Pure."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.monitoring.dossier.decided import decided_packet
from tasks.monitoring.dossier.holdings import Dossier
from tasks.monitoring.dossier.observed import Observed, observed_of
from tasks.monitoring.dossier.tables import Cell, Table, number, table
from tasks.monitoring.plots import CostPlot, cost_plot


@dataclass(frozen=True, slots=True)
class Costs:
    """What is known of costs.

    Attributes:
        packet: digest of the packet that the projection is from; empty without one.
        signed: whether enough people signed that packet.
        plot: the projection, a line a way.
        projected: the same numbers.
        assumptions: what the projection takes for granted, in the packet's own words.
        measured: cost by source and month, only of days that were covered.
    """

    packet: str
    signed: bool
    plot: CostPlot | None
    projected: Table | None
    assumptions: tuple[str, ...]
    measured: Table | None


def costs_of(held: Dossier) -> Costs:
    """The projection of the signed packet, or else of the latest; and what was measured."""
    decided = decided_packet(held)
    packet = decided or (held.packets[-1] if held.packets else None)
    body: dict[str, Any] = json.loads(packet.body) if packet else {}
    ways = [way for way in body.get("scenarios", ()) if way.get("monthly_usd")]
    return Costs(
        packet=packet.digest if packet and ways else "",
        signed=decided is not None,
        plot=cost_plot([(_name(way["id"]), way["monthly_usd"]) for way in ways]) if ways else None,
        projected=_projected(ways),
        assumptions=tuple(str(one) for one in body.get("assumptions", ())) if ways else (),
        measured=_measured(observed_of(held.readings)),
    )


def _name(way: str) -> str:
    return way.replace("_", " ")


def _projected(ways: Sequence[Mapping[str, Any]]) -> Table | None:
    rows = [
        (
            _name(way["id"]),
            number(way["monthly_usd"][0], 2),
            number(way["monthly_usd"][-1], 2),
            number(way["total_usd"], 2),
            Cell(f"{way['low_usd']:,.2f} to {way['high_usd']:,.2f}", "number"),
        )
        for way in ways
    ]
    heads = ("Way", "First month, USD", "Last month, USD", "All months, USD", "Low to high, USD")
    return table("Projected costs: a model, no measurement", heads, rows)


def _measured(sources: Sequence[Observed]) -> Table | None:
    rows = []
    for source in sources:
        months: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for day in source.days:
            if "cost_usd" in day:
                months[str(day["day"])[:7]].append(day)
        for month, days in sorted(months.items()):
            known = sum(int(day.get("cost_known", day.get("calls", 0))) for day in days)
            calls = sum(int(day.get("calls", 0)) for day in days)
            rows.append(
                (
                    f"{source.source}, {month}",
                    number(sum(float(day["cost_usd"]) for day in days), 2),
                    number(len(days)),
                    Cell(f"{known:,} of {calls:,}" if calls else "not told by call", "number"),
                )
            )
    heads = ("Source and month", "USD", "Days covered", "Calls with a known cost")
    return table("Measured costs, of the days that a source covers", heads, rows, compact=True)
