"""The Prefect server that a command has for its own time, where no PREFECT_API_URL is set.

Prefect would start one by itself, as a child that hears whatever the command hears: Ctrl-C on a
terminal ends both, and the command then waits for its server. And the command would import all of
Prefect's server, 80 MB. This one is a program of its own and hears no signal. It ends when its
standard input does: when the command ends, however that was.
"""

import atexit
import contextlib
import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from configs.home import CHECKOUT
from flows.environment import PrefectUnreachable
from flows.services import comes_up, free_port

if TYPE_CHECKING:
    import uvicorn

_ATTEMPTS = 3  # a free port may be taken before the server has it
_GRACE_SECONDS = 4.0  # for requests under way


def start() -> None:
    """Start one, wait until it answers, and have Prefect use it as long as this process lives.

    Raises:
        PrefectUnreachable: it does not come up.
    """
    for _ in range(_ATTEMPTS):
        port = free_port()
        process = _program(port)
        atexit.register(process.communicate)  # closes its input, and waits for its end
        url = f"http://127.0.0.1:{port}/api"
        if comes_up(process, f"{url}/health"):
            break
    else:
        raise PrefectUnreachable(
            f"a temporary Prefect server did not start (status {process.poll()}): see what it said "
            "above, or set PREFECT_API_URL to a server that is up; nothing was changed"
        )
    os.environ["PREFECT_API_URL"] = url
    from prefect.context import refresh_global_settings_context

    refresh_global_settings_context()


def _program(port: int) -> "subprocess.Popen[bytes]":
    told = {
        "PREFECT_UI_ENABLED": "0",
        "PREFECT__SERVER_EPHEMERAL": "1",
        "PREFECT__SERVER_FINAL": "1",
    }
    return subprocess.Popen(
        [sys.executable, "-m", __name__, str(port)],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, **told},
    )


def main(port: int) -> None:
    """Serve on loopback until standard input ends."""
    import uvicorn

    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN)
    server = uvicorn.Server(
        uvicorn.Config(
            "prefect.server.api.server:create_app",
            factory=True,
            host="127.0.0.1",
            port=port,
            log_level="error",
            lifespan="on",
        )
    )
    # whoever stops the command's whole group, or its unit, stops the command
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    ended = threading.Event()
    threading.Thread(target=_end_with_input, args=(server, ended), daemon=True).start()
    try:
        server.run()
    finally:
        ended.set()
    sys.exit(not server.started)


def _end_with_input(server: "uvicorn.Server", ended: threading.Event) -> None:
    while os.read(0, 1):
        pass
    server.should_exit = True
    if not ended.wait(_GRACE_SECONDS):
        os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
