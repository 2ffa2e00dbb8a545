"""Time."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time; a port, so that tests and drills can set it."""

    def now(self) -> datetime:
        """The current instant, aware, in UTC."""
        ...
