"""Foreign text shows in Markdown as it is, and does nothing else."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tasks.preservation.markdown_text import Markdown, escaped, link, name, one_line, written

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
MARKUP = st.text(alphabet="\\`*_[]()<>#+-=.!|~&;:/\"' \n\t1aé$@{}", max_size=30)
TEXT = st.one_of(MARKUP, st.text(max_size=30)).filter(lambda text: one_line(text) != "")


def inlines(markdown: str) -> list[Token]:
    return [token for token in PARSER.parse(markdown) if token.type == "inline"]


def shown(token: Token) -> str:
    assert {child.type for child in token.children or []} <= {"text"}
    return "".join(child.content for child in token.children or [])


@given(TEXT)
@example("<script>alert(1)</script>")
@example("| --- |\n| x |")
@example("![x](http://example.org/x.png)")
@example("1. one\n2. two")
@example("- - -")
@example("# title #")
@example("&lt;b&gt; &#x41;")
@example("    code")
@example("ends in a backslash \\")
@example("[a]: http://example.org")
def test_text_shows_as_it_is_wherever_a_card_has_it(text: str) -> None:
    line, mark = one_line(text), escaped(text)
    for document, at in (
        (mark, 0),
        (f"- {mark}\n- next", 0),
        (f"| a | b |\n| --- | --- |\n| {mark} | x |\n", 2),
    ):
        assert shown(inlines(document)[at]) == line
    cells = inlines(f"| a | b |\n| --- | --- |\n| {mark} | x |\n")
    assert [shown(cell) for cell in cells[3:]] == ["x"]


@given(TEXT)
def test_a_name_shows_as_it_is_in_a_cell_and_its_link_leads_to_it(text: str) -> None:
    (_, _, cell, _) = inlines(f"| a | b |\n| --- | --- |\n| {name(text)} | x |\n")
    assert "".join(child.content for child in cell.children or []) == one_line(text)
    (inline,) = inlines(link(text))
    assert next(t.type for t in inline.children or []) == "link_open"


@pytest.mark.parametrize(
    "plain",
    ["Apache-2.0", "0.83", "2026-05-14", "Don't use R&D's max_tokens (256)!", "-5 to +5", "naïve"],
)
def test_ordinary_text_is_left_readable(plain: str) -> None:
    assert escaped(plain) == plain


def test_characters_that_deceive_the_eye_are_replaced() -> None:
    assert one_line("a\x1b[31m\x00b") == "a\ufffd[31m\ufffdb"
    assert one_line("x\u202etxt.exe") == "x\ufffdtxt.exe"
    assert one_line("half \ud83d") == "half \ufffd"
    assert one_line("a\u2028b\x85c\r\n d") == "a b c d"
    assert one_line("👩‍🔬 می‌خواهم") == "👩‍🔬 می‌خواهم"


def test_a_template_escapes_all_but_markdown() -> None:
    assert written("*a*") == r"\*a\*"
    assert written(Markdown("*a*")) == "*a*"
    assert written(3) == 3
