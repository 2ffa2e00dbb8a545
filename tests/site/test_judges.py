"""Every kind of page, in light and dark, at 1280 and 320 px: no violation, and nothing fetched."""

from pathlib import Path

import pytest

from tests.site.conftest import Judge
from tests.site.sample import sample, write


def test_every_page_is_clean(judge: Judge, tmp_path: Path) -> None:
    write(tmp_path, sample())
    found = judge(tmp_path)
    assert found["looks"] == 4 * len(found["pages"]) >= 4 * 20
    assert found["problems"] == []
    assert found["fetched"] == []


@pytest.mark.parametrize(
    ("whole", "broken", "told"),
    [
        ('<html lang="en">', "<html>", "axe html-has-lang"),
        ("<main id", '<img src="https://track.example/p.png"><main id', "console: "),
        ("</main>", '<p style="width:900px">x</p></main>', "console: "),
        ("</main>", "<script>1</script></main>", "console: "),
        ("</main>", "<pre><code>" + "x" * 400 + "</code></pre></main>", "axe scrollable"),
        ("<h1>", "<h1><p>", "html-validate"),
    ],
    ids=["language", "image", "inline style", "script", "unreachable box", "nesting"],
)
def test_the_judges_see_what_is_wrong(
    judge: Judge, tmp_path: Path, whole: str, broken: str, told: str
) -> None:
    write(tmp_path / "all", sample())
    page = (tmp_path / "all" / "about.html").read_text()
    assert whole in page
    site = tmp_path / "one"
    site.mkdir()
    (site / "about.html").write_text(page.replace(whole, broken, 1))
    for name in ("style.css", "icon.svg", "fonts"):
        (site / name).symlink_to(tmp_path / "all" / name)
    assert any(told in problem for problem in judge(site)["problems"])
