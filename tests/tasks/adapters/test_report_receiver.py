"""Reports by HTTP, over a real socket."""

import base64
import json
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import uvicorn
from standardwebhooks import Webhook

from tasks.adapters import report_receiver
from tasks.adapters.report_receiver import LONGEST_BODY_BYTES, receiver, signing_secret
from tasks.essays.reader_reports import form_of
from tasks.kernel.errors import ConfigError

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()
BODY = json.dumps({"slot": "m-essay-001", "kind": "other", "words": "A word is wrong."}).encode()


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    return tmp_path / "inbox"


@pytest.fixture
def url(inbox: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("REPORTS", SECRET)
    app = receiver(inbox, signing_secret("REPORTS"), form_of)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/reports"
        finally:
            server.should_exit = True
            thread.join()


def signed(body: bytes, message: str = "msg_1", secret: str = SECRET) -> dict[str, str]:
    now = datetime.now(UTC)
    return {
        "webhook-id": message,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(message, now, body.decode()),
    }


def test_a_signed_report_becomes_one_private_file(url: str, inbox: Path) -> None:
    for _ in range(2):
        answer = httpx.post(url, content=BODY, headers=signed(BODY))
        assert answer.status_code == 202
    (file,) = inbox.iterdir()
    assert file.name.startswith("webhook-")
    assert file.read_bytes() == BODY
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "headers",
    [
        {},
        signed(BODY, secret="whsec_" + base64.b64encode(b"x" * 24).decode()),
        signed(b"{}"),
        signed(BODY) | {"webhook-timestamp": "1"},
        signed(BODY) | {"webhook-signature": "v1"},
        signed(BODY) | {"webhook-signature": "v1,!"},
    ],
    ids=["none", "secret", "body", "old", "cut", "base64"],
)
def test_nobody_else_is_heard(url: str, inbox: Path, headers: dict[str, str]) -> None:
    assert httpx.post(url, content=BODY, headers=headers).status_code == 401
    assert not inbox.exists()


def test_what_is_no_report_is_told(url: str, inbox: Path) -> None:
    odd = b'{"slot": "m-essay-001"}'
    answer = httpx.post(url, content=odd, headers=signed(odd))
    assert (answer.status_code, "kind" in answer.json()["error"]) == (422, True)
    long = b" " * (LONGEST_BODY_BYTES + 1)
    assert httpx.post(url, content=long, headers=signed(long)).status_code == 413
    assert httpx.get(url).status_code == 405
    assert not inbox.exists()


def test_a_full_inbox_asks_for_patience(
    url: str, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_receiver, "MOST_FILES", 1)
    first = httpx.post(url, content=BODY, headers=signed(BODY))
    second = httpx.post(url, content=BODY, headers=signed(BODY, "msg_2"))
    assert (first.status_code, second.status_code) == (202, 503)
    assert second.headers["retry-after"]


@pytest.mark.parametrize(
    ("variable", "secret"), [("", ""), ("R", ""), ("R", "whsec_c2hvcnQ="), ("R", "é")]
)
def test_it_starts_with_a_sound_secret_alone(
    variable: str, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable or "R", secret)
    with pytest.raises(ConfigError, match="webhook_secret_env") as refused:
        signing_secret(variable)
    assert not secret or secret not in str(refused.value)
