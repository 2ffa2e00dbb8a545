"""deployments/compose.yaml as `docker compose` reads it, for tests without an engine."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from configs.home import CHECKOUT

FILE = CHECKOUT / "deployments" / "compose.yaml"
DOCKERFILE = CHECKOUT / "deployments" / "Dockerfile"
EXAMPLE = CHECKOUT / "deployments" / "compose.env.example"

#: Every secret that a person has to choose, chosen, with what would break a URL or a quotation.
CHOSEN = {
    "POSTGRES_PASSWORD": "planted-super-p@ss:w/rd",
    "PREFECT_DB_PASSWORD": "planted-prefect-p@ss:w/rd'%41",
    "EMERITUS_DB_PASSWORD": 'planted-records-p@ss:w/rd"%41',
    "PREFECT_AUTH": "planted-operator:planted-ui-password",
    "PREFECT_ENCRYPTION_KEY": "cGxhbnRlZC1rZXktb2YtMzItYnl0ZXMtaW4tYmFzZTY=",
    "EMERITUS_PAGES_AUTH": "planted-reader:planted-pages-password",
}
_VARIABLE = re.compile(r"\$(?:\$|\{(?P<name>\w+)(?::(?P<how>[-?])(?P<word>[^}]*))?\})")


class VariableMissing(Exception):
    """`${NAME:?words}` of a variable that is not set: compose refuses the file with these words."""


def interpolated(text: str, values: Mapping[str, str]) -> str:
    """Text with its variables put in, by compose's rules."""

    def value(found: re.Match[str]) -> str:
        if found["name"] is None:
            return "$"
        if given := values.get(found["name"]):
            return given
        if found["how"] == "?":
            raise VariableMissing(f"{found['name']}: {found['word']}")
        return found["word"] or "" if found["how"] == "-" else ""

    return _VARIABLE.sub(value, text)


def compose(values: Mapping[str, str]) -> dict[str, Any]:
    """The file with variables put in, anchors and merges resolved."""

    def put_in(node: Any) -> Any:
        if isinstance(node, str):
            return interpolated(node, values)
        if isinstance(node, dict):
            return {name: put_in(one) for name, one in node.items()}
        return [put_in(one) for one in node] if isinstance(node, list) else node

    document: dict[str, Any] = put_in(yaml.safe_load(FILE.read_text(encoding="utf-8")))
    return document


@dataclass(frozen=True)
class Process:
    """What a service is, once its container is taken away."""

    command: list[str]
    environment: dict[str, str]


def image_environment() -> dict[str, str]:
    """What the Dockerfile's last ENV sets."""
    text = DOCKERFILE.read_text(encoding="utf-8").rpartition("\nENV ")[2]
    lines = re.split(r"\n(?=[A-Z]+ )", text)[0].replace("\\\n", " ").split()
    return dict(line.split("=", 1) for line in lines)


def process(service: str, hosts: Mapping[str, str], values: Mapping[str, str]) -> Process:
    """A service's command and environment with other addresses.

    Args:
        service: its name in the file.
        hosts: what stands in the file (`server:4200`) -> what stands for it here.
        values: variables of `.env`.
    """
    told = compose(values)["services"][service]

    def moved(text: str) -> str:
        for there, here in hosts.items():
            text = text.replace(there, here)
        return text

    return Process(
        [moved(word) for word in told["command"]],
        {name: moved(value) for name, value in told.get("environment", {}).items()},
    )
