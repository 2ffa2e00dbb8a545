"""The Prefect task of old against successor."""

from datetime import datetime
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.kernel.digests import canonical_json
from tasks.kernel.errors import EndpointBusy, EndpointFault
from tasks.kernel.instants import to_text
from tasks.monitoring.replays.against import (
    Said,
    advice,
    beside,
    compared,
    corrected,
    grades_of,
    outcome_of,
    prompts_moved,
)
from tasks.monitoring.replays.grades_file import read_grades
from tasks.monitoring.replays.replaying import Asking, ask_calls
from tasks.monitoring.replays.successor_pages import write_owner
from tasks.monitoring.replays.successor_rows import (
    PREDECESSOR,
    SUCCESSOR,
    Asked,
    OwnerStanding,
    SuccessorStanding,
    grades_path,
    said_of,
    successor_standing,
)
from tasks.records import Fence
from tasks.records.latest import is_simulated
from tasks.records.replay import ReplayRun

_GONE = (404, 410)


@task(
    name="compare with successor",
    task_run_name="compare with successor of {config.id}",
    cache_policy=NO_CACHE,
)
def compare_with_successor(config: RetirementConfig, fence: Fence) -> None:
    """Ask what is missing of both models, and judge once nothing is. Safe to repeat.

    All owners are judged together, since one correction is made over all of them. What the model
    that is retired no longer answers is told as not compared.

    Raises:
        EndpointBusy: some calls have no answer yet; a later pass goes on.
        EndpointFault: an endpoint refuses the calls as they stand.
        GradesUnusable: an owner's table of grades can't be read.
        ConfigError: a file of prompts, or a template, can't be used.
        OSError: the reports' folder can't be written.
    """
    found = _now(config)
    if found is None or not found.step:
        return
    for owner in found.owners:
        for side in owner.to_ask:
            _ask(config, fence, owner, side)
    found = _now(config)
    if found is not None and found.step == "ask":
        left = sum(len(side.affordable) for owner in found.owners for side in owner.to_ask)
        raise EndpointBusy(
            f"{config.id}: {left} answers to owners' prompts were no messages; a later pass asks "
            "them again"
        )
    if found is not None and found.step == "judge":
        _judge(config, fence, found)


def _now(config: RetirementConfig) -> SuccessorStanding | None:
    with wiring.book().reading() as session:
        return successor_standing(config, session)


def _ask(config: RetirementConfig, fence: Fence, owner: OwnerStanding, side: Asked) -> None:
    purpose = SUCCESSOR if side is owner.new else PREDECESSOR
    _begin(config, fence, owner, side, purpose)
    try:
        ask_calls(Asking(config.id, side.run_id, side.endpoint), side.affordable, fence)
    except EndpointBusy:
        raise
    except EndpointFault as fault:
        if purpose == SUCCESSOR or fault.status not in _GONE:
            raise
        body = {"gone": True, "reason": f"the endpoint no longer knows {side.endpoint.model}"}
        _put(fence, side.run_id, {"state": "not_judged", "body": canonical_json(body).decode()})


def _begin(
    config: RetirementConfig, fence: Fence, owner: OwnerStanding, side: Asked, purpose: str
) -> None:
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        if writing.session.get(ReplayRun, side.run_id) is not None:
            return
        row = ReplayRun(
            id=side.run_id,
            model_id=config.id,
            purpose=purpose,
            period=owner.settings.owner,
            subject=side.endpoint.model,
            basis=owner.basis,
            state="asking",
            simulated=side.endpoint.simulated or is_simulated(writing.session, config.id),
            started_at=now,
        )
        writing.put(row, "monitoring.replay_begun")


def _judge(config: RetirementConfig, fence: Fence, found: SuccessorStanding) -> None:
    now, settings = wiring.clock().now(), config.monitoring.successor
    assert settings is not None
    bodies = {one.settings.owner: _compared(config, one, now) for one in found.owners}
    raw = {owner: body["comparisons"] for owner, body in bodies.items()}
    told = corrected(raw, alpha=settings.alpha)
    for one in found.owners:
        body, comparisons = bodies[one.settings.owner], told[one.settings.owner]
        body["comparisons"], body["outcome"] = comparisons, outcome_of(comparisons)
        body["family"] = sum(len(rows) for rows in told.values())
        body["advice"] = advice(comparisons, body["moved"])
        wiring.book().keep_lease(fence, now)  # a pass that lost its lease writes no page either
        location = write_owner(config, body)
        values = {
            "state": "judged" if comparisons else "not_judged",
            "outcome": body["outcome"],
            "basis": one.basis,
            "body": canonical_json(body).decode(),
            "location": str(location),
            "simulated": body["simulated"],
            "judged_at": now,
        }
        _begin(config, fence, one, one.new, SUCCESSOR)
        _put(fence, one.new.run_id, values)
        if one.old.run is not None and one.old.run.state == "asking":
            _put(fence, one.old.run_id, {"state": "judged", "judged_at": now})


def _compared(config: RetirementConfig, owner: OwnerStanding, now: datetime) -> dict[str, Any]:
    """One owner's comparison before correction, as JSON values."""
    settings = config.monitoring.successor
    assert settings is not None
    prompts = owner.file.prompts
    old: list[Said] = [*owner.recorded, *said_of(owner.old.answers)]
    new = said_of(owner.new.answers)
    path = grades_path(owner.settings)
    external = {}
    if path is not None and path.is_file():
        external = read_grades(path, {prompt.id for prompt in prompts})
    grades = grades_of(prompts, old, new, external)
    rows = (*owner.new.answers, *owner.old.answers)
    simulated = any(row.simulated for row in rows) or settings.endpoint.simulated
    with wiring.book().reading() as session:
        simulated = simulated or is_simulated(session, config.id)
    contact = next(o.contact for o in config.candidate.owners if o.name == owner.settings.owner)
    return {
        "format": "emeritus-successor/1",
        "made_at": to_text(now),
        "model_id": config.id,
        "display_name": config.display_name,
        "owner": owner.settings.owner,
        "contact": contact,
        "answer_to": settings.answer_to,
        "old_model": config.endpoint.model,
        "new_model": settings.endpoint.model,
        "simulated": simulated,
        "prompts": len(prompts),
        "margin": settings.margin,
        "alpha": settings.alpha,
        "grades_missing": path is not None and not external,
        "comparisons": compared(grades, margin=settings.margin, seed=int(owner.new.run_id[:8], 16)),
        "moved": prompts_moved(prompts, grades, old, new),
        "not_compared": [g.prompt for g in grades if not (g.old and g.new)],
        "calls_left": owner.new.left + owner.old.left,
        "beside": {"old": beside(old), "new": beside(new)},
    }


def _put(fence: Fence, run_id: str, values: dict[str, Any]) -> None:
    with wiring.book().writing(wiring.clock().now(), fence=fence) as writing:
        row = writing.session.get_one(ReplayRun, run_id)
        row.sqlmodel_update(values)
        writing.put(row, "monitoring.replay_judged")
