"""Secrets by reference: what is read, and what is refused in a sentence that repeats none."""

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings
from pydantic import BaseModel, ValidationError

from configs import redaction
from configs.schema.secret import SecretReference
from tasks.adapters.secrets import read_secret, resolved
from tasks.kernel.errors import ConfigError, EmeritusError, EndpointFault

VALUE = "planted-7d1f0b93-value"
UNSET = ConfigError("nothing is there")


class Field(BaseModel):
    secret: SecretReference


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EMERITUS_HOME", str(tmp_path))
    monkeypatch.setattr(redaction, "_remembered", set())
    return tmp_path


def kept(path: Path, text: str = f"{VALUE}\n", mode: int = 0o600) -> str:
    path.write_text(text)
    path.chmod(mode)
    return f"file:{path}"


def test_a_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", VALUE)
    assert read_secret("A_KEY", UNSET) == VALUE


@pytest.mark.parametrize("reference", ["", "A_KEY_THAT_IS_NOT_SET"])
def test_what_is_not_set_is_told_as_the_caller_says(reference: str) -> None:
    with pytest.raises(ConfigError, match="nothing is there"):
        read_secret(reference, UNSET)


def test_a_file_of_ours_is_read_without_its_last_line_end(home: Path) -> None:
    assert read_secret(kept(home / "key"), UNSET) == VALUE
    assert read_secret("file:key", UNSET) == VALUE  # relative to EMERITUS_HOME


def test_a_link_to_such_a_file_is_followed(home: Path) -> None:
    kept(home / "..data")
    (home / "key").symlink_to("..data")
    assert read_secret("file:key", UNSET) == VALUE


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_can_get_at_is_refused(home: Path, mode: int) -> None:
    with pytest.raises(EndpointFault, match="chmod 600") as refused:
        read_secret(kept(home / "key", mode=mode), EndpointFault("unset"))
    assert VALUE not in str(refused.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_another_users_file_is_refused(home: Path) -> None:
    reference = kept(home / "key")
    os.chown(home / "key", 4_242, -1)
    with pytest.raises(ConfigError, match="another user"):
        read_secret(reference, UNSET)


def test_what_is_no_file_is_refused(home: Path) -> None:
    os.mkfifo(home / "pipe", 0o600)
    for name in ("pipe", ".", "missing"):
        with pytest.raises(ConfigError, match=r"set `file:\.\.\.`|others than its owner"):
            read_secret(f"file:{name}", UNSET)


def test_an_empty_file_counts_as_not_set(home: Path) -> None:
    with pytest.raises(ConfigError, match="nothing is there"):
        read_secret(kept(home / "key", "\n"), UNSET)


@pytest.fixture
def prefect() -> Iterator[str]:
    """Prefect's route for a block by its name; one block is there."""

    class Blocks(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = "/slug/secret/block_documents/name/there" in self.path
            body = json.dumps(_document() if found else {"detail": "none"}).encode()
            self.send_response(200 if found else 404)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Blocks)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/api"
    server.shutdown()
    thread.join()
    server.server_close()


def _document() -> dict[str, object]:
    one = "00000000-0000-0000-0000-000000000001"
    return {"id": one, "name": "there", "data": {"value": VALUE},
            "block_schema_id": one, "block_type_id": one}  # fmt: skip


def test_a_secret_block_is_read(prefect: str) -> None:
    with temporary_settings({PREFECT_API_URL: prefect}):
        assert read_secret("block:there", UNSET) == VALUE
        with pytest.raises(ConfigError, match="no such Secret block"):
            read_secret("block:other", UNSET)


def test_a_block_without_a_server_is_refused() -> None:
    with (
        temporary_settings(restore_defaults={PREFECT_API_URL}),
        pytest.raises(ConfigError, match="set PREFECT_API_URL"),
    ):
        read_secret("block:there", UNSET)


def test_what_was_read_is_in_no_error_from_then_on(home: Path) -> None:
    assert VALUE in str(EmeritusError(f"before {VALUE}"))
    read_secret(kept(home / "key"), UNSET)
    assert str(EmeritusError(f"after {VALUE}")) == "after ***"


def test_what_can_be_read_is_read(home: Path) -> None:
    good = kept(home / "key")
    assert resolved({good, "file:missing", "NOT_SET_AT_ALL"}) == {good: VALUE}


@pytest.mark.parametrize(
    "reference", ["", "ANTHROPIC_API_KEY", "file:/run/secrets/key", "file:keys/a b", "block:key-1"]
)
def test_a_reference_is_taken(reference: str) -> None:
    assert Field(secret=reference).secret == reference


@pytest.mark.parametrize(
    "secret",
    ["sk-ant-api03-abcdefghij", "hunter2-hunter2", "AKIAIOSFODNN7EXAMPLE", "file: x", "block:A_b",
     "file:a\nb", "env:KEY", "KEY WITH BLANKS"],
)  # fmt: skip
def test_a_secret_in_a_configuration_is_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Field(secret=secret)
    (one,) = refused.value.errors()
    assert "never the secret itself" in one["msg"]
    assert secret not in one["msg"]
