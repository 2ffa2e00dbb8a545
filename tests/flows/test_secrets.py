"""Secrets are read by reference, and never written anywhere, whoever repeats them to us."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from prefect.logging.handlers import APILogWorker

from configs.errors import EmeritusError
from flows.retire import retire
from tasks import wiring
from tests.fakes.s3_server import alone
from tests.fakes.webhook_server import webhook_server
from tests.flows.conftest import At
from tests.flows.refusing import refusing_mail_server, refusing_server

pytestmark = pytest.mark.usefixtures("prefect_api", "quick_retries")

KEY = "sk-planted-5f0c2b7e9d1a4c68"


@pytest.mark.parametrize(
    "says_which",
    [
        False,
        True,
    ],
)
def test_a_key_reaches_no_file(
    says_which: bool,
    at: At,
    prefect_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    place, key = at("new"), f"{KEY}-{says_which}"
    monkeypatch.setenv("EMERITUS_TEST_KEY", key)
    good = place.base_url
    with refusing_server(says_which=says_which) as url:
        place.base_url = url
        place.write_config()
        assert place.run_pass()["interviews"]["state"] == "blocked"
    place.base_url = good
    place.write_config()
    assert place.run_pass()["interviews"]["state"] == "waiting"
    assert holding(key, place.home, place.config.parent, prefect_home) == []
    said = capfd.readouterr()
    assert key not in said.out + said.err


PLANTED = {
    "EMERITUS_TEST_KEY": "sk-ant-api03-planted-a1c9e3",
    "PLANTED_SMTP": "mail planted/b2d8f4",
    "PLANTED_HOOK": "whsec_cGxhbnRlZC1zZWNyZXQtb2YtdGhlLXdlYmhvb2s=",
    "AWS_SECRET_ACCESS_KEY": "s3-planted-c3e7a5+/x",
    "PLANTED_DATABASE": "db-planted-d4f6b6",
}


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    alone(monkeypatch)
    for name, value in PLANTED.items():
        monkeypatch.setenv(name, value)
    return PLANTED


def test_nothing_that_fails_leaves_a_secret_behind(
    at: At,
    prefect_home: Path,
    planted: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    place = at("new")
    monkeypatch.setenv("EMERITUS_TEST_KEY", planted["EMERITUS_TEST_KEY"])
    with (
        refusing_server(says_which=True) as url,
        refusing_mail_server() as port,
        webhook_server() as hook,
    ):
        hook.answers = [(400, {"x-request-id": planted["PLANTED_HOOK"]})] * 9
        place.base_url = url
        mail = {"host": "127.0.0.1", "port": port, "security": "none"}
        mail |= {"username": "notices", "password_env": "PLANTED_SMTP"}
        posts = {"name": "chat", "url": hook.url, "secret_env": "PLANTED_HOOK"}
        bucket = {"bucket": "bags", "endpoint_url": url, "region": "eu-central-1"}
        place.write_config(
            communication={"channels": {"smtp": mail, "webhooks": [posts]}},
            preservation={
                "replicas": [
                    {"name": "a", "directory": "replicas/a", "trusted_disk": True},
                    {"name": "b", "s3": bucket, "trusted_disk": True},
                ]
            },
        )
        told = {name: stage["reason"] for name, stage in place.run_pass().items()}
    assert "[key] is not valid" in told["interviews"]
    assert "*** is *** and not valid" in told["communication"]
    assert "bags" in told["preservation"]
    assert hook.posted
    fail_of_itself(place.config, planted["EMERITUS_TEST_KEY"], monkeypatch)
    fail_without_records(place.config, planted["PLANTED_DATABASE"], monkeypatch)
    APILogWorker.drain_all()  # whatever is still on its way to the server
    said = capfd.readouterr()
    for name, value in planted.items():
        assert holding(value, place.home, place.config.parent, prefect_home) == [], name
        assert value not in said.out + said.err, name
    logged, failed = told_to_prefect(prefect_home)
    assert "an error of its own: ***" in logged
    assert "Traceback" in logged
    assert "an error of its own: ***" in failed


def fail_of_itself(config: Path, key: str, patch: pytest.MonkeyPatch) -> None:
    """A pass that meets an error that nobody foresaw, with a secret in its words."""

    def broken(_: Any) -> None:
        raise RuntimeError(f"an error of its own: {key}")

    with patch.context() as context:
        context.setattr(wiring, "respondent", broken)
        assert retire(config, return_state=True).is_failed()


def fail_without_records(config: Path, password: str, patch: pytest.MonkeyPatch) -> None:
    """A pass without its database."""
    with patch.context() as context:
        url = f"postgresql+psycopg://emeritus:{password}@127.0.0.1:1/records"
        context.setenv("EMERITUS_DATABASE_URL", url)
        state = retire(config, return_state=True)
        fault = state.result(raise_on_failure=False)
        assert isinstance(fault, EmeritusError)
        assert "127.0.0.1:1" in str(fault)


def holding(secret: str, *folders: Path) -> list[str]:
    """Every file that holds a secret, in whatever form."""
    return [
        str(file)
        for folder in folders
        for file in folder.rglob("*")
        if file.is_file() and secret.encode() in file.read_bytes()
    ]


def told_to_prefect(home: Path) -> tuple[str, str]:
    """All log lines, and the messages of all states, as its server keeps them."""
    texts: list[str] = []
    with closing(sqlite3.connect(home / "prefect.db", timeout=30)) as database:
        for query in ("select message from log", "select message from task_run_state"):
            texts.append("\n".join(str(row[0]) for row in database.execute(query)))
    return texts[0], texts[1]
