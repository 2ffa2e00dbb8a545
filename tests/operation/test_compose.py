"""compose.yaml with its containers taken away: the same commands, environment and passwords.

A PostgreSQL with the extension pg_trgm has to be installed, as Debian's is; Prefect's migrations
want it.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

from configs.home import CHECKOUT
from flows.services import comes_up, free_port
from tests.contracts.installed_postgres import installed_postgres, programs
from tests.deployments.compose_file import CHOSEN, compose, image_environment, process
from tests.operation.conftest import ASKED_FOR
from tests.operation.installation import wait_until

SCRIPT = CHECKOUT / "deployments" / "postgres" / "10-databases.sh"
LONG = 300.0  # seconds


pytestmark = [
    pytest.mark.skipif(not os.environ.get(ASKED_FOR), reason="takes minutes: make test-faults"),
    pytest.mark.skipif(programs() is None, reason="needs Debian's postgresql"),
]


@dataclass
class Stack:
    """What compose starts, as plain processes on this machine.

    Attributes:
        folder: logs, the database and EMERITUS_HOME.
        hosts: addresses of compose.yaml -> those here.
        started: processes by service.
    """

    folder: Path
    hosts: dict[str, str]
    started: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    health_port: int = field(default_factory=free_port)

    @property
    def api(self) -> str:
        return f"http://{self.hosts['server:4200']}/api"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def start(self, service: str) -> "subprocess.Popen[bytes]":
        """The service's command in the image's environment and its own, and in no other."""
        told = process(service, self.hosts, CHOSEN)
        places = {
            "HOME": str(self.folder),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "EMERITUS_CHECKOUT": str(CHECKOUT),
            "EMERITUS_HOME": str(self.home),
            "PREFECT_HOME": str(self.folder / f"prefect-{service}"),
            "PREFECT_WORKER_WEBSERVER_PORT": str(self.health_port),
        }
        with (self.folder / f"{service}.log").open("wb") as log:
            self.started[service] = subprocess.Popen(
                told.command,
                cwd=CHECKOUT,
                env={**image_environment(), **told.environment, **places},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self.started[service]

    def said(self, service: str) -> str:
        return (self.folder / f"{service}.log").read_text(errors="replace")

    def ended(self, deployment: str, **parameters: object) -> FlowRun:
        """A run of a deployment, once it came to an end."""
        with get_client(sync_client=True) as client:
            made = client.read_deployment_by_name(deployment)
            run = client.create_flow_run_from_deployment(made.id, parameters=parameters)
            until = time.monotonic() + LONG
            while run.state is None or not run.state.is_final():
                assert time.monotonic() < until, self.said("worker")
                time.sleep(0.5)
                run = client.read_flow_run(run.id)
            return run

    def scheduled(self) -> list[FlowRun]:
        """Runs that the server made by schedule."""
        with get_client(sync_client=True) as client:
            return [run for run in client.read_flow_runs() if run.auto_scheduled]


@contextlib.contextmanager
def _database(folder: Path, port: int) -> Iterator[None]:
    """PostgreSQL as its image starts it: a superuser with a password, then the init script."""
    settings = ["log_statement=all"]
    password = CHOSEN["POSTGRES_PASSWORD"]
    with installed_postgres(folder, port, password=password, settings=settings) as socket:
        secrets = {name: value for name, value in CHOSEN.items() if name.endswith("_PASSWORD")}
        ours = {"PGHOST": str(socket), "PGPORT": str(port), "POSTGRES_USER": "postgres"}
        known = {"PATH": f"{programs()}{os.pathsep}{os.environ['PATH']}"}
        subprocess.run([SCRIPT], env={**known, **ours, **secrets}, check=True)
        yield


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    folder = Path(_open_folder())
    ports = {"database:5432": free_port(), "server:4200": free_port()}
    hosts = {there: f"127.0.0.1:{port}" for there, port in ports.items()}
    made = Stack(
        folder,
        {
            **hosts,
            "0.0.0.0": "127.0.0.1",
            "4200": str(ports["server:4200"]),
            "8080": str(free_port()),
            "/tmp/ui": str(folder / "ui"),
        },
    )
    known = {PREFECT_API_URL: made.api, PREFECT_API_AUTH_STRING: CHOSEN["PREFECT_AUTH"]}
    with _database(folder, ports["database:5432"]), temporary_settings(known):
        try:
            server = made.start("server")
            assert comes_up(server, f"{made.api}/ready"), made.said("server")
            assert made.start("deploy").wait(LONG) == 0, made.said("deploy")
            made.start("worker")
            yield made
        finally:
            for service in ("pages", "worker", "server"):
                if one := made.started.get(service):
                    one.terminate()
                    one.wait(60)
    shutil.rmtree(folder)


def _open_folder() -> str:
    """PostgreSQL's user has to get in, and pytest's folders are for their owner."""
    folder = tempfile.mkdtemp(prefix="em-compose-", dir="/tmp")
    Path(folder).chmod(0o755)
    return folder


def _status(url: str, method: str = "GET") -> int:
    try:
        asked = urllib.request.Request(url, method=method)
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except urllib.error.URLError:
        return 0


def _connection(stack: Stack, user: str, database: str) -> "psycopg.Connection[tuple[object, ...]]":
    host, _, port = stack.hosts["database:5432"].partition(":")
    password = CHOSEN[f"{user}_DB_PASSWORD".upper()]
    return psycopg.connect(host=host, port=port, user=user, dbname=database, password=password)


def test_the_server_answers_nobody_without_its_password(stack: Stack) -> None:
    assert _status(f"{stack.api}/flows/filter", "POST") == 401
    assert _status(f"{stack.api}/ready") == 200, "its health check has no password"


def test_runs_go_through_the_worker_into_both_databases(stack: Stack) -> None:
    assert stack.ended("checklist/checklist", model="nobody").state_name == "Refused"
    config = str(CHECKOUT / "configs" / "models" / "birch-7b.yaml")
    assert stack.ended("retire/one-model", config=config).state_name == "Blocked"  # has no key
    with _connection(stack, "emeritus", "emeritus") as records:
        assert records.execute("select model_id from retirement").fetchall() == [("birch-7b",)]
    assert not list(stack.home.glob("*.sqlite"))


def test_neither_user_opens_the_other_s_database(stack: Stack) -> None:
    for user, other in (("prefect", "emeritus"), ("emeritus", "prefect")):
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            _connection(stack, user, other)


def test_the_worker_s_health_check_hears_it(stack: Stack) -> None:
    assert _status(f"http://127.0.0.1:{stack.health_port}/health") == 200


def test_the_pages_ask_for_their_password(stack: Stack) -> None:
    url = f"http://{stack.hosts['0.0.0.0']}:{stack.hosts['8080']}/reports/birch-7b/dossier.html"
    stack.start("pages")
    wait_until(lambda: _status(url) == 401, told=lambda: stack.said("pages"))


@pytest.mark.parametrize("service", ["server", "pages"])
def test_a_health_check_is_content_with_what_runs_and_with_nothing_else(
    stack: Stack, service: str
) -> None:
    kind, _, *words = compose(CHOSEN)["services"][service]["healthcheck"]["test"]
    assert kind == "CMD"
    port = {"server": "4200", "pages": "8080"}[service]
    for there, status in ((stack.hosts[port], 0), (str(free_port()), 1)):
        asked = [sys.executable, *(word.replace(port, there) for word in words)]
        assert subprocess.run(asked, check=False, stderr=subprocess.DEVNULL).returncode == status


def test_schedules_come_round(stack: Stack) -> None:
    wait_until(stack.scheduled, told=lambda: stack.said("server"))
    assert {run.state_name for run in stack.scheduled()} == {"Scheduled"}


def test_no_secret_is_in_a_log_a_file_or_a_table(stack: Stack) -> None:
    """Last in the file: after everything that the others did."""
    host, _, port = stack.hosts["database:5432"].partition(":")
    found = programs()
    assert found is not None
    dump = [str(found / "pg_dumpall"), f"--host={host}", f"--port={port}", "--username=postgres"]
    known = {"PATH": os.environ["PATH"], "PGPASSWORD": CHOSEN["POSTGRES_PASSWORD"]}
    dumped = subprocess.run(dump, env=known, capture_output=True, check=True).stdout
    assert b"birch-7b" in dumped
    files = [one for one in stack.folder.rglob("*") if one.is_file() and one.name != "superuser"]
    said = {"a table": dumped, **{str(one): one.read_bytes() for one in files}}
    found = {
        name for name, held in said.items() if any(v.encode() in held for v in CHOSEN.values())
    }
    assert not found
