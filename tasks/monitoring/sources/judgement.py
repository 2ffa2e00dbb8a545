"""How a source stands: whole, late, empty, partial or unusable; and all that is odd. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from tasks.monitoring.coverage import Gap, day_at, instant_at
from tasks.monitoring.sources.file_scan import Scan
from tasks.monitoring.sources.rows import EMPTY, LATE, PARTIAL, UNUSABLE, WHOLE, Finding

_SHOWN = 5  # gaps or names in one sentence
_SHEET_ROWS = (65_535, 1_048_575)  # what spreadsheets hold below a header
_ROUND = {"1", "2", "25", "5"}  # and zeros: where exports are cut off


@dataclass(frozen=True, slots=True)
class Covered:
    """Days that a source covers, by its rows and by what is quiet there.

    Attributes:
        days: days since the epoch; quiet ones between two others are among them.
        gaps: longer runs without any row.
        part: days that are there in part.
    """

    days: frozenset[int]
    gaps: tuple[Gap, ...]
    part: frozenset[int]

    @property
    def ends(self) -> tuple[date, date] | None:
        """First and last day."""
        return (day_at(min(self.days)), day_at(max(self.days))) if self.days else None


def covered_by(
    with_rows: Collection[int], quiet_days: int, files: Sequence[Scan], now: datetime
) -> Covered:
    """Which days a source covers.

    Args:
        with_rows: days since the epoch on which a row stands.
        quiet_days: longest run of days without a row that is normal between two others.
        files: the last one's end may lie within a day.
        now: today has not ended.
    """
    days, gaps = set(with_rows), []
    ordered = sorted(days)
    for before, after in pairwise(ordered):
        missing = range(before + 1, after)
        if not missing:
            continue
        if len(missing) <= quiet_days:
            days.update(missing)
        else:
            gaps.append(Gap(day_at(missing[0]), day_at(missing[-1])))
    part: set[int] = set()
    if ordered:
        today = (now.astimezone(UTC).date() - day_at(0)).days
        ends = [one.last for one in files if one.last is not None and not one.whole_days]
        last = instant_at(max(ends)) if ends else None
        within = last is not None and last.date() == day_at(ordered[-1]) and last.hour < 23
        part = {day for day in days if day >= today} | ({ordered[-1]} if within else set())
    return Covered(frozenset(days), tuple(gaps), frozenset(part))


def late_on(last: date, patience_days: int) -> date:
    """The day from which on a source is late."""
    return last + timedelta(days=patience_days + 1)


def lateness(covers: tuple[date, date] | None, patience_days: int, now: datetime) -> Finding | None:
    """The finding that a source is late; None where it isn't."""
    if covers is None:
        return None
    since = late_on(covers[1], patience_days)
    if now.astimezone(UTC).date() < since:
        return None
    return Finding(
        "late",
        f"nothing after {covers[1]}, and something new was expected: late since {since}",
    )


def state_of(findings: Sequence[Finding], covers: tuple[date, date] | None, files: int) -> str:
    """How a source stands, by what was found.

    Args:
        findings: all of them.
        covers: what it covers.
        files: how many files could be used.
    """
    codes = {one.code for one in findings}
    if not files:
        return UNUSABLE
    if covers is None:
        return EMPTY
    if "late" in codes:
        return LATE
    return PARTIAL if codes & {"partial", "unusable", "ahead", "nameless"} else WHOLE


def findings_of_files(files: Sequence[Scan]) -> list[Finding]:
    """What is odd about single files."""
    found: list[Finding] = []
    for one in files:
        if one.problem:
            found.append(Finding("unusable", one.problem))
        elif one.same_as:
            said = f"{_short(one.name)} has the bytes of {_short(one.same_as)}: they count once"
            found.append(Finding("doubled", said))
        else:
            found += [*_losses(one), *_odd(one)]
    return found


def findings_of_days(
    covered: Covered,
    *,
    names: Sequence[str],
    rows: int,
    others: Sequence[tuple[str, int]],
    near: Sequence[tuple[str, int]],
    nameless: int,
) -> list[Finding]:
    """What is odd about a source as a whole.

    Args:
        covered: its days.
        names: the model's.
        rows: rows of the model.
        others, near: names of other models, and of what looks like this one, with their rows.
        nameless: rows without a model's name.
    """
    found: list[Finding] = []
    if covered.gaps:
        shown = ", ".join(map(str, covered.gaps[:_SHOWN]))
        more = f" and {len(covered.gaps) - _SHOWN} more gaps" if len(covered.gaps) > _SHOWN else ""
        found.append(Finding("partial", f"no row at all on {shown}{more}: nothing is known of it"))
    if covered.days and not rows:
        shown = ", ".join(f"{name} ({count:,})" for name, count in others[:_SHOWN])
        found.append(
            Finding(
                "no_name",
                f"no row names {' or '.join(names)}; the names there are {shown or 'none'}: check "
                "monitoring.model_names before reading this as no use",
            )
        )
    if near:
        shown = ", ".join(f"{name} ({count:,})" for name, count in near[:_SHOWN])
        found.append(
            Finding("near_name", f"names that look like the model's were not counted: {shown}")
        )
    if nameless:
        found.append(Finding("nameless", f"{_rows(nameless)} without a model's name"))
    return found


def doubled_rows(rows: int, days: Sequence[int], files: Sequence[str]) -> Finding:
    """The finding that rows stood twice and count once."""
    first, last = day_at(days[0]).isoformat(), day_at(days[-1]).isoformat()
    when = f"on {first}" if first == last else f"between {first} and {last}"
    where = " and ".join(map(_short, files[:2]))
    more = f" and {len(files) - 2} more files" if len(files) > 2 else ""
    return Finding(
        "doubled", f"{_rows(rows)} {when} stood before ({where}{more}): each counts once"
    )


def _losses(one: Scan) -> list[Finding]:
    name, said = _short(one.name), []
    if one.cut_at:
        said.append(f"{name} can't be read from line {one.cut_at} on: a quote is left open there")
    elif one.unreadable:
        line = f", the first at line {one.first_unreadable}" if one.first_unreadable else ""
        end = "; it ends in the middle of a row" if one.open_end else ""
        said.append(f"{_rows(one.unreadable)} of {name} can't be read{line}{end}")
    digits = str(one.rows).rstrip("0")
    if one.rows in _SHEET_ROWS or (one.rows >= 1000 and digits in _ROUND):
        said.append(f"{name} has {_rows(one.rows)}, at which exports are often cut off")
    found = [Finding("partial", one) for one in said]
    if one.ahead:
        found.append(
            Finding(
                "ahead",
                f"{_rows(one.ahead)} of {name} ahead of our clock, after tomorrow: not used",
            )
        )
    return found


def _odd(one: Scan) -> list[Finding]:
    name, said = _short(one.name), []
    if one.costs_unclear:
        said.append(
            ("cost", f"{name} writes costs both with dots and with commas: none was counted")
        )
    elif one.cost_bad:
        said.append(
            (
                "cost",
                f"{_rows(one.cost_bad)} of {name} with a cost that is negative, no number, or "
                "beyond all bounds: unknown, and in no sum",
            )
        )
    if one.number_bad:
        said.append(
            ("number", f"{_rows(one.number_bad)} of {name} without a number that can be: in no sum")
        )
    if one.score_bad:
        said.append(
            ("score", f"{_rows(one.score_bad)} of {name} without a score on the scale: not counted")
        )
    return [Finding(code, text) for code, text in said]


def _short(name: str) -> str:
    return name.rstrip("/").rpartition("/")[2]


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number:,} rows"
