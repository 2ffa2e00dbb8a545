"""Instants are aware datetimes in UTC; a naive one is a mistake and is refused."""

from datetime import UTC, date, datetime, time


def to_utc(instant: datetime) -> datetime:
    """The same instant in UTC.

    Raises:
        ValueError: the datetime carries no time zone.
    """
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no time zone")
    return instant.astimezone(UTC)


def to_text(instant: datetime) -> str:
    """RFC 3339 with microseconds and `Z`, sortable as text."""
    return to_utc(instant).isoformat(timespec="microseconds").replace("+00:00", "Z")


def from_text(text: str) -> datetime:
    """The inverse of `to_text`; any RFC 3339 text with an offset is taken.

    Raises:
        ValueError: not such a text.
    """
    return to_utc(datetime.fromisoformat(text))


def to_minute(instant: datetime) -> str:
    """For people: `2026-12-02 09:30 UTC`."""
    return to_utc(instant).strftime("%Y-%m-%d %H:%M UTC")


def start_of(day: date) -> datetime:
    """Midnight UTC at the start of a day."""
    return datetime.combine(day, time(), UTC)
