"""Starting and stopping the planted respondent: from a terminal, or inside a test."""

import asyncio
import contextlib
import signal
import socket
import sys
import threading
from collections.abc import Generator, Iterator
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from tasks.simulation.planted import PlantedWorld
from tasks.simulation.server import build_app

_HOST = "127.0.0.1"
_START_SECONDS = 10.0


class _Server(uvicorn.Server):
    """A server that a signal ends quietly, with exit status 0."""

    def __init__(self, app: Starlette) -> None:
        # `critical`: what uvicorn says about connections that a stop cut is no news here.
        super().__init__(
            uvicorn.Config(
                app,
                log_level="critical",
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=1,
            )
        )
        self._app = app
        self.started_event = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.started_event.set()

    def stop(self) -> None:
        """Stop accepting, release calls that hang, and end; safe from any thread."""
        self._app.state.closing = True
        self.should_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals to `serve`: uvicorn's own way raises them again when it has stopped."""
        yield


def serve(world: PlantedWorld, *, port: int = 0, journal: Path | None = None) -> None:
    """Serve a world on 127.0.0.1 until SIGTERM or SIGINT; prints one line when ready.

    Args:
        world: What to serve.
        port: TCP port; 0 lets the system choose.
        journal: File in which calls are counted across restarts; none to start afresh.

    Raises:
        OSError: The port is taken.
        PlantedError: The world's instrument can't be read.
    """
    server = _Server(build_app(world, journal=journal))
    with _listening(port) as listener:
        asyncio.run(_until_signalled(server, listener))


@contextlib.contextmanager
def running(world: PlantedWorld, port: int = 0) -> Iterator[str]:
    """Serve a world in a thread while the block runs.

    Args:
        world: What to serve.
        port: TCP port; 0 lets the system choose.

    Yields:
        The base URL, such as `http://127.0.0.1:40123`.

    Raises:
        RuntimeError: The server did not start.
    """
    server = _Server(build_app(world))
    with _listening(port) as listener:
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listener]}, name="planted-respondent"
        )
        thread.start()
        try:
            if not server.started_event.wait(_START_SECONDS):
                raise RuntimeError("the planted respondent did not start")
            yield _url(listener)
        finally:
            server.stop()
            thread.join()


async def _until_signalled(server: _Server, listener: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, server.stop)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started_event.is_set() and not serving.done():
        await asyncio.sleep(0.01)
    if not serving.done():
        sys.stdout.write(f"planted respondent (SIMULATED) on {_url(listener)}\n")
        sys.stdout.flush()
    await serving


@contextlib.contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    """A socket bound to this machine alone."""
    # The protocol is named, since asyncio sets TCP_NODELAY only then: 40 ms a call.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((_HOST, port))
        yield listener
    finally:
        listener.close()


def _url(listener: socket.socket) -> str:
    return f"http://{_HOST}:{listener.getsockname()[1]}"
