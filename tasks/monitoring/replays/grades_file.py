"""Grades given elsewhere: a CSV of prompt, side, sample and grade."""

import csv
from collections.abc import Collection
from pathlib import Path

from tasks.kernel.errors import GradesUnusable
from tasks.monitoring.replays.against import Side

_COLUMNS = ("prompt", "side", "sample", "grade")


def stamp_of(path: Path) -> str:
    """Size and time of the file; empty when there is none."""
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_size}:{found.st_mtime_ns}"


def read_grades(path: Path, prompts: Collection[str]) -> dict[tuple[str, Side, int], float]:
    """Grades by prompt, side and sample. Reads only.

    Args:
        path: UTF-8, a header, commas.
        prompts: ids that may stand in it.

    Raises:
        GradesUnusable: it can't be read for what it should tell; file and line are named.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise GradesUnusable(
                    f"{path}: the column {missing[0]!r} is missing; the columns are "
                    f"{', '.join(_COLUMNS)}"
                )
            found: dict[tuple[str, Side, int], float] = {}
            for row in reader:
                key, value = _read(row, f"{path}:{reader.line_num}", prompts)
                if key in found:
                    raise GradesUnusable(
                        f"{path}:{reader.line_num}: sample {key[2]} of {key[0]!r} ({key[1]}) "
                        "stands twice; keep one grade"
                    )
                found[key] = value
            return found
    except OSError as error:
        raise GradesUnusable(f"{path}: can't be read: {error.strerror}; mend it") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise GradesUnusable(f"{path}: is no CSV in UTF-8: {error}; export it again") from None


def _read(
    row: dict[str, str], where: str, prompts: Collection[str]
) -> tuple[tuple[str, Side, int], float]:
    prompt, side = (row["prompt"] or "").strip(), (row["side"] or "").strip()
    if prompt not in prompts:
        raise GradesUnusable(f"{where}: {prompt!r} is no prompt of this owner; mend the id")
    if side not in ("old", "new"):
        raise GradesUnusable(f"{where}: side is {side!r}; write old or new")
    try:
        sample, value = int(row["sample"]), float(row["grade"])
    except (TypeError, ValueError):
        raise GradesUnusable(f"{where}: sample and grade must be numbers; mend them") from None
    if not (sample >= 0 and 0 <= value <= 1):
        raise GradesUnusable(
            f"{where}: samples count from 0 and grades go from 0 to 1; scale them first"
        )
    return (prompt, "old" if side == "old" else "new", sample), value
