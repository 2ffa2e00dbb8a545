"""Calls side by side: never too many, and none begun under overload."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.kernel.concurrency import each
from tasks.kernel.errors import EndpointBusy, EndpointFault


@given(st.integers(0, 20), st.integers(1, 6))
def test_all_is_done_and_never_more_at_once_than_allowed(items: int, at_once: int) -> None:
    done, under_way, most = [], 0, 0

    async def work(item: int) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        done.append(item)

    asyncio.run(each(range(items), work, at_once=at_once))
    assert sorted(done) == list(range(items))
    assert most == min(items, at_once)


def test_overload_lets_what_is_under_way_end_and_begins_no_more() -> None:
    begun, ended = [], []

    async def work(item: int) -> None:
        begun.append(item)
        await asyncio.sleep(0)
        if item == 0:
            raise EndpointBusy("529")
        await asyncio.sleep(0)
        ended.append(item)

    with pytest.raises(EndpointBusy, match="529"):
        asyncio.run(each(range(10), work, at_once=3))
    assert begun == [0, 1, 2]
    assert ended == [1, 2]


def test_a_fault_cancels_what_is_under_way_and_comes_as_itself() -> None:
    ended = []

    async def work(item: int) -> None:
        await asyncio.sleep(0)
        if item == 0:
            raise EndpointFault("401")
        await asyncio.sleep(60)
        ended.append(item)

    with pytest.raises(EndpointFault, match="401"):
        asyncio.run(each(range(3), work, at_once=3))
    assert ended == []
