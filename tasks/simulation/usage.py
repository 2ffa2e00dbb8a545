"""A SIMULATED usage log, as an API gateway would export it: one row a call."""

import csv
import math
import random
import uuid
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple

COLUMNS: tuple[str, ...] = (
    "timestamp",
    "user_id",
    "surface",
    "model",
    "input_tokens",
    "output_tokens",
    "cost_usd",
    "status",
    "refused",
)
DAYS = 120

_SURFACES = (("api", 0.5), ("app", 0.28), ("cloud-east", 0.14), ("cloud-west", 0.08))
_STATUSES = ((200, 0.968), (429, 0.016), (529, 0.009), (500, 0.007))
#: Share of a day's calls by hour, UTC: two working days that overlap.
_HOURS = tuple(1.0 + 5.0 * math.exp(-(((hour - 14) / 5.0) ** 2)) for hour in range(24))
_WEEKDAYS = (1.0, 1.08, 1.1, 1.06, 0.94, 0.42, 0.38)
_USERS = 400


class _Price(NamedTuple):
    """US dollars for a million tokens."""

    input: float
    output: float


_PRICES = {"retiring": _Price(3.0, 15.0), "successor": _Price(2.5, 12.0), "small": _Price(0.5, 2.5)}


def make_usage_csv(
    dest: Path,
    *,
    rows: int = 10_000,
    seed: int,
    model_id: str,
    end: date,
    successor_id: str = "aster-2",
) -> Path:
    """Write a usage log of the 120 days up to `end`; the same bytes for the same arguments.

    Calls follow the hours and the week, and move from the retiring model to its successor. The
    model goes by its id, an alias and a cloud's name for it. Written beside `dest` and renamed.

    Args:
        dest: CSV to write, UTF-8 with a header; replaced if there is one.
        rows: Number of calls.
        seed: Seed of all draws.
        model_id: The retiring model.
        end: Last day, included; all instants are UTC.
        successor_id: The model that users move to.

    Returns:
        `dest`.
    """
    rng = random.Random(seed)
    # A long tail: few users make most of the calls.
    users = [math.exp(rng.gauss(0.0, 1.3)) for _ in range(_USERS)]
    names = [f"user-{number:04d}" for number in range(1, _USERS + 1)]
    lines: list[list[str | int]] = []
    for moment in _moments(rng, rows, end):
        moved = 1 - (end - moment.date()).days / DAYS
        stamp = moment.isoformat().replace("+00:00", "Z")
        user = rng.choices(names, users)[0]
        lines.append([stamp, user, *_call(rng, model_id, successor_id, moved=moved)])
    _write_rows(dest, lines)
    return dest


def _write_rows(dest: Path, lines: list[list[str | int]]) -> None:
    dest.parent.mkdir(parents=True, exist_ok=True)
    draft = dest.with_name(f".{dest.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        with draft.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(lines)
        draft.replace(dest)
    finally:
        draft.unlink(missing_ok=True)


def _moments(rng: random.Random, rows: int, end: date) -> list[datetime]:
    days = [end - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    weights = [_WEEKDAYS[day.weekday()] for day in days]
    hours = rng.choices(range(24), _HOURS, k=rows)
    moments = [
        datetime.combine(day, time(hour, tzinfo=UTC)) + timedelta(seconds=rng.randrange(3600))
        for day, hour in zip(rng.choices(days, weights, k=rows), hours, strict=True)
    ]
    return sorted(moments)


def _call(rng: random.Random, model_id: str, successor_id: str, *, moved: float) -> list[str | int]:
    """The rest of one row; `moved`, 0 to 1, is how far the move to the successor has come."""
    retiring = 0.85 - 0.5 * moved
    kind = rng.choices(("retiring", "successor", "small"), (retiring, 0.9 - retiring, 0.1))[0]
    alias = rng.choices(("id", "latest", "cloud"), (0.7, 0.2, 0.1))[0]
    base = {"retiring": model_id, "successor": successor_id, "small": "aster-mini"}[kind]
    model = {"id": base, "latest": f"{base}-latest", "cloud": f"cloud.{base}-v1:0"}[alias]
    surface = _pick(rng, [name for name, _ in _SURFACES], [share for _, share in _SURFACES])
    codes = [str(status) for status, _ in _STATUSES]
    status = _pick(rng, codes, [share for _, share in _STATUSES])
    answered = status == "200"
    refused = answered and rng.random() < 0.012
    read = max(8, round(math.exp(rng.gauss(6.3, 1.0))))
    wrote = max(1, round(math.exp(rng.gauss(5.4, 0.9)))) if answered else 0
    wrote = min(wrote, 40) if refused else wrote
    price = _PRICES[kind]
    cost = (read * price.input + wrote * price.output) / 1e6 if answered else 0.0
    return [surface, model, read, wrote, f"{cost:.6f}", status, str(refused).lower()]


def _pick(rng: random.Random, names: list[str], shares: list[float]) -> str:
    return rng.choices(names, shares)[0]
