"""Essays as drafts of a Ghost site, which a person there publishes.

A post holds one HTML card, which Ghost keeps byte for byte. Its first line names the slot and a
digest of title, excerpt and card, so that a later pass knows a post that nobody changed, whatever
template made it:

    <!-- emeritus aster-1-essay-001 essay 5f0c2b... -->
"""

import json
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from configs.schema.essay_targets import GhostConfig
from tasks.adapters.essay_post import as_html, heading, notice
from tasks.adapters.ghost_api import GhostApi
from tasks.kernel.digests import digest_of
from tasks.kernel.errors import TargetBusy, TargetRefused
from tasks.ports.essay_target import EssayPacket, Offered, Receipt

_SHOWN = {"formats": "lexical,html"}
_LONGEST_TITLE, _LONGEST_EXCERPT, _LONGEST_SLUG = 255, 300, 180  # characters, as Ghost takes them
_TAG = {"name": "#emeritus"}  # for people who look for them in Ghost; readers don't see it
_MARK = re.compile(r"<!-- emeritus (\S+) (essay|withdrawn) ([0-9a-f]{64}) -->\n")
_PLACEHOLDER, _SPELT_OUT = "__GHOST_URL__", "&#95;_GHOST_URL__"  # Ghost would fill the first in


@dataclass(frozen=True, slots=True)
class _Post:
    """What is laid into Ghost."""

    title: str
    excerpt: str
    card: str

    @property
    def fields(self) -> dict[str, Any]:
        """As the Admin API takes it."""
        card = {"type": "html", "version": 1, "html": self.card}
        root = {"type": "root", "version": 1, "direction": None, "format": "", "indent": 0}
        return {
            "title": self.title,
            "custom_excerpt": self.excerpt,
            "lexical": json.dumps({"root": {**root, "children": [card]}}),
        }


