"""The reference of every YAML file, from the models that check it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from configs.schema import RetirementConfig
from configs.schema.application import ApplicationForm
from configs.schema.fleet import FleetConfig
from configs.schema.golden import GoldenPrompts
from configs.schema.instrument import Codebook, Instrument
from tools.docs.text import code, prose

FOLDER = "reference/configuration"
_UNITS = ("hours", "days", "seconds", "minutes", "months", "bytes", "usd", "fraction", "words")
_UNIT_WORDS = {"usd": "in US dollars", "fraction": "a share"}
_FORMATS = {"path": "path", "date": "day, `2026-12-31`", "date-time": "instant", "uri": "URL"}

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Root:
    """A kind of file.

    Attributes:
        slug: the page's name.
        title: the page's heading.
        where: where such a file stands.
        model: what checks it.
    """

    slug: str
    title: str
    where: str
    model: type[BaseModel]


def roots() -> list[Root]:
    """Kinds of files beside a model's own."""
    return [
        Root("fleet", "Fleet settings", "configs/fleet.yaml", FleetConfig),
        Root("golden-prompts", "Golden prompts", "the file in `prompts_file`", GoldenPrompts),
        Root("instrument", "Instrument", "configs/instruments/NAME/instrument.yaml", Instrument),
        Root("codebook", "Codebook", "configs/instruments/NAME/codebook.yaml", Codebook),
        Root("application", "Application", "the folder in `access.applications`", ApplicationForm),
    ]


@dataclass(slots=True)
class _Page:
    """A page under way: its schema, and the blocks that still have to be described."""

    slug: str
    defs: dict[str, Schema]
    shown: dict[str, tuple[str, str]]
    lines: list[str] = field(default_factory=list)
    waiting: list[tuple[str, str]] = field(default_factory=list)

    def link(self, name: str, path: str) -> str:
        """A link to where a block is described, which is here if it is nowhere yet."""
        if name not in self.shown:
            self.shown[name] = (self.slug, path)
            self.waiting.append((name, path))
        slug, anchor = self.shown[name]
        return f"[{anchor}]({'' if slug == self.slug else f'{slug}.md'}#{anchor_of(anchor)})"


def anchor_of(path: str) -> str:
    """A block's or a field's anchor: its path, as `preservation.replicas.name`."""
    return path.replace("[]", "")


def pages() -> dict[str, str]:
    """Every page of the configuration reference: source path to Markdown."""
    made = {}
    schema = RetirementConfig.model_json_schema()
    shown: dict[str, tuple[str, str]] = {}
    for name, value in schema["properties"].items():
        if target := _target(value):
            shown[target] = (name, name)  # a section is described on its own page
    sections = [name for name, value in schema["properties"].items() if _target(value)]
    for name in sections:
        made[f"{FOLDER}/{name}.md"] = _section(name, schema, shown)
    for root in roots():
        made[f"{FOLDER}/{root.slug}.md"] = _file(root)
    made[f"{FOLDER}/index.md"] = _index(schema, sections)
    return made


def _index(schema: Schema, sections: list[str]) -> str:
    rows = [
        f"| [`{name}`]({name}.md) | {_one_line(schema['properties'][name])} |" for name in sections
    ]
    top = [name for name in schema["properties"] if name not in sections]
    page = _Page("index", schema.get("$defs", {}), {})
    required = set(schema.get("required", []))
    fields = [
        line
        for name in top
        for line in _field(page, "", name, schema["properties"][name], name in required)
    ]
    files = [f"| [{root.title}]({root.slug}.md) | {_place(root)} |" for root in roots()]
    return "\n".join(
        [
            "# Configuration",
            "",
            "A model's retirement is one YAML file, `configs/models/NAME.yaml`. Each section below",
            "is a page; each field tells its type, its default, its bounds and what it means.",
            "They are made from the models that check the file. `emeritus schema` prints the same",
            "as JSON Schema, for editors.",
            "",
            "Unknown fields are refused, and so are anchors, aliases, tags and doubled keys. Only",
            "`true` and `false` are booleans. Relative paths stand under `EMERITUS_HOME`, unless",
            "the field says otherwise.",
            "",
            "| Section | What it holds |",
            "| --- | --- |",
            *rows,
            "",
            "## Top of the file",
            "",
            *fields,
            "## Other files",
            "",
            "| File | Where it stands |",
            "| --- | --- |",
            *files,
            "",
        ]
    )


