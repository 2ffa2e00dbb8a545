"""What Markdown of the repository's host and of the site read differently is not on a page."""

import re

import yaml

from configs.home import CHECKOUT
from tests.docs.pages import pages


def test_blocks_in_lists_are_indented_by_fours() -> None:
    """The site's Markdown takes a block that is indented otherwise out of its list."""
    wrong = [
        f"{page.relative_to(CHECKOUT)}:{number}"
        for page in pages()
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1)
        if (found := re.match(r"^( +)(?:```|~~~)", line)) and len(found[1]) % 4
    ]
    assert wrong == []


def test_every_page_has_one_title_on_its_first_line() -> None:
    folder = CHECKOUT / "docs"
    for page in sorted(folder.rglob("*.md")):
        first = page.read_text(encoding="utf-8").splitlines()[0]
        assert first.startswith("# "), page.relative_to(folder)


def test_every_how_to_is_in_the_navigation_and_on_its_own_list() -> None:
    """`make docs` would say so too; here without a build."""
    nav = (CHECKOUT / "mkdocs.yml").read_text(encoding="utf-8")
    listed = (CHECKOUT / "docs" / "how-to" / "README.md").read_text(encoding="utf-8")
    for page in sorted((CHECKOUT / "docs" / "how-to").glob("*.md")):
        assert f"how-to/{page.name}" in nav, page.name
        assert page.name == "README.md" or f"({page.name})" in listed, page.name


def test_nothing_of_the_site_is_asked_of_another_host() -> None:
    text = (CHECKOUT / "mkdocs.yml").read_text(encoding="utf-8")
    assert "font: false" in text
    assert not re.search(r"https?://", text)
    loaded = yaml.load(re.sub(r"!!python\S+ ", "", text), Loader=yaml.SafeLoader)
    assert loaded["strict"] is True
    levels = [v for part in loaded["validation"].values() for v in part.values()]
    assert set(levels) == {"warn"}
