"""How the weekly same-model test stands, in words."""

import json
from datetime import datetime, timedelta

from sqlmodel import Session

from configs.schema import RetirementConfig
from tasks.kernel.instants import start_of
from tasks.kernel.labels import labelled
from tasks.kernel.stages import Assessment, blocked, done, due
from tasks.monitoring.replays.same_model_rows import Standing, is_over, standing
from tasks.monitoring.replays.weekly import monday_of
from tasks.records.replay import ReplayRun


def same_model_due(config: RetirementConfig, session: Session, now: datetime) -> bool:
    """Whether the task would do something now. Raises as `standing` does."""
    found = standing(config, session, now)
    return found is not None and bool(found.step)


def assess_same_model(
    config: RetirementConfig, session: Session, now: datetime
) -> Assessment | None:
    """How the test stands; None where there is nothing to say. Reads records and prompts only.

    Raises:
        ConfigError: the file of golden prompts can't be used.
    """
    found = standing(config, session, now)
    if found is None:
        return None
    if found.hindrance:
        return blocked(found.hindrance)
    if found.step:
        return due(_due_words(found))
    assert found.run is not None, "without a run one would begin"
    if is_over(config, found.run, now):
        return done(f"{run_words(found.run)}; the test is over")
    next_monday = monday_of(now.date()) + timedelta(days=7)
    return done(run_words(found.run), start_of(next_monday))


def run_words(run: ReplayRun) -> str:
    """A run in one line: `same-model test of 2026-11-23: no difference found (p = .31)`."""
    body = json.loads(run.body) if run.body else {}
    said = f"same-model test of {run.period}: "
    if run.state == "asking":
        said += "under way"
    elif run.outcome == "same":
        said += f"no difference found (p = {p_words(body['p_value'])})"
    elif run.outcome == "differs":
        said += f"the answers differ (p = {p_words(body['p_value'])})"
        if body["p_value"] > body["incident_alpha"]:
            share = round(1 / body["weekly_alpha"])
            said += f"; one week in {share} does so by chance, so no incident was opened"
    else:
        said += body.get("reason", "not judged")
    return labelled(said, run.simulated)


def p_words(p_value: float) -> str:
    """`0.31`, `0.0042`, `0.0002`."""
    return f"{p_value:.2g}" if p_value < 0.1 else f"{p_value:.2f}"


def _due_words(found: Standing) -> str:
    if found.step == "begin":
        return f"the same-model test of the week of {found.period} is to begin"
    assert found.run is not None
    if found.step == "ask":
        calls = len(found.affordable)
        return f"same-model test of {found.run.period}: {calls:,} calls are to be made"
    return f"the same-model test of {found.run.period} is to be judged"
