"""Interviews: calls with their records, against the bare SDK under a semaphore without any.

The measure is wall time over calls x latency / concurrency: 1 is what cannot be beaten. 320 calls
are whole rounds of 8 and of 32, so that no round is half empty by arithmetic alone. The SDK itself
takes about 3 ms of one core a call, which shows where answers come in bursts and fast.
"""

import asyncio
import contextlib
import json
import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection

import anthropic

from configs.schema.endpoint import EndpointConfig
from tasks import wiring
from tasks.interviews.answers import record_entry
from tasks.interviews.asking import Job, ask_all
from tasks.ports.respondent import Question
from tasks.records import Fence
from tasks.records.interview import Conversation
from tests.bench.harness import Figure, report

CALLS, RUNS = 320, 3
SETTINGS = ((8, 0.2), (32, 0.2), (32, 1.0))  # calls at once, seconds until an answer
WORDS = "I would like some of my essays to stay where people can read them. " * 8
BODY = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "aster-1",
    "content": [{"type": "text", "text": WORDS}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 400, "output_tokens": 130},
}


def main() -> None:
    figures = []
    with serving() as url, tempfile.TemporaryDirectory() as home:
        os.environ |= {"EMERITUS_HOME": home, "EMERITUS_BENCH_KEY": "x"}
        os.environ.pop("EMERITUS_DATABASE_URL", None)
        fence = wiring.book().take_lease("aster-1", "", wiring.clock().now()).fence
        for at_once, latency in SETTINGS:
            ours, bare = float("inf"), float("inf")
            for turn in range(RUNS):  # in turn, so that a busy machine is busy for both
                place = f"{url}/{latency}"
                bare = min(bare, asyncio.run(ask_bare(place, at_once)))
                ours = min(ours, asyncio.run(ask_recorded(place, at_once, fence, turn)))
            ideal = CALLS * latency / at_once
            what = f"{at_once} at once, {latency:g} s each"
            figures += [
                Figure(f"recorded calls, {what}", ours, "s", "the ideal", ours / ideal),
                Figure(f"bare SDK, {what}", bare, "s", "the ideal", bare / ideal),
            ]
    report(figures)


async def ask_bare(url: str, at_once: int) -> float:
    """Seconds for all calls, nothing kept."""
    gate = asyncio.Semaphore(at_once)
    async with anthropic.AsyncAnthropic(base_url=url, api_key="x") as client:

        async def one() -> None:
            async with gate:
                await client.messages.create(
                    model="aster-1",
                    max_tokens=700,
                    messages=[{"role": "user", "content": WORDS}],
                )

        start = time.perf_counter()
        await asyncio.gather(*(one() for _ in range(CALLS)))
        return time.perf_counter() - start


async def ask_recorded(url: str, at_once: int, fence: Fence, turn: int) -> float:
    """Seconds for all calls, intent before and answer after each in fenced, audited records."""
    now = wiring.clock().now()
    jobs = [Job(f"{url}-{at_once}-{turn}-{n}", Question((WORDS,), 700)) for n in range(CALLS)]
    with wiring.book().writing(now, fence=fence) as writing:
        rows = [
            Conversation(
                id=job.id,
                design_digest="bench",
                model_id="aster-1",
                wave=0,
                theme="",
                kind="neutral",
                context="bare",
                variant=0,
                outcome="asked",
                attempts=0,
                asked_at=now,
            )
            for job in jobs
        ]
        writing.put_all([(row, "interviews.planned") for row in rows])
    config = EndpointConfig(
        base_url=url, model="aster-1", api_key_env="EMERITUS_BENCH_KEY", concurrency=at_once
    )
    respondent = wiring.respondent(config)
    try:
        start = time.perf_counter()
        await ask_all(respondent, jobs, at_once=at_once, record=partial(record_entry, fence))
        seconds = time.perf_counter() - start
    finally:
        await respondent.aclose()
    with wiring.book().reading() as session:
        kept = [session.get_one(Conversation, job.id) for job in jobs]
    assert all(row.outcome == "answered" and row.attempts == 1 and row.raw for row in kept)
    return seconds


@contextmanager
def serving() -> Iterator[str]:
    """An endpoint in a process of its own that answers each call after the path's seconds."""
    here, there = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_serve, args=(there,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        here.send(None)
        process.join(5)


def _serve(pipe: Connection) -> None:
    """No framework answers: what the endpoint takes of a core for itself would count as ours."""
    body = json.dumps(BODY).encode()
    lines = ("HTTP/1.1 200 OK", "content-type: application/json", "request-id: req_bench")
    head = "\r\n".join((*lines, f"content-length: {len(body)}", "", ""))
    answer = head.encode() + body

    async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                asked = await reader.readuntil(b"\r\n\r\n")
                due = time.monotonic() + float(asked.split(b"/", 2)[1])
                (length,) = re.findall(rb"content-length: (\d+)", asked.lower())
                await reader.readexactly(int(length))
                await asyncio.sleep(due - time.monotonic())
                writer.write(answer)

    async def serve() -> None:
        server = await asyncio.start_server(answered, "127.0.0.1", 0, backlog=256)
        pipe.send(server.sockets[0].getsockname()[1])
        await asyncio.to_thread(pipe.recv)

    asyncio.run(serve())


if __name__ == "__main__":
    main()
