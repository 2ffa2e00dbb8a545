"""A real HTTP(S) server on loopback that answers as a test asks it to, and a resolver to match."""

import contextlib
import os
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

RSS_TYPE = "application/rss+xml; charset=utf-8"


@dataclass(frozen=True)
class Answer:
    """One answer.

    Attributes:
        body: sent with its length, but for one that drips.
        status: HTTP status; 0 closes the connection without a word.
        headers: beside the length; a content type of RSS where none is named.
        drips: where bytes follow that never end, a few at a time: `head`, `body` or `chunk`;
            `beneath` for a body that is sent as it is under TLS.
        cut: bytes that are announced and never sent.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    drips: str = ""
    cut: int = 0


@dataclass
class Asked:
    """One request. `sni`: the name that the TLS handshake asked for."""

    path: str
    headers: dict[str, str]
    sni: str = ""


@dataclass
class FeedServer:
    """What was asked, and what is answered: path -> an answer, or one made of the request."""

    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    answers: dict[str, Answer | Callable[[Asked], Answer]] = field(default_factory=dict)
    snis: list[str] = field(default_factory=list)

    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [asked.path for asked in self.asked]


@dataclass
class Names:
    """A resolver: host -> its addresses. One list for each look-up; the last one stays."""

    hosts: dict[str, list[Sequence[str]]] = field(default_factory=dict)
    looked_up: list[str] = field(default_factory=list)

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.looked_up.append(host)
        answers = self.hosts.get(host, [["127.0.0.1"]])
        return answers.pop(0) if len(answers) > 1 else answers[0]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def do_GET(self) -> None:
        self.close_connection = True
        served = self.server.served
        named = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.path, named, served.snis[-1] if served.snis else "")
        served.asked.append(asked)
        found = served.answers.get(self.path.split("?")[0], Answer(status=404))
        answer = found if isinstance(found, Answer) else found(asked)
        with contextlib.suppress(OSError):  # whoever asked has gone
            self._send(answer)

    def _send(self, answer: Answer) -> None:
        if not answer.status:
            return
        self.send_response(answer.status)
        for name, value in {"Content-Type": RSS_TYPE, **answer.headers}.items():
            self.send_header(name, value)
        if answer.drips == "head":
            self.flush_headers()
            self._drip(b"X-Slow: ", b"a")
        elif answer.drips == "chunk":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self._drip(b"", b"0")
        elif answer.drips == "beneath":
            self.end_headers()
            os.write(self.connection.fileno(), answer.body)
        elif answer.drips:
            self.end_headers()
            self._drip(answer.body, b" ")
        else:
            self.send_header("Content-Length", str(len(answer.body) + answer.cut))
            self.end_headers()
            self.wfile.write(answer.body)

    def _drip(self, first: bytes, drop: bytes) -> None:
        self.wfile.write(first)
        while not self.server.over.wait(0.01):
            self.wfile.write(drop)

    def log_message(self, *_: object) -> None:
        """Nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, served: FeedServer, certificate: Path | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.served, self.over = served, threading.Event()
        served.port = self.server_port
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            context.sni_callback = lambda _socket, name, _context: served.snis.append(name or "")
            self.socket = context.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )

    def handle_error(self, *_: object) -> None:
        """Nothing: a client that refuses a certificate goes away in the handshake."""


@contextmanager
def feed_server(*, certificate: Path | None = None) -> Iterator[FeedServer]:
    """Serve until the block ends; with TLS where a PEM of key and certificate is given."""
    served = FeedServer()
    server = _Server(served, certificate)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        server.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
