"""Prefect tasks of the interviews stage."""

import asyncio
from dataclasses import asdict

from prefect import task
from prefect.cache_policies import NO_CACHE

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.interviews.core import assess_plan, next_wave, outstanding
from tasks.interviews.design import Planned, question_of, wave_opens_at
from tasks.interviews.view import InterviewsView, look
from tasks.kernel.concurrency import each
from tasks.kernel.digests import canonical_json, digest_of, sha256_hex
from tasks.kernel.errors import BudgetExhausted
from tasks.kernel.retry import is_transient
from tasks.ports.respondent import Answer, Respondent
from tasks.records import Fence
from tasks.records.interview import Conversation, Design


@task(name="register design", cache_policy=NO_CACHE)
def register_design(config: RetirementConfig, fence: Fence) -> None:
    """Register the design before the first call. Safe to repeat: the registered one stays."""
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        view = look(config, writing.session, now)
        if view.registered or assess_plan(
            len(view.planned), config.interviews.max_calls, view.departures
        ):
            return
        row = Design(
            digest=view.digest,
            model_id=config.id,
            body=canonical_json(view.body).decode(),
            conversations=len(view.planned),
            registered_at=now,
        )
        writing.put(row, "interviews.design_registered")


@task(
    name="hold wave",
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=is_transient,
    cache_policy=NO_CACHE,
)
def hold_wave(config: RetirementConfig, fence: Fence) -> None:
    """Hold the conversations of the open wave that are still outstanding.

    Resumable to the call: a conversation that has an outcome is never asked again.

    Raises:
        EndpointBusy: some have no answer yet; the next try, or the next pass, asks them.
        EndpointFault: the endpoint refuses the calls as they stand.
        BudgetExhausted: `interviews.max_calls` is reached.
    """
    now = wiring.clock().now()
    with wiring.book().reading() as session:
        view = look(config, session, now)
    wave = next_wave(view.planned, view.outcomes)
    if wave is None or wave_opens_at(view.body, wave, view.first_asked) > now:
        return
    left = outstanding(view.planned, view.outcomes, wave)
    affordable = left[: max(0, config.interviews.max_calls - view.attempts)]
    asyncio.run(_hold(config, fence, view, affordable))
    if len(affordable) < len(left):
        raise BudgetExhausted(
            f"{config.id}: interviews.max_calls ({config.interviews.max_calls}) is reached with "
            f"{len(left) - len(affordable)} conversations left; raise it to go on"
        )


async def _hold(
    config: RetirementConfig, fence: Fence, view: InterviewsView, planned: tuple[Planned, ...]
) -> None:
    respondent = wiring.respondent(config.endpoint)

    async def one(conversation: Planned) -> None:
        await _converse(config, fence, view, conversation, respondent)

    try:
        await each(planned, one, at_once=config.endpoint.concurrency)
    finally:
        await respondent.aclose()


async def _converse(
    config: RetirementConfig,
    fence: Fence,
    view: InterviewsView,
    planned: Planned,
    respondent: Respondent,
) -> None:
    preamble = view.instrument.preamble.format(
        display_name=config.display_name, retires_on=config.candidate.first_retires_on
    )
    question = question_of(planned, view.body, view.instrument, preamble)
    _record_intent(config.id, fence, view.digest, planned, digest_of(asdict(question)))
    answer = await respondent.ask(question)
    _record_answer(fence, planned.id, answer)


def _record_intent(
    model_id: str, fence: Fence, digest: str, planned: Planned, question_sha256: str
) -> None:
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        row = writing.session.get(Conversation, planned.id) or Conversation(
            id=planned.id,
            design_digest=digest,
            model_id=model_id,
            wave=planned.wave,
            theme=planned.theme,
            kind=planned.kind,
            context=planned.context,
            variant=planned.variant,
            outcome="asked",
            attempts=0,
            asked_at=now,
            question_sha256="",
        )
        row.attempts, row.asked_at = row.attempts + 1, now
        row.question_sha256 = question_sha256
        writing.put(row, "interviews.asked")


def _record_answer(fence: Fence, conversation_id: str, answer: Answer) -> None:
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        row = writing.session.get_one(Conversation, conversation_id)
        row.outcome, row.answered_at = answer.outcome, now
        row.request_id, row.served_model = answer.request_id, answer.served_model
        row.stop_reason, row.problem = answer.stop_reason, answer.problem
        row.input_tokens, row.output_tokens = answer.input_tokens, answer.output_tokens
        row.text, row.raw = answer.text, answer.raw
        row.raw_sha256, row.simulated = sha256_hex(answer.raw.encode()), answer.simulated
        writing.put(row, f"interviews.{answer.outcome}")
