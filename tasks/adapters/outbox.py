"""Messages as .eml files in a folder, for a mail system or a person to send."""

from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

from tasks.adapters.files import write_atomically
from tasks.ports.notifier import Message


class Outbox:
    """Writes each message once, as `<id>.eml`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: Message) -> str:
        """See `ports.notifier.Notifier`."""
        path = self._folder / f"{message.id}.eml"
        if not path.exists():
            write_atomically(path, _as_email(message))
        return str(path)


def _as_email(message: Message) -> bytes:
    email = EmailMessage()
    email["Message-ID"] = f"<{message.id}@emeritus>"
    email["Date"] = format_datetime(message.written_at)
    email["From"], email["To"] = message.sender, message.to
    email["Subject"] = message.subject
    email.set_content(message.body)
    return bytes(email)
