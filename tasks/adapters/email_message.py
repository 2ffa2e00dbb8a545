"""A message as an Internet mail (RFC 5322), the same bytes for the same message."""

from email import policy
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from tasks.ports.notifier import Message, RefusedForGood

_POLICY = policy.SMTP.clone(cte_type="7bit")  # so that no server on the way has to re-code it


def as_email(message: Message) -> EmailMessage:
    """The mail; its Message-ID comes from the id, so that a duplicate is recognisable.

    Raises:
        RefusedForGood: sender or receiver is no mail address.
        ValueError: a header would get a second line.
    """
    email = EmailMessage(policy=_POLICY)
    sender, to = _address(message.sender), _address(message.to)
    email["Message-ID"] = f"<{message.id}.emeritus@{sender.domain}>"
    email["Date"] = format_datetime(message.written_at)
    email["From"], email["To"] = sender, to
    email["Subject"] = message.subject
    email["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office note answers it
    plain = message.body.isascii() and max(map(len, message.body.split("\n"))) < 900
    email.set_content(message.body, cte="7bit" if plain else "quoted-printable")
    return email


def on_the_wire(address: str) -> str:
    """An address with its domain as the mail system writes it: `post@xn--...`.

    Raises:
        ValueError: no such domain is possible.
    """
    name, _, domain = address.rpartition("@")
    return f"{name}@{domain.encode('idna').decode()}"


def _address(text: str) -> Address:
    try:
        wire = on_the_wire(text)
        Address(addr_spec="".join(c if c.isascii() else "x" for c in wire))  # it knows ASCII alone
        name, _, domain = wire.rpartition("@")
        return Address(username=name, domain=domain)
    except (MessageError, ValueError, IndexError):
        raise RefusedForGood(f"{text!r} is no mail address") from None
