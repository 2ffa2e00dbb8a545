"""The planted respondent behind a delay, so that a pass is at work for as long as a test needs."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from starlette.types import Receive, Scope, Send

from tasks.simulation.planted import PlantedWorld
from tasks.simulation.serve import _listening, _url
from tasks.simulation.server import build_app


@dataclass
class SlowEndpoint:
    """A running endpoint.

    Attributes:
        url: its base URL.
        seconds: what a call of messages waits before it is answered; may be set at any time.
        called: set when such a call came.
        most: most calls that waited at once.
    """

    url: str
    seconds: float
    called: threading.Event
    waiting: int = 0
    most: int = 0


@contextmanager
def slow_endpoint(world: PlantedWorld, seconds: float) -> Iterator[SlowEndpoint]:
    """Serve a world in a thread for the block, each message after a delay."""
    app = build_app(world)
    with _listening(0) as listener:
        slow = SlowEndpoint(_url(listener), seconds, threading.Event())

        async def delayed(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and scope["path"] == "/v1/messages":
                slow.called.set()
                slow.waiting += 1
                slow.most = max(slow.most, slow.waiting)
                await asyncio.sleep(slow.seconds)
                slow.waiting -= 1
            await app(scope, receive, send)

        server = uvicorn.Server(
            uvicorn.Config(
                delayed,
                log_level="critical",
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=1,
            )
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield slow
        finally:
            app.state.closing = True
            server.should_exit = True
            thread.join()
