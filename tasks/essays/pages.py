"""Pages as jinja2 templates make them; escaping is on everywhere."""

from datetime import date, datetime
from functools import cache
from typing import Any

from configs.templating import Templates, template_path
from tasks.kernel.instants import to_utc
from tasks.kernel.labels import SIMULATED

#: No script, no frames, no forms; nothing is fetched but the site's own style sheet, type and icon.
POLICY = (
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)


def fill(template: str, **values: Any) -> bytes:
    """A page from `configs/templates/essays/<template>`. Raises `ConfigError`."""
    known = {"policy": POLICY, "SIMULATED": SIMULATED}
    return _templates().fill(template, {**known, **values}).encode()


def style() -> bytes:
    """The style sheet."""
    return template_path("essays", "style.css").read_bytes()


def day_of(instant: date) -> str:
    """For people: `2 December 2026`; of an instant its day in UTC."""
    day = to_utc(instant) if isinstance(instant, datetime) else instant
    return f"{day.day} {day:%B %Y}"


@cache
def _templates() -> Templates:
    filters = {
        "minute": lambda instant: f"{day_of(instant)}, {to_utc(instant):%H:%M} UTC",
        "day": day_of,
        "iso": lambda instant: f"{to_utc(instant):%Y-%m-%dT%H:%M:%SZ}",
    }
    return Templates("essays", filters=filters)
