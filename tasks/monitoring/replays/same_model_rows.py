"""What the records say of the weekly same-model test. Reads only."""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from configs.load import load_golden_prompts
from configs.schema import RetirementConfig
from configs.schema.golden import GoldenPrompts
from tasks.kernel.digests import digest_of
from tasks.monitoring.replays.replaying import replays_of
from tasks.monitoring.replays.weekly import (
    Step,
    first_samples_of,
    monday_of,
    next_step,
    samples_of,
)
from tasks.ports.recorded_prompts import ASKED, Call, calls_left, host_of, spent
from tasks.records.latest import latest_package
from tasks.records.preservation import GoldenAnswer
from tasks.records.replay import Replay, ReplayRun

SAME_MODEL = "same_model"


@dataclass(frozen=True, slots=True)
class Standing:
    """How the weekly test stands.

    Attributes:
        step: what a pass would do now; empty for nothing.
        hindrance: why the test can't be made until a person mends something; empty for none.
        period: the Monday of this week, as a date.
        run: the latest run; None before the first.
        prompts: what is asked.
        basis: digest of what is asked and compared.
        frozen: answers kept with the model.
        answers: of the latest run.
        affordable: calls to be made now.
        left: calls left, within the ceiling or not.
    """

    step: Step = ""
    hindrance: str = ""
    period: str = ""
    run: ReplayRun | None = None
    prompts: GoldenPrompts | None = None
    basis: str = ""
    frozen: tuple[GoldenAnswer, ...] = ()
    answers: tuple[Replay, ...] = ()
    affordable: tuple[Call, ...] = ()
    left: int = 0


def latest_run(session: Session, model_id: str, purpose: str) -> ReplayRun | None:
    """The run of a purpose that began last."""
    query = select(ReplayRun).where(ReplayRun.model_id == model_id, ReplayRun.purpose == purpose)
    return session.exec(query.order_by(col(ReplayRun.started_at).desc())).first()


def standing(config: RetirementConfig, session: Session, now: datetime) -> Standing | None:
    """How the test stands; None where it isn't configured, or the model isn't preserved yet.

    Raises:
        ConfigError: the file of golden prompts can't be used.
    """
    settings, golden = config.monitoring.same_model, config.preservation.golden_prompts
    if settings is None:
        return None
    if golden is None or not golden.samples:
        return Standing(
            hindrance="monitoring.same_model compares with frozen answers, and there are none; "
            "set preservation.golden_prompts.samples (100 and more serve it well), or remove it"
        )
    if latest_package(session, config.id) is None:
        return None
    period, run = monday_of(now.date()).isoformat(), latest_run(session, config.id, SAME_MODEL)
    if run is not None and run.state != "asking" and run.period == period:
        return Standing(period=period, run=run)  # looked at often, so that nothing more is read
    prompts, digest = load_golden_prompts(golden)
    frozen = _frozen(session, config.id, digest)
    if not frozen:
        return Standing(
            hindrance=f"no answer to the prompts in {golden.prompts_file} was frozen with the "
            "model; bring back the file as it was then, or remove monitoring.same_model"
        )
    answers = replays_of(session, run.id) if run is not None else ()
    count = len(prompts.prompts)
    looked = run is not None and "first" in json.loads(run.body or "{}")
    first = 0 if looked else first_samples_of(settings, count)
    left = calls_left(prompts.prompts, first or samples_of(settings, count), answers)
    affordable = left[: max(0, settings.max_calls - spent(answers))]
    place = [host_of(config.endpoint.base_url), config.endpoint.model]
    basis = digest_of([digest, sorted(answer.id for answer in frozen), *place])
    step = next_step(
        state=run.state if run is not None else "",
        same_basis=run is not None and run.basis == basis,
        this_week=run is not None and run.period == period,
        affordable=len(affordable),
        early=bool(first) and not left,
    )
    if step == "begin" and is_over(config, run, now):
        step = ""
    return Standing(step, "", period, run, prompts, basis, frozen, answers, affordable, len(left))


def is_over(config: RetirementConfig, run: ReplayRun | None, now: datetime) -> bool:
    """Whether the endpoint, asked last, no longer knew the model, and need not any more."""
    settings = config.monitoring.same_model
    if run is None or settings is None or not run.body:
        return False
    last_day = max(surface.retires_on for surface in config.candidate.surfaces)
    until = max(last_day, settings.must_be_served_until or last_day)
    return bool(json.loads(run.body).get("gone")) and now.date() > until


def _frozen(session: Session, model_id: str, digest: str) -> tuple[GoldenAnswer, ...]:
    without_bodies = defer(GoldenAnswer.raw)  # type: ignore[arg-type]  # an attribute, to SQLAlchemy
    query = (
        select(GoldenAnswer)
        .where(GoldenAnswer.model_id == model_id, GoldenAnswer.prompts_sha256 == digest)
        .where(GoldenAnswer.outcome != ASKED)
        .options(without_bodies)
        .order_by(col(GoldenAnswer.prompt), col(GoldenAnswer.sample))
    )
    return tuple(session.exec(query).all())
