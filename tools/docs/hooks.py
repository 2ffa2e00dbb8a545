"""What mkdocs calls while it builds: pages made from code, links that work, nothing fetched."""

import logging
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from tools.docs import anchors, commands, configuration, deployments, links, privacy, python

CHECKOUT = Path(__file__).resolve().parent.parent.parent
_ERRORS = CHECKOUT / "docs" / anchors.PAGE
_SEARCH = 'data-md-component="search" role="dialog"'
_built: dict[str, Any] = {}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Fill in the parts of the navigation that follow from what is there."""
    config.nav = _filled(config.nav)
    return config


def _filled(entries: Any) -> Any:
    """A folder in the navigation (`adr/`) stands for all its pages, in the order of their names."""
    if isinstance(entries, dict):
        return {title: _filled(value) for title, value in entries.items()}
    if isinstance(entries, list):
        return [_filled(one) for one in entries]
    if isinstance(entries, str) and entries.endswith("/"):
        if entries.startswith("reference/"):
            return [
                name for name in sorted(_generated(), key=_first_index) if name.startswith(entries)
            ]
        folder = CHECKOUT / "docs" / entries
        return [f"{entries}index.md", *(f"{entries}{p.name}" for p in sorted(folder.glob("0*.md")))]
    return entries


def _first_index(name: str) -> tuple[bool, bool]:
    """A folder's own page first; the others as they were made."""
    return not name.endswith("index.md"), False


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages, and what the pages link to outside docs/."""
    made = _generated()
    for place, text in made.items():
        files.append(File.generated(config, place, content=text))
    site = links.Site(CHECKOUT, [one.src_uri for one in files])
    for one in files.documentation_pages():
        if one.src_uri not in made:
            site.collect(one.content_string, f"docs/{one.src_uri}")
    for place, content in site.added.items():
        if content is None:
            source = CHECKOUT / place.removeprefix(f"{links.FOLDER}/")
            files.append(File.generated(config, place, abs_src_path=str(source)))
        else:
            files.append(File.generated(config, place, content=content))
    _built.update(site=site, made=made, codes=set(anchors.codes(_ERRORS.read_text("utf-8"))))
    return files


def _generated() -> dict[str, str]:
    if "pages" not in _built:
        logging.disable(logging.WARNING)  # Prefect reads docstrings with griffe, which says a lot
        try:
            _built["pages"] = {
                **configuration.pages(),
                **commands.pages(_ERRORS.read_text(encoding="utf-8")),
                **python.pages(),
                deployments.PAGE: deployments.page(CHECKOUT / "deployments" / "prefect.yaml"),
                "adr/index.md": _decisions(),
            }
        finally:
            logging.disable(logging.NOTSET)
    pages: dict[str, str] = _built["pages"]
    return pages


def _decisions() -> str:
    """The list of decisions, each by its own heading."""
    lines = ["# Decisions", "", "What others build on, each with its context and consequences.", ""]
    for file in sorted((CHECKOUT / "docs" / "adr").glob("0*.md")):
        title = file.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        number, _, what = title.partition(". ")
        lines.append(f"- [{number}: {what}]({file.name})")
    return "\n".join(lines)


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Rewrite links to the site's paths, and give error codes an address and links to it."""
    place = page.file.src_uri
    if place.startswith(f"{links.FOLDER}/"):
        return markdown
    if place not in _built["made"]:
        markdown = _built["site"].rewrite(markdown, f"docs/{place}", place)
    if place == anchors.PAGE:
        return anchors.with_anchors(markdown)
    return links.outside_code(
        markdown, lambda line: anchors.with_links(line, place, _built["codes"])
    )


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Name the theme's search for those who hear the page."""
    return output.replace(_SEARCH, f'{_SEARCH} aria-label="Search"')


def on_post_build(config: MkDocsConfig) -> None:
    """End the build where a page would fetch something from another host."""
    if found := list(privacy.fetched(Path(config.site_dir))):
        raise PluginError("pages fetch from other hosts:\n" + "\n".join(found))
