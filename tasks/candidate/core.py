"""Does the endpoint's own lifecycle agree with the configuration? Pure."""

from datetime import datetime, timedelta

from configs.schema.candidate import CandidateConfig
from tasks.kernel.instants import to_minute
from tasks.kernel.stages import Assessment, blocked, done, due
from tasks.records.candidate import LifecycleCheck


def assess_candidate(
    config: CandidateConfig, *, opened: bool, check: LifecycleCheck | None, now: datetime
) -> Assessment:
    """How the candidate stage stands.

    Args:
        config: the candidate's section.
        opened: whether the records hold this very configuration.
        check: the latest answer of the endpoint about the model's lifecycle, if any.
        now: the current instant.
    """
    if not opened or check is None:
        return due("the retirement is to be opened")
    next_check = check.checked_at + timedelta(hours=config.lifecycle_check_hours)
    if next_check <= now:
        return due("the endpoint is to be asked for its dates again")
    disagreement = disagreement_of(config, check)
    if disagreement:
        return blocked(disagreement)
    return done(_summary(config, check, now), next_check)


def disagreement_of(config: CandidateConfig, check: LifecycleCheck) -> str:
    """What a person has to settle between the endpoint and the configuration; empty if nothing."""
    first = config.first_retires_on
    if check.lifecycle == "retired":
        return (
            f"the endpoint says that {check.endpoint_model} is retired already: interviews and "
            "essays can't be held; mend endpoint.model, or preserve what is left"
        )
    if check.retires_at is not None and check.retires_at.date() < first:
        return (
            f"the endpoint retires {check.endpoint_model} on {check.retires_at.date()}, before the "
            f"configured first date {first}; move retires_on to that day or earlier, or settle it "
            "with the provider"
        )
    return ""


def _summary(config: CandidateConfig, check: LifecycleCheck, now: datetime) -> str:
    says = f"the endpoint says {check.lifecycle}"
    if check.note:
        says += f" ({check.note})"
    if check.retires_at is not None:
        late = ", overdue" if check.lifecycle == "deprecated" and check.retires_at < now else ""
        says += f", until {to_minute(check.retires_at)}{late}"
    return f"retires on {config.first_retires_on}; {says}"
