"""Webhooks, against a real HTTP server; the official library judges the signature."""

import json
import logging
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from standardwebhooks import Webhook as Judge
from standardwebhooks import WebhookVerificationError

from configs.schema.channels import ChannelsConfig, WebhookConfig
from tasks.adapters.channel_checks import webhook_check
from tasks.adapters.webhook import Webhook
from tasks.kernel.errors import ConfigError
from tasks.ports.notifier import Event, RefusedForGood, TryLater
from tests.fakes.webhook_server import webhook_server

SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)


def event(at: datetime = NOW) -> Event:
    return Event("0123abcd", json.dumps({"type": "retirement.notice", "ü": 1}).encode(), at)


def config(url: str = "", **fields: Any) -> WebhookConfig:
    return WebhookConfig.model_validate({"name": "ops", "url": url, **fields})


def test_the_official_library_accepts_the_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    sent = event(datetime.now(UTC))  # the judge looks at the clock
    with webhook_server() as hook:
        receipt = Webhook(config(hook.url, secret_env="HOOK_SECRET")).post(sent)
    (posted,) = hook.posted
    assert Judge(SECRET).verify(posted.body, posted.headers) == json.loads(sent.body)
    with pytest.raises(WebhookVerificationError):
        Judge(SECRET).verify(posted.body + b" ", posted.headers)
    assert posted.headers["webhook-id"] == "msg_0123abcd"
    assert posted.headers["content-type"] == "application/json"
    assert receipt == "ops: 204"


def test_a_repeat_has_the_same_id_and_a_timestamp_of_its_own() -> None:
    with webhook_server() as hook:
        for minutes in (0, 15):
            Webhook(config(hook.url)).post(event(NOW + timedelta(minutes=minutes)))
    first, second = (posted.headers for posted in hook.posted)
    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 900
    assert "webhook-signature" not in first


def test_the_receipt_holds_the_answers_id() -> None:
    with webhook_server() as hook:
        hook.answers.append((202, {"X-Request-Id": "req_7 \x01é"}))
        assert Webhook(config(hook.url)).post(event()) == "ops: 202 (req_7 )"


@pytest.mark.parametrize("status", [400, 401, 404, 410, 422])
def test_a_4xx_is_for_good(status: int) -> None:
    with webhook_server() as hook:
        hook.answers.append((status, {}))
        with pytest.raises(RefusedForGood, match=f"ops: {status}"):
            Webhook(config(hook.url)).post(event())


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_busy_receiver_is_asked_again_later(status: int) -> None:
    with webhook_server() as hook:
        hook.answers.append((status, {}))
        with pytest.raises(TryLater, match=f"ops: {status}"):
            Webhook(config(hook.url)).post(event())


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("120", 120),
        ("Tue, 01 Dec 2026 09:10:00 GMT", 600),
        ("Tue, 01 Dec 2026 08:00:00 GMT", 0),
        ("9" * 30, 86_400),
        ("-5", None),
        ("soon", None),
        ("", None),
    ],
)
def test_how_long_a_receiver_asks_to_wait(said: str, seconds: int | None) -> None:
    with webhook_server() as hook:
        hook.answers.append((503, {"Retry-After": said}))
        with pytest.raises(TryLater) as caught:
            Webhook(config(hook.url)).post(event())
    assert caught.value.after == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with webhook_server() as other, webhook_server() as hook:
        hook.answers.append((status, {"Location": other.url}))
        with pytest.raises(RefusedForGood, match="redirect") as caught:
            Webhook(config(hook.url)).post(event())
    assert other.posted == []
    assert "secret-path" not in str(caught.value)


def test_no_answer_is_tried_again_and_no_address_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    monkeypatch.setenv("HOOK_URL", f"http://127.0.0.1:{port}/hooks/secret-path")
    with pytest.raises(TryLater, match="ConnectionRefusedError") as caught:
        Webhook(config(url_env="HOOK_URL")).post(event())
    with webhook_server() as hook:
        hook.answers.append((0, {}))
        with pytest.raises(TryLater, match="RemoteDisconnected"):
            Webhook(config(hook.url)).post(event())
        Webhook(config(hook.url)).post(event())
    assert "secret-path" not in str(caught.value) + caplog.text


@pytest.mark.parametrize(
    "url",
    ["ftp://127.0.0.1/x", "file:///etc/passwd", "http://u:p@127.0.0.1/", "http:///x", "nonsense"],
)
def test_an_address_that_can_not_be_used(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("HOOK_URL", url)
    with pytest.raises(ConfigError, match="no http") as caught:
        Webhook(config(url_env="HOOK_URL"))
    assert url not in str(caught.value)


def test_events_leave_this_machine_in_plain_only_where_that_is_allowed() -> None:
    with pytest.raises(ConfigError, match="in plain"):
        Webhook(config("http://chat.internal/x"))
    Webhook(config("http://chat.internal/x", plain_text_allowed=True))


@pytest.mark.parametrize("secret", ["", "whsec_short", "whsec_???", "whsec_" + "AAAA" * 5])
def test_a_secret_that_can_not_be_used_is_never_shown(
    monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    monkeypatch.setenv("HOOK_SECRET", secret)
    with pytest.raises(ConfigError, match="HOOK_SECRET") as caught:
        Webhook(config("http://127.0.0.1/", secret_env="HOOK_SECRET"))
    assert not secret or secret not in str(caught.value)


def test_one_address_and_one_name() -> None:
    for fields in ({}, {"url": "https://x.example/", "url_env": "HOOK_URL"}):
        with pytest.raises(ValidationError, match="exactly one"):
            WebhookConfig.model_validate({"name": "ops", **fields})
    twice = {"name": "ops", "url": "https://x.example/"}
    with pytest.raises(ValidationError, match="stands twice"):
        ChannelsConfig.model_validate({"webhooks": (twice, twice)})


def test_the_check_posts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    with webhook_server() as hook:
        signed = webhook_check(config(hook.url, secret_env="HOOK_SECRET"))
        unsigned = webhook_check(config(hook.url))
    missing = webhook_check(config(url_env="HOOK_URL_OF_NOBODY"))
    assert [one.state for one in (signed, unsigned, missing)] == ["ok", "warn", "fail"]
    assert hook.posted == []