def _place(root: Root) -> str:
    return root.where if "`" in root.where else code(root.where)


def _one_line(value: Schema) -> str:
    return prose(value.get("description", ""))


def _section(name: str, schema: Schema, shown: dict[str, tuple[str, str]]) -> str:
    value = schema["properties"][name]
    page = _Page(name, schema["$defs"], shown)
    block = page.defs[_target(value)]
    told = block.get("description") or value.get("description", "")
    page.lines += [f"# `{name}`", "", prose(told), ""]
    needed = name in schema.get("required", [])
    said = "The section is required." if needed else "The section may be left out."
    page.lines += [said, "", f"## {name} {{ #{name} }}", ""]
    page.lines += _fields(page, name, block)
    _blocks(page)
    return "\n".join(page.lines)


def _file(root: Root) -> str:
    schema = root.model.model_json_schema()
    page = _Page(root.slug, schema.get("$defs", {}), {})
    page.lines += [f"# {root.title}", "", prose(schema.get("description", "")), ""]
    page.lines += [f"Stands in {_place(root)}.", "", "## Top of the file", ""]
    page.lines += _fields(page, "", schema)
    _blocks(page)
    return "\n".join(page.lines)


def _blocks(page: _Page) -> None:
    """Describe nested blocks until none is left; each is described once."""
    while page.waiting:
        name, path = page.waiting.pop(0)
        block = page.defs[name]
        page.lines += [f"## {path} {{ #{anchor_of(path)} }}", ""]
        if told := block.get("description"):
            page.lines += [prose(told), ""]
        page.lines += _fields(page, path, block)


def _fields(page: _Page, path: str, block: Schema) -> list[str]:
    required = set(block.get("required", []))
    lines = []
    for name, value in block.get("properties", {}).items():
        lines += _field(page, path, name, value, name in required)
    return lines


def _field(page: _Page, path: str, name: str, value: Schema, required: bool) -> list[str]:
    whole = f"{path}.{name}" if path else name
    facts = [_type(page, whole, value), *_unit(name, value), *_bounds(value)]
    facts.append("**required**" if required else _default(value))
    # A section's own block has the path as its anchor already; a field that opens a block would
    # have it twice.
    anchor = f"{anchor_of(whole)}.field" if _opens(page, whole, value) else anchor_of(whole)
    told = prose(value.get("description", "")) or _kind_of(value)
    return [
        f"### `{name}` {{ #{anchor} }}",
        "",
        " · ".join(fact for fact in facts if fact),
        "{ .facts }",
        "",
        told,
        "",
    ]


def _kind_of(value: Schema) -> str:
    """What to say of a field without a description: the word that chooses among several blocks."""
    return "Says which of these blocks it is." if "const" in value else ""


def _opens(page: _Page, path: str, value: Schema) -> bool:
    """Whether a field's own block is described under the field's path."""
    return any(anchor in {path, f"{path}[]"} for _, anchor in _places(page, value))


def _places(page: _Page, value: Schema) -> Iterator[tuple[str, str]]:
    for name in _targets(value):
        if name in page.shown:
            yield page.shown[name]


def _targets(value: Schema) -> Iterator[str]:
    if "$ref" in value:
        yield value["$ref"].rsplit("/", 1)[1]
    for key in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for one in value.get(key, []):
            yield from _targets(one)
    for key in ("items", "additionalProperties"):
        if isinstance(value.get(key), dict):
            yield from _targets(value[key])


