"""Tiers of access for all models under one budget."""

import math
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from prefect import flow
from prefect.artifacts import create_table_artifact

from configs.home import home
from configs.templating import fill
from flows.form_fields import titled
from tasks import wiring
from tasks.access import plots
from tasks.access.fleet import FleetModel, fleet_of
from tasks.access.portfolio import Portfolio, allocate
from tasks.access.tiers import frontier
from tasks.adapters.files import write_atomically
from tasks.kernel.labels import SIMULATED, labelled


@flow(name="portfolio", flow_run_name="portfolio for {budget_usd} USD a month")
def portfolio(budget_usd: Annotated[float, titled("Budget, USD a month")]) -> dict[str, str]:
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
        fleet = fleet_of(session, wiring.clock().now())
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
    models = len(found["models"])
    open_ = [row["model_id"] for row in found["models"] if not row["cost_known"]]
    unknown = f"; without what calls cost, whose number is not known: {', '.join(open_)}"
    return (
        f"{models} {'model' if models == 1 else 'models'}, {found['usd_a_month']:,.2f} of "
        f"{found['budget_usd']:,.2f} USD a month, worth {found['value']:.3f} "
        f"({_proof(found['gap'])}){unknown if open_ else ''}"
    )


def _proof(gap: float) -> str:
    """What is proven of an allocation; a gap is rounded up, so that it never reads as none."""
    if gap == 0:
        return "proven optimal"
    percent = gap * 100
    digits = max(0, 1 - math.floor(math.log10(percent)))  # two that tell
    percent = math.ceil(percent * 10**digits) / 10**digits
    return f"not proven best: another may be worth up to {percent:.{digits}f} % more"


def margin(found: dict[str, Any]) -> str:
    """What more money could bring, in words."""
    step = found["single_step"]
    if step is None:
        return "Every model has its best tier: more money would bring nothing."
    price, left = found["shadow_price"], found["budget_usd"] - found["usd_a_month"]
    relaxed = (
        f"If tiers came in parts, 1,000 USD a month more would add {price * 1000:.3f} of worth at "
        "most (the budget's shadow price); whole tiers can add more or less. "
        if price
        else ""
    )
    return (
        f"{relaxed}Of the steps of one model, with all others as they are, {step['model_id']} from "
        f"{step['from_tier'].replace('_', ' ')} to {step['to_tier'].replace('_', ' ')} brings most "
        f"for a dollar: it adds {step['extra_value']:.3f} for {step['extra_usd']:,.2f} USD a "
        f"month, of which {max(0.0, step['extra_usd'] - left):,.2f} are missing. With more money "
        "the best allocation may be another one."
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
                "cost_known": one.cost_known,
                "knocked_out": ", ".join(one.knocked_out),
                "tiers": [asdict(t) for t in one.contender.tiers],
            }
        )
    step = chosen.single_step
    return {
        "simulated": any(one.simulated for one in fleet),
        "budget_usd": chosen.budget_usd,
        "usd_a_month": chosen.usd_a_month,
        "value": chosen.value,
        "gap": chosen.gap,
        "shadow_price": chosen.shadow_price,
        "single_step": asdict(step) if step else None,
        "models": models,
    }
