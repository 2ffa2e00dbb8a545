"""Messages over SMTP (RFC 5321), with TLS and a login; one connection a message.

What the server answers decides: a receipt is its last word, 2xx. 4xx is for the moment, 5xx for
good; a connection lost after the message left leaves it open whether it arrived.
"""

import base64
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.policy import SMTP, SMTPUTF8
from pathlib import Path

from configs.schema.channels import SmtpConfig
from configs.schema.secret import told as pointed_at
from tasks.adapters.email_message import as_email, on_the_wire
from tasks.adapters.secrets import read_secret
from tasks.kernel.errors import ConfigError
from tasks.ports.notifier import (
    ChannelDown,
    Message,
    PerhapsDelivered,
    RefusedForGood,
    TryLater,
    Undelivered,
)

_SECTION = "communication.channels.smtp"
_LONGEST_WORD = 300  # characters of a server's answer that are kept
_NOT_LOGGED_IN = (530, 535, 538)


class Smtp:
    """Sends through one server.

    Args:
        config: the server.
        ca_file: certificates to trust instead of the system's.
    """

    def __init__(self, config: SmtpConfig, ca_file: Path | None = None) -> None:
        self._config, self._ca_file = config, ca_file
        self._password = _password(config)

    def send(self, message: Message) -> str:
        """See `ports.notifier.Notifier`."""
        email = as_email(message)
        with self.connected() as server:
            options = self._options(server, message)
            self._checked("MAIL", *server.mail(on_the_wire(message.sender), options))
            self._checked("RCPT", *server.rcpt(on_the_wire(message.to)))
            policy = SMTPUTF8 if options else SMTP
            try:
                code, said = server.data(email.as_bytes(policy=policy))
            except smtplib.SMTPDataError as error:
                code, said = error.smtp_code, _as_bytes(error.smtp_error)
            except (smtplib.SMTPException, OSError) as error:
                raise PerhapsDelivered(
                    f"{self._config.host}: the connection was lost after the message left "
                    f"({type(error).__name__}): it may have arrived"
                ) from None
            return self._checked("DATA", code, said)

    @contextmanager
    def connected(self) -> Iterator[smtplib.SMTP]:
        """A connection that is encrypted and logged in as configured; closed at the end.

        Raises:
            ChannelDown: no connection, or it broke before a message left.
            ConfigError: TLS or login don't work as configured.
        """
        server = self._connect()
        answers = True  # a server that is silent would have the farewell wait as long again
        try:
            yield server
        except PerhapsDelivered:
            answers = False
            raise
        except Undelivered:
            raise
        except (smtplib.SMTPException, OSError) as error:
            answers = False
            raise ChannelDown(f"{self._config.host}: {self._told(error)}") from None
        finally:
            if answers:
                with suppress(smtplib.SMTPException, OSError):
                    server.quit()
            server.close()

    def _connect(self) -> smtplib.SMTP:
        config = self._config
        try:
            server = self._opened()
        except ssl.SSLError as error:
            raise self._distrusted(error) from None
        except (smtplib.SMTPException, OSError) as error:
            raise ChannelDown(f"{config.host}:{config.port}: {self._told(error)}") from None
        try:
            self._secure(server)
        except BaseException:
            server.close()
            raise
        return server

    def _opened(self) -> smtplib.SMTP:
        config = self._config
        if config.security != "tls":
            return smtplib.SMTP(config.host, config.port, timeout=config.timeout_seconds)
        return smtplib.SMTP_SSL(
            config.host, config.port, timeout=config.timeout_seconds, context=self._context()
        )

    def _secure(self, server: smtplib.SMTP) -> None:
        config = self._config
        try:
            server.ehlo_or_helo_if_needed()
            if config.security == "starttls":
                server.starttls(context=self._context())
                server.ehlo_or_helo_if_needed()
            if config.username:
                server.login(config.username, self._password)
        except ssl.SSLError as error:
            raise self._distrusted(error) from None
        except smtplib.SMTPNotSupportedError as error:
            raise ConfigError(
                f"{_SECTION}: {config.host} does not offer what is configured ({error}); nothing "
                "was sent in plain; mend 'security' or the login"
            ) from None
        except smtplib.SMTPAuthenticationError as error:
            if error.smtp_code < 500:
                raise ChannelDown(f"{config.host}: {self._told(error)}") from None
            raise ConfigError(
                f"{_SECTION}: {config.host} refuses the login of {config.username!r} "
                f"({self._told(error)}); mend 'username', or {pointed_at(config.password_env)}"
            ) from None
        except (smtplib.SMTPException, OSError) as error:
            raise ChannelDown(f"{config.host}: {self._told(error)}") from None

    def _context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self._ca_file)
        except OSError as error:  # an SSLError too, where the file holds no certificate
            raise ConfigError(
                f"{_SECTION}.ca_file: {self._ca_file} can't be used "
                f"({error.strerror or error}); name a PEM file of certificates"
            ) from None

    def _distrusted(self, error: ssl.SSLError) -> ConfigError:
        why = getattr(error, "verify_message", "") or error.reason or "TLS failed"
        return ConfigError(
            f"{_SECTION}: {self._config.host}'s certificate is not trusted, or it speaks no such "
            f"TLS ({why}); nothing was sent; mend 'host', 'security' or 'ca_file'"
        )

    def _options(self, server: smtplib.SMTP, message: Message) -> list[str]:
        """What `MAIL FROM` has to ask for: RFC 6531, for a name before the @ beyond ASCII."""
        names = (address.rpartition("@")[0] for address in (message.to, message.sender))
        if all(name.isascii() for name in names):
            return []
        if not server.has_extn("smtputf8"):
            raise RefusedForGood(
                f"{self._config.host} takes no address beyond ASCII (SMTPUTF8), such as "
                f"{message.to!r}"
            )
        server.command_encoding = "utf-8"
        return ["SMTPUTF8", "BODY=8BITMIME"]

    def _checked(self, step: str, code: int, said: bytes) -> str:
        words = f"{self._config.host}: {code} {self._clean(said.decode(errors='replace'))}"
        if 200 <= code < 300:
            return words
        if code in _NOT_LOGGED_IN or (step == "MAIL" and code >= 500):
            raise ConfigError(
                f"{_SECTION}: {words}; mend communication.sender, or the login, so that the server "
                "takes mail from it"
            )
        if 400 <= code < 500 or code == 421:
            raise TryLater(words)
        if code < 0:
            raise ChannelDown(f"{self._config.host}: the connection was lost")
        raise RefusedForGood(words)

    def _told(self, error: Exception) -> str:
        if isinstance(error, smtplib.SMTPResponseException):
            said = _as_bytes(error.smtp_error).decode(errors="replace")
            return f"{error.smtp_code} {self._clean(said)}"
        if isinstance(error, OSError) and error.strerror:
            return error.strerror
        return self._clean(str(error)) or type(error).__name__

    def _clean(self, said: str) -> str:
        """One line of bounded length; a server that repeats the password is not quoted on it."""
        for secret in _forms(self._config.username, self._password):
            said = said.replace(secret, "***")
        line = " ".join("".join(c if c.isprintable() else " " for c in said).split())
        return line[:_LONGEST_WORD]


def _password(config: SmtpConfig) -> str:
    if not config.password_env:
        return ""
    return read_secret(
        config.password_env,
        ConfigError(
            f"{_SECTION}: {pointed_at(config.password_env)} is not set; set it to the password of "
            f"{config.username!r} where the pass runs"
        ),
    )


def _forms(username: str, password: str) -> tuple[str, ...]:
    """A password as it could come back: bare, and in base64 as it is sent."""
    if not password:
        return ()
    sent = (f"\0{username}\0{password}", password)  # longest first: one may stand in another
    return (*(base64.b64encode(form.encode()).decode() for form in sent), password)


def _as_bytes(said: bytes | str) -> bytes:
    return said.encode() if isinstance(said, str) else said
