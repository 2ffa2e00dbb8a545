"""An HTTP server that answers whatever a test wants, and keeps what it was sent."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Reply = tuple[int, dict[str, str], bytes]

MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "aster-1-20260101",
    "content": [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo."}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 7, "output_tokens": 3},
}


class Server(ThreadingHTTPServer):
    """Gives its answers in turn, the last one again and again."""

    daemon_threads = True
    answers: list[Reply]
    seen: list[tuple[str, dict[str, str], bytes]]


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        named = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append((self.path, named, self.rfile.read(length)))
        answers = self.server.answers
        status, headers, body = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(status)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST  # noqa: N815  # the standard library names it

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(*answers: Reply) -> Iterator[tuple[str, Server]]:
    """A server while the block runs; (its URL, the server)."""
    server = Server(("127.0.0.1", 0), _Handler)
    server.answers, server.seen = list(answers), []
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def as_json(body: object, status: int = 200, **headers: str) -> Reply:
    """A JSON reply; `_` in a header's name stands for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, {"content-type": "application/json", **named}, json.dumps(body).encode()
