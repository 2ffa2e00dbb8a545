"""What one source ever told: its latest reading, and earlier days that it no longer holds. Pure.

Logs are rotated, and reports reach back a few months. The baseline must not move with them, or a
slow change would become what is usual; so days before the latest reading come from earlier ones.
"""

from collections.abc import Sequence
from dataclasses import replace

from tasks.monitoring.sources.rows import Day, Mix, Reading


def whole_history(readings: Sequence[Reading]) -> Reading:
    """The latest reading, with the days and weeks before it from earlier ones.

    Of a day that several earlier readings tell, the latest of them counts.

    Args:
        readings: all of one source, oldest first; at least one.
    """
    latest = readings[-1]
    usable = [one for one in readings if one.usable and one.covers is not None]
    if not latest.usable or latest.covers is None:
        return latest
    days: dict[object, Day] = {}
    weeks: dict[object, Mix] = {}
    begins = latest.covers[0]
    for reading in usable[:-1]:
        days |= {day.day: day for day in reading.days if day.day < begins}
        weeks |= {(week.week_of, week.by): week for week in reading.mix if week.week_of < begins}
    if not days:
        return latest
    days |= {day.day: day for day in latest.days}
    weeks |= {(week.week_of, week.by): week for week in latest.mix if week.week_of >= begins}
    first = min(one.covers[0] for one in usable if one.covers is not None)
    return replace(
        latest,
        covers=(first, latest.covers[1]),
        days=tuple(sorted(days.values(), key=lambda day: day.day)),
        mix=tuple(sorted(weeks.values(), key=lambda week: (week.by, week.week_of))),
    )
