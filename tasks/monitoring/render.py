"""Reports and the dossier from the templates in configs/templates/monitoring/."""

import re
from datetime import date
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, select_autoescape

from configs.home import CHECKOUT
from tasks.kernel.errors import ConfigError
from tasks.monitoring.words import day

TEMPLATES = CHECKOUT / "configs" / "templates" / "monitoring"
_MARKUP = re.compile(r"([\\`*_\[\]|~])")


def fill(template: str, **values: Any) -> str:
    """A template with its values; HTML ones escape everything.

    Raises:
        ConfigError: the template can't be used.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["cell"] = markdown_cell
    environment.filters["percent"] = percent
    environment.filters["estimate"] = estimate
    environment.filters["day"] = lambda text: day(date.fromisoformat(text[:10]))
    try:
        return environment.get_template(template).render(**values)
    except TemplateError as error:
        line = getattr(error, "lineno", None) or 1
        raise ConfigError(f"{TEMPLATES / template}:{line}: {error}; mend the template") from None


def markdown_cell(text: object) -> str:
    """Foreign text for one Markdown table cell: one line, nothing of it read as markup."""
    line = _MARKUP.sub(r"\\\1", " ".join(str(text).split()))
    return line.replace("&", "&amp;").replace("<", "&lt;")


def percent(share: float) -> str:
    """`1.23 %`."""
    return f"{100 * share:.2f} %"


def estimate(share: float) -> str:
    """A drawn probability: `97.00 %`; never said to be none or all."""
    if share < 0.00005:
        return "< 0.01 %"
    return "> 99.99 %" if share > 0.99995 else percent(share)
