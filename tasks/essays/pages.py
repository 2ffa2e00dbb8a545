"""Pages as jinja2 templates make them; escaping is on everywhere."""

from datetime import datetime
from typing import Any

from configs.templating import fill as fill_template
from configs.templating import template_path
from tasks.kernel.instants import to_utc
from tasks.kernel.labels import SIMULATED

#: No script, no frames, no forms, nothing fetched but the site's own style sheet.
POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'"


def fill(template: str, **values: Any) -> bytes:
    """A page from `configs/templates/essays/<template>`. Raises `ConfigError`."""
    filters = {
        "minute": lambda instant: f"{_day(instant)}, {to_utc(instant):%H:%M} UTC",
        "day": _day,
        "iso": lambda instant: f"{instant:%Y-%m-%dT%H:%M:%SZ}",
    }
    known = {"policy": POLICY, "SIMULATED": SIMULATED}
    return fill_template("essays", template, {**known, **values}, filters=filters).encode()


def style() -> bytes:
    """The style sheet."""
    return template_path("essays", "style.css").read_bytes()


def _day(instant: datetime) -> str:
    utc = to_utc(instant)
    return f"{utc.day} {utc:%B %Y}"
