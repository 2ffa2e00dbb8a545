"""Tiers of access for all models under one budget."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.artifacts import create_table_artifact

from configs.home import home
from configs.templating import fill
from tasks import wiring
from tasks.access import plots
from tasks.access.fleet import FleetModel, fleet_of
from tasks.access.portfolio import Portfolio, allocate, frontier
from tasks.adapters.files import write_atomically
from tasks.kernel.labels import SIMULATED, labelled


@flow(name="portfolio", flow_run_name="portfolio for {budget_usd} USD a month")
def portfolio(budget_usd: float) -> dict[str, str]:
    """Choose a tier of access for every model, as good as a common budget allows.

    It proposes and records nothing: each model's access is still decided by its own packet.

    Args:
        budget_usd: Most that all models together may cost, in USD a month.
    """
    found = worked_out(budget_usd)
    create_table_artifact(
        key="portfolio",
        table=[
            {name: value for name, value in row.items() if name != "tiers"}
            for row in found["models"]
        ],
        description=labelled(summary(found), found["simulated"]),
    )
    return {row["model_id"]: row["tier"] for row in found["models"]}


def worked_out(budget_usd: float) -> dict[str, Any]:
    """The allocation as JSON values; also writes its page.

    Args:
        budget_usd: most that all models together may cost, in USD a month.

    Raises:
        DecisionRefused: not even the cheapest tiers fit.
        OSError: the page can't be written.
    """
    with wiring.book().reading() as session:
        fleet = fleet_of(session)
    contenders = [one.contender for one in fleet]
    chosen = allocate(contenders, budget_usd)
    found = _as_json(fleet, chosen)
    line = frontier(contenders)
    page = fill(
        "access",
        "portfolio.html.j2",
        {
            "found": found,
            "summary": summary(found),
            "margin": margin(found),
            "plot": plots.frontier_plot(line, chosen.usd_a_month, chosen.value) if line else None,
            "plots": plots,
            "simulated": SIMULATED if found["simulated"] else "",
        },
    )
    write_atomically(page_path(), page.encode())
    return found


def page_path() -> Path:
    """Where the allocation's page is written."""
    return home() / "reports" / "portfolio.html"


def summary(found: dict[str, Any]) -> str:
    """One sentence on an allocation."""
    proven = "proven optimal" if found["gap"] == 0 else f"within {found['gap']:.2%} of the best"
    models = len(found["models"])
    return (
        f"{models} {'model' if models == 1 else 'models'}, {found['usd_a_month']:,.2f} of "
        f"{found['budget_usd']:,.2f} USD a month, worth {found['value']:.3f} ({proven})"
    )


def margin(found: dict[str, Any]) -> str:
    """What more money would bring, in words."""
    upgrade = found["next_upgrade"]
    if upgrade is None:
        return "Every model has its best tier: more money would bring nothing."
    price, left = found["marginal_value_per_usd"], found["budget_usd"] - found["usd_a_month"]
    marginal = (
        f"1,000 USD a month more would add {price * 1000:.3f} of worth at the margin (if tiers "
        "could be had in part). "
        if price
        else ""
    )
    return (
        f"{marginal}Next best: {upgrade['model_id']} from "
        f"{upgrade['from_tier'].replace('_', ' ')} to {upgrade['to_tier'].replace('_', ' ')}, "
        f"which adds {upgrade['extra_value']:.3f} for {upgrade['extra_usd']:,.2f} USD a month, of "
        f"which {max(0.0, upgrade['extra_usd'] - left):,.2f} are missing."
    )


def _as_json(fleet: tuple[FleetModel, ...], chosen: Portfolio) -> dict[str, Any]:
    models = []
    for one in fleet:
        tier = next(t for t in one.contender.tiers if t.id == chosen.tiers[one.contender.model_id])
        models.append(
            {
                "model_id": one.contender.model_id,
                "score": one.score.value,
                "score_low": one.score.low,
                "score_high": one.score.high,
                "tier": tier.id,
                "worth": tier.value,
                "usd_a_month": tier.usd_a_month,
                "knocked_out": ", ".join(one.knocked_out),
                "tiers": [asdict(t) for t in one.contender.tiers],
            }
        )
    upgrade = chosen.next_upgrade
    return {
        "simulated": any(one.simulated for one in fleet),
        "budget_usd": chosen.budget_usd,
        "usd_a_month": chosen.usd_a_month,
        "value": chosen.value,
        "gap": chosen.gap,
        "marginal_value_per_usd": chosen.marginal_value_per_usd,
        "next_upgrade": asdict(upgrade) if upgrade else None,
        "models": models,
    }
