"""One round of coding: many answers, a few coders, a bounded number of calls at once.

A round knows neither records nor codebook: it asks what it is given to ask, and hands what a coder
said to `record` as soon as it is there.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from configs.schema.validation import CoderConfig
from tasks import wiring
from tasks.kernel.concurrency import each
from tasks.kernel.errors import EndpointBusy
from tasks.ports.respondent import Answer, Question, Respondent


@dataclass(frozen=True, slots=True)
class Job:
    """One answer that one coder has to read, and the request that shows it."""

    conversation_id: str
    question: Question


Record = Callable[[CoderConfig, Job, Answer], None]


@dataclass(slots=True)
class _Desk:
    """One coder's calls within a round."""

    coder: CoderConfig
    respondent: Respondent
    record: Record
    replied: bool = False
    strays: list[tuple[Job, Answer]] = field(default_factory=list)
    busy: EndpointBusy | None = None

    async def work(self, jobs: Sequence[Job]) -> None:
        """Code all; a busy endpoint leaves the rest for later."""
        try:
            await each(jobs, self._ask, at_once=self.coder.endpoint.concurrency)
        except EndpointBusy as error:
            self.busy = error
        self._settle_strays()

    async def _ask(self, job: Job) -> None:
        reply = await self.respondent.ask(job.question)
        if reply.outcome == "failed":
            self.strays.append((job, reply))
            return
        self.replied = True
        self.record(self.coder, job, reply)

    def _settle_strays(self) -> None:
        """Replies that are no message: the endpoint's fault if nothing else came, else theirs."""
        if self.replied:
            for job, reply in self.strays:
                self.record(self.coder, job, reply)
        elif self.strays and self.busy is None:
            problem = self.strays[0][1].problem
            self.busy = EndpointBusy(
                f"{self.coder.name} at {self.coder.endpoint.base_url}: {problem}; nothing was "
                "coded; check the URL, or wait: a later pass goes on"
            )


async def code_round(
    work: Sequence[tuple[CoderConfig, Sequence[Job]]], record: Record
) -> EndpointBusy | None:
    """Have coders read answers, all coders at once.

    Args:
        work: (coder, what it reads); coders without jobs aren't called.
        record: called with each reply, in the event loop's thread.

    Returns:
        The first fault of the moment, when some answers are left for later.

    Raises:
        EndpointFault: a coder's endpoint refuses the calls as they stand.
    """
    desks = [
        (_Desk(coder, wiring.respondent(coder.endpoint), record), jobs)
        for coder, jobs in work
        if jobs
    ]
    try:
        async with asyncio.TaskGroup() as group:
            for desk, jobs in desks:
                group.create_task(desk.work(jobs))
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
    finally:
        for desk, _ in desks:
            with suppress(OSError):
                await desk.respondent.aclose()
    return next((desk.busy for desk, _ in desks if desk.busy is not None), None)