def _target(value: Schema) -> str:
    return next(_targets(value), "")


def _type(page: _Page, path: str, value: Schema) -> str:
    """A type in words, with links to the blocks that it is made of."""
    if "$ref" in value:
        name = value["$ref"].rsplit("/", 1)[1]
        block = page.defs.get(name, {})
        told = "properties" in block
        return f"block {page.link(name, path)}" if told else _type(page, path, block)
    for key in ("anyOf", "oneOf"):
        if key in value:
            return _either(page, path, value[key])
    if value.get("type") == "array":
        return _list(page, path, value)
    return _plain_type(page, path, value)


_WORDS = {
    "string": "text",
    "number": "number",
    "integer": "whole number",
    "boolean": "`true` or `false`",
    "null": "`null`",
}


def _plain_type(page: _Page, path: str, value: Schema) -> str:
    if "const" in value:
        return code(_yaml(value["const"]))
    if "enum" in value:
        return "one of " + ", ".join(code(_yaml(one)) for one in value["enum"])
    if value.get("type") == "object":
        inner = value.get("additionalProperties")
        told = _type(page, path, inner) if isinstance(inner, dict) else "values"
        return f"names with {told}"
    known = _FORMATS.get(value.get("format", ""))
    return known or _WORDS.get(str(value.get("type")), "value")


def _either(page: _Page, path: str, choices: list[Schema]) -> str:
    left = [one for one in choices if one.get("type") != "null"]
    several = len([one for one in left if "$ref" in one]) > 1
    told = []
    for one in left:
        kind = page.defs.get(_target(one), {}).get("properties", {}).get("kind", {}).get("const")
        told.append(_type(page, f"{path}.{kind}" if several and kind else path, one))
    return " or ".join(dict.fromkeys(told))


def _list(page: _Page, path: str, value: Schema) -> str:
    if "prefixItems" in value:
        inner = [_type(page, f"{path}[]", one) for one in value["prefixItems"]]
        return f"list of {len(inner)}: " + ", ".join(inner)
    items = value.get("items", {})
    told = f"list of {_type(page, f'{path}[]', items)}"
    low, high = value.get("minItems"), value.get("maxItems")
    count = [f"at least {low}"] if low else []
    count += [f"at most {high}"] if high else []
    return " · ".join([told, *count, *(f"each {one}" for one in _bounds(items))])


def _unit(name: str, value: Schema) -> list[str]:
    if not {"number", "integer"} & {value.get("type"), *(o.get("type") for o in _any(value))}:
        return []
    parts = name.split("_")
    found = [unit for unit in _UNITS if unit in parts]
    return [_UNIT_WORDS.get(found[-1], f"in {found[-1]}")] if found else []


def _any(value: Schema) -> list[Schema]:
    found: list[Schema] = value.get("anyOf", [])
    return found


def _bounds(value: Schema) -> list[str]:
    for one in (value, *_any(value)):
        if told := _bounds_of(one):
            return told
    return []


def _bounds_of(value: Schema) -> list[str]:
    words = (
        ("minimum", "at least {}"),
        ("exclusiveMinimum", "above {}"),
        ("maximum", "at most {}"),
        ("exclusiveMaximum", "below {}"),
        ("minLength", "at least {} characters"),
        ("maxLength", "at most {} characters"),
    )
    told = [text.format(_number(value[key])) for key, text in words if value.get(key) is not None]
    if value.get("pattern"):
        told.append(f"matches {code(value['pattern'])}")
    return told


def _number(value: float) -> str:
    return f"{value:,.10g}" if isinstance(value, float) else f"{value:,}"


def _default(value: Schema) -> str:
    default = value.get("default")
    if default is None:
        return "may be left out"
    if default in ("", [], {}):
        return "empty by default"
    if isinstance(default, dict):
        return "by default as its fields say"
    return f"default {code(_yaml(default))}"


def _yaml(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
