"""One pass over one model: configuration, records and lease, opened together.

A stage's flow runs on its own or inside `retire`; either way it works within `one_pass`, which the
inner flow finds open and shares.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from prefect.context import FlowRunContext
from sqlalchemy.exc import SQLAlchemyError

from configs.load import load_retirement
from configs.schema import RetirementConfig
from flows.environment import tell_mistakes_plainly
from flows.zombies import close_died_run, close_stale_runs
from tasks import wiring
from tasks.access.gateway.claims import refuse_shared_names
from tasks.candidate.opening import put_in_force
from tasks.kernel.errors import EmeritusError, FenceLost
from tasks.records import Fence
from tasks.records.lease import TERM

tell_mistakes_plainly()  # here, since a worker imports flows and never the command


@dataclass(frozen=True, slots=True)
class Pass:
    """What a stage's tasks are given."""

    config: RetirementConfig
    fence: Fence


_open: ContextVar[Pass | None] = ContextVar("pass", default=None)


@contextmanager
def one_pass(config: Path | RetirementConfig) -> Iterator[Pass]:
    """Hold one model's lease for the block; inside another pass over it, share that one.

    Raises:
        ConfigError: the file can't be used, or names another model's gateway; nothing was written.
        LeaseHeld: another pass is under way.
    """
    if not isinstance(config, RetirementConfig):
        config = load_retirement(config)
    around = _open.get()
    if around is not None and around.config.id == config.id:
        yield around
        return
    book = wiring.book()
    own_run = _flow_run_id()
    taken = book.take_lease(config.id, own_run, wiring.clock().now())
    if taken.died_run:
        close_died_run(taken.died_run)
    if own_run:
        close_stale_runs(config.id, own_run, datetime.now(UTC) - TERM)  # by Prefect's own clock
    current = Pass(config, taken.fence)
    token = _open.set(current)
    try:
        with _heartbeat(taken.fence):
            refuse_shared_names(config, book)
            put_in_force(config, book, taken.fence, wiring.clock().now())
            yield current
    finally:
        _open.reset(token)
        _release(taken.fence)


def every_step(*steps: Callable[[], object]) -> None:
    """Take every step, whatever the one before came to; the first failure is raised at the end.

    Raises:
        FenceLost: at once; another pass has taken over.
        EmeritusError, OSError: the first of those that steps raised.
    """
    failures: list[Exception] = []
    for step in steps:
        try:
            step()
        except FenceLost:
            raise
        except (EmeritusError, OSError) as failure:
            failures.append(failure)
    if failures:
        raise failures[0]


@contextmanager
def _heartbeat(fence: Fence) -> Iterator[None]:
    """Extend the lease while long work writes nothing."""
    stop = threading.Event()
    clock, book = wiring.clock(), wiring.book()

    def beat() -> None:
        while not stop.wait(TERM.total_seconds() / 4):
            with contextlib.suppress(SQLAlchemyError):  # away for a moment; the next beat tries
                try:
                    book.keep_lease(fence, clock.now())
                except EmeritusError:
                    return  # lost: the next write says so

    thread = threading.Thread(target=beat, daemon=True, name=f"lease-{fence.model_id}")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _release(fence: Fence) -> None:
    with contextlib.suppress(EmeritusError):  # a later pass took it: nothing to release
        wiring.book().keep_lease(fence, wiring.clock().now(), free=True)


def _flow_run_id() -> str:
    context = FlowRunContext.get()
    return str(context.flow_run.id) if context and context.flow_run else ""
