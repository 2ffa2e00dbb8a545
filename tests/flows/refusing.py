"""Servers that refuse every key or password, and say in their answer which one they got."""

import base64
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Refusing(BaseHTTPRequestHandler):
    says_which = False

    def _refuse(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        key = self.headers.get("authorization") or self.headers.get("x-api-key")
        said = f"{key} is not valid" if type(self).says_which else "invalid x-api-key"
        body = json.dumps({"error": said}).encode()
        self.send_response(401)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _refuse  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Telling(_Refusing):
    says_which = True


@contextmanager
def refusing_server(*, says_which: bool = False) -> Iterator[str]:
    """Its base URL, while the block runs."""
    handler = _Telling if says_which else _Refusing
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Mail(socketserver.StreamRequestHandler):
    """Just enough SMTP to be given a password, and to repeat it."""

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            verb, *rest = line.decode().split()
            answer = {"EHLO": b"250-here\r\n250 AUTH PLAIN", "QUIT": b"221 bye"}.get(
                verb.upper(), b"250 ok"
            )
            if verb.upper() == "AUTH":
                given = base64.b64decode(rest[-1]).split(b"\0")[-1]
                answer = b"535 5.7.8 " + rest[-1].encode() + b" is " + given + b" and not valid"
            self.wfile.write(answer + b"\r\n")


@contextmanager
def refusing_mail_server() -> Iterator[int]:
    """Its port, while the block runs."""
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Mail)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
