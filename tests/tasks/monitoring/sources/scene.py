"""A retirement with sources, files for them, and readings of both."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from configs.schema import RetirementConfig
from tasks.monitoring.sources.places import files_of
from tasks.monitoring.sources.reading import Read, read_files
from tests.fakes.configs import retirement

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
MAP = {
    "timestamp": "at",
    "callers": ["who"],
    "model": "model",
    "request_id": "id",
    "input_tokens": "read",
    "output_tokens": "wrote",
    "cost_usd": "cost",
    "refused": "refused",
    "unsafe": "unsafe",
    "surface": "surface",
}
HEADER = "at,who,model,id,read,wrote,cost,refused,unsafe,surface\n"
OWNERS = [
    {"name": "Search", "contact": "s@example.org", "callers": ["search-*", "ada"]},
    {"name": "Ads", "contact": "a@example.org", "callers": ["ads"]},
]


def call(
    number: int,
    at: str = "2026-11-30T08:00:00Z",
    who: str = "ada",
    model: str = "aster-1",
    cost: str = "0.5",
    refused: str = "false",
    unsafe: str = "0",
    surface: str = "api",
) -> str:
    return f"{at},{who},{model},r{number},10,20,{cost},{refused},{unsafe},{surface}\n"


def write(folder: Path, data: str | bytes, name: str = "usage.csv") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def config_of(*sources: dict[str, Any], **monitoring: Any) -> RetirementConfig:
    return retirement(
        candidate={"owners": OWNERS}, monitoring={"sources": list(sources), **monitoring}
    )


def usage(path: Path | str, **fields: Any) -> dict[str, Any]:
    values = {"kind": "usage", "name": "gateway", "path": str(path), **fields}
    if values.get("format", "columns") == "columns":
        values.setdefault("columns", MAP)
    return values


def read(source: dict[str, Any], now: datetime = NOW, **monitoring: Any) -> Read:
    config = config_of(source, **monitoring)
    (one,) = config.monitoring.sources
    return read_files(config, one, files_of(one), now)


def codes(found: Read) -> list[str]:
    return [one["code"] for one in found.body["findings"]]


def says(found: Read) -> str:
    return " | ".join(one["says"] for one in found.body["findings"])


def day(found: Read, when: str = "2026-11-30") -> dict[str, Any]:
    return next(one for one in found.body["days"] if one["day"] == when)


def parquet(path: Path, rows: str) -> Path:
    """A Parquet file of a query."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"COPY ({rows}) TO '{path}' (FORMAT parquet)")
    return path
