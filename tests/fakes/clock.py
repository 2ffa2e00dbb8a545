"""A clock that tests set."""

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Starts at a fixed instant and moves only when told."""

    def __init__(self, start: datetime = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, **span: float) -> datetime:
        self._now += timedelta(**span)
        return self._now
