"""Schedules of deployments/prefect.yaml, by the code with which Prefect's server goes by them."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from prefect.server.schemas.schedules import CronSchedule

from configs.home import CHECKOUT


def _schedules() -> list[dict[str, Any]]:
    document = yaml.safe_load((CHECKOUT / "deployments" / "prefect.yaml").read_text())
    return [one for made in document["deployments"] for one in made.get("schedules", [])]


@pytest.mark.parametrize("schedule", _schedules(), ids=lambda one: one["cron"])
@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_a_schedule_comes_round(schedule: dict[str, Any], zone: str | None) -> None:
    """With whenever 0.10.5 Prefect 3.9.1 made no run of any, and said so in its log alone."""
    made = CronSchedule(cron=schedule["cron"], timezone=zone or schedule["timezone"])
    first, second = asyncio.run(made.get_dates(2, start=datetime(2026, 3, 1, tzinfo=UTC)))
    assert datetime(2026, 3, 1, tzinfo=UTC) <= first < second
