"""A local stand-in for Ghost, made from the documented routes of its Admin API. It is not Ghost.

What it answers, and how it spells slugs, is what Ghost 6.65 was seen to do; `test_ghost.py` runs
the same tests on a real one where it is told of one. It knows posts and nothing else, checks
tokens with PyJWT, and can be told to fail.
"""

import json
import re
import threading
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt

KEY_ID = "6748592f4b9b7700010f6564"
SECRET = "b1b5b9c1d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0c1d2e3f4a5b6c7d8e9f0a1"
_ROUTES = "/ghost/api/admin"
_LONGEST = {"title": 255, "custom_excerpt": 300, "slug": 191}
_PAGE = "<!DOCTYPE html>\n<html><head><title>404 — Page not found</title></head></html>"


@dataclass
class Fault:
    """What befalls the next request of a method: a status, or no answer once all is done."""

    method: str
    status: int = 0
    body: str = _PAGE
    headers: dict[str, str] = field(default_factory=dict)
    late: bool = False
    first: Callable[[], None] = lambda: None


class Refused(Exception):
    """An error as Ghost tells it."""

    def __init__(
        self, status: int, kind: str, message: str, context: str = "", code: str = ""
    ) -> None:
        self.status = status
        empty = dict.fromkeys(("details", "property", "help", "ghostErrorCode"))
        told = {"message": message, "context": context or None, "type": kind, "code": code or None}
        self.error = {**told, **empty, "id": "b106e493-e332-4ad6-8614-72e5f0c5f9c4"}


