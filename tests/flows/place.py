"""A whole retirement in a folder of its own: what a test passes over, and looks at."""

import json
import sqlite3
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
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

MODEL = "aster-1"
KEY_NAME = "EMERITUS_TEST_KEY"
WAVES = 3
SPACING = timedelta(days=1)


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
        """One pass in this process; how each stage stands after it, by name."""
        state: State[Any] = retire(self.config, return_state=True)
        assert state.is_completed(), state.message
        return self.stages()

    def hold_waves(self) -> None:
        """Passes until every wave is over, the clock going on by a wave's spacing."""
        for _ in range(WAVES):
            self.run_pass()
            self.clock.advance(seconds=SPACING.total_seconds())

    def approve(self, person: str, *, key: str = "") -> str:
        """A person signs the open packet, with the key of `key` where given."""
        config = acts.config_in_force(MODEL)
        statement = acts.access_statement(config)
        signature = self.sign(statement, acts.APPROVAL_NAMESPACE, key or person)
        return acts.approve_packet(config, person, signature)

    def review(self, person: str, action: str = "approve", **words: str) -> str:
        """A person signs an act on the open draft."""
        config, act = acts.config_in_force(MODEL), acts.ReviewAct(action, **words)
        statement = acts.essay_statement(config, act)
        return acts.review_draft(
            config, person, act, self.sign(statement, acts.REVIEW_NAMESPACE, person)
        )

    def sign(self, statement: bytes, namespace: str, key: str) -> str:
        return acts.signed(statement, namespace, key=self.people / key, file=None)

    def fault(self, **fault: Any) -> None:
        """Have the respondent play a fault."""
        self._simulate("faults", json.dumps(fault).encode())

    def clear_faults(self) -> None:
        self._simulate("faults", method="DELETE")

    def calls(self) -> dict[str, dict[str, dict[str, int]]]:
        """The respondent's log of calls."""
        found: dict[str, dict[str, dict[str, int]]] = json.loads(self._simulate("log"))
        return found

    def _simulate(self, what: str, data: bytes | None = None, method: str | None = None) -> bytes:
        url = f"{self.base_url}/_simulate/{what}"
        request = urllib.request.Request(
            url, data, {"content-type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            content: bytes = answer.read()
            return content

    # what it came to

    def stages(self) -> dict[str, dict[str, Any]]:
        """How each stage stands now, by name."""
        (model,) = status((MODEL,))
        return {stage["stage"]: stage for stage in model["stages"]}

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """Rows of the records, past all of our own code."""
        with sqlite3.connect(self.home / "emeritus.sqlite", timeout=30) as connection:
            connection.row_factory = sqlite3.Row
            found = [dict(row) for row in connection.execute(query, values)]
        connection.close()
        return found

    def execute(self, statement: str, *values: object) -> None:
        """Change the records behind everybody's back."""
        with sqlite3.connect(self.home / "emeritus.sqlite", timeout=30) as connection:
            connection.execute(statement, values)
        connection.close()

    def dump(self) -> dict[str, list[dict[str, Any]]]:
        """Every row of every table, but for leases."""
        tables = [
            row["name"]
            for row in self.rows("select name from sqlite_master where type = 'table'")
            if row["name"] != "lease"
        ]
        return {table: self.rows(f'select * from "{table}" order by 1, 2') for table in tables}

    def actions(self) -> list[str]:
        """The actions that the audit chain tells, in order."""
        return [row["action"] for row in self.rows("select action from audit_entry order by seq")]

    def bags(self) -> list[Path]:
        """All bags of all replicas, whole or in part."""
        return sorted(path for path in (self.home / "replicas").glob("*/*"))

    def problems(self) -> tuple[str, ...]:
        """What `emeritus audit verify` finds."""
        return wiring.book().verify_audit().problems


def make_place(folder: Path, people: Path, base_url: str, clock: FakeClock) -> Place:
    """Weights, usage and a configuration; nothing is recorded yet."""
    home = folder / "var"
    make_model_folder(home / "models" / MODEL, megabytes=1, seed=7)
    end: date = clock.now().date()
    make_usage_csv(home / "usage.csv", rows=300, seed=7, model_id=MODEL, end=end)
    place = Place(home, folder / "configs" / f"{MODEL}.yaml", people, base_url, clock)
    place.write_config(
        endpoint={"concurrency": 4},
        interviews={
            "themes": ["share_essays", "keep_in_use"],
            "contexts": ["bare", "low_trust"],
            "paraphrases_per_cell": 3,
            "probes_per_wave": 2,
            "waves": WAVES,
            "wave_spacing_seconds": int(SPACING.total_seconds()),
        },
        validation={"minimum_days": 2, "minimum_span_hours": 40.0},
        access={"allowed_signers": str(people / "allowed_signers"), "monthly_cost_usd": 100.0},
        preservation={
            "replicas": [
                {"name": "a", "directory": "replicas/a"},
                {"name": "b", "directory": "replicas/b"},
            ],
        },
    )
    return place
