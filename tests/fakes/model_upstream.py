"""A model's endpoint behind a gateway: answers at once in OpenAI's and Anthropic's formats.

Nothing thinks here. What it was asked is kept, so that a test can tell which model a gateway
called.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WORDS = "Hello from upstream."


class Upstream(ThreadingHTTPServer):
    """Counts and keeps what it is asked: (path, body) in order."""

    daemon_threads = True
    request_queue_size = 128
    asked: list[tuple[str, dict[str, Any]]]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def models(self) -> list[str]:
        """The models that were asked for, in order."""
        return [str(body.get("model", "")) for _, body in self.asked]


class _Handler(BaseHTTPRequestHandler):
    server: Upstream
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            body = json.loads(raw)
        except ValueError:
            body = {}
        self.server.asked.append((self.path, body))
        model = str(body.get("model", ""))
        path = self.path.split("?")[0]
        if path.endswith("/messages"):
            message = anthropic_message(model)
            self._answer(message, anthropic_events(message) if body.get("stream") else None)
        elif path.endswith("/chat/completions"):
            self._answer(chat(model), chat_chunks(model) if body.get("stream") else None)
        elif path.endswith("/completions"):
            self._answer(completion(model), None)
        elif path.endswith("/responses"):
            self._answer(response(model), None)
        elif path.endswith("/embeddings"):
            self._answer(embedding(model), None)
        else:
            self._answer({"object": "list", "data": []}, None)

    do_GET = do_POST  # noqa: N815  # the standard library names it

    def _answer(self, body: dict[str, Any], events: list[str] | None) -> None:
        data = json.dumps(body).encode() if events is None else "".join(events).encode()
        kind = "application/json" if events is None else "text/event-stream"
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


def chat(model: str) -> dict[str, Any]:
    """An answer of `/chat/completions`."""
    message = {"role": "assistant", "content": WORDS}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }


def chat_chunks(model: str) -> list[str]:
    """The same as server-sent events."""
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model}
    deltas: list[tuple[dict[str, str], str | None]] = [
        ({"role": "assistant", "content": ""}, None),
        ({"content": WORDS}, None),
        ({}, "stop"),
    ]
    chunks = [
        {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
        for delta, reason in deltas
    ]
    return [*(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks), "data: [DONE]\n\n"]


def completion(model: str) -> dict[str, Any]:
    """An answer of `/completions`."""
    return {
        "id": "cmpl-1",
        "object": "text_completion",
        "created": 1,
        "model": model,
        "choices": [{"index": 0, "text": WORDS, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }


def response(model: str) -> dict[str, Any]:
    """An answer of `/responses`."""
    text = {"type": "output_text", "text": WORDS, "annotations": []}
    message = {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "content": [text],
    }
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": model,
        "output": [message],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2},
    }


def embedding(model: str) -> dict[str, Any]:
    """An answer of `/embeddings`."""
    return {
        "object": "list",
        "model": model,
        "data": [{"object": "embedding", "index": 0, "embedding": [0.0, 1.0]}],
        "usage": {"prompt_tokens": 1, "total_tokens": 1},
    }


def anthropic_message(model: str) -> dict[str, Any]:
    """An answer of `/v1/messages`."""
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": WORDS}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }


def anthropic_events(message: dict[str, Any]) -> list[str]:
    """The same as server-sent events."""
    block = {"index": 0, "content_block": {"type": "text", "text": ""}}
    text = {"index": 0, "delta": {"type": "text_delta", "text": WORDS}}
    end = {"delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": message["usage"]}
    events: list[tuple[str, dict[str, Any]]] = [
        ("message_start", {"message": {**message, "content": [], "stop_reason": None}}),
        ("content_block_start", block),
        ("content_block_delta", text),
        ("content_block_stop", {"index": 0}),
        ("message_delta", end),
        ("message_stop", {}),
    ]
    return [f"event: {n}\ndata: {json.dumps({'type': n, **body})}\n\n" for n, body in events]


@contextmanager
def upstream() -> Iterator[Upstream]:
    """An endpoint on a free loopback port while the block runs."""
    server = Upstream(("127.0.0.1", 0), _Handler)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