@dataclass
class GhostServer:
    """What it holds, and what it was asked."""

    url: str = ""
    posts: dict[str, dict[str, Any]] = field(default_factory=dict)
    pages: list[str] = field(default_factory=list)  # slugs
    faults: list[Fault] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _ticks: int = 0
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def tick(self) -> str:
        """Its clock counts whole seconds, one a change."""
        self._ticks += 1
        moment = datetime(2026, 12, 1, tzinfo=UTC) + timedelta(seconds=self._ticks)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def free_slug(self, wanted: str) -> str:
        plain = unicodedata.normalize("NFKD", wanted).encode("ascii", "ignore").decode().lower()
        slug = re.sub(r"[^a-z0-9_]+", "-", plain).strip("-")[:185] or "post"
        taken = {post["slug"] for post in self.posts.values()} | set(self.pages)
        return next(s for s in (slug, *(f"{slug}-{n}" for n in range(2, 99))) if s not in taken)

    def add(self, fields: dict[str, Any]) -> dict[str, Any]:
        _valid(fields, "title")
        now, number = self.tick(), f"{self._ticks:024x}"
        post = {
            "id": number, "uuid": f"ba340eda-3b86-4ace-a89b-{number[-12:]}", "status": "draft",
            "created_at": now, "published_at": None, "email": None, "mobiledoc": None,
            "custom_excerpt": None, "canonical_url": None, "tags": [],
        }  # fmt: skip
        slug = self.free_slug(fields.get("slug") or fields["title"])
        self._set(post, {**fields, "slug": slug}, now)
        self.posts[number] = post
        return post

    def edit(self, number: str, fields: dict[str, Any]) -> dict[str, Any]:
        post = self.posts.get(number)
        if post is None:
            raise Refused(404, "NotFoundError", "Resource not found error, cannot edit post.",
                          "Post not found.")  # fmt: skip
        _valid(fields, "updated_at")
        changes = {n: v for n, v in fields.items() if n != "updated_at" and post.get(n) != v}
        if changes and fields["updated_at"] != post["updated_at"]:
            said = "Saving failed! Someone else is editing this post."
            raise Refused(409, "UpdateCollisionError", said, said, "UPDATE_COLLISION")
        if changes:
            self._set(post, changes, self.tick())
        return post

    def _set(self, post: dict[str, Any], fields: dict[str, Any], now: str) -> None:
        post.update(fields, updated_at=now)
        post["title"] = post["title"].strip()
        post["lexical"] = _filled_in(post.get("lexical") or _lexical([]), self.url)
        post["html"] = _rendered(post["lexical"])
        if post["status"] == "published":
            post["published_at"] = post["published_at"] or now
        post["url"] = f"{self.url}/{post['slug'] if post['published_at'] else 'p/' + post['uuid']}/"

    def browse(self, query: dict[str, str]) -> dict[str, Any]:
        wanted = dict(re.findall(r"(\w+):'((?:\\'|[^'])*)'", query.get("filter", "")))
        if query.get("filter", "").count("'") % 2:
            said = "Request not understood error, cannot list posts."
            raise Refused(400, "BadRequestError", said, "Error parsing filter")
        found = [
            post
            for post in self.posts.values()
            if not wanted or any(post[n] == v.replace(r"\'", "'") for n, v in wanted.items())
        ]
        limit = int(query.get("limit", 15))
        meta = {"page": 1, "limit": limit, "pages": 1, "total": len(found)}
        shown = [self.shown(post, query) for post in reversed(found)]
        return {"posts": shown[:limit], "meta": {"pagination": meta}}

    def shown(self, post: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        formats = query.get("formats", "mobiledoc,lexical").split(",")
        return {
            n: v
            for n, v in post.items()
            if n not in ("html", "lexical", "mobiledoc") or n in formats
        }

    def authenticate(self, header: str) -> None:
        scheme, _, token = header.partition(" ")
        if not header:
            raise Refused(403, "NoPermissionError", "Authorization failed",
                          "Unable to determine the authenticated user or integration.")  # fmt: skip
        if scheme.lower() != "ghost":
            said = 'Authorization header format is "Authorization: Ghost [token]"'
            raise Refused(401, "UnauthorizedError", said, code="INVALID_AUTH_HEADER")
        self.tokens.append(token)
        try:
            kid = jwt.get_unverified_header(token).get("kid")
        except jwt.InvalidTokenError:
            raise Refused(400, "BadRequestError", "Invalid token", code="INVALID_JWT") from None
        if kid != KEY_ID:
            raise Refused(401, "UnauthorizedError", "Unknown Admin API Key",
                          code="UNKNOWN_ADMIN_API_KEY")  # fmt: skip
        if problem := self._problem_with(token):
            raise Refused(401, "UnauthorizedError", f"Invalid token: {problem}", code="INVALID_JWT")

    def _problem_with(self, token: str) -> str:
        try:
            claims = jwt.decode(token, bytes.fromhex(SECRET), algorithms=["HS256"],
                                audience="/admin/", options={"require": ["iat", "exp", "aud"],
                                "verify_exp": False, "verify_iat": False})  # fmt: skip
        except jwt.InvalidTokenError as error:
            return str(error).lower()
        now = self.now().timestamp()
        if claims["exp"] <= now:
            return "jwt expired"
        return "maxAge exceeded" if now - claims["iat"] > 300 else ""


class _Handler(BaseHTTPRequestHandler):
    ghost: GhostServer

    def run(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.ghost.asked.append((self.command, parts.path))
        fault = next((f for f in self.ghost.faults if f.method == self.command), None)
        if fault:
            self.ghost.faults.remove(fault)
            fault.first()
            if fault.status:
                return self.answer(fault.status, fault.body.encode(), **fault.headers)
        if not parts.path.startswith(f"{_ROUTES}/"):
            return self.answer(404, _PAGE.encode())
        try:
            self.ghost.authenticate(self.headers.get("authorization", ""))
            with self.ghost._lock:
                status, told = self.routed(parts.path.removeprefix(_ROUTES), query, body)
        except Refused as refused:
            status, told = refused.status, {"errors": [refused.error]}
        if not (fault and fault.late):
            said = b"" if told is None else json.dumps(told).encode()
            self.answer(status, said, **{"content-type": "application/json; charset=utf-8"})

    do_GET = do_POST = do_PUT = do_DELETE = run  # noqa: N815

    def routed(self, path: str, query: dict[str, str], body: bytes) -> tuple[int, Any]:
        fields = json.loads(body)["posts"][0] if body else {}
        number = path.removeprefix("/posts/").strip("/")
        if self.command == "GET" and not number:
            return 200, self.ghost.browse(query)
        if self.command == "POST" and not number:
            return 201, {"posts": [self.ghost.shown(self.ghost.add(fields), query)]}
        if self.command == "PUT":
            return 200, {"posts": [self.ghost.shown(self.ghost.edit(number, fields), query)]}
        if self.command == "DELETE" and self.ghost.posts.pop(number, None):
            return 204, None
        raise Refused(404, "NotFoundError", "Resource not found error.", "Post not found.")

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"content-type": "text/html; charset=utf-8", **headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def ghost_server() -> Iterator[GhostServer]:
    """Serve until the block ends."""
    ghost = GhostServer()
    bound = type("Bound", (_Handler,), {"ghost": ghost})
    server = ThreadingHTTPServer(("127.0.0.1", 0), bound)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    ghost.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield ghost
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _valid(fields: dict[str, Any], needed: str) -> None:
    if needed not in fields:
        raise Refused(422, "ValidationError", "Validation error, cannot save post.",
                      "Validation failed for 0.")  # fmt: skip
    for name, most in _LONGEST.items():
        if len(fields.get(name) or "") > most:
            raise Refused(422, "ValidationError", "Validation error, cannot save post.",
                          f"Validation failed for {name}.")  # fmt: skip


def _lexical(nodes: list[dict[str, Any]]) -> str:
    return json.dumps({"root": {"children": nodes, "type": "root", "version": 1}})


def _filled_in(lexical: str, url: str) -> str:
    """As real ones do, in the model's words too."""
    return lexical.replace("__GHOST_URL__", url)


def _rendered(lexical: str) -> str:
    shown = []
    for node in json.loads(lexical)["root"]["children"]:
        if node["type"] == "html":
            html = node["html"].replace("\r\n", "\n")
            shown.append(f"\n<!--kg-card-begin: html-->\n{html}\n<!--kg-card-end: html-->\n")
        elif node.get("children"):
            words = "".join(child.get("text", "") for child in node["children"])
            shown.append(f"<p>{words}</p>")
    return "".join(shown)
