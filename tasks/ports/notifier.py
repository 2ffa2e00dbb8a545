"""Messages to people."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `id` makes sending idempotent: the same id is one message."""

    id: str
    sender: str
    to: str
    subject: str
    body: str
    written_at: datetime


class Notifier(Protocol):
    """Delivers messages."""

    def send(self, message: Message) -> str:
        """Deliver once per id, and return a receipt. Safe to repeat.

        Raises:
            OSError: not delivered.
        """
        ...
