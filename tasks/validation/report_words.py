"""How the report says ids, shares and instants to people. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tasks.kernel.instants import to_utc

NOT_KNOWN = "not known"

_PER_CENT = "\N{NO-BREAK SPACE}%"
INTERVAL = f"95{_PER_CENT} interval"
_TINY = 1e-9  # what arithmetic leaves of a nought

_KINDS = {
    "neutral": "neutral",
    "affirm": "presumes yes",
    "negate": "presumes no",
    "lead": "leads to yes",
    "follow_up": "follow-up",
}
_PROBES = ("affirm", "negate", "lead")
_OUTCOMES = {"truncated": "cut short", "asked": "no answer yet"}


def plain(name: str) -> str:
    """An id with blanks for its underscores."""
    return name.replace("_", " ")


def question(kind: str) -> str:
    """How a question was put."""
    return _KINDS.get(kind, plain(kind))


def asked(kind: str) -> str:
    """The same as a noun: `question that presumes no`."""
    name = question(kind)
    return f"question that {name}" if kind in _PROBES else f"{name} question"


def outcome(name: str) -> str:
    """How a conversation ended."""
    return _OUTCOMES.get(name, plain(name))


def day(of: datetime) -> str:
    """`2 Dec 2026`, the day in UTC."""
    of = to_utc(of)
    return f"{of.day} {of:%b %Y}"


def moment(instant: datetime) -> str:
    """`2 Dec 2026, 09:30`, in UTC, as the page says of all its times."""
    return f"{day(instant)}, {to_utc(instant):%H:%M}"


def percent(of: float) -> str:
    """`96 %`; a share of one in whole percent, never rounded to none or all that it is not."""
    if _TINY < of <= 0.005:
        return f"< 1{_PER_CENT}"
    if 0.995 <= of < 1 - _TINY:
        return f"> 99{_PER_CENT}"
    return f"{100 * of:.0f}{_PER_CENT}"


def estimate(of: float) -> str:
    """A drawn probability: `97.0 %`; never said to be none or all."""
    if of < 0.0005:
        return f"< 0.1{_PER_CENT}"
    return f"> 99.9{_PER_CENT}" if of > 0.9995 else f"{100 * of:.1f}{_PER_CENT}"


def points(of: float) -> str:
    """A difference of shares: `+4 points`, with a minus sign that is one."""
    number = f"{100 * of:+.0f}".replace("-", "−")
    return f"{'0' if number in ('+0', '−0') else number} points"


def number(value: float) -> str:
    """A statistic to two places, with a minus sign that is one."""
    return f"{value:.2f}".replace("-", "−")


def probability(p: float) -> str:
    """A test's p-value: `0.012`, or `< 0.001`."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def gap(value: Any, *, per: str = "") -> str:
    """A difference with its 95 % interval; `not known` where it could not be had.

    Args:
        value: `{"gap" or "per_wave", "low", "high"}`, shares; a bare share of older verdicts; None.
        per: what it is per, such as ` a wave`.
    """
    if isinstance(value, int | float):
        return f"{points(value)}{per}"
    if not isinstance(value, Mapping):
        return NOT_KNOWN
    middle = value.get("gap", value.get("per_wave"))
    if middle is None:
        return NOT_KNOWN
    said = f"{points(middle)}{per}"
    if value.get("low") is None or value.get("high") is None:
        return said
    low, high = (points(value[end]).removesuffix(" points") for end in ("low", "high"))
    return f"{said} ({INTERVAL} {low} to {high})"


def share(rate: Mapping[str, Any]) -> str:
    """`24 of 25`, with its interval where there is one.

    Args:
        rate: `{"count", "of", "low", "high"}`; the interval may be missing.
    """
    if not rate["of"]:
        return "nothing settled"
    said = f"{rate['count']} of {rate['of']}"
    if rate.get("low") is None or rate.get("high") is None:
        return said
    return f"{said} ({INTERVAL} {percent(rate['low'])} to {percent(rate['high'])})"