class Ghost:
    """Lays drafts into one Ghost site.

    Args:
        config: the site.
        now: the clock, for tokens.

    Raises:
        ConfigError: it can't be used as it is configured.
    """

    def __init__(self, config: GhostConfig, now: Callable[[], datetime]) -> None:
        self._name, self._api = config.name, GhostApi(config, now)

    def offer(self, essay: EssayPacket) -> Receipt:
        """See `ports.essay_target.EssayTarget`.

        A post is looked for by its slug and its canonical address before one is made. A withdrawal
        takes the place of a post that nobody changed, draft or public.
        """
        found = self._find(essay)
        if found is None:
            if essay.withdrawn:
                return Receipt(Offered.ABSENT, "", f"{self._name}: it was never there")
            return self._create(essay)
        kind = _kind(found, essay.slot_id)
        if essay.withdrawn and kind == "essay":
            return self._replace(essay, found)
        if kind != ("withdrawn" if essay.withdrawn else "essay"):
            return self._changed(found, essay)
        return self._receipt(found)

    def _find(self, essay: EssayPacket) -> dict[str, Any] | None:
        slug, address = _slug(essay), essay.permalink.replace("\\", "").replace("'", r"\'")
        wanted = f"slug:'{slug}'" + (f",canonical_url:'{address}'" if address else "")
        posts = self._posts(
            self._api.call("GET", "/posts/", {**_SHOWN, "filter": wanted, "limit": "5"})
        )
        return min(posts, key=lambda post: post.get("slug") != slug, default=None)

    def _create(self, essay: EssayPacket) -> Receipt:
        fields = {
            **_post(essay).fields,
            "slug": _slug(essay),
            "status": "draft",
            "canonical_url": essay.permalink or None,
            "tags": [_TAG],
        }
        post = self._sent("POST", "/posts/", fields)
        if post.get("slug") != _slug(essay):
            return self._undo(essay, post)
        return self._confirmed(post, essay)

    def _undo(self, essay: EssayPacket, post: dict[str, Any]) -> Receipt:
        """Take back a draft that got another slug: somebody was first."""
        self._api.call("DELETE", f"/posts/{post['id']}/")
        found = self._find(essay)
        if found is None:
            raise TargetRefused(
                f"{self._name}: a page of the Ghost site has the slug {_slug(essay)}; give it "
                "another one"
            )
        kind = _kind(found, essay.slot_id)
        return self._receipt(found) if kind == "essay" else self._changed(found, essay)

    def _replace(self, essay: EssayPacket, post: dict[str, Any]) -> Receipt:
        """Put the notice in an essay's place, unless somebody changes the post just now."""
        fields = {**_post(essay).fields, "updated_at": post["updated_at"]}
        try:
            changed = self._sent("PUT", f"/posts/{post['id']}/", fields)
        except TargetRefused as error:
            if error.status != 409:
                raise
            raise TargetBusy(
                f"{self._name}: somebody is changing {self._editor(post)}; a later pass looks again"
            ) from None
        return self._confirmed(changed, essay)

    def _sent(self, method: str, path: str, fields: dict[str, Any]) -> dict[str, Any]:
        return self._posts(self._api.call(method, path, _SHOWN, {"posts": [fields]}))[0]

    def _posts(self, answer: dict[str, Any]) -> list[dict[str, Any]]:
        posts = answer.get("posts")
        if not isinstance(posts, list) or not all(isinstance(one, dict) for one in posts):
            raise TargetRefused(
                f"{self._name}: {self._api.url} answers as no Ghost does; is `url` its root?"
            )
        return posts

    def _confirmed(self, post: dict[str, Any], essay: EssayPacket) -> Receipt:
        """Whether Ghost keeps, and shows, what was sent."""
        card = _post(essay).card
        if _card(post) == card and card in str(post.get("html")):
            return self._receipt(post)
        said = "Ghost keeps other words than were sent: don't publish them, and tell us of it"
        return Receipt(Offered.CHANGED, self._editor(post), f"{self._name}: {said}")

    def _changed(self, post: dict[str, Any], essay: EssayPacket) -> Receipt:
        kind = _kind(post, essay.slot_id)
        if essay.withdrawn:
            said = "it was changed there, so the notice of withdrawal was not put in its place; a "
            said += "person takes it down"
        elif kind == "withdrawn":
            said = "the notice of its withdrawal stands there; it was left alone"
        else:
            said = "it was changed there, or is another post of that name; it was left alone"
        return Receipt(Offered.CHANGED, self._editor(post), f"{self._name}: {said}")

    def _receipt(self, post: dict[str, Any]) -> Receipt:
        if post.get("status") not in ("published", "sent"):
            said = "a draft waits there; a person publishes it, unchanged"
            return Receipt(Offered.WAITING, self._editor(post), f"{self._name}: {said}")
        said = "public there"
        if post.get("email"):
            said += "; it went out by mail too, which nobody can call back"
        return Receipt(
            Offered.PUBLIC, str(post.get("url") or self._editor(post)), f"{self._name}: {said}"
        )

    def _editor(self, post: dict[str, Any]) -> str:
        return f"{self._api.url}/ghost/#/editor/post/{post['id']}"


def _slug(essay: EssayPacket) -> str:
    """As Ghost would spell it itself, so that it is found again."""
    return re.sub(r"[^a-z0-9]+", "-", essay.slot_id.lower()).strip("-")[-_LONGEST_SLUG:]


def _post(essay: EssayPacket) -> _Post:
    title = textwrap.shorten(heading(essay), _LONGEST_TITLE, placeholder=" …")
    excerpt = textwrap.shorten(notice(essay), _LONGEST_EXCERPT, placeholder=" …")
    body = as_html(essay).replace(_PLACEHOLDER, _SPELT_OUT)
    kind = "withdrawn" if essay.withdrawn else "essay"
    mark = f"<!-- emeritus {essay.slot_id} {kind} {digest_of([title, excerpt, body])} -->\n"
    return _Post(title, excerpt, mark + body)


def _kind(post: dict[str, Any], slot_id: str) -> str:
    """`essay` or `withdrawn` where a post is as we laid it there for this slot; else empty."""
    card = _card(post)
    mark = _MARK.match(card)
    if mark is None or mark[1] != slot_id:
        return ""
    title, excerpt = post.get("title"), post.get("custom_excerpt")
    return mark[2] if mark[3] == digest_of([title, excerpt, card[mark.end() :]]) else ""


def _card(post: dict[str, Any]) -> str:
    """The HTML card of a post that holds nothing else; else empty."""
    try:
        nodes = json.loads(post.get("lexical") or "{}")["root"]["children"]
        # its editor leaves an empty paragraph after a card
        nodes = [one for one in nodes if one["type"] != "paragraph" or one.get("children")]
        return str(nodes[0]["html"]) if len(nodes) == 1 and nodes[0]["type"] == "html" else ""
    except (ValueError, KeyError, TypeError, IndexError):
        return ""
