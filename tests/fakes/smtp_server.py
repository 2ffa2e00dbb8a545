"""A real SMTP server on loopback (aiosmtpd) that answers as a test asks it to."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "notices", "pass-word-of-the-test"


@dataclass
class Mailbox:
    """What arrived, and how the server answers; `LOST` closes the connection instead."""

    mail: list[EmailMessage] = field(default_factory=list)
    receivers: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    at_sender: str = ""
    at_receiver: dict[str, str] = field(default_factory=dict)
    at_data: list[str] = field(default_factory=list)
    port: int = 0

    LOST = "lost"

    async def handle_MAIL(  # noqa: N802
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.at_sender:
            return self.at_sender
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.at_receiver.get(address, "")
        if answer:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: Any, session: Session, envelope: Envelope
    ) -> str:
        answer = self.at_data.pop(0) if self.at_data else "250 2.0.0 queued as 4X7Y"
        if answer.startswith("250") or answer == self.LOST:
            content = envelope.content
            assert isinstance(content, bytes)
            parsed = message_from_bytes(content, policy=policy.default)
            assert isinstance(parsed, EmailMessage)
            self.mail.append(parsed)
            self.receivers.extend(envelope.rcpt_tos)
            self.encrypted.append(session.ssl is not None)
        if answer == self.LOST:
            server.transport.close()
        return answer


class _Controller(Controller):
    """Takes whichever port is free."""

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def smtp_server(
    *, certificate: Path | None = None, implicit: bool = False, login: bool = False
) -> Iterator[Mailbox]:
    """Serve until the block ends.

    Args:
        certificate: PEM with key and certificate; STARTTLS is required then.
        implicit: TLS from the first byte instead.
        login: whether `USER` and `PASSWORD` are required.
    """
    box, context = Mailbox(), None
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)

    def authenticator(_s: Any, _se: Any, _e: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        box.logins.append(data.login.decode())
        right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=right, handled=right)

    options: dict[str, Any] = {"enable_SMTPUTF8": True}
    if context is not None and not implicit:
        options |= {"tls_context": context, "require_starttls": True}
    if login:
        options |= {
            "authenticator": authenticator,
            "auth_required": True,
            "auth_require_tls": context is not None and not implicit,
        }
    controller = _Controller(
        box,
        hostname="127.0.0.1",
        port=0,
        ssl_context=context if implicit else None,
        **options,
    )
    controller.start()
    try:
        box.port = controller.port
        yield box
    finally:
        controller.stop()


def certificates(folder: Path, *, names: tuple[str, ...] = ("localhost",)) -> tuple[Path, Path]:
    """A CA of one's own, and a server's key and certificate that it signed: (ca, server)."""
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA of a test")])
    ca = _certificate(ca_name, ca_name, ca_key, ca_key, authority=True, names=())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server of a test")])
    server = _certificate(name, ca_name, key, ca_key, authority=False, names=names)
    ca_file, server_file = folder / "ca.pem", folder / "server.pem"
    ca_file.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    server_file.write_bytes(private + server.public_bytes(serialization.Encoding.PEM))
    return ca_file, server_file


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    *,
    authority: bool,
    names: tuple[str, ...],
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if names:
        every = [
            x509.DNSName(n) if not n[0].isdigit() else x509.IPAddress(ip_address(n)) for n in names
        ]
        builder = builder.add_extension(x509.SubjectAlternativeName(every), critical=False)
    return builder.sign(signer, hashes.SHA256())
