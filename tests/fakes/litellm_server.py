"""A local server built from LiteLLM's published key routes; it is not LiteLLM.

The real one needs PostgreSQL for its key API. Paths, fields, statuses and paging were taken from
the routes and models of LiteLLM 1.106.12: `/key/generate`, `/key/update`, `/key/block`,
`/key/unblock`, `/key/delete`, `/key/info`, `/key/list`. Real HTTP on loopback; keys are kept by
their SHA-256.
"""

import hashlib
import json
import math
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

MASTER_KEY = "sk-master-of-the-fake"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


class LiteLLMServer(ThreadingHTTPServer):
    """Keys by token; faults to answer with first; what it was asked, bodies as text."""

    daemon_threads = True
    keys: dict[str, dict[str, Any]]
    faults: list[int]
    drop_after: list[str]  # routes that act, and whose answer is then lost
    asked: list[tuple[str, str]]
    now: Callable[[], datetime]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def make(self, **fields: Any) -> str:
        """A key made by hand; returns its token."""
        return str(self.generate({"models": [], **fields})["token_id"])

    def opens(self, key: str, model: str) -> bool:
        """Whether LiteLLM would let this key through to a model now."""
        row = self.keys.get(hashlib.sha256(key.encode()).hexdigest())
        if row is None or row["blocked"]:
            return False
        over = row["expires"] is not None and row["expires"] <= self.now()
        return not over and (not row["models"] or model in row["models"])

    def generate(self, body: dict[str, Any]) -> dict[str, Any]:
        key = f"sk-{secrets.token_urlsafe(16)}"
        token = hashlib.sha256(key.encode()).hexdigest()
        self.keys[token] = {
            "token": token,
            "key_name": f"sk-...{key[-4:]}",
            "key_alias": body.get("key_alias"),
            "models": body.get("models") or [],
            "metadata": body.get("metadata") or {},
            "expires": self.ends(body.get("duration")),
            "created_at": self.now(),
            "blocked": body.get("blocked"),
        }
        return {**self.shown(token), "key": key, "token": token, "token_id": token}

    def ends(self, duration: str | None) -> datetime | None:
        if duration is None:
            return None
        return self.now() + timedelta(seconds=int(duration[:-1]) * _UNITS[duration[-1]])

    def shown(self, token: str) -> dict[str, Any]:
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in self.keys[token].items()
        }


class _Handler(BaseHTTPRequestHandler):
    server: LiteLLMServer

    def do_GET(self) -> None:
        self._act(None)

    def do_POST(self) -> None:
        self._act(self.rfile.read(int(self.headers.get("content-length") or 0)).decode())

    def _act(self, raw: str | None) -> None:
        split = urlsplit(self.path)
        self.server.asked.append((f"{self.command} {split.path}", raw or split.query))
        if self.server.faults:
            self._fault(self.server.faults.pop(0), "busy")
            return
        if self.headers.get("authorization") != f"Bearer {MASTER_KEY}":
            self._fault(401, "Authentication Error, Invalid proxy server token passed")
            return
        route = f"{self.command} {split.path}"
        query = {name: values[-1] for name, values in parse_qs(split.query).items()}
        act = getattr(self, f"_{route.lower().replace(' /key/', '_')}", None)
        if act is None:
            self._fault(404, "Not Found")
            return
        status, answer = act(json.loads(raw) if raw else query)
        if split.path in self.server.drop_after:
            self.server.drop_after.remove(split.path)
            self.close_connection = True
            return
        self._answer(status, answer) if status == 200 else self._fault(status, answer)

    def _post_generate(self, body: dict[str, Any]) -> tuple[int, Any]:
        alias = body.get("key_alias")
        if alias and any(row["key_alias"] == alias for row in self.server.keys.values()):
            return 400, f"Key with alias '{alias}' already exists."
        return 200, self.server.generate(body)

    def _post_update(self, body: dict[str, Any]) -> tuple[int, Any]:
        row = self.server.keys.get(body["key"])
        if row is None:
            return 404, "Key not found."
        for field in ("models", "metadata", "key_alias"):
            if body.get(field) is not None:
                row[field] = body[field]
        if body.get("duration") is not None:
            row["expires"] = self.server.ends(body["duration"])
        return 200, {"key": body["key"], **self.server.shown(body["key"])}

    def _post_block(self, body: dict[str, Any]) -> tuple[int, Any]:
        return self._set_blocked(body["key"], True)

    def _post_unblock(self, body: dict[str, Any]) -> tuple[int, Any]:
        return self._set_blocked(body["key"], False)

    def _set_blocked(self, token: str, blocked: bool) -> tuple[int, Any]:
        if token not in self.server.keys:
            return 404, "Key not found."
        self.server.keys[token]["blocked"] = blocked
        return 200, self.server.shown(token)

    def _post_delete(self, body: dict[str, Any]) -> tuple[int, Any]:
        aliases = body.get("key_aliases") or []
        tokens = [t for t, row in self.server.keys.items() if row["key_alias"] in aliases]
        tokens += [t for t in body.get("keys") or [] if t in self.server.keys]
        if not tokens:
            return 404, "No keys found"
        for token in tokens:
            del self.server.keys[token]
        return 200, {"deleted_keys": tokens}

    def _get_info(self, query: dict[str, str]) -> tuple[int, Any]:
        token = query.get("key", "")
        if token not in self.server.keys:
            return 404, "Key not found in database"
        info = {name: value for name, value in self.server.shown(token).items() if name != "token"}
        return 200, {"key": token, "info": info}

    def _get_list(self, query: dict[str, str]) -> tuple[int, Any]:
        page, size = int(query.get("page", 1)), int(query.get("size", 10))
        if not 1 <= size <= 100:
            return 422, "size: Input should be less than or equal to 100"
        tokens = list(self.server.keys)
        full = query.get("return_full_object") == "true"
        some = tokens[(page - 1) * size : page * size]
        return 200, {
            "keys": [self.server.shown(token) if full else token for token in some],
            "total_count": len(tokens),
            "current_page": page,
            "total_pages": math.ceil(len(tokens) / size),
        }

    def _fault(self, status: int, said: str) -> None:
        error = {"message": said, "type": "auth_error", "param": None, "code": str(status)}
        self._answer(status, {"error": error})

    def _answer(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def litellm_server(
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Iterator[LiteLLMServer]:
    """The server on a free loopback port while the block runs."""
    server = LiteLLMServer(("127.0.0.1", 0), _Handler)
    server.keys, server.faults, server.drop_after, server.asked, server.now = {}, [], [], [], now
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
