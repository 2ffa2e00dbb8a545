"""What Markdown becomes: harmless, whole, and in order."""

import re

import pytest

from tasks.essays.markup import LONGEST_EXCERPT, LONGEST_TITLE, render, rendered, title_of


def levels(html: str) -> list[int]:
    return [int(level) for level in re.findall(r"<h(\d)", html)]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![p](https://track.example/p.png)",
        "[x](javascript:alert(1))",
        "[x](data:text/html,y)",
        "[x](/relative)",
        "<div class=scroll role=group>x</div>",
        "```\n</code></pre><script>alert(1)</script>\n```",
        '```" onload="x\ny\n```',
        "| <b onclick=x> | b |\n|--|--|\n| <script> | </table> |",
        "&#x202e; &lt;script&gt;",
    ],
)
def test_nothing_in_a_text_acts(text: str) -> None:
    html = render(text).lower()
    inert = re.sub(r"&lt;.*?&gt;", "", html)
    for sign in ("<script", "<img", "src=", "onerror=", "onload=", "onclick=", "href=", "\u202e"):
        assert sign not in inert


def test_the_first_heading_stands_apart_and_levels_skip_none() -> None:
    found = rendered("# Title\n\nwords\n\n#### deep\n\n# again\n\n### d\n\n#\n\n###### e\n")
    assert found.heading.startswith('<h1 dir="auto">Title</h1>')
    assert levels(found.body) == [2, 2, 3, 4]
    assert rendered("words\n\n# Late\n").heading == ""
    assert levels(render("words\n\n# Late\n")) == [2]


def test_a_link_defined_below_serves_heading_and_body() -> None:
    found = rendered("# A [word][w]\n\nand [again][w]\n\n[w]: https://w.example\n")
    assert 'href="https://w.example"' in found.heading
    assert 'href="https://w.example"' in found.body
    assert title_of("# A [word][w]\n\n[w]: https://w.example\n") == "A word"


def test_blocks_find_their_direction_and_wide_ones_their_own_box() -> None:
    html = render("# א\n\nword\n\n> quote\n\n- item\n\n| a | b |\n|--|--|\n| c | d |\n\n    code\n")
    assert html.count('dir="auto"') == 1 + 1 + 2 + 1 + 4
    assert '<div class="scroll" role="group" aria-label="Table" tabindex="0">\n<table>' in html
    assert '<pre tabindex="0"><code>code' in html


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# Plain &amp; *x* `y` \r\nrest", "Plain & x y"),
        ("Title\n=====\n", "Title"),
        ("\n\n  # Indented #\n", "Indented"),
        ("# \n\n# Second\n", "Second"),
        ("# a\u202eb\n", "a[U+202E]b"),
        ("    # code\n", ""),
        ("## Two\n", ""),
        ("#hashtag\n", ""),
        ("# <b>x</b>\n", "<b>x</b>"),
    ],
)
def test_titles(text: str, title: str) -> None:
    assert title_of(text) == title


@pytest.mark.parametrize(
    "line",
    [
        "# On “Leaving”, (again): a — b!",
        "# A  b \r",
        "# C#",
        "# C #",
        "# 1. x",
        "# - x",
        "# Ünïcode 日本",
        "# a_b_c",
    ],
)
def test_a_plain_title_is_read_as_markdown_reads_it(line: str) -> None:
    assert title_of(f"{line}\n\nwords\n") == title_of(f"\n{line}\n\nwords\n") != ""


def test_a_long_title_is_cut_after_a_word() -> None:
    title = title_of("# " + "word " * 60)
    assert len(title) <= LONGEST_TITLE
    assert title.endswith("word…")


def test_an_excerpt_is_the_first_paragraph_in_plain_words() -> None:
    text = "# T\n\n> no\n\n- no\n\nA *first* [one](https://x.example)\nof two.\n\n" + "b " * 99
    assert rendered(text).excerpt.startswith("A first one of two. b b")
    assert len(rendered(text).excerpt) <= LONGEST_EXCERPT
    assert rendered("# T\n\n" + "one " * 30 + "\n\ntwo\n").excerpt == ("one " * 30).strip()
    assert rendered("# T\n").excerpt == ""
    assert rendered("word " * 50).excerpt == "word " * 38 + "word…"
