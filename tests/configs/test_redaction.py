"""No secret in a text, an error, or a log line; and nothing else taken out."""

import io
import json
import logging
import pickle
import traceback
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configs import redaction
from configs.errors import ConfigError
from configs.redaction import redact, redact_error, redact_logs, remember

SECRET = "pl@nted value/5f0c2b7e"


@pytest.fixture(autouse=True)
def _afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_remembered", set())


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("key sk-ant-api03-aB3_x-9aB3_x-9 is wrong", "key *** is wrong"),
        ("AKIAIOSFODNN7EXAMPLE", "***"),
        ("ghp_0123456789abcdefghijklmnop", "***"),
        ("Authorization: Bearer abcdef0123456789", "Authorization: Bearer ***"),
        ("postgresql://emeritus:s3cret@db/x", "postgresql://emeritus:***@db/x"),
        ("postgresql+psycopg://:s3cret@db/x", "postgresql+psycopg://:***@db/x"),
        ("AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQ", "***"),
        ("a\n-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\nb", "a\n***\nb"),
        ("whsec_c2VjcmV0LXNlY3JldC0=", "***"),
    ],
)
def test_known_shapes_are_taken_out(text: str, clean: str) -> None:
    assert redact(text) == clean


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1:4200/api/flows/@x",
        "the bearer of this letter; Bearer token missing",
        "the risk-class-of-the-model, and sk-ip",
        "s3://bucket/key and age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
        "search-team@example.org",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


def test_a_resolved_secret_is_taken_out_in_every_form() -> None:
    remember(SECRET)
    for form in (SECRET, "pl%40nted%20value%2F5f0c2b7e", "cGxAbnRlZCB2YWx1ZS81ZjBjMmI3ZQ=="):
        assert redact(f"<{form}>") == "<***>"


def test_a_word_is_never_a_secret() -> None:
    remember("none")
    remember("")
    assert redact("there is none") == "there is none"


@pytest.mark.parametrize("name", ["AWS_SECRET_ACCESS_KEY", "PREFECT_API_KEY"])
def test_what_libraries_read_from_the_environment_is_known(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, SECRET)
    monkeypatch.setenv("EMERITUS_DATABASE_URL", "postgresql://u:p%40ss-word/x@db/name")
    assert redact(f"{SECRET} p@ss-word/x") == "*** ***"


@given(st.text(min_size=8).filter(lambda s: len(s.strip()) >= 8), st.text(), st.text())
def test_whatever_surrounds_it(secret: str, before: str, after: str) -> None:
    redaction._remembered.clear()
    remember(secret)
    clean = redact(before + secret + after)
    assert secret not in clean or secret in "***" * 9


def test_an_error_of_ours_has_none_from_the_start() -> None:
    remember(SECRET)
    error = ConfigError(f"refused: {SECRET}")
    assert SECRET not in str(error) + repr(error) + repr(pickle.dumps(error))


def test_any_error_is_cleaned_with_its_causes() -> None:
    remember(SECRET)
    cause = OSError(5, f"said {SECRET}", f"/x/{SECRET}")
    error = ValueError(f"about {SECRET}", 7)
    error.add_note(SECRET)
    error.body = SECRET  # type: ignore[attr-defined]
    error.__cause__ = ExceptionGroup("many", [cause, error])
    redact_error(error)
    shown = "".join(traceback.format_exception(error)) + str(cause)
    assert SECRET not in shown + repr(vars(error))
    assert error.args == ("about ***", 7)


@pytest.fixture
def log() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    before, stream = logging.getLogRecordFactory(), io.StringIO()
    redact_logs()
    logger, handler = logging.Logger("test"), logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger.addHandler(handler)
    yield logger, stream
    logging.setLogRecordFactory(before)


def test_a_log_line_and_its_traceback_hold_none(
    log: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, stream = log
    remember(SECRET)
    logger.info("opened %s", SECRET)
    try:
        raise RuntimeError(f"at {SECRET}")
    except RuntimeError:
        logger.exception("failed")
    said = stream.getvalue()
    assert SECRET not in said
    assert "opened ***" in said
    assert "RuntimeError: at ***" in said
    assert "Traceback" in said


def test_a_secret_in_a_line_of_code_is_not_logged(
    log: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, stream = log
    remember("planted-in-code")
    try:
        raise RuntimeError("planted-in-code")
    except RuntimeError:
        logger.exception("failed")
    assert "planted-in-code" not in stream.getvalue()
    assert "Traceback" in stream.getvalue()


def test_arguments_of_any_kind_are_formatted(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    logger.info("%d of %s: %r", 3, json.dumps({"a": 1}), None)
    assert stream.getvalue() == '3 of {"a": 1}: None\n'
