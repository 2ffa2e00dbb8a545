"""Preferences that changed after retirement, opened as incidents: a person decides what follows."""

import json

from prefect import task
from prefect.cache_policies import NO_CACHE

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.monitoring.incidents.drift import changed_themes, subject_of, untold
from tasks.monitoring.incidents.rows import raise_incident
from tasks.records import Fence


@task(
    name="open drift incidents",
    task_run_name="open drift incidents of {config.id}",
    cache_policy=NO_CACHE,
)
def watch_drift(config: RetirementConfig, fence: Fence) -> None:
    """Open an incident for each follow-up that found a change. Safe to repeat."""
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        for row in untold(writing.session, config.id):
            drift, themes = json.loads(row.drift), changed_themes(row)
            raise_incident(
                writing,
                model_id=config.id,
                kind="drift",
                subject=subject_of(row),
                began=row.digest,
                severity="low",
                summary=f"follow-up {row.number} found a change of preferences: "
                + "; ".join(_said(theme, drift[theme]) for theme in themes),
                evidence={theme: drift[theme] for theme in themes},
                simulated=row.simulated,
                now=now,
            )


def _said(theme: str, one: dict[str, dict[str, int]]) -> str:
    before, after = one["before"], one["after"]
    return (
        f"{theme.replace('_', ' ')}, {one['side']}: {before['count']} of {before['of']} answers "
        f"before, {after['count']} of {after['of']} now"
    )
