"""SIMULATED sources of figures: calls, a survey, tickets and incidents of one model.

Every file says in its columns what it is, and the configuration that `sources_of` gives marks each
source as simulated, so that whatever is made of it is labelled.
"""

import csv
import math
import random
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

USAGE_COLUMNS = (
    *("timestamp", "request_id", "team", "surface", "model", "input_tokens", "output_tokens"),
    *("cost_usd", "refused", "unsafe", "note"),
)
SURVEY_COLUMNS = ("date", "team", "score", "note")
TICKET_COLUMNS = ("opened_at", "ticket", "kind", "note")
INCIDENT_COLUMNS = ("began_at", "incident", "kind", "severity", "note")
NOTE = "SIMULATED"

_SURFACES = (("api", 0.6), ("app", 0.4))
_TICKETS = ("migration", "quality", "billing")
_INCIDENTS = (("slow answers", "low"), ("unsafe answer reported", "high"))
_WEEKDAYS = (1.0, 1.08, 1.1, 1.06, 0.94, 0.42, 0.38)


@dataclass(frozen=True, slots=True)
class World:
    """What is simulated.

    Attributes:
        model_id: the model.
        end: last day, included (UTC).
        days: how many days up to it.
        seed: of all draws.
        teams: callers, the busiest first.
        calls_a_day: on an average day.
        refused, unsafe: shares of calls.
        unsafe_from: day from which on twice as many are unsafe; None for never.
        satisfaction: mean score on a scale of 1 to 5.
    """

    model_id: str
    end: date
    days: int = 90
    seed: int = 1
    teams: tuple[str, ...] = ("search", "support", "research")
    calls_a_day: int = 200
    refused: float = 0.012
    unsafe: float = 0.01
    unsafe_from: date | None = None
    satisfaction: float = 4.2


def make_sources(folder: Path, world: World) -> dict[str, Path]:
    """Write `usage.csv`, `survey.csv`, `tickets.csv` and `incidents.csv`.

    The same world gives the same bytes. Each file is written beside its place and renamed.

    Returns:
        Paths by kind of source.
    """
    made = {
        "usage": (USAGE_COLUMNS, _calls(world)),
        "survey": (SURVEY_COLUMNS, _answers(world)),
        "tickets": (TICKET_COLUMNS, _tickets(world)),
        "incidents": (INCIDENT_COLUMNS, _incidents(world)),
    }
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for kind, (header, rows) in made.items():
        paths[kind] = folder / f"{kind}.csv"
        _write(paths[kind], header, rows)
    return paths


def sources_of(folder: str) -> list[dict[str, Any]]:
    """What stands in a configuration under `monitoring.sources` to read them.

    Args:
        folder: where they are, as the configuration names it.
    """
    usage = {
        "timestamp": "timestamp",
        "callers": ["team"],
        "model": "model",
        "request_id": "request_id",
        "input_tokens": "input_tokens",
        "output_tokens": "output_tokens",
        "cost_usd": "cost_usd",
        "refused": "refused",
        "unsafe": "unsafe",
        "surface": "surface",
    }
    survey = {"date": "date", "score": "score", "owner": "team"}
    tickets = {"timestamp": "opened_at", "ticket_id": "ticket", "kind": "kind"}
    incidents = {"timestamp": "began_at", "incident_id": "incident", "severity": "severity"}
    incidents["kind"] = "kind"
    columns: dict[str, dict[str, Any]] = {
        "usage": usage,
        "survey": survey,
        "tickets": tickets,
        "incidents": incidents,
    }
    patience = {"usage": 1, "survey": 7, "tickets": 7, "incidents": 60}
    return [
        {
            "kind": kind,
            "name": kind,
            "path": f"{folder}/{kind}.csv",
            "columns": named,
            "late_after_days": patience[kind],
            **({"quiet_days": 60} if kind == "incidents" else {}),
            "simulated": True,
        }
        for kind, named in columns.items()
    ]


def _days(world: World) -> list[date]:
    return [world.end - timedelta(days=back) for back in range(world.days - 1, -1, -1)]


def _calls(world: World) -> Iterable[Sequence[str | int]]:
    rng = random.Random(f"{world.seed} usage")
    weights = [1 / (place + 1) for place in range(len(world.teams))]
    number = 0
    for day in _days(world):
        count = _poisson(rng, world.calls_a_day * _WEEKDAYS[day.weekday()])
        risky = world.unsafe_from is not None and day >= world.unsafe_from
        unsafe = world.unsafe * (2 if risky else 1)
        for moment in sorted(rng.randrange(86_400) for _ in range(count)):
            number += 1
            stamp = datetime.combine(day, time(), UTC) + timedelta(seconds=moment)
            read = max(8, round(math.exp(rng.gauss(6.3, 1.0))))
            refused = rng.random() < world.refused
            wrote = 40 if refused else max(1, round(math.exp(rng.gauss(5.4, 0.9))))
            yield (
                stamp.isoformat().replace("+00:00", "Z"),
                f"sim-{number:07d}",
                rng.choices(world.teams, weights)[0],
                rng.choices([n for n, _ in _SURFACES], [s for _, s in _SURFACES])[0],
                world.model_id,
                read,
                wrote,
                f"{(read * 3 + wrote * 15) / 1e6:.6f}",
                str(refused).lower(),
                str(rng.random() < unsafe).lower(),
                NOTE,
            )


def _answers(world: World) -> Iterable[Sequence[str | int]]:
    rng = random.Random(f"{world.seed} survey")
    for day in _days(world):
        for _ in range(_poisson(rng, 6 * _WEEKDAYS[day.weekday()])):
            score = min(5, max(1, round(rng.gauss(world.satisfaction, 0.9))))
            yield day.isoformat(), rng.choice(world.teams), score, NOTE


def _tickets(world: World) -> Iterable[Sequence[str | int]]:
    rng = random.Random(f"{world.seed} tickets")
    number = 0
    for day in _days(world):
        for moment in sorted(rng.randrange(86_400) for _ in range(_poisson(rng, 1.5))):
            number += 1
            stamp = datetime.combine(day, time(), UTC) + timedelta(seconds=moment)
            opened = stamp.isoformat().replace("+00:00", "Z")
            yield opened, f"SIM-{number}", rng.choice(_TICKETS), NOTE


def _incidents(world: World) -> Iterable[Sequence[str | int]]:
    rng = random.Random(f"{world.seed} incidents")
    number = 0
    for place, day in enumerate(_days(world)):
        # one at the beginning, so that the register begins with the other sources
        if place == 0 or rng.random() < 0.06:
            number += 1
            kind, severity = _INCIDENTS[rng.random() < 0.25]
            yield f"{day}T{rng.randrange(24):02}:00:00Z", f"SIM-I{number}", kind, severity, NOTE


def _poisson(rng: random.Random, mean: float) -> int:
    """A count; for large means the normal law is near enough for a demo."""
    if mean > 50:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[str | int]]) -> None:
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        with draft.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(rows)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
