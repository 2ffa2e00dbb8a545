"""Texts and pages from the templates in configs/templates/<stage>/, which non-engineers edit."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, select_autoescape

from configs.errors import ConfigError
from configs.home import CHECKOUT

TEMPLATES = CHECKOUT / "configs" / "templates"

Filter = Callable[..., object]


def template_path(stage: str, name: str) -> Path:
    """Where a template stands."""
    return TEMPLATES / stage / name


def fill(
    stage: str,
    name: str,
    values: Mapping[str, Any],
    *,
    filters: Mapping[str, Filter] | None = None,
    finalize: Callable[[Any], Any] | None = None,
) -> str:
    """A template with its values. In `*.html.j2` every value is escaped; none may be missing.

    Args:
        stage: folder under configs/templates/.
        name: the template's file.
        values: what the template may use.
        filters: the template's filters beside Jinja's own.
        finalize: applied to every value before it is written.

    Raises:
        ConfigError: the template can't be used; file and line are named.
    """
    kept = _templates(TEMPLATES / stage, tuple(sorted((filters or {}).items())), finalize)
    return kept.fill(name, values)


class Templates:
    """A stage's templates, each compiled once: for many pages. A changed file is read again."""

    def __init__(
        self,
        stage: str,
        *,
        filters: Mapping[str, Filter] | None = None,
        finalize: Callable[[Any], Any] | None = None,
    ) -> None:
        self._folder = TEMPLATES / stage
        self._environment = Environment(
            loader=FileSystemLoader(self._folder),
            autoescape=select_autoescape(("html.j2",)),
            undefined=StrictUndefined,
            finalize=finalize,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._environment.filters.update(filters or {})

    def fill(self, name: str, values: Mapping[str, Any]) -> str:
        """See `fill`."""
        try:
            return self._environment.get_template(name).render(values)
        except TemplateError as error:
            line = getattr(error, "lineno", None) or 1
            where = f"{self._folder / name}:{line}"
            raise ConfigError(f"{where}: {error}; mend the template") from None


@lru_cache(maxsize=32)  # compiling takes longer than filling, and filters may be anybody's
def _templates(
    folder: Path,
    filters: tuple[tuple[str, Filter], ...],
    finalize: Callable[[Any], Any] | None,
) -> Templates:
    return Templates(folder.name, filters=dict(filters), finalize=finalize)
