"""`make demo`: a whole retirement on this machine, with every command that a person would type.

It asks the records what is waited for and plays that person, so it can be stopped and run again at
any point, like every pass.
"""

import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from configs.errors import EmeritusError
from configs.home import database_url, home
from flows import report
from flows.acts import config_in_force
from flows.demo_world import KEY, DemoWorld, make_world, remembered_port
from flows.services import free_port, planted_respondent, prefect_server, program
from tasks import wiring
from tasks.access.applications.cases import cases_of, programme_in_force
from tasks.access.applications.states import TO_DECIDE
from tasks.access.gateway.grants import keys_of
from tasks.kernel.labels import SIMULATED
from tasks.monitoring.incidents.rows import open_incidents

_LONGEST_WAIT_SECONDS = 30
_MOST_STEPS = 40


class DemoFailed(EmeritusError):
    """A command of the demo failed."""

    code = "EM710"


def demo() -> None:
    """Run the demo to its end.

    Raises:
        DemoFailed: a command failed; what it printed stands above.
        ServiceFailed: the respondent or the Prefect server did not come up.
    """
    console = Console(highlight=False, soft_wrap=True)
    started = time.monotonic()
    if os.environ.pop("EMERITUS_DATABASE_URL", None):
        console.print("EMERITUS_DATABASE_URL is set aside: the demo keeps its own records.")
    logs = home() / "logs"
    _tell(console, f"{SIMULATED} retirement of Aster 1: a planted respondent answers for it")
    _tell(console, "making a real-format model (24 MB), 10,000 rows of usage, and SSH keys")
    world = make_world(datetime.now(UTC).date(), free_port(remembered_port()))
    os.environ["EMERITUS_DEMO_KEY"] = KEY
    port = free_port()
    journal = home() / "demo" / "respondent.journal"
    with (
        planted_respondent(world.world, world.port, journal, logs / "respondent.log"),
        prefect_server(port, logs / "prefect.log"),
    ):
        _tell(console, f"planted respondent on port {world.port}, Prefect server on port {port}")
        os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
        _retire(console, world)
        _run(console, ["audit", "verify"])
    _tell(console, "respondent and Prefect server stopped")
    _run(console, ["status"])
    _run(console, ["dossier"])
    _evidence(console, world)
    _where_to_look(console, world, time.monotonic() - started)


def _retire(console: Console, world: DemoWorld) -> None:
    """Pass, act for whoever is waited for, wait for what comes within seconds; until none is."""
    for _ in range(_MOST_STEPS):
        _run(console, ["retire", str(_short(world.config))], quiet=True)
        (model,) = report.status((world.config.stem,))
        acts = _acts(world, model)
        for arguments in acts:
            _run(console, arguments)
        seconds = _seconds_to_next(model)
        if not acts and seconds is None:
            return
        if not acts and seconds:
            time.sleep(seconds)
    raise DemoFailed(f"the retirement did not settle in {_MOST_STEPS} passes; see the table above")


def _acts(world: DemoWorld, model: dict[str, Any]) -> list[list[str]]:
    """The commands of the people who are waited for."""
    stages = {stage["stage"]: stage for stage in model["stages"]}
    if stages["access"]["command"]:
        return [
            ["approve", world.config.stem, "--as", person, "--key", str(_short(world.key(person)))]
            for person in ("alice", "bob")
        ]
    if incidents := _incidents(world):
        return incidents
    if stages["essays"]["command"]:
        key = str(_short(world.key("erin")))
        return [["review", world.config.stem, "approve", "--as", "erin", "--key", key]]
    return _for_researchers(world)


def _incidents(world: DemoWorld) -> list[list[str]]:
    """Whoever is on call looks at what was found, and closes it."""
    model = world.config.stem
    with wiring.book().reading() as session:
        found = [row.id[:12] for row in open_incidents(session, model)]
    sign = ["--as", "erin", "--key", str(_short(world.key("erin")))]
    words = ["--reason", "resolved", "--words", "A filter was mended; the next week is watched."]
    return [
        command
        for one in found
        for command in (
            ["incidents", "show", model, one],
            ["incidents", "close", model, one, *sign, *words],
        )
    ]


