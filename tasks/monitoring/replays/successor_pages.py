"""An owner's report on the successor: HTML and Markdown for them, JSON for programs."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from configs.home import under_home
from configs.schema import RetirementConfig
from tasks.adapters.files import write_atomically
from tasks.kernel.digests import canonical_json, stable_id
from tasks.monitoring.render import fill

_ROW, _LEFT, _WIDTH = 34, 270.0, 350.0  # user units of the plot
_FENCE = re.compile(r"`{3,}")


@dataclass(frozen=True, slots=True)
class Mark:
    """One grader's row of the plot: the difference with its interval, in user units."""

    says: str
    finding: str
    y: int
    low: float
    at: float
    high: float


def successor_folder(config: RetirementConfig) -> Path:
    """Where owners' reports stand."""
    return under_home(config.monitoring.reports_folder) / config.id / "successor"


def write_owner(config: RetirementConfig, body: dict[str, Any]) -> Path:
    """Write one owner's three files; returns the JSON's path, which is written last.

    Safe to repeat: the same body makes the same bytes, and an unchanged file is not touched.

    Raises:
        ConfigError: a template can't be used.
        OSError: the folder can't be written.
    """
    folder, slug = successor_folder(config), slug_of(body["owner"])
    values: dict[str, Any] = {"b": body, "marks": marks(body), "band": band(body["margin"])}
    values |= {"middle": _across(0.0), "fenced": fenced}
    write_atomically(folder / f"{slug}.html", fill("successor.html.j2", **values).encode())
    write_atomically(folder / f"{slug}.md", fill("successor.md.j2", **values).encode())
    write_atomically(folder / f"{slug}.json", canonical_json(body) + b"\n")
    return folder / f"{slug}.json"


def slug_of(owner: str) -> str:
    """A file's name for an owner; names that look alike there stay apart."""
    plain = re.sub(r"[^a-z0-9]+", "-", owner.casefold()).strip("-")[:50]
    return f"{plain or 'owner'}-{stable_id(owner)[:6]}"


def marks(body: dict[str, Any]) -> list[Mark]:
    """The plot's rows, one a grader."""
    return [
        Mark(
            says=row["says"],
            finding=row["finding"],
            y=30 + place * _ROW,
            low=_across(row["low"]),
            at=_across(row["difference"]),
            high=_across(row["high"]),
        )
        for place, row in enumerate(body["comparisons"])
    ]


def band(margin: float) -> tuple[float, float]:
    """The plot's band of differences that are too small to matter: left and width."""
    left = _across(-margin)
    return left, round(_across(margin) - left, 2)


def fenced(text: str) -> str:
    """Foreign text as a Markdown block that nothing in it can end or turn into markup."""
    longest = max((len(run) for run in _FENCE.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}text\n{text.rstrip()}\n{fence}"


def _across(difference: float) -> float:
    return round(_LEFT + (difference + 1) / 2 * _WIDTH, 2)
