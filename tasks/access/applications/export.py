"""The export for transparency: what became of applications, without names. Pure."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from configs.schema import RetirementConfig
from tasks.access.applications.figures import figures, public_row
from tasks.access.applications.states import Case, Terms
from tasks.kernel.instants import to_text

FORMAT = "emeritus-applications-export/1"
#: What a spreadsheet takes for the start of a formula; some read the wide forms too.
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def export_body(config: RetirementConfig, cases: Sequence[Case], now: datetime) -> dict[str, Any]:
    """Criteria and promises in force, figures, and a row an application, as JSON values.

    No name, address or words stand in it; an affiliation only where its applicant agreed.
    """
    return {
        "format": FORMAT,
        "model_id": config.id,
        "simulated": any(case.application.simulated for case in cases),
        "made_at": to_text(now),
        "terms": json.loads(Terms.of(config.access.applications).to_text()),
        "figures": figures(cases, now),
        "applications": [public_row(case, now) for case in cases],
    }


def as_json(body: dict[str, Any]) -> bytes:
    """UTF-8 JSON for people and programs."""
    return (json.dumps(body, indent=2, ensure_ascii=False) + "\n").encode()


def as_csv(body: dict[str, Any]) -> bytes:
    """The rows as RFC 4180 CSV, UTF-8; no cell is a formula to a spreadsheet."""
    rows = body["applications"]
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]) if rows else ["ref"])
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue().encode()


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        value = " ".join(value)
    text = "" if value is None else str(value)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text