def _for_researchers(world: DemoWorld) -> list[list[str]]:
    """An application that can be decided is accepted; whoever has a grant and no key gets one."""
    model, key = world.config.stem, str(_short(world.key("alice")))
    config, now = config_in_force(model), datetime.now(UTC)
    required = [one.id for one in config.access.applications.criteria if one.kind == "required"]
    with wiring.book().reading() as session:
        if programme_in_force(session, model, now) is None:
            return []
        cases = cases_of(session, model)
        keyed = {key.grant_id for key in keys_of(session, model)}
    accept = ["--as", "alice", "--key", key, "--reason", ",".join(required)]
    words = ["--words", "A comparison that nothing else can finish."]
    decisions = [
        ["applications", "decide", model, case.application.id[:12], "accept", *accept, *words]
        for case in cases
        if case.state in TO_DECIDE
    ]
    keys = [
        ["grants", "key", model, case.grant.id[:12], "--as", "alice"]
        for case in cases
        if case.grant is not None and case.grant.id not in keyed
    ]
    return [*decisions, *keys]


def _seconds_to_next(model: dict[str, Any]) -> float | None:
    """Seconds until something is due, if that is soon; 0 when something is due now."""
    now = datetime.now(UTC)
    if any(stage["state"] == "due" for stage in model["stages"]):
        return 0.0
    dates = [datetime.fromisoformat(s["until"]) for s in model["stages"] if s["until"]]
    waits = [max(0.0, (date - now).total_seconds()) for date in dates]
    soon = [wait for wait in waits if wait <= _LONGEST_WAIT_SECONDS]
    return min(soon) if soon else None


def _run(console: Console, arguments: list[str], *, quiet: bool = False) -> None:
    """Print a command as a person would type it, run it, and show what it says."""
    console.print(f"[bold]$ emeritus {' '.join(arguments)}[/bold]")
    run = subprocess.run(
        [program("emeritus"), *arguments],
        stdout=subprocess.PIPE if quiet else None,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if run.returncode != 0:
        if quiet:
            sys.stdout.write(run.stdout.decode(errors="replace"))
        raise DemoFailed(f"`emeritus {' '.join(arguments)}` ended with status {run.returncode}")


def _tell(console: Console, text: str) -> None:
    console.print(f"[dim]{datetime.now(UTC):%H:%M:%S}[/dim] {text}")


def _short(path: Path) -> Path:
    """Relative to here where that is shorter to type."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _evidence(console: Console, world: DemoWorld) -> None:
    """Pack what a stranger needs; an earlier run's package is never overwritten."""
    file = home() / "reports" / world.config.stem / "evidence.zip"
    file.unlink(missing_ok=True)
    _run(console, ["dossier", world.config.stem, "--evidence", str(_short(file))])


def _where_to_look(console: Console, world: DemoWorld, seconds: float) -> None:
    base, model = home(), world.config.stem
    console.print(f"[bold]Made in {seconds:.0f} s; all of it {SIMULATED}:[/bold]")
    for what, path in (
        ("dossier", base / "reports" / model / "dossier.html"),
        ("the fleet", base / "reports" / "fleet.html"),
        ("evidence", base / "reports" / model / "evidence.zip"),
        ("metrics", base / "reports" / model / "emeritus.prom"),
        ("essay site", base / "site" / "index.html"),
        ("help page", base / "pages" / model / "help.html"),
        ("how to apply", base / "pages" / model / "criteria.html"),
        ("who still calls", base / "reports" / model / "usage-audit" / "audit.html"),
        ("grants", base / "grants" / f"{model}.json"),
        ("access packet", base / "pages" / model / "access"),
        ("replicas", base / "replicas"),
        ("notices", base / "outbox"),
        ("configuration", world.config),
        ("records", Path(database_url().removeprefix("sqlite:///"))),
    ):
        if not path.exists():
            raise DemoFailed(f"{path} was not made")
        console.print(f"  {what:16} {_short(path)}")
    console.print("Next: `make serve` opens the Prefect UI; `emeritus status` shows the rest.")
