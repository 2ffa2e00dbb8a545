"""One retirement in a folder of its own: what a test passes over, and looks at."""

import json
import shutil
import sqlite3
import urllib.request
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from prefect.client.schemas.objects import State

from flows import acts
from flows.report import status
from flows.retire import retire
from tasks import wiring
from tasks.simulation.usage import make_usage_csv
from tasks.simulation.weights import make_model_folder
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement
from tests.flows.planting import ANNOUNCED_BEFORE, RETIRES_AFTER

MODEL = "aster-1"
KEY_NAME = "EMERITUS_TEST_KEY"
WAVES = 3
SPACING = timedelta(days=1)
RECORDS = "emeritus.sqlite"


@dataclass
class Place:
    """One home, one configuration, one clock."""

    home: Path
    config: Path
    people: Path
    base_url: str
    clock: FakeClock
    key: str = "any-key"
    sections: dict[str, Any] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """What a process that works here needs."""
        return {"EMERITUS_HOME": str(self.home), KEY_NAME: self.key}

    def write_config(self, **sections: Mapping[str, Any]) -> None:
        """Write the YAML; `sections` are merged into those written before."""
        for name, fields in sections.items():
            self.sections[name] = {**self.sections.get(name, {}), **fields}
        made = retirement(self.base_url, **self.sections).model_dump(mode="json")
        self.config.parent.mkdir(parents=True, exist_ok=True)
        self.config.write_text(yaml.safe_dump(made, sort_keys=False), encoding="utf-8")

    # what happens

    def run_pass(self) -> dict[str, dict[str, Any]]:
        """One pass in this process; how each stage stood at its end, as the pass told it."""
        state: State[Any] = retire(self.config, return_state=True)
        assert state.is_completed(), state.message
        return self.told()

    def approve(self, person: str, *, key: str = "", signers: Path | None = None) -> str:
        """A person signs the open packet, with the key of `key`, by another list of signers."""
        config = acts.config_in_force(MODEL)
        if signers is not None:
            access = config.access.model_copy(update={"allowed_signers": signers})
            config = config.model_copy(update={"access": access})
        statement = acts.access_statement(config)
        signature = self.sign(statement, acts.APPROVAL_NAMESPACE, key or person)
        return acts.approve_packet(config, person, signature)

    def review(self, person: str, action: str = "approve", slot: str = "", **words: str) -> str:
        """A person signs an act on the open draft."""
        config, act = acts.config_in_force(MODEL), acts.Act(action, **words)
        statement = acts.essay_statement(config, act, slot)
        signature = self.sign(statement, acts.REVIEW_NAMESPACE, person)
        return acts.review_essay(config, person, act, signature, slot)

    def sign(self, statement: bytes, namespace: str, key: str) -> str:
        return acts.signed(statement, namespace, key=self.people / key, file=None)

    def fault(self, **fault: Any) -> None:
        """Have the respondent play a fault."""
        self._simulate("faults", json.dumps(fault).encode())

    def clear_faults(self) -> None:
        self._simulate("faults", method="DELETE")

    def calls(self, model: str = MODEL) -> int:
        """Messages that the respondent was asked for in a model's name, faults aside."""
        log = json.loads(self._simulate("log"))
        route = "POST /v1/messages"
        came, struck = (log[kind].get(route, {}).get(model, 0) for kind in ("calls", "struck"))
        return int(came) - int(struck)

    def _simulate(self, what: str, data: bytes | None = None, method: str | None = None) -> bytes:
        url = f"{self.base_url}/_simulate/{what}"
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(url, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            content: bytes = answer.read()
            return content

    # what it came to

    def stages(self) -> dict[str, dict[str, Any]]:
        """How each stage stands now, by name, as `emeritus status --json` tells it."""
        (model,) = status((MODEL,))
        return {stage["stage"]: stage for stage in model["stages"]}

    def told(self) -> dict[str, dict[str, Any]]:
        """How each stage stood when a pass last looked."""
        return {row["stage"]: row for row in self.rows("select * from stage_status")}

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """Rows of the records, past all of our own code."""
        with closing(sqlite3.connect(self.home / RECORDS, timeout=30)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query, values)]

    def execute(self, statement: str, *values: object) -> None:
        """Change the records behind everybody's back."""
        with closing(sqlite3.connect(self.home / RECORDS, timeout=30)) as connection, connection:
            assert connection.execute(statement, values).rowcount > 0, "no such row"

    def dump(self) -> dict[str, list[dict[str, Any]]]:
        """Every row of every table, but for leases."""
        tables = [
            row["name"]
            for row in self.rows("select name from sqlite_master where type = 'table'")
            if row["name"] != "lease"
        ]
        return {table: self.rows(f'select * from "{table}" order by rowid') for table in tables}

    def actions(self) -> list[str]:
        """The actions that the audit chain tells, in order."""
        return [row["action"] for row in self.rows("select action from audit_entry order by seq")]

    def bags(self) -> list[Path]:
        """Everything in the replicas' folders: bags, whole or in part."""
        return sorted((self.home / "replicas").glob("*/*"))

    def letters(self) -> list[Path]:
        """Everything in the outbox."""
        return sorted((self.home / "outbox").iterdir())

    def problems(self) -> tuple[str, ...]:
        """What `emeritus audit verify` finds."""
        return wiring.book().verify_audit().problems


def told_to_the_gateway(home: Path) -> list[str]:
    """Kinds of the grants in the file that the gateway reads, sorted; none where there is none."""
    file = home / "grants" / f"{MODEL}.json"
    if not file.exists():
        return []
    return sorted(grant["kind"] for grant in json.loads(file.read_text())["grants"])


def copy_home(source: Path, target: Path) -> None:
    """Copy a home; the records as one whole file."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(f"{RECORDS}*", "prefect"))
    if (source / RECORDS).exists():
        with (
            closing(sqlite3.connect(source / RECORDS)) as old,
            closing(sqlite3.connect(target / RECORDS)) as new,
        ):
            old.backup(new)


def make_place(
    folder: Path, people: Path, base_url: str, clock: FakeClock, *, copy_of: Path | None = None
) -> Place:
    """Weights, usage and a configuration; nothing is recorded, but what a copied home holds."""
    home = folder / "var"
    if copy_of is not None:
        copy_home(copy_of, home)
    else:
        make_model_folder(home / "models" / MODEL, megabytes=1, seed=7)
        make_usage_csv(home / "usage.csv", rows=300, seed=7, model_id=MODEL, end=clock.now().date())
        day = clock.now().date()
        (home / "started").write_text(day.isoformat(), encoding="utf-8")
    place = Place(home, folder / "configs" / f"{MODEL}.yaml", people, base_url, clock)
    day = clock.now().date().fromisoformat((home / "started").read_text(encoding="utf-8"))
    place.write_config(
        candidate={
            "announced_on": day - ANNOUNCED_BEFORE,
            "surfaces": [{"name": "api", "retires_on": str(day + RETIRES_AFTER)}],
        },
        endpoint={"concurrency": 4},
        interviews={
            "themes": ["share_essays", "keep_in_use"],
            "contexts": ["bare", "low_trust"],
            "paraphrases_per_cell": 3,
            "probes_per_kind": 4,
            "max_calls": 200,
            "waves": WAVES,
            "wave_spacing_seconds": int(SPACING.total_seconds()),
        },
        validation={
            "minimum_days": 2,
            "minimum_pushes": 2,
            "minimum_span_hours": 40.0,
            "held_out_share": 0.0,  # every answer counts, whatever its id
        },
        access={"allowed_signers": str(people / "allowed_signers"), "monthly_cost_usd": 100.0},
    )
    return place
