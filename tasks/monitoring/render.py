"""Reports and the dossier from the templates in configs/templates/monitoring/."""

import re
from datetime import date
from typing import Any

from configs.templating import Filter
from configs.templating import fill as fill_template
from tasks.monitoring.scoreboard.core import interval
from tasks.monitoring.words import day

_MARKUP = re.compile(r"([\\`*_\[\]|~])")


def fill(template: str, **values: Any) -> str:
    """A template with its values; HTML ones escape everything. Raises `ConfigError`."""
    return fill_template("monitoring", template, values, filters=_FILTERS)


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


_FILTERS: dict[str, Filter] = {
    "cell": markdown_cell,
    "percent": percent,
    "estimate": estimate,
    "day": lambda text: day(date.fromisoformat(text[:10])),
    "interval": interval,
}
