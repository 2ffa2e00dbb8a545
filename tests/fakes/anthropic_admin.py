"""A local server built from the types of the Anthropic SDK 2.13; it is not Anthropic.

It answers `GET /v1/organizations/analytics/usage` and `.../cost`: parameters, paging by cursor,
limits and fields are those that the SDK's types and docstrings tell. Real HTTP on loopback.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "sk-ant-admin-of-the-fake"
_DAY = timedelta(days=1)


class AdminServer(ThreadingHTTPServer):
    """Use by (day, model, API key); faults to answer with first; what it was asked."""

    daemon_threads = True
    used: dict[tuple[date, str, str], dict[str, Any]]
    refreshed_at: datetime | None
    page_size: int
    faults: list[int]
    asked: list[dict[str, list[str]]]
    headers_seen: list[dict[str, str]]
    simulated: bool
    broken: Any

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def use(
        self, day: date, model: str, calls: int, *, key: str = "apikey_1", cents: str = "12.5"
    ) -> None:
        self.used[day, model, key] = {"calls": calls, "cents": cents}


class _Handler(BaseHTTPRequestHandler):
    server: AdminServer

    def do_GET(self) -> None:
        split = urlsplit(self.path)
        asked = parse_qs(split.query)
        self.server.asked.append({**asked, "path": [split.path]})
        self.server.headers_seen.append({k.lower(): v for k, v in self.headers.items()})
        if self.server.faults:
            status = self.server.faults.pop(0)
            self._send(status, {"type": "error", "error": {"type": "x", "message": f"no {KEY}"}})
            return
        if KEY not in (self.headers.get("x-api-key") or self.headers.get("authorization") or ""):
            self._send(401, {"type": "error", "error": {"type": "authentication_error"}})
            return
        report = split.path.removeprefix("/v1/organizations/analytics/")
        if report not in ("usage", "cost"):
            self._send(404, {"type": "error", "error": {"type": "not_found_error"}})
            return
        if self.server.broken is not None:
            self._send(200, self.server.broken)
            return
        self._report(report, asked)

    def _report(self, report: str, asked: dict[str, list[str]]) -> None:
        begin = datetime.fromisoformat(asked["starting_at"][0])
        end = datetime.fromisoformat(asked["ending_at"][0])
        if end - begin > 31 * _DAY or begin < datetime(2026, 1, 1, tzinfo=UTC):
            self._send(400, {"type": "error", "error": {"type": "invalid_request_error"}})
            return
        by_key = "api_key_id" in asked.get("group_by[]", [])
        rows = [
            self._row(report, day, model, key if by_key else None, told)
            for (day, model, key), told in sorted(self.server.used.items())
            if begin.date() <= day < end.date()
        ]
        start = int((asked.get("page") or ["0"])[0])
        some = rows[start : start + self.server.page_size]
        more = start + len(some) < len(rows)
        refreshed = self.server.refreshed_at
        page = {
            "data": some,
            "has_more": more,
            "next_page": str(start + len(some)) if more else None,
            "data_refreshed_at": refreshed and refreshed.isoformat(),
        }
        self._send(200, page)

    def _row(
        self, report: str, day: date, model: str, key: str | None, told: dict[str, Any]
    ) -> dict[str, Any]:
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        row: dict[str, Any] = {
            "starting_at": start.isoformat(),
            "ending_at": (start + _DAY).isoformat(),
            "group": {"model": model, "api_key_id": key},
        }
        if report == "cost":
            amount = told["cents"]
            row["cost"] = {
                "amount": amount, "list_amount": amount, "currency": "USD",
                "requests": told["calls"],
            }  # fmt: skip
            return row
        calls = told["calls"]
        row["usage"] = {
            "uncached_input_tokens": calls * 10,
            "cache_read_input_tokens": calls,
            "cache_creation": {"ephemeral_1h_input_tokens": 1, "ephemeral_5m_input_tokens": 2},
            "output_tokens": calls * 5,
            "total_tokens": calls * 16 + 3,
            "requests": calls,
            "server_tool_use": {"web_search_requests": 0},
        }
        return row

    def _send(self, status: int, body: Any) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        if self.server.simulated:
            self.send_header("emeritus-simulated", "true")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def admin_server() -> Iterator[AdminServer]:
    """The server on a free loopback port while the block runs."""
    server = AdminServer(("127.0.0.1", 0), _Handler)
    server.used, server.faults, server.asked, server.headers_seen = {}, [], [], []
    server.refreshed_at, server.page_size, server.simulated, server.broken = None, 1000, False, None
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
