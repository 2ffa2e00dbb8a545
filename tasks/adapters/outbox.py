"""Messages as .eml files in a folder, for a mail system or a person to send."""

from pathlib import Path

from tasks.adapters.email_message import as_email
from tasks.adapters.files import write_atomically
from tasks.ports.notifier import Message


class Outbox:
    """Writes each message as `<id>.eml`: one file an id, with the latest text."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: Message) -> str:
        """See `ports.notifier.Notifier`."""
        path = self._folder / f"{message.id}.eml"
        write_atomically(path, _as_file(message))
        return str(path)


def _as_file(message: Message) -> bytes:
    """With the line ends of files, not those of the wire."""
    email = as_email(message)
    return email.as_bytes(policy=email.policy.clone(linesep="\n"))
