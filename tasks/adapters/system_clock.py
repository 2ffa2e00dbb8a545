"""The machine's clock."""

from datetime import UTC, datetime


class SystemClock:
    """The current time, in UTC."""

    def now(self) -> datetime:
        """See `ports.clock.Clock`."""
        return datetime.now(UTC)
