"""Asking golden prompts, and freezing what was answered from the records."""

import asyncio
from collections.abc import Sequence
from importlib.metadata import version

from prefect import task
from prefect.cache_policies import NO_CACHE

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.kernel.concurrency import each
from tasks.kernel.digests import stable_id
from tasks.kernel.errors import BudgetExhausted, EndpointBusy
from tasks.ports.recorded_prompts import ASKED, Call, ask_prompt, host_of
from tasks.ports.respondent import Answer, Respondent
from tasks.ports.storable import columns, storable
from tasks.preservation.events import AGENT
from tasks.preservation.golden import capture_detail
from tasks.preservation.golden_rows import CAPTURE, GoldenView, look
from tasks.records import Fence
from tasks.records.preservation import GoldenAnswer, PreservationEvent


@task(
    name="ask golden prompts",
    task_run_name="ask golden prompts of {config.id}",
    cache_policy=NO_CACHE,
)
def ask_golden(config: RetirementConfig, fence: Fence) -> None:
    """Ask the golden prompts that are not answered yet. Safe to repeat.

    Resumable to the call: what has an outcome is not asked again, but for `failed`, which later
    passes ask. It has no retries of its own, since another try seconds later would use those up:
    the adapter makes `endpoint.attempts` tries of each call, and a later pass goes on.

    Raises:
        EndpointBusy: some have no answer yet, or none that is a message; a later pass asks them.
        EndpointFault: the endpoint refuses the calls as they stand.
        BudgetExhausted: `golden_prompts.max_calls` is reached.
        ConfigError: the file of prompts can't be used.
    """
    view, golden = _now(config), config.preservation.golden_prompts
    if golden is None or view is None or not view.left:
        return
    affordable = view.left[: max(0, golden.max_calls - view.spent)]
    if affordable:
        asyncio.run(_ask_all(config, fence, view.digest, affordable))
    if len(affordable) < len(view.left):
        raise BudgetExhausted(
            f"{config.id}: preservation.golden_prompts.max_calls ({golden.max_calls}) is reached "
            f"with {len(view.left) - len(affordable)} calls left; raise it to go on"
        )
    after = _now(config)
    if after is not None and after.left:
        raise EndpointBusy(
            f"{config.endpoint.base_url} ({config.endpoint.model}): {len(after.left)} answers to "
            "golden prompts were no messages, though HTTP said 200; a later pass asks them again"
        )


def _now(config: RetirementConfig) -> GoldenView | None:
    with wiring.book().reading() as session:
        return look(config, session)


async def _ask_all(
    config: RetirementConfig, fence: Fence, digest: str, calls: Sequence[Call]
) -> None:
    respondent = wiring.respondent(config.endpoint)

    async def one(call: Call) -> None:
        await _ask(config, fence, digest, call, respondent)

    try:
        _record_capture(config, fence, digest)
        await each(calls, one, at_once=config.endpoint.concurrency)
    finally:
        await respondent.aclose()


async def _ask(
    config: RetirementConfig, fence: Fence, digest: str, call: Call, respondent: Respondent
) -> None:
    row_id = _record_intent(config.id, fence, digest, call)
    answer = await ask_prompt(respondent, call.prompt)
    _record_answer(fence, row_id, storable(answer))


def _record_capture(config: RetirementConfig, fence: Fence, digest: str) -> None:
    """Record of what, and with what, is asked; once for each way."""
    now, endpoint = wiring.clock().now(), config.endpoint
    agent = f"{AGENT}, anthropic {version('anthropic')}"
    host = host_of(endpoint.base_url)
    detail = capture_detail(digest, host, endpoint.model)
    event_id = stable_id(config.id, CAPTURE, digest, host, endpoint.model, agent)
    with wiring.book().writing(now, fence=fence) as writing:
        if writing.session.get(PreservationEvent, event_id) is not None:
            return
        row = PreservationEvent(
            id=event_id,
            model_id=config.id,
            package_id="",  # it comes before any package
            kind=CAPTURE,
            outcome="success",
            detail=detail,
            agent=agent,
            at=now,
        )
        writing.put(row, "preservation.capture")


def _record_intent(model_id: str, fence: Fence, digest: str, call: Call) -> str:
    row_id = stable_id(model_id, digest, call.prompt.id, call.sample)
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        row = writing.session.get(GoldenAnswer, row_id) or GoldenAnswer(
            id=row_id,
            model_id=model_id,
            prompts_sha256=digest,
            prompt=call.prompt.id,
            sample=call.sample,
            outcome=ASKED,
            tries=0,
            asked_at=now,
        )
        row.outcome, row.tries, row.asked_at = ASKED, row.tries + 1, now
        writing.put(row, "preservation.golden_asked")
    return row_id


def _record_answer(fence: Fence, row_id: str, answer: Answer) -> None:
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        row = writing.session.get_one(GoldenAnswer, row_id)
        row.sqlmodel_update(columns(answer))
        writing.put(row, "preservation.golden_answer")
