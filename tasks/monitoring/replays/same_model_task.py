"""The Prefect task of the weekly same-model test."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.kernel.digests import canonical_json, stable_id
from tasks.kernel.errors import EndpointBusy, EndpointFault
from tasks.monitoring.incidents.rows import latest_incident, raise_incident
from tasks.monitoring.replays.replaying import Asking, ask_calls
from tasks.monitoring.replays.same_model_rows import SAME_MODEL, Standing, standing
from tasks.monitoring.replays.weekly import judge
from tasks.ports.recorded_prompts import ASKED
from tasks.records import Fence, Writing
from tasks.records.latest import is_simulated
from tasks.records.replay import ReplayRun

SUBJECT = "golden prompts"
_GONE = (404, 410)


@task(name="same-model test", task_run_name="same-model test of {config.id}", cache_policy=NO_CACHE)
def check_same_model(config: RetirementConfig, fence: Fence) -> None:
    """Bring this week's same-model test as far as it goes. Safe to repeat.

    Resumable to the call, as golden prompts are: what has an outcome is not asked again, and no
    week makes more calls than `same_model.max_calls`. The run is judged once, when no call is left.

    Raises:
        EndpointBusy: some calls have no answer yet; a later pass goes on, this week.
        EndpointFault: the endpoint refuses the calls as they stand.
        ConfigError: the file of golden prompts can't be used.
    """
    while (found := _now(config)) is not None and found.step:
        if found.step == "begin":
            _begin(config, fence, found)
        elif found.step == "close":
            _close(config, fence, found)
        elif found.step == "ask":
            _ask(config, fence, found)
        else:
            _judge(config, fence, found, early=found.step == "look")


def _now(config: RetirementConfig) -> Standing | None:
    with wiring.book().reading() as session:
        return standing(config, session, wiring.clock().now())


def _begin(config: RetirementConfig, fence: Fence, found: Standing) -> None:
    now = wiring.clock().now()
    run_id = stable_id(config.id, SAME_MODEL, found.period)
    with wiring.book().writing(now, fence=fence) as writing:
        row = ReplayRun(
            id=run_id,
            model_id=config.id,
            purpose=SAME_MODEL,
            period=found.period,
            subject=config.endpoint.model,
            basis=found.basis,
            state="asking",
            simulated=is_simulated(writing.session, config.id),
            started_at=now,
        )
        writing.put(row, "monitoring.replay_begun")


def _ask(config: RetirementConfig, fence: Fence, found: Standing) -> None:
    assert found.run is not None
    try:
        ask_calls(Asking(config.id, found.run.id, config.endpoint), found.affordable, fence)
    except EndpointBusy:
        raise
    except EndpointFault as fault:
        if fault.status not in _GONE:
            raise
        _gone(config, fence, found.run, str(fault))
        return
    after = _now(config)
    if after is not None and after.step == "ask":
        raise EndpointBusy(
            f"{config.endpoint.base_url} ({config.endpoint.model}): {len(after.affordable)} "
            "answers of the same-model test were no messages; a later pass asks them again"
        )


def _judge(config: RetirementConfig, fence: Fence, found: Standing, *, early: bool) -> None:
    """Judge what came. At the early look only a week that is plainly the same ends."""
    settings, run = config.monitoring.same_model, found.run
    assert settings is not None
    assert run is not None
    fresh = sorted(
        (row for row in found.answers if row.outcome != ASKED), key=lambda r: (r.prompt, r.sample)
    )
    verdict = judge(found.frozen, fresh, settings, int(run.id[:12], 16))
    p_value = verdict.body.get("p_value")
    if early and (p_value is None or p_value <= settings.stop_above):
        _go_on(fence, run, p_value)
        return
    body = {**verdict.body, "calls": sum(row.tries for row in found.answers)}
    if early:
        body["stopped_early"] = True
    if found.left:
        body["note"] = (
            f"{found.left} calls were left when same_model.max_calls ({settings.max_calls}) was "
            "reached; what came was judged"
        )
    said_so = [*(row.simulated for row in fresh), *(row.simulated for row in found.frozen)]
    simulated = run.simulated or any(said_so)
    with _ending(fence, run, body, verdict.outcome, simulated=simulated) as writing:
        if verdict.incident:
            _raise(writing, config, run, _differs(config, run, body), body)


def _go_on(fence: Fence, run: ReplayRun, p_value: float | None) -> None:
    """Keep that the early look was taken, so that the rest is asked and it is not taken again."""
    with wiring.book().writing(wiring.clock().now(), fence=fence) as writing:
        row = writing.session.get_one(ReplayRun, run.id)
        row.body = canonical_json({"first": {"p_value": p_value}}).decode()
        writing.put(row, "monitoring.replay_goes_on")


def _close(config: RetirementConfig, fence: Fence, found: Standing) -> None:
    """A run that its week, or its prompts, left behind: told as not enough, never as the same."""
    run = found.run
    assert run is not None
    came = sum(row.outcome != ASKED for row in found.answers)
    why = "its week was over" if run.period != found.period else "its prompts or endpoint changed"
    body = {"reason": f"not judged: {why} after {came:,} answers had come", "answers": came}
    with _ending(fence, run, body, "not_enough", simulated=run.simulated):
        pass


def _gone(config: RetirementConfig, fence: Fence, run: ReplayRun, said: str) -> None:
    settings, today = config.monitoring.same_model, wiring.clock().now().date()
    assert settings is not None
    until = settings.must_be_served_until
    missed = until is not None and today <= until
    body: dict[str, Any] = {
        "reason": f"not judged: the endpoint no longer knows {run.subject}",
        "gone": True,
        "said": said,
    }
    with _ending(fence, run, body, "", simulated=run.simulated) as writing:
        if missed:
            summary = (
                f"{config.display_name}: the endpoint no longer knows {run.subject}, which is to "
                f"be served until {until}; find out who took it down"
            )
            _raise(writing, config, run, summary, body)


@contextmanager
def _ending(
    fence: Fence, run: ReplayRun, body: dict[str, Any], outcome: str, *, simulated: bool
) -> Iterator[Writing]:
    """A write that ends a run, and whatever follows from that in the same transaction."""
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        row = writing.session.get_one(ReplayRun, run.id)
        row.state = "judged" if outcome in ("same", "differs") else "not_judged"
        row.outcome, row.simulated, row.judged_at = outcome, simulated, now
        row.body = canonical_json(body).decode()
        writing.put(row, "monitoring.replay_judged")
        yield writing


def _raise(
    writing: Writing, config: RetirementConfig, run: ReplayRun, summary: str, body: dict[str, Any]
) -> None:
    """Open an incident, unless an earlier week's is still open: people are told once."""
    before = latest_incident(writing.session, config.id, "same_model", SUBJECT)
    if before is not None and before.closed_at is None:
        return
    evidence = {name: body[name] for name in _EVIDENCE if name in body}
    raise_incident(
        writing,
        model_id=config.id,
        kind="same_model",
        subject=SUBJECT,
        began=run.period,
        severity="high",
        summary=summary,
        evidence={**evidence, "run": run.id},
        simulated=writing.session.get_one(ReplayRun, run.id).simulated,
        now=writing.now,
    )


_EVIDENCE = (
    *("p_value", "incident_alpha", "permutations", "frozen", "fresh", "kernels"),
    *("examples", "beside", "reason", "said"),
)


def _differs(config: RetirementConfig, run: ReplayRun, body: dict[str, Any]) -> str:
    most = ", ".join(one["prompt"] for one in body["prompts"][:3])
    return (
        f"{config.display_name}: answers in the week of {run.period} are not drawn as the frozen "
        f"ones were (p = {body['p_value']:.2g}); most on {most}; compare the examples, and ask "
        "who serves the model what changed"
    )
