"""Mail over SMTP, against a real server on loopback."""

import base64
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from configs.schema.channels import SmtpConfig
from tasks.adapters.channel_checks import smtp_check
from tasks.adapters.smtp import Smtp
from tasks.kernel.errors import ConfigError
from tasks.ports.notifier import (
    ChannelDown,
    Message,
    PerhapsDelivered,
    RefusedForGood,
    TryLater,
)
from tests.fakes.clock import FakeClock
from tests.fakes.smtp_server import PASSWORD, USER, Mailbox, certificates, smtp_server

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


def config(box: Mailbox, **fields: Any) -> SmtpConfig:
    plain = {"host": "127.0.0.1", "port": box.port, "security": "none", "timeout_seconds": 5.0}
    return SmtpConfig.model_validate({**plain, **fields})


def message(to: str = "search@example.org", body: str = "Grüße\n.\n..two\n") -> Message:
    return Message(
        "id-1", "retirements@example.org", to, "Aster 1 – retires", body, FakeClock().now()
    )


@pytest.fixture
def password(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SMTP_PASSWORD", PASSWORD)
    return "SMTP_PASSWORD"


def test_a_message_arrives_whole_and_the_receipt_is_the_servers_word() -> None:
    with smtp_server() as box:
        receipt = Smtp(config(box)).send(message())
    assert receipt == "127.0.0.1: 250 2.0.0 queued as 4X7Y"
    (mail,) = box.mail
    assert mail["Message-ID"] == "<id-1.emeritus@example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert (mail["To"], mail["Subject"]) == ("search@example.org", "Aster 1 – retires")
    assert mail["Date"].datetime == FakeClock().now()
    assert mail.get_content().replace("\r\n", "\n") == "Grüße\n.\n..two\n"
    assert box.receivers == ["search@example.org"]


def test_starttls_with_a_ca_of_ones_own_and_a_login(tmp_path: Path, password: str) -> None:
    ca, server = certificates(tmp_path)
    with smtp_server(certificate=server, login=True) as box:
        account = {"security": "starttls", "username": USER, "password_env": password}
        Smtp(config(box, host="localhost", **account), ca).send(message())
    assert (box.encrypted, box.logins, len(box.mail)) == ([True], [USER], 1)


def test_tls_from_the_first_byte(tmp_path: Path) -> None:
    ca, server = certificates(tmp_path)
    with smtp_server(certificate=server, implicit=True) as box:
        Smtp(config(box, host="localhost", security="tls"), ca).send(message())
    assert len(box.mail) == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("fault", ["unknown authority", "other name"])
def test_a_certificate_that_does_not_fit_sends_nothing(
    tmp_path: Path, security: str, fault: str, password: str
) -> None:
    ca, server = certificates(tmp_path, names=("mail.example.org",))
    if fault == "unknown authority":
        (tmp_path / "other").mkdir()
        _, server = certificates(tmp_path / "other")
    implicit = security == "tls"
    with smtp_server(certificate=server, implicit=implicit, login=True) as box:
        account = {"security": security, "username": USER, "password_env": password}
        with pytest.raises(ConfigError, match="not trusted"):
            Smtp(config(box, host="localhost", **account), ca).send(message())
    assert (box.mail, box.logins) == ([], [])


def test_a_server_without_starttls_gets_neither_password_nor_mail(password: str) -> None:
    with smtp_server(login=True) as box:
        account = {"security": "starttls", "username": USER, "password_env": password}
        with pytest.raises(ConfigError, match="does not offer what is configured"):
            Smtp(config(box, host="localhost", **account)).send(message())
    assert (box.mail, box.logins) == ([], [])


def test_a_wrong_password_is_a_mistake_of_the_configuration_and_never_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SMTP_PASSWORD", "not-the-right-one")
    with smtp_server(login=True) as box:
        account = {"username": USER, "password_env": "SMTP_PASSWORD"}
        with pytest.raises(ConfigError, match="refuses the login of 'notices'") as caught:
            Smtp(config(box, **account)).send(message())
    assert "not-the-right-one" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert "SMTP_PASSWORD" in str(caught.value)


def test_a_server_that_repeats_the_password_is_not_quoted_on_it(password: str) -> None:
    encoded = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()
    with smtp_server(login=True) as box:
        box.at_receiver["search@example.org"] = f"550 no: {PASSWORD} {encoded}\x1b[31m"
        account = {"username": USER, "password_env": password}
        with pytest.raises(RefusedForGood) as caught:
            Smtp(config(box, **account)).send(message())
    assert str(caught.value) == "127.0.0.1: 550 no: *** *** [31m"


def test_a_password_that_is_not_set_is_said_before_anything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SMTP_PASSWORD", raising=False)
    fields = {"host": "127.0.0.1", "username": USER, "password_env": "SMTP_PASSWORD"}
    with pytest.raises(ConfigError, match="variable SMTP_PASSWORD is not set"):
        Smtp(SmtpConfig.model_validate(fields))


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("550 5.1.1 no such user", RefusedForGood),
        ("553 5.1.3 bad address", RefusedForGood),
        ("450 4.2.1 greylisted, come back", TryLater),
        ("452 4.3.1 no space", TryLater),
        ("530 5.7.0 log in first", ConfigError),
    ],
)
def test_what_the_server_says_of_one_address(answer: str, kind: type[Exception]) -> None:
    with smtp_server() as box:
        box.at_receiver["search@example.org"] = answer
        with pytest.raises(kind, match=answer[4:]):
            Smtp(config(box)).send(message())
        Smtp(config(box)).send(message("other@example.org"))
    assert box.receivers == ["other@example.org"]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("554 5.7.1 looks like spam", RefusedForGood),
        ("451 4.3.0 try later", TryLater),
        (Mailbox.LOST, PerhapsDelivered),
    ],
)
def test_what_the_server_says_of_the_message(answer: str, kind: type[Exception]) -> None:
    with smtp_server() as box:
        box.at_data.append(answer)
        with pytest.raises(kind):
            Smtp(config(box)).send(message())


