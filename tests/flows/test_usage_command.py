"""`emeritus usage` on a file, without a pass."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from configs.home import CHECKOUT
from flows.monitoring import usage_audit
from flows.usage_command import usage
from tasks import wiring
from tasks.candidate.opening import put_in_force
from tasks.kernel.errors import ConfigError, EmeritusError, UsageLogUnusable
from tasks.records import Book
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
EXAMPLE = CHECKOUT / "configs" / "models" / "birch-7b.yaml"
COLUMNS = ("--column", "timestamp=at", "--column", "callers=who", "--column", "model=model")
SURFACES = ("--surface", "api", "--surface", "internal chat")


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A log of 91 days with one call of the model, and a home that isn't there yet."""
    monkeypatch.setenv("EMERITUS_HOME", str(tmp_path / "var"))
    rows = [f"{(NOW - timedelta(days=day)).isoformat()},other,x\n" for day in range(91)]
    path = tmp_path / "log.csv"
    path.write_text("at,who,model\n" + "".join(rows) + f"{NOW.isoformat()},zoe,birch-7b\n")
    return path


def run(*arguments: object) -> tuple[int, str]:
    """Exit status and output; an error of ours is raised, as `emeritus` catches it."""
    app = typer.Typer()
    app.command()(usage)
    clock = FakeClock()
    clock.advance(seconds=(NOW - clock.now()).total_seconds())
    with wiring.using_clock(clock):
        done = CliRunner().invoke(app, [str(one) for one in arguments], env={"COLUMNS": "200"})
    if isinstance(done.exception, EmeritusError):
        raise done.exception
    return done.exit_code, done.output


def test_a_file_is_read_and_nothing_is_written(log: Path):
    status, said = run(EXAMPLE, "--export", log, *COLUMNS, *SURFACES)
    assert status == 0
    assert "Birch 7B (birch-7b): in use" in said
    assert "zoe" in said
    assert not (log.parent / "var").exists()


def test_the_window_can_be_named_and_json_is_whole(log: Path):
    status, said = run(
        EXAMPLE, "--export", log, *COLUMNS, *SURFACES, "--since", "2026-09-10", "--until",
        "2026-11-01", "--json",
    )  # fmt: skip
    body = json.loads(said)
    assert status == 0
    assert body["window"]["until"] == "2026-11-01T00:00:00.000000Z"
    assert body["state"] == "unused_in_window"


def test_written_files_are_told(log: Path):
    status, said = run(EXAMPLE, "--export", log, *COLUMNS, "--write")
    folder = log.parent / "var" / "reports" / "birch-7b" / "usage-audit-on-command"
    assert status == 0
    assert str(folder / "audit.html") in said
    assert (folder / "owners" / "support-tooling.md").is_file()


def test_one_file_of_two_that_can_t_be_used_is_an_exit_status(log: Path):
    status, said = run(EXAMPLE, "--export", log, "--export", "none.csv", *COLUMNS)
    assert status == 1
    assert "none.csv: is missing" in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--export", "none.csv", *COLUMNS), "none.csv: is missing; export it there"),
        ((), "usage/birch-7b.csv: is missing"),
    ],
)
def test_no_usable_file_is_an_error(log: Path, arguments: tuple[str, ...], says: str):
    with pytest.raises(UsageLogUnusable, match=says):
        run(EXAMPLE, *arguments)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--export", "x.csv", "--format", "excel"), "format: Input should be"),
        (("--export", "x.csv", "--column", "model"), "write it as field=column"),
        (("--export", "x.csv", "--column", "who=x"), "columns.who: is no field; the fields are"),
        (("--export", "x.csv", *COLUMNS, "--column", "date=x"), "one of timestamp and date"),
        (("--export", "x.csv", *COLUMNS, "--time-zone", "Mars"), "'Mars' is no time zone"),
        (("--export", "x.csv", *COLUMNS, "--surface", "web"), "'web' is no surface"),
        (("--export", "x.csv", "--format", "litellm_spend", *COLUMNS), "takes no columns"),
        (("--time-zone", "Europe/Berlin"), "--time-zone: says how the files of --export are read"),
        (("--surface", "api"), "--surface: says how the files"),
        (("--format", "litellm_spend"), "--format: says how the files"),
        (COLUMNS, "--column: .* say it in monitoring.exports"),
        (("--since", "2027-01-01"), "has no day in it"),
        (("--until", "2027-01-01"), "lies ahead"),
    ],
)
def test_a_mistake_is_one_sentence(log: Path, arguments: tuple[str, ...], says: str):
    with pytest.raises(ConfigError, match=says):
        run(EXAMPLE, *arguments)


def test_the_form_audits_as_of_now_and_tells_a_mistake(
    prefect_api: str, book: Book, clock: FakeClock, home: Path
):
    one = {"name": "gw", "path": "gw.csv", "format": "columns"}
    columns = {"timestamp": "at", "callers": ["who"], "model": "model"}
    config = retirement(monitoring={"exports": [{**one, "columns": columns}]})
    (home / "gw.csv").write_text(f"at,who,model\n{clock.now().isoformat()},zoe,aster-1\n")
    put_in_force(config, book, book.take_lease("aster-1", "", clock.now()).fence, clock.now())
    clock.advance(days=1)
    done = usage_audit("aster-1", return_state=True)
    assert done.name == "Audited"
    assert json.loads(Path(done.message or "").read_text())["state"] == "in_use"
    refused = usage_audit("birch-7b", return_state=True)
    assert refused.name == "Refused"
    assert "no such retirement in the records" in (refused.message or "")
