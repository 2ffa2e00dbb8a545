"""What the demo works on: a real-format model, usage, people with keys, and a configuration."""

import subprocess
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pyrage
import yaml

from configs.home import CHECKOUT, home
from configs.templating import fill
from tasks.adapters.files import write_atomically
from tasks.kernel.instants import start_of
from tasks.simulation.golden import make_golden_file
from tasks.simulation.monitoring import World, make_sources, sources_of
from tasks.simulation.planted import load_planted
from tasks.simulation.usage import make_usage_csv
from tasks.simulation.weights import make_model_folder

MODEL = "aster-1"
KEY = "a-key-of-the-demo-that-opens-nothing"
SEED = 20261125
PEOPLE = ("alice", "bob", "erin", "paula")
KEEPERS = ("kim", "lee")
_WORLD = CHECKOUT / "tasks" / "simulation" / "worlds" / "demo.yaml"
_RETIRES_IN = timedelta(days=97)
_FIGURES = Path("usage") / "figures"


@dataclass(frozen=True, slots=True)
class DemoWorld:
    """Where the demo's parts stand.

    Attributes:
        config: the model's YAML.
        world: the planted preferences.
        people: folder of keys and allowed_signers.
        port: the respondent's.
    """

    config: Path
    world: Path
    people: Path
    port: int

    def key(self, person: str) -> Path:
        """A person's private key."""
        return self.people / person


def remembered_port() -> int:
    """The respondent's port in an earlier run, or 0: the same port keeps the configuration."""
    file = home() / "demo" / "port"
    return int(file.read_text()) if file.is_file() else 0


def make_world(today: date, port: int) -> DemoWorld:
    """Make what is missing; what an earlier run made stays as it is."""
    base = home()
    model = make_model_folder(base / "models" / MODEL, megabytes=24, seed=SEED)
    if not (golden := base / "demo" / "golden.yaml").exists():
        make_golden_file(model, golden)
    usage = base / "usage" / f"{MODEL}.csv"
    if not usage.exists():
        usage.parent.mkdir(parents=True, exist_ok=True)
        make_usage_csv(usage, rows=10_000, seed=SEED, model_id=MODEL, end=today)
    if not (base / _FIGURES).exists():
        make_sources(
            base / _FIGURES,
            World(MODEL, today, days=120, seed=SEED, unsafe_from=today - timedelta(days=20)),
        )
    write_atomically(base / "demo" / "port", str(port).encode())
    people = _people(base / "demo" / "people")
    announced = _first_run_day(base / "demo" / "announced_on", today)
    return DemoWorld(_config(port, people, announced), _planted(announced), people, port)


def _first_run_day(file: Path, today: date) -> date:
    """Dates count from the first run, so that a later run finds the same retirement."""
    if not file.exists():
        write_atomically(file, today.isoformat().encode())
    return date.fromisoformat(file.read_text())


def _people(folder: Path) -> Path:
    """A key pair a person; private keys are readable by their owner only."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lines = []
    for person in PEOPLE:
        key = folder / person
        if not key.with_suffix(".pub").exists():  # it is written last
            key.unlink(missing_ok=True)
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", person, "-f", str(key)]
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        lines.append(f"{person} {key.with_suffix('.pub').read_text().rsplit(maxsplit=1)[0]}\n")
    write_atomically(folder / "allowed_signers", "".join(lines).encode())
    return folder


def _recipients(folder: Path) -> list[str]:
    """age public keys of two keepers; their private keys stand beside, as no real ones would."""
    found = []
    for keeper in KEEPERS:
        file = folder / f"{keeper}.age.txt"
        if not file.exists():
            write_atomically(file, f"{pyrage.x25519.Identity.generate()}\n".encode())
        file.chmod(0o600)
        identity = pyrage.x25519.Identity.from_str(file.read_text().strip())
        found.append(str(identity.to_public()))
    return found


def _config(port: int, people: Path, announced: date) -> Path:
    values = {
        "schema": CHECKOUT / "configs" / "retirement.schema.json",
        "base_url": f"http://127.0.0.1:{port}",
        "announced_on": announced,
        "retires_on": announced + _RETIRES_IN,
        "people": people,
        "recipients": _recipients(people),
        "applications": _applications(),
        "sources": yaml.safe_dump(sources_of(str(_FIGURES)), sort_keys=False),
    }
    text = fill("demo", f"{MODEL}.yaml.j2", values)
    path = home() / "configs" / f"{MODEL}.yaml"
    write_atomically(path, text.encode())
    return path


def _applications() -> Path:
    """A folder with one researcher's application, as it would stand in git."""
    folder = home() / "demo" / "applications"
    write_atomically(folder / "rosa-lind.yaml", fill("demo", "application.yaml.j2", {}).encode())
    return folder


def _planted(announced: date) -> Path:
    """The planted world with dates that agree with the configuration; JSON is YAML too."""
    world = load_planted(_WORLD)
    dates = {"deprecated_at": start_of(announced), "retires_at": start_of(announced + _RETIRES_IN)}
    models = [
        model.model_copy(update=dates) if model.id == MODEL else model for model in world.models
    ]
    instrument = (_WORLD.parent / world.instrument).resolve()
    world = world.model_copy(update={"models": tuple(models), "instrument": instrument})
    path = home() / "demo" / "world.yaml"
    write_atomically(path, world.model_dump_json(indent=2, exclude_none=True).encode() + b"\n")
    return path
