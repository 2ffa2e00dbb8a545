"""A person who works in Ghost, by the same Admin API; and where the tests find a Ghost."""

import json
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

import jwt

from configs.schema.essay_targets import GhostConfig
from tasks.adapters.ghost import Ghost
from tests.fakes.ghost_server import KEY_ID, SECRET

KEY_ENV = "EMERITUS_TEST_GHOST_KEY"
REAL_URL = os.environ.get("EMERITUS_REAL_GHOST_URL", "")  # of a Ghost that nobody needs
REAL_KEY = os.environ.get("EMERITUS_REAL_GHOST_ADMIN_KEY", "")


@dataclass
class Person:
    """Looks at posts and changes them."""

    url: str
    key: str = f"{KEY_ID}:{SECRET}"

    def ask(self, method: str, path: str, fields: dict[str, Any] | None = None) -> Any:
        number, _, secret = self.key.partition(":")
        now = int(time.time())
        token = jwt.encode(
            {"iat": now, "exp": now + 60, "aud": "/admin/"},
            bytes.fromhex(secret),
            algorithm="HS256",
            headers={"kid": number},
        )
        kind = path.strip("/").split("/")[0]
        body = None if fields is None else json.dumps({kind: [fields]}).encode()
        request = Request(
            f"{self.url}/ghost/api/admin{path}",
            body,
            {"Authorization": f"Ghost {token}", "Content-Type": "application/json"},
            method=method,
        )
        with urlopen(request) as answer:
            data = answer.read()
        return json.loads(data)[kind] if data else None

    def posts(self, slug: str = "") -> list[dict[str, Any]]:
        query = f"&filter={quote(f'slug:{chr(39)}{slug}{chr(39)}')}" if slug else ""
        found: list[dict[str, Any]] = self.ask("GET", f"/posts/?formats=lexical,html{query}")
        return found

    def edit(self, at: str, **fields: Any) -> dict[str, Any]:
        (post,) = self.posts(at)
        fields["updated_at"] = post["updated_at"]
        changed: dict[str, Any] = self.ask("PUT", f"/posts/{post['id']}/", fields)[0]
        return changed

    def clear(self) -> None:
        for post in self.posts():
            self.ask("DELETE", f"/posts/{post['id']}/")


def ghost_config(url: str, **fields: Any) -> GhostConfig:
    plain = {"kind": "ghost", "name": "blog", "url": url, "admin_key_env": KEY_ENV}
    return GhostConfig.model_validate({**plain, **fields})


def opened(url: str, **fields: Any) -> Ghost:
    return Ghost(ghost_config(url, **fields), lambda: datetime.now(UTC))


def words_added(post: dict[str, Any], text: str) -> str:
    """A post's content with a paragraph after it."""
    lexical = json.loads(post["lexical"])
    words = [{"type": "extended-text", "version": 1, "text": text, "detail": 0, "format": 0,
              "mode": "normal", "style": ""}] if text else []  # fmt: skip
    paragraph = {"type": "paragraph", "version": 1, "children": words, "direction": "ltr",
                 "format": "", "indent": 0}  # fmt: skip
    lexical["root"]["children"].append(paragraph)
    return json.dumps(lexical)
