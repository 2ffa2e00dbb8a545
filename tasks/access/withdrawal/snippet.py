"""Configuration for a gateway that carries out a withdrawal: a piece for LiteLLM, or for nginx.

LiteLLM's callback reads the plan from the grants file at every call. nginx can't: its piece holds
the plan's instants, and is made anew when the plan changes.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from configs.templating import fill
from tasks.access.withdrawal.words import refusal
from tasks.kernel.digests import digest_of
from tasks.kernel.instants import from_text, to_minute
from tasks.kernel.labels import labelled

Gateway = Literal["litellm", "nginx"]

# `$msec` has ten digits before its point until 2286.
_END_OF_TEN_DIGITS = 10_000_000_000


def litellm_snippet(plan: Mapping[str, Any], names: Sequence[str], grants_folder: Path) -> str:
    """What goes into LiteLLM's config.yaml. Pure, but for the template.

    Raises:
        ConfigError: the template can't be used.
    """
    values = {"plan": plan, "names": names, "grants_folder": grants_folder, "label": _label(plan)}
    return fill("access", "withdrawal.litellm.yaml.j2", values)


def nginx_snippet(plan: Mapping[str, Any], now: datetime) -> str:
    """What goes into nginx's http and location blocks. Pure, but for the template.

    Without a plan in force it has headers alone: it could not hear that access was decided.

    Raises:
        ConfigError: the template can't be used.
    """
    sunset = from_text(plan["sunset_at"])
    windows = [
        {
            **window,
            "seconds": seconds_pattern(*(_second(window[k]) for k in ("starts_at", "ends_at"))),
            "body": _body(plan, "brownout", from_text(window["ends_at"])),
        }
        for window in plan["brownouts"]
    ]
    values = {
        "plan": plan,
        "label": _label(plan),
        "digest": digest_of(dict(plan)),
        "made_at": to_minute(now),
        "prefix": "emeritus_" + re.sub(r"[^a-z0-9]", "_", plan["model_id"]),
        "paused_file": f"/etc/nginx/emeritus-{plan['model_id']}.paused",
        "announced": seconds_pattern(_second(plan["announced_at"]), _END_OF_TEN_DIGITS),
        "retired": seconds_pattern(int(sunset.timestamp()), _END_OF_TEN_DIGITS),
        "retired_body": _body(plan, "sunset", None),
        "windows": windows,
        "quoted": quoted,
    }
    return fill("access", "withdrawal.nginx.conf.j2", values)


def seconds_pattern(start: int, end: int) -> str:
    """Alternatives of a regular expression that fit exactly the whole numbers from start to end.

    Args:
        start: the first number, of ten digits.
        end: the first number that does not fit; at most 10**10.
    """
    found = []
    while start < end:
        size = 1  # the largest round block that begins here and ends in time
        while start % (size * 10) == 0 and start + size * 10 <= end:
            size *= 10
        head, digit = divmod(start // size, 10)
        count = min((end - start) // size, 10 - digit)
        digits = str(digit) if count == 1 else f"[{digit}-{digit + count - 1}]"
        free = len(str(size)) - 1
        found.append(f"{head or ''}{digits}" + (f"[0-9]{{{free}}}" if free else ""))
        start += count * size
    return "|".join(found) or "(?!)"


def quoted(text: str) -> str:
    """A text as nginx reads it between single quotes. Pure.

    A `$` would begin a variable there, and can't be escaped: only JSON and headers without one
    are given to it.
    """
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _body(plan: Mapping[str, Any], why: str, until: datetime | None) -> str:
    """An error object with what OpenAI's and Anthropic's clients look for, in one line of ASCII."""
    said = refusal(plan, why, until)
    error = {"type": "not_found_error", "code": f"model_withdrawn_{why}", "message": said}
    return json.dumps({"type": "error", "error": error}).replace("$", "\\u0024")


def _second(text: str) -> int:
    return int(from_text(text).timestamp())


def _label(plan: Mapping[str, Any]) -> str:
    return labelled("", plan["simulated"])
