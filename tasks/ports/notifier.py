"""Messages to people, and events to programs that tell people."""

from dataclasses import dataclass
from datetime import datetime, timedelta
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


@dataclass(frozen=True, slots=True)
class Event:
    """One event for a webhook.

    Attributes:
        id: the same for each try, so that a receiver knows a repeat.
        body: JSON, as it goes out and is signed.
        tried_at: when this try is made; receivers refuse an old one.
    """

    id: str
    body: bytes
    tried_at: datetime


class Undelivered(OSError):
    """There is no receipt; the sentence says whose word that was."""


class TryLater(Undelivered):
    """Not accepted now; another try may be. `after`: how long to wait, if the other side said."""

    def __init__(self, said: str, after: timedelta | None = None) -> None:
        super().__init__(said)
        self.after = after


class RefusedForGood(Undelivered):
    """Not accepted, and the other side says that another try won't be either."""


class PerhapsDelivered(Undelivered):
    """The message left, and no answer came: it may have arrived."""


class ChannelDown(Undelivered):
    """Nothing can be sent this way now, to anybody; nothing was."""


class Notifier(Protocol):
    """Delivers messages."""

    def send(self, message: Message) -> str:
        """Deliver once per id, as far as the channel can tell; returns a receipt. Safe to repeat.

        Raises:
            Undelivered: one of the above, or another OSError: not delivered.
            ConfigError: the channel can't be used as it is configured; nothing was sent.
        """
        ...


class EventHook(Protocol):
    """Delivers events."""

    def post(self, event: Event) -> str:
        """Deliver; returns a receipt. Safe to repeat: the receiver knows the id.

        Raises:
            TryLater, RefusedForGood, ChannelDown: not delivered.
            ConfigError: the webhook can't be used as it is configured; nothing was sent.
        """
        ...
