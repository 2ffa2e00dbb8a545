"""How old against successor stands, in words."""

from datetime import datetime

from sqlmodel import Session

from configs.schema import RetirementConfig
from tasks.kernel.labels import labelled
from tasks.kernel.stages import Assessment, blocked, done, due
from tasks.monitoring.replays.successor_rows import successor_standing

WORDS = {
    "worse": "worse",
    "better": "better",
    "no_difference": "no difference that matters",
    "not_enough": "not enough to say",
    "": "not compared",
}


def successor_due(config: RetirementConfig, session: Session, now: datetime) -> bool:
    """Whether the task would do something. Raises as `successor_standing` does."""
    del now  # asked of every part alike; this one hangs on no date
    found = successor_standing(config, session)
    return found is not None and bool(found.step)


def assess_successor(
    config: RetirementConfig, session: Session, now: datetime
) -> Assessment | None:
    """How the comparison stands; None where it isn't configured. Reads records and files' times.

    Raises:
        ConfigError: a file of prompts can't be used.
    """
    del now  # asked of every part alike; this one hangs on no date
    found = successor_standing(config, session)
    if found is None:
        return None
    if found.hindrance:
        return blocked(found.hindrance)
    settings = config.monitoring.successor
    assert settings is not None
    if found.step == "ask":
        calls = sum(len(side.affordable) for owner in found.owners for side in owner.to_ask)
        return due(
            f"owners' prompts: {calls:,} calls are to be made, to compare with "
            f"{settings.endpoint.model}"
        )
    if found.step:
        return due(f"the comparison with {settings.endpoint.model} is to be judged")
    told = [
        f"{owner.settings.owner} {WORDS[owner.new.run.outcome if owner.new.run else '']}"
        for owner in found.owners
    ]
    simulated = any(owner.new.run and owner.new.run.simulated for owner in found.owners)
    return done(labelled(f"successor {settings.endpoint.model}: {', '.join(told)}", simulated))