def test_a_sender_that_is_not_taken_is_a_mistake_of_the_configuration() -> None:
    with smtp_server() as box:
        box.at_sender = "550 5.7.1 not your address"
        with pytest.raises(ConfigError, match=r"not your address; mend communication\.sender"):
            Smtp(config(box)).send(message())


def test_a_server_that_is_away_is_told_and_nothing_was_sent() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    fields = {"host": "127.0.0.1", "port": port, "security": "none"}
    with pytest.raises(ChannelDown, match=rf"127\.0\.0\.1:{port}: Connection refused"):
        Smtp(SmtpConfig.model_validate(fields)).send(message())


@contextmanager
def _saying(*words: bytes) -> Iterator[int]:
    """A server that says these words on one connection and then nothing; its port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                for word in words:
                    connection.sendall(word)
                    if not connection.recv(4096):
                        return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(5)


@pytest.mark.parametrize(
    "words", [(b"554 go away\r\n",), (b"220 hi\r\n",), (b"\xff\x00nonsense\r\n",), ()]
)
def test_no_smtp_server_is_a_channel_that_is_down(words: tuple[bytes, ...]) -> None:
    with _saying(*words) as port:
        fields = {"host": "127.0.0.1", "port": port, "security": "none", "timeout_seconds": 0.3}
        with pytest.raises(ChannelDown):
            Smtp(SmtpConfig.model_validate(fields)).send(message())


def test_addresses_beyond_ascii() -> None:
    with smtp_server() as box:
        Smtp(config(box)).send(message("post@bücher.example"))
        Smtp(config(box)).send(message("bücher@example.org"))
    assert box.receivers == ["post@xn--bcher-kva.example", "bücher@example.org"]
    assert [mail["To"] for mail in box.mail][1] == "bücher@example.org"


@pytest.mark.parametrize("to", ["a b@example.org", "no-address", "a@b@", "<a@example.org", "a,b@c"])
def test_no_address_is_refused_before_the_server_is_asked(to: str) -> None:
    fields = {"host": "127.0.0.1", "port": 9, "security": "none"}
    with pytest.raises(RefusedForGood, match="is no mail address"):
        Smtp(SmtpConfig.model_validate(fields)).send(message(to))


def test_plain_mail_leaves_this_machine_only_where_that_is_allowed() -> None:
    with pytest.raises(ValidationError, match="in plain"):
        SmtpConfig.model_validate({"host": "mail.example.org", "security": "none"})
    for host in ("localhost", "127.0.0.1", "::1"):
        SmtpConfig.model_validate({"host": host, "security": "none"})
    allowed = {"host": "10.0.0.5", "security": "none", "plain_text_allowed": True}
    SmtpConfig.model_validate(allowed)


def test_half_a_login_is_a_mistake() -> None:
    with pytest.raises(ValidationError, match="needs both"):
        SmtpConfig.model_validate({"host": "mail.example.org", "username": "x"})


def test_the_check_logs_in_and_sends_nothing(tmp_path: Path, password: str) -> None:
    ca, server = certificates(tmp_path)
    account = {"security": "starttls", "username": USER, "password_env": password}
    with smtp_server(certificate=server, login=True) as box:
        right = smtp_check(config(box, host="localhost", **account), ca)
        wrong = smtp_check(config(box, host="localhost", **account), tmp_path / "missing.pem")
    assert (right.state, wrong.state, box.mail) == ("ok", "fail", [])
    assert "logged in as notices; no mail was sent" in right.said
    assert "missing.pem can't be used" in wrong.said
