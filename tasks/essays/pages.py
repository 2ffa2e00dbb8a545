"""Pages as jinja2 templates make them; escaping is on everywhere."""

from datetime import datetime
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from configs.home import CHECKOUT
from tasks.kernel.instants import to_utc
from tasks.kernel.labels import SIMULATED

TEMPLATES = CHECKOUT / "configs" / "templates" / "essays"

#: No script, no frames, no forms, nothing fetched but the site's own style sheet.
POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'"


def fill(template: str, **values: Any) -> bytes:
    """A page from `configs/templates/essays/<template>`."""
    page = _environment().get_template(template)
    return page.render(policy=POLICY, SIMULATED=SIMULATED, **values).encode("utf-8")


def style() -> bytes:
    """The style sheet."""
    return (TEMPLATES / "style.css").read_bytes()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["minute"] = lambda instant: f"{_day(instant)}, {to_utc(instant):%H:%M} UTC"
    environment.filters["day"] = _day
    environment.filters["iso"] = lambda instant: f"{instant:%Y-%m-%dT%H:%M:%SZ}"
    return environment


def _day(instant: datetime) -> str:
    utc = to_utc(instant)
    return f"{utc.day} {utc:%B %Y}"
