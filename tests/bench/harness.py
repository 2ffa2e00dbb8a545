"""What every bench shares: best of several runs, a table, and JSON for programs."""

import argparse
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One measured figure; `ratio` is value divided by the peer's, from the same run."""

    name: str
    value: float
    unit: str
    against: str
    ratio: float


def best(work: Callable[[], object], runs: int = 3) -> float:
    """Seconds of the fastest of several runs."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def report(figures: Iterable[Figure]) -> None:
    """Print each figure as it comes; `--json PATH` writes them too, `--append` adds to a list."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=Path)
    parser.add_argument("--append", action="store_true")
    arguments = parser.parse_args()
    path: Path | None = arguments.json
    came = []
    for one in figures:
        line = f"{one.name:34} {one.value:9.3f} {one.unit:10} {one.ratio:6.2f} x {one.against}"
        print(line, flush=True)
        came.append(one)
    if path is not None:
        earlier = json.loads(path.read_text()) if arguments.append else []
        path.write_text(json.dumps([*earlier, *(asdict(one) for one in came)], indent=2) + "\n")
