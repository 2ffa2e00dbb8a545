"""The reference of deployments, from `deployments/prefect.yaml` and the flows that it names."""

import importlib
from pathlib import Path
from typing import Any

import yaml

from tools.docs.text import code, prose

PAGE = "reference/deployments.md"
_TAGS = {
    "pass": "over one model or many; what a schedule starts",
    "stage": "one stage of one model",
    "upkeep": "what keeps records and copies sound, or shows them",
    "act": "a person's act, as a form",
}


def read(file: Path) -> list[dict[str, Any]]:
    """The deployments of a `prefect.yaml`, in its order."""
    found: list[dict[str, Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))["deployments"]
    return found


def page(file: Path) -> str:
    """Markdown of the page: a table of all, then each with its parameters."""
    found = read(file)
    rows = [
        f"| [`{one['name']}`](#{one['name']}) | {', '.join(one.get('tags', []))} "
        f"| {_schedule(one) or 'by hand'} | {prose(one['description'])} |"
        for one in found
    ]
    tags = [f"| `{tag}` | {told} |" for tag, told in _TAGS.items()]
    lines = [
        "# Deployments",
        "",
        "What `emeritus deploy` puts into the Prefect UI, and what `emeritus serve` shows there.",
        "This page is made from `deployments/prefect.yaml` and the flows that it names. A schedule",
        "is on once it is deployed, unless it says `off`, and is switched in the UI.",
        "",
        "| Tag | Means |",
        "| --- | --- |",
        *tags,
        "",
        "| Deployment | Tags | Schedule | What it does |",
        "| --- | --- | --- | --- |",
        *rows,
        "",
    ]
    for one in found:
        lines += _deployment(one)
    return "\n".join(lines)


def _deployment(one: dict[str, Any]) -> list[str]:
    lines = [f"## {one['name']} {{ #{one['name']} }}", "", prose(one["description"]), ""]
    facts = [f"Flow {code(one['entrypoint'])}"]
    facts += [f"tags: {', '.join(one['tags'])}"] if one.get("tags") else []
    facts += [f"schedule: {_schedule(one)}"] if one.get("schedules") else []
    if (limit := one.get("concurrency_limit")) is not None:
        facts.append(f"at once, at most: {_limit(limit)}")
    lines += [" · ".join(facts), "{ .facts }", ""]
    if rows := _parameters(one):
        lines += ["| Parameter | Default | Means |", "| --- | --- | --- |", *rows, ""]
    return lines


def _limit(limit: object) -> object:
    return limit.get("limit", limit) if isinstance(limit, dict) else limit


def _schedule(one: dict[str, Any]) -> str:
    told = []
    for schedule in one.get("schedules") or []:
        when = code(schedule["cron"]) if "cron" in schedule else code(schedule.get("interval"))
        zone = schedule.get("timezone", "UTC")
        off = "" if schedule.get("active", True) else ", off"
        told.append(f"{when} {zone}{off}")
    return "; ".join(told)


def _parameters(one: dict[str, Any]) -> list[str]:
    """A row a parameter of the flow, as its form in the UI has them."""
    schema = _schema(one["entrypoint"])
    required = set(schema.get("required", []))
    given = one.get("parameters") or {}
    rows = []
    for name, value in schema.get("properties", {}).items():
        default = given.get(name, value.get("default"))
        told = "**required**" if name in required and name not in given else _default(default)
        means = prose(value.get("description") or value.get("title") or "")
        rows.append(f"| `{name}` | {told} | {means.replace(chr(10), ' ')} |")
    return rows


def _default(value: object) -> str:
    return "empty" if value in (None, "", [], {}) else code(value)


def _schema(entrypoint: str) -> dict[str, Any]:
    """The JSON Schema that Prefect made of a flow's parameters."""
    file, _, name = entrypoint.partition(":")
    module = importlib.import_module(file.removesuffix(".py").replace("/", "."))
    found: dict[str, Any] = getattr(module, name).parameters.model_dump()
    return found
