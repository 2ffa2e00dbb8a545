"""An endpoint that refuses every key; one kind of it says in its answer which key it got."""

import json
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
