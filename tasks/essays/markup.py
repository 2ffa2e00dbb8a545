"""Markdown to HTML that can do nothing but be read. Pure.

HTML in the text is shown as text, an allow-list follows, images are never fetched, and hidden
characters are written out, so that a page shows what the bytes hold. Blocks find their own
direction, and what is wider than the page scrolls in a box of its own.
"""

import re
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from tasks.essays.characters import visible

LONGEST_TITLE = 160
LONGEST_EXCERPT = 200

_BLOCKS_WITH_DIRECTION = {
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "blockquote", "ul", "ol", "th", "td"),
}
_TAGS = {
    *_BLOCKS_WITH_DIRECTION,
    *("br", "hr", "pre", "li", "a", "code", "em", "s", "strong", "div"),
    *("table", "thead", "tbody", "tr"),
}
_ATTRIBUTES: dict[str, set[str]] = {"*": set(), "a": {"href"}, "ol": {"start"}}
_VALUES: dict[str, dict[str, set[str]]] = {
    **{tag: {"dir": {"auto"}} for tag in _BLOCKS_WITH_DIRECTION},
    "div": {"class": {"scroll"}, "role": {"group"}, "aria-label": {"Table"}, "tabindex": {"0"}},
    "pre": {"tabindex": {"0"}},
}
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes=_ATTRIBUTES,
    tag_attribute_values=_VALUES,
    clean_content_tags={"script", "style"},
    link_rel="nofollow noopener noreferrer",
    url_schemes={"https", "http", "mailto"},
    url_relative="deny",
)
_PLAIN_TITLE = re.compile(r"# +([^\W_](?:[^\W_]|[ ,.;:?!'()’“”–—-])*)(?=[\r\n]|$)")


@dataclass(frozen=True, slots=True)
class Rendered:
    """An essay as HTML.

    Attributes:
        heading: the level-one heading that it begins with, as `<h1>`; empty where it has none.
        body: all else. Its headings are of the levels 2 to 6 and skip none.
        excerpt: its first paragraph in plain words, with the next where that is very short; empty
            where no paragraph stands outside of lists and quotes.
    """

    heading: str
    body: str
    excerpt: str


def render(text: str) -> str:
    """An essay's Markdown as safe HTML, to stand inside `<article>`."""
    found = rendered(text)
    return found.heading + found.body


@lru_cache(maxsize=64)  # a page and two feeds want the same essay
def rendered(text: str) -> Rendered:
    """The same in two parts, so that a page can put its byline between them."""
    env: dict[str, Any] = {}
    tokens = _without_empty_headings(_MARKDOWN.parse(text, env))
    has_title = bool(tokens) and tokens[0].type == "heading_open" and tokens[0].tag == "h1"
    _mend_levels(tokens[3:] if has_title else tokens)
    for token in tokens:
        if token.nesting == 1 and token.tag in _BLOCKS_WITH_DIRECTION:
            token.attrSet("dir", "auto")
    cut = 3 if has_title else 0
    heading = _safe(tokens[:cut], env) if has_title else ""
    return Rendered(heading, _safe(tokens[cut:], env), _excerpt(tokens))


def shown_blocks(text: str) -> list[tuple[int, int, str]]:
    """(first line, line after the last, HTML) of each heading, paragraph, cell or piece of code.

    Lines count from 0, and the HTML is what `render` makes of them. A line of `text` in none of
    them holds nothing that readers see, but for rules and the marks of lists and tables.
    """
    env: MutableMapping[str, Any] = {}
    return [
        (token.map[0], token.map[1], _safe([token], env))
        for token in _MARKDOWN.parse(text, env)
        if token.map and token.type in ("inline", "fence", "code_block")
    ]


def title_of(text: str) -> str:
    """The text of the first level-one heading, hidden characters written out; or empty."""
    if plain := _PLAIN_TITLE.match(text):  # most texts: no character of it has a meaning
        return shortened(visible(" ".join(plain[1].split())), LONGEST_TITLE)
    env: dict[str, Any] = {}
    for heading, inline in pairwise(_BLOCKS.parse(text, env)):
        is_title = heading.type == "heading_open" and heading.tag == "h1"
        if is_title and (words := _plain(inline.content, env)):
            return shortened(words, LONGEST_TITLE)
    return ""


def shortened(words: str, longest: int) -> str:
    """`words`, cut after a word and with an ellipsis where they are longer than `longest`."""
    if len(words) <= longest:
        return words
    cut = words[: longest - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut[longest // 2 :] else cut).rstrip(" ,;:–—-") + "…"


def _safe(tokens: Sequence[Token], env: MutableMapping[str, Any]) -> str:
    html = _CLEANER.clean(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, env))
    return visible(html)  # attributes hold ASCII alone: markdown-it percent-encodes URLs


def _excerpt(tokens: Sequence[Token]) -> str:
    words = ""
    for opening, inline in pairwise(tokens):
        if opening.type == "paragraph_open" and opening.level == 0:
            words = f"{words} {_seen(inline.children or [])}".strip()
        if len(words) > LONGEST_EXCERPT // 3:
            break
    return shortened(words, LONGEST_EXCERPT)


def _mend_levels(tokens: Sequence[Token]) -> None:
    """The page's title is the one level-one heading, and no level is skipped below it."""
    level = 1
    for token in tokens:
        if token.type == "heading_open":
            level = max(2, min(int(token.tag[1]), level + 1))
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{level}"


def _without_empty_headings(tokens: Sequence[Token]) -> list[Token]:
    kept: list[Token] = []
    for token in tokens:
        kept.append(token)
        if token.type == "heading_close" and not kept[-2].content.strip():
            del kept[-3:]
    return kept


def _plain(inline: str, env: MutableMapping[str, Any]) -> str:
    tokens: list[Token] = []
    _MARKDOWN.inline.parse(inline, _MARKDOWN, env, tokens)
    return _seen(tokens)


def _seen(tokens: Sequence[Token]) -> str:
    return " ".join(visible(_words(tokens)).split())


def _words(tokens: Sequence[Token]) -> str:
    return "".join(
        _words(token.children)
        if token.children
        else (" " if token.type in ("softbreak", "hardbreak") else token.content)
        for token in tokens
    )


def _image_as_text(
    self: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: Any,
    env: MutableMapping[str, Any],
) -> str:
    alt = self.renderInlineAsText(tokens[index].children, options, env)
    return escapeHtml(f"[image: {alt}]")


def _code(_: RendererHTML, tokens: Sequence[Token], index: int, *__: Any) -> str:
    return f'<pre tabindex="0"><code>{escapeHtml(tokens[index].content)}</code></pre>\n'


def _table_open(*_: Any) -> str:
    return '<div class="scroll" role="group" aria-label="Table" tabindex="0">\n<table>\n'


def _table_close(*_: Any) -> str:
    return "</table>\n</div>\n"


_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_MARKDOWN.add_render_rule("image", _image_as_text)
_MARKDOWN.add_render_rule("fence", _code)
_MARKDOWN.add_render_rule("code_block", _code)
_MARKDOWN.add_render_rule("table_open", _table_open)
_MARKDOWN.add_render_rule("table_close", _table_close)
#: The same without the words inside of blocks, which take most of the time.
_BLOCKS = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_BLOCKS.core.ruler.disable(["inline", "text_join"])
