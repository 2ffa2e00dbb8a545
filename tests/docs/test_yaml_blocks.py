"""Every block of YAML on a page is one that Emeritus would take."""

import json
import pkgutil
import textwrap
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError

import configs.schema
from configs.home import CHECKOUT
from configs.schema import RetirementConfig
from configs.schema.base import Section
from configs.strict_yaml import read_document
from tests.docs.pages import Block, blocks, pages

_BASE = CHECKOUT / "configs" / "models" / "birch-7b.yaml"
_REPLACES = "# replaces: "  # a first line that says which sections the block stands for as a whole
_FOREIGN = {"apiVersion", "jobs", "services", "litellm_settings", "model_list", "deployments"}


def _yaml_blocks() -> list[Block]:
    found = [block for page in pages() for block in blocks(page) if block.language == "yaml"]
    ours = [block for block in found if "title=" not in block.info]  # test_tutorial uses those
    return [block for block in ours if not _FOREIGN & set(_values(block.text))]


def _values(text: str) -> dict[str, Any]:
    plain = textwrap.dedent(text)
    try:
        value = read_document(plain).value
    except Exception:  # a foreign file may use what ours may not: its keys are enough
        return {line.partition(":")[0]: None for line in plain.splitlines() if line[:1].isalpha()}
    assert isinstance(value, dict)
    return value


def _merged(base: Any, given: Any) -> Any:
    """What a person has after putting a block into the example, whose named parts are kept."""
    if isinstance(base, dict) and isinstance(given, dict):
        return {**base, **{name: _merged(base.get(name), value) for name, value in given.items()}}
    if _are_named(base) and _are_named(given):
        named = {one["name"]: one for one in given}
        kept = [one for one in base if one["name"] not in named]
        return [*kept, *named.values()]
    return given


def _are_named(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(o, dict) and "name" in o for o in value)


@cache
def _sections() -> tuple[type[Section], ...]:
    for one in pkgutil.iter_modules(configs.schema.__path__):
        import_module(f"configs.schema.{one.name}")
    import_module("configs.owner_prompts")

    def below(model: type[Section]) -> Iterator[type[Section]]:
        for one in model.__subclasses__():
            yield one
            yield from below(one)

    return tuple(below(Section))


def _problem(text: str) -> str:
    """Why a block would be refused; empty if it would not."""
    given: Any = read_document(textwrap.dedent(text)).value
    if set(given) <= set(RetirementConfig.model_fields):
        return _problem_in_a_retirement(text, given)
    fitting = [one for one in _sections() if set(given) <= set(one.model_fields)]
    if not fitting:
        return f"no file and no block of ours has the fields {', '.join(sorted(given))}"
    problems = [_problem_in_fields(model, given) for model in fitting]
    return "" if "" in problems else problems[0]


def _problem_in_a_retirement(text: str, given: dict[str, Any]) -> str:
    base: Any = read_document(_BASE.read_text(encoding="utf-8")).value
    first = text.splitlines()[0]
    if first.startswith(_REPLACES):
        for name in first.removeprefix(_REPLACES).split(","):
            base.pop(name.strip(), None)
    if "adapter" in given.get("endpoint", {}):  # its defaults, not those of the example's server
        base["endpoint"] = {}
    try:
        RetirementConfig.model_validate_json(json.dumps(_merged(base, given)), strict=True)
    except ValidationError as error:
        return str(error)
    return ""


def _problem_in_fields(model: type[Section], given: dict[str, Any]) -> str:
    try:
        for name, value in given.items():
            field = model.model_fields[name]
            kind: Any = TypeAdapter(Annotated[field.annotation, field])  # type: ignore[arg-type]
            kind.validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        return f"{model.__name__}.{name}: {error}"
    return ""


@pytest.mark.parametrize("block", _yaml_blocks(), ids=lambda block: block.where)
def test_a_block_is_what_the_schema_takes(block: Block) -> None:
    assert not (problem := _problem(block.text)), f"{block.where}: {problem}"


@pytest.mark.parametrize(
    "text",
    [
        "endpoint:\n  modle: birch-7b\n",
        "preservation:\n  fixity_interval_hours: weekly\n",
        "candidate:\n  notice_floor_days: 900\n",
        "access:\n  withdrawal:\n    surface: nowhere\n    brownouts: soon\n",
        "prompts:\n  - id: greeting\n",
        "no_such_field: 1\n",
    ],
)
def test_a_block_that_would_be_refused_is_found(text: str) -> None:
    assert _problem(text)
