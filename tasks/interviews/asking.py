"""Many questions, asked one by one: so many at once, while the records are written beside.

What is to be written gathers while a write is under way and goes into one transaction, off the
event loop, so that writing costs next to no waiting. A question's intent stands in the records
before it goes out. An answer keeps the place of its call until it is written, so that a kill loses
at most `at_once` of them; only where a write takes longer than a fiftieth of the call is the next
one let go before.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Protocol

from tasks.kernel.errors import EndpointBusy, EndpointFault
from tasks.ports.respondent import Answer, Question, Respondent

_OF_ONE_QUESTION = (400, 413, 422)
_PATIENCE = 0.02  # of a call's own time
_SOON_SECONDS = 0.05
_REST = 0.5  # of a write's own time
_REFUSALS = 3  # so many, and no answer: the calls are wrong, not the questions


@dataclass(frozen=True, slots=True)
class Job:
    """One call to be made."""

    id: str
    question: Question


@dataclass(frozen=True, slots=True)
class Entry:
    """What is written together.

    Attributes:
        begun: jobs that go out next.
        answered: jobs whose answer came.
        withdrawn: jobs that were begun and never went out.
    """

    begun: Sequence[Job] = ()
    answered: Sequence[tuple[Job, Answer]] = ()
    withdrawn: Sequence[Job] = ()


class Record(Protocol):
    """Writes an entry in one transaction. Called in a thread, never twice at once."""

    def __call__(self, entry: Entry) -> None:
        """Write it."""
        ...


async def ask_all(
    respondent: Respondent, jobs: Sequence[Job], *, at_once: int, record: Record
) -> None:
    """Ask all, and record each intent before and each answer after.

    A question that the endpoint refuses by itself (400, 413, 422) while it answers others is
    `failed`; where it answers none, the fault is the configuration's.

    Args:
        respondent: who is asked.
        jobs: in the order in which they go out.
        at_once: how many are under way at the most.
        record: writes what happened.

    Raises:
        EndpointBusy: the endpoint can't answer now. What was under way came to its end and was
            recorded, and nothing more went out.
        EndpointFault: it refuses the calls as they stand; likewise.
        Exception: what `record` raised; calls under way were cancelled.
    """
    ledger = _Ledger(record)
    floor = _Floor(respondent, ledger, iter(jobs), asyncio.Semaphore(at_once))
    # As many jobs again stand ready, written already, for whenever calls end.
    ready = 2 * at_once
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(ready, len(jobs))):
                group.create_task(floor.work())
        floor.settle_refused()
        await ledger.flush()
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
    finally:
        await ledger.close()
    if floor.fault is not None:
        raise floor.fault


@dataclass(slots=True)
class _Floor:
    """The calls of one run."""

    respondent: Respondent
    ledger: "_Ledger"
    jobs: Iterator[Job]
    gate: asyncio.Semaphore
    fault: EndpointFault | None = None
    answered: int = 0
    refused: list[tuple[Job, EndpointFault]] = field(default_factory=list)

    async def work(self) -> None:
        """Take jobs until none is left, or the endpoint has had enough."""
        for job in self.jobs:
            if self.fault is not None:
                return
            await self.ledger.begin(job, soon=self.gate.locked())
            async with self.gate:
                if self.fault is not None:
                    self.ledger.withdraw(job)
                    return
                await self._ask(job)

    async def _ask(self, job: Job) -> None:
        start = time.monotonic()
        try:
            answer = await self.respondent.ask(job.question)
        except EndpointFault as fault:
            if fault.status not in _OF_ONE_QUESTION or isinstance(fault, EndpointBusy):
                self._stop(fault)
                return
            self.refused.append((job, fault))
            if not self.answered and len(self.refused) >= _REFUSALS:
                self._stop(self.refused[0][1])
            return
        self.answered += 1
        written = self.ledger.answer(job, answer)
        # Until it is written a kill would lose it, so it holds its place; not for long, though.
        await asyncio.wait([written], timeout=(time.monotonic() - start) * _PATIENCE)

    def _stop(self, fault: EndpointFault) -> None:
        if self.fault is None or (fault.until is not None and self.fault.until is None):
            self.fault = fault

    def settle_refused(self) -> None:
        """Questions refused while others were answered have an outcome: none can come."""
        if self.refused and not self.answered:
            self._stop(self.refused[0][1])
            return
        for job, fault in self.refused:
            self.ledger.answer(job, Answer("failed", problem=str(fault)))


class _Ledger:
    """What is to be written, and the thread that writes it."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._thread = ThreadPoolExecutor(1, "records")
        self._begun: list[tuple[Job, asyncio.Future[None]]] = []
        self._answered: list[tuple[Job, Answer]] = []
        self._told: list[asyncio.Future[None]] = []
        self._withdrawn: list[Job] = []
        self._writing: asyncio.Task[None] | None = None
        self._failed: BaseException | None = None

    async def begin(self, job: Job, *, soon: bool) -> None:
        """Return once the job's intent is written.

        Args:
            job: what goes out next.
            soon: False where a call waits for it; else it may wait for an answer to go with.
        """
        self._check()
        written = asyncio.get_running_loop().create_future()
        self._begun.append((job, written))
        if soon:
            asyncio.get_running_loop().call_later(_SOON_SECONDS, self._wake)
        else:
            self._wake()
        await written

    def answer(self, job: Job, answer: Answer) -> "asyncio.Future[None]":
        """Have an answer written; the future is done when it is, or can't be."""
        written = asyncio.get_running_loop().create_future()
        self._answered.append((job, answer))
        self._told.append(written)
        self._wake()
        return written

    def withdraw(self, job: Job) -> None:
        """Have it written that a job never went out."""
        self._withdrawn.append(job)
        self._wake()

    async def flush(self) -> None:
        """Return once all is written."""
        while self._writing is not None:
            await asyncio.wait([self._writing])
        self._check()

    async def close(self) -> None:
        """Write what came, whatever went wrong elsewhere, and end the thread."""
        if self._writing is not None:
            await asyncio.wait([self._writing])
        self._thread.shutdown(wait=True)

    def _check(self) -> None:
        if self._failed is not None:
            raise self._failed

    def _wake(self) -> None:
        if self._writing is None and self._failed is None and self._is_work:
            self._writing = asyncio.create_task(self._write())

    @property
    def _is_work(self) -> bool:
        return bool(self._begun or self._answered or self._withdrawn)

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        waiters: list[asyncio.Future[None]] = []
        told: list[asyncio.Future[None]] = []
        try:
            while self._is_work:
                waiters, told = [written for _, written in self._begun], self._told
                entry = Entry([job for job, _ in self._begun], self._answered, self._withdrawn)
                self._begun, self._answered, self._withdrawn, self._told = [], [], [], []
                start = time.monotonic()
                await loop.run_in_executor(self._thread, copy_context().run, self._record, entry)
                _settle([*waiters, *told])
                waiters, told = [], []
                # A write costs about the same for one as for ten: let some gather.
                await asyncio.sleep((time.monotonic() - start) * _REST)
        except BaseException as error:
            self._failed = error
            for written in (*waiters, *(written for _, written in self._begun)):
                if not written.done():
                    written.set_exception(error)
            _settle([*told, *self._told])
        finally:
            self._writing = None


def _settle(futures: Iterable["asyncio.Future[None]"]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)
