"""Markdown to HTML that can do nothing but be read. Pure.

HTML in the text is shown as text, an allow-list follows, images are never fetched, and hidden
characters are written out, so that a page shows what the bytes hold.
"""

from collections.abc import MutableMapping, Sequence
from itertools import pairwise
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from tasks.essays.characters import visible

LONGEST_TITLE = 160

_TAGS = {
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "blockquote", "pre", "ul", "ol", "li"),
    *("a", "code", "em", "s", "strong", "table", "thead", "tbody", "tr", "th", "td"),
}
_SCHEMES = {"https", "http", "mailto"}


def _image_as_text(
    self: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: Any,
    env: MutableMapping[str, Any],
) -> str:
    alt = self.renderInlineAsText(tokens[index].children, options, env)
    return escapeHtml(f"[image: {alt}]")


_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_MARKDOWN.add_render_rule("image", _image_as_text)


def render(text: str) -> str:
    """An essay's Markdown as safe HTML, to stand inside `<article>`."""
    html = nh3.clean(
        _MARKDOWN.render(text),
        tags=_TAGS,
        attributes={"*": set(), "a": {"href"}, "ol": {"start"}},
        clean_content_tags={"script", "style"},
        link_rel="nofollow noopener noreferrer",
        url_schemes=_SCHEMES,
        url_relative="deny",
    )
    return visible(html)  # attributes hold ASCII alone: markdown-it percent-encodes URLs


def title_of(text: str) -> str:
    """The text of the first level-one heading, hidden characters written out; or empty."""
    tokens = _MARKDOWN.parse(text)
    for heading, inline in pairwise(tokens):
        if heading.type == "heading_open" and heading.tag == "h1":
            words = " ".join(visible(_words(inline.children or [])).split())
            return words if len(words) <= LONGEST_TITLE else words[: LONGEST_TITLE - 1] + "…"
    return ""


def _words(tokens: Sequence[Token]) -> str:
    return "".join(
        _words(token.children)
        if token.children
        else (" " if token.type in ("softbreak", "hardbreak") else token.content)
        for token in tokens
    )
