"""Many calls of one endpoint: so many at once, and no more of them once it is overloaded."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from tasks.kernel.errors import EndpointBusy

_Item = TypeVar("_Item")


async def each(
    items: Iterable[_Item], work: Callable[[_Item], Awaitable[None]], *, at_once: int
) -> None:
    """Do the work on every item, at most `at_once` at a time.

    Args:
        items: in the order in which they are begun.
        work: what is done on one of them.
        at_once: how many are under way at the most.

    Raises:
        EndpointBusy: the first that the work raised. What was under way then came to its end, and
            nothing more was begun: the rest is left for later.
        Exception: the first of any other kind; what was under way was cancelled.
    """
    gate = asyncio.Semaphore(at_once)
    busy: list[EndpointBusy] = []

    async def one(item: _Item) -> None:
        async with gate:
            if busy:
                return
            try:
                await work(item)
            except EndpointBusy as error:
                busy.append(error)

    try:
        async with asyncio.TaskGroup() as group:
            for item in items:
                group.create_task(one(item))
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
    if busy:
        raise busy[0]
