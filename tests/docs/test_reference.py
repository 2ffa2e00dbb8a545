"""The generated reference tells of everything that there is, once."""

import re
from functools import cache
from typing import Any

import pytest
from pydantic import BaseModel

from configs.home import CHECKOUT
from configs.schema import RetirementConfig
from tools.docs import anchors, commands, configuration, deployments, python
from tools.docs.text import code, prose

_ERRORS = (CHECKOUT / "docs" / "errors.md").read_text(encoding="utf-8")


@cache
def _configuration() -> dict[str, str]:
    return configuration.pages()


@cache
def _commands() -> dict[str, str]:
    return commands.pages(_ERRORS)


def _properties(schema: dict[str, Any]) -> set[tuple[str, str]]:
    """Every field of a schema, by the block that it stands in."""
    found = {("", name) for name in schema.get("properties", {})}
    for block, inside in schema.get("$defs", {}).items():
        found |= {(block, name) for name in inside.get("properties", {})}
    return found


def _headings(text: str) -> list[str]:
    return re.findall(r"^### `(\w+)` \{", text, re.MULTILINE)


def test_every_field_of_a_retirement_is_described_once() -> None:
    roots = {f"{configuration.FOLDER}/{one.slug}.md" for one in configuration.roots()}
    shown = [
        h for place, text in _configuration().items() if place not in roots for h in _headings(text)
    ]
    schema = RetirementConfig.model_json_schema()
    sections = {n for n, v in schema["properties"].items() if configuration._target(v)}
    expected = sorted(name for block, name in _properties(schema) if block or name not in sections)
    assert sorted(shown) == expected


@pytest.mark.parametrize("root", configuration.roots(), ids=lambda root: root.slug)
def test_every_field_of_another_file_is_described_once(root: configuration.Root) -> None:
    text = _configuration()[f"{configuration.FOLDER}/{root.slug}.md"]
    expected = sorted(name for _, name in _properties(root.model.model_json_schema()))
    assert sorted(_headings(text)) == expected


def test_anchors_of_the_configuration_are_unique_on_a_page() -> None:
    for place, text in _configuration().items():
        found = re.findall(r"\{ #([\w.-]+) \}", text)
        assert len(found) == len(set(found)), place


def test_a_field_is_told_with_type_unit_bounds_and_default() -> None:
    text = _configuration()[f"{configuration.FOLDER}/preservation.md"]
    _, _, field = text.partition(
        "### `fixity_interval_hours` { #preservation.fixity_interval_hours }"
    )
    assert field.strip().splitlines()[0] == "number · in hours · above 0 · default `168`"


def test_every_command_and_option_is_described() -> None:
    text = "\n".join(_commands().values())
    names = []

    def walk(command: Any, path: str) -> None:
        for name, one in commands.children(command).items():
            walk(one, f"{path} {name}".strip())
        if not commands.children(command):
            names.append(path)
            part = text.partition(f"{{ #{commands.anchor(path)} }}")[2].partition("\n## ")[0]
            missing = [
                o
                for p in command.params
                for o in p.opts
                if o.startswith("-") and f"`{o}`" not in part
            ]
            assert not missing, f"emeritus {path}: {missing}"

    walk(commands.root(), "")
    assert len(names) > 70
    assert all(f"{{ #{commands.anchor(name)} }}" in text for name in names)


def test_every_deployment_and_parameter_is_described() -> None:
    file = CHECKOUT / "deployments" / "prefect.yaml"
    text = deployments.page(file)
    for one in deployments.read(file):
        part = text.partition(f"## {one['name']} {{")[2].partition("\n## ")[0]
        assert part, one["name"]
        names = deployments._schema(one["entrypoint"]).get("properties", {})
        assert all(f"| `{name}` |" in part for name in names), one["name"]


def test_python_pages_name_modules_that_exist() -> None:
    modules = re.findall(r"^::: ([\w.]+)$", "\n".join(python.pages().values()), re.MULTILINE)
    assert "tasks.ports.archive" in modules
    assert "tasks.kernel.errors" in modules


def test_every_error_code_has_an_address() -> None:
    text = anchors.with_anchors(_ERRORS)
    found = anchors.codes(_ERRORS)
    assert "EM410" in found
    assert "KO-HOLD" in found
    assert all(f'<a id="{code.lower()}"></a>{code}' in text for code in found)


def test_a_model_without_a_description_would_be_seen() -> None:
    class Bare(BaseModel):
        named: int

    page = configuration._file(configuration.Root("bare", "Bare", "nowhere", Bare))
    assert _headings(page) == ["named"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [("", '`""`'), ("a|b", "`a|b`"), ("a`b", "`` a`b ``"), (0.05, "`0.05`")],
)
def test_any_value_stands_as_code(value: object, shown: str) -> None:
    assert code(value) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Patterns such as `*.py` of *all*", r"Patterns such as `*.py` of \*all\*"),
        ("a < b, [c]", r"a &lt; b, \[c\]"),
        ("one\n  line\n\nanother", "one line\n\nanother"),
    ],
)
def test_a_description_is_no_markup(text: str, shown: str) -> None:
    assert prose(text) == shown
