"""Links that work in the repository work in the site, and nothing is fetched from elsewhere."""

from pathlib import Path

import pytest

from tools.docs import anchors, privacy
from tools.docs.links import Site, targets


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for path, text in {
        "README.md": "# Top\n\n[stage](docs/stages/one.md#part) [licence](LICENSE)\n",
        "LICENSE": "Do as you like.\n",
        "docs/stages/one.md": "# One\n",
        "deploy/README.md": "# Deploy\n\n[back](../docs/stages/one.md), [file](job.yaml)\n",
        "deploy/job.yaml": "kind: Job\n",
        "jobs/all.yaml": "kind: List\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def site(checkout: Path) -> Site:
    return Site(checkout, ["README.md", "stages/one.md", "stages/README.md", "adr/index.md"])


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("[a](one.md)", "[a](one.md)"),
        ("[a](../../README.md#top)", "[a](../repository/README.md#top)"),
        ("[a](../adr/)", "[a](../adr/index.md)"),
        ("[a](../stages/)", "[a](README.md)"),
        ("[a](../../deploy/)", "[a](../repository/deploy/README.md)"),
        ("[a](../../jobs/)", "[a](../repository/jobs/index.md)"),
        ("[a](../../deploy/job.yaml)", "[a](../repository/deploy/job.yaml.md)"),
        ("[`a`](../../LICENSE)", "[`a`](../repository/LICENSE.md)"),
        ("[a](https://example.org/x.md)", "[a](https://example.org/x.md)"),
        ("`[a](../../LICENSE)`", "`[a](../../LICENSE)`"),
        ("[a](../../gone.md)", "[a](../../gone.md)"),
    ],
)
def test_a_link_points_to_the_sites_own_path(site: Site, written: str, wanted: str) -> None:
    assert site.rewrite(written, "docs/stages/two.md", "stages/two.md") == wanted


def test_what_is_linked_comes_along_with_what_it_links(site: Site) -> None:
    site.collect("[top](../README.md), [one](../deploy/), [all](../jobs/)", "docs/README.md")
    assert set(site.added) == {
        "repository/README.md",
        "repository/LICENSE.md",
        "repository/deploy/README.md",
        "repository/deploy/job.yaml.md",
        "repository/jobs/index.md",
        "repository/jobs/all.yaml.md",
    }
    assert "(../stages/one.md#part)" in (site.added["repository/README.md"] or "")
    assert "```yaml\nkind: Job" in (site.added["repository/deploy/job.yaml.md"] or "")


def test_fenced_blocks_are_left_alone(site: Site) -> None:
    text = "```\n[a](../../LICENSE)\n```\n"
    assert site.rewrite(text, "docs/stages/two.md", "stages/two.md") == text
    assert list(targets(text)) == []


def test_codes_become_links_where_they_are_named() -> None:
    known = {"EM100", "KO-HOLD"}
    line = "EM100 and KO-HOLD, but not EM999, [EM100](x.md) or EM1000"
    assert anchors.with_links(line, "stages/one.md", known) == (
        "[EM100](../errors.md#em100) and [KO-HOLD](../errors.md#ko-hold), but not EM999, "
        "[EM100](x.md) or EM1000"
    )
    assert anchors.with_links("## EM100", "stages/one.md", known) == "## EM100"


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://cdn.example/a.js"></script>',
        '<img src="//img.example/a.png">',
        '<link rel="stylesheet" href="https://fonts.example/css">',
        '<link rel="preconnect" href="https://fonts.example">',
        "<style>@import 'https://x.example/a.css';</style>",
        '<p style="background: url(https://x.example/a.png)">',
        '<img srcset="a.png 1x, https://x.example/b.png 2x">',
    ],
)
def test_what_is_fetched_from_another_host_is_found(tmp_path: Path, html: str) -> None:
    (tmp_path / "index.html").write_text(f"<html><body>{html}</body></html>", encoding="utf-8")
    assert len(list(privacy.fetched(tmp_path))) == 1


def test_a_link_fetches_nothing(tmp_path: Path) -> None:
    html = '<a href="https://example.org">x</a><link rel="canonical" href="https://example.org">'
    (tmp_path / "index.html").write_text(html, encoding="utf-8")
    (tmp_path / "a.css").write_text("a { background: url(b.png) }", encoding="utf-8")
    assert list(privacy.fetched(tmp_path)) == []
    (tmp_path / "a.css").write_text("a { background: url(//x.example/b.png) }", encoding="utf-8")
    assert list(privacy.fetched(tmp_path)) == ["a.css: //x.example/b.png"]
