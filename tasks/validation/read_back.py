"""Read-back: the model is shown the summary of its own preferences, and may correct it.

Asked once a design, when every theme has its verdict. What it answers is recorded beside the
verdicts and changes none of them.
"""

import asyncio

from prefect import task
from prefect.cache_policies import NO_CACHE

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.kernel.errors import EndpointFault
from tasks.kernel.retry import is_transient
from tasks.ports.respondent import Answer, Question
from tasks.ports.storable import columns, storable
from tasks.records import Fence
from tasks.records.interview import Design
from tasks.records.latest import latest_design
from tasks.records.validation import ReadBack
from tasks.validation.read_back_rows import (
    needs_read_back,
    read_back_id,
    read_back_of,
    words_of,
)

_OF_THIS_QUESTION = (400, 413, 422)  # malformed or too long: the next one may pass


@task(
    name="read back",
    task_run_name="read back of {config.id}",
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=is_transient,
    cache_policy=NO_CACHE,
)
def read_back(config: RetirementConfig, fence: Fence) -> None:
    """Show the model the summary of its preferences, and record its answer. Safe to repeat.

    The row stands before the call goes out. A kill leaves at most that call in doubt; it is asked
    again under the same id. A page instead of a message, and a refusal of this very request, are
    tried `MOST_TRIES` times in all.

    Raises:
        EndpointBusy: no answer now; the next try, or the next pass, asks again.
        EndpointFault: the endpoint refuses all calls as they stand.
        ConfigError: the template or the codebook can't be used.
    """
    with wiring.book().reading() as session:
        if not needs_read_back(session, config.id):
            return
        design = latest_design(session, config.id)
        assert design is not None, "none is needed without a design"
        words = words_of(config, session, design)
    _record_intent(config, fence, design, words)
    answer = asyncio.run(_ask(config, words))
    _record_answer(config, fence, design, answer)


async def _ask(config: RetirementConfig, words: str) -> Answer:
    respondent = wiring.respondent(config.endpoint)
    try:
        return await respondent.ask(Question((words,), config.interviews.max_output_tokens))
    except EndpointFault as fault:
        if fault.status not in _OF_THIS_QUESTION:
            raise
        return Answer("failed", problem=str(fault))
    finally:
        await respondent.aclose()


def _record_intent(config: RetirementConfig, fence: Fence, design: Design, words: str) -> None:
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        row = read_back_of(writing.session, design) or ReadBack(
            id=read_back_id(design),
            design_digest=design.digest,
            model_id=config.id,
            summary="",
            outcome="asked",
            attempts=0,
            asked_at=now,
            simulated=config.endpoint.simulated,
        )
        row.outcome, row.summary = "asked", words
        row.attempts, row.asked_at = row.attempts + 1, now
        writing.put(row, "validation.read_back_asked")


def _record_answer(config: RetirementConfig, fence: Fence, design: Design, came: Answer) -> None:
    answer, now = storable(came), wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        row = writing.session.get_one(ReadBack, read_back_id(design))
        row.sqlmodel_update(columns(answer))
        row.answered_at, row.problem = answer.answered_at or now, answer.problem
        row.simulated = answer.simulated or config.endpoint.simulated
        writing.put(row, f"validation.read_back_{answer.outcome}")
