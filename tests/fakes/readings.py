"""Readings of sources for tests: days as they come, absent where there is none."""

from datetime import date, datetime, timedelta
from typing import Any

from tasks.kernel.digests import canonical_json, stable_id
from tasks.records import Book
from tasks.records.monitoring import SourceReading

FIRST = date(2026, 8, 1)
#: `monitoring.sources` of a configuration that names the source below.
SOURCES = [
    {"kind": "usage", "name": "gateway", "path": "gateway.csv", "columns": {"timestamp": "at"}}
]


def daily(first: date = FIRST, **fields: list[Any]) -> list[dict[str, Any]]:
    """One day a value: `daily(unsafe=[2, 3], unsafe_of=[200, 200])`."""
    number = max(len(values) for values in fields.values())
    return [
        {
            "day": (first + timedelta(i)).isoformat(),
            **{name: values[i] for name, values in fields.items()},
        }
        for i in range(number)
    ]


def unsafe(*counts: int, of: int = 200, first: date = FIRST) -> list[dict[str, Any]]:
    """Days of so many unsafe answers."""
    return daily(first, unsafe=list(counts), unsafe_of=[of] * len(counts))


def reading(
    days: list[dict[str, Any]],
    read_at: datetime,
    *,
    source: str = "gateway",
    state: str = "whole",
    simulated: bool = False,
    mix: list[dict[str, Any]] | None = None,
    findings: list[dict[str, str]] | None = None,
) -> SourceReading:
    """A reading of these days; its id follows from them."""
    covers = {"from": days[0]["day"], "to": days[-1]["day"]} if days else None
    body = {
        "covers": covers,
        "days": days,
        "mix": mix or [],
        "totals": {},
        "findings": findings or [],
        "sha256": [],
    }
    text = canonical_json(body).decode()
    return SourceReading(
        id=stable_id("aster-1", source, state, text),
        model_id="aster-1",
        source=source,
        kind="usage",
        basis=stable_id(text),
        state=state,
        body=text,
        simulated=simulated,
        read_at=read_at,
    )


def put(book: Book, *rows: SourceReading) -> None:
    """Record readings."""
    for row in rows:
        with book.writing(row.read_at) as writing:
            writing.put(row, "monitoring.source_read")
