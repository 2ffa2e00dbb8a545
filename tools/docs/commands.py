"""The reference of `emeritus`, from the Typer app itself."""

import inspect
import re
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer

from tools.docs.text import code, prose

FOLDER = "reference/commands"
_STATUSES = re.compile(r"^## Exit statuses of `emeritus`\n(.*?)(?=^## )", re.DOTALL | re.MULTILINE)

Command = Any  # Typer carries a Click of its own, whose classes are private


def root() -> Command:
    """The whole command line as Typer builds it."""
    from flows.cli import app

    return typer.main.get_command(app)


def children(command: Command) -> dict[str, Command]:
    """The commands under a group, by name; none under a command."""
    return dict(getattr(command, "commands", {}))


def pages(errors_page: str) -> dict[str, str]:
    """A page a group of commands, and one for those that stand alone.

    Args:
        errors_page: Markdown of docs/errors.md, whose table of exit statuses is shown again.
    """
    top = children(root())
    groups = {name: one for name, one in sorted(top.items()) if children(one)}
    alone = {name: one for name, one in sorted(top.items()) if not children(one)}
    made = {f"{FOLDER}/{name}.md": _group(name, one) for name, one in groups.items()}
    made[f"{FOLDER}/index.md"] = _index(alone, groups, errors_page)
    return made


def _index(alone: dict[str, Command], groups: dict[str, Command], errors_page: str) -> str:
    found = _STATUSES.search(errors_page)
    if found is None:
        raise ValueError("docs/errors.md has no section 'Exit statuses of `emeritus`'")
    lines = [
        "# Commands",
        "",
        "Every command is `.venv/bin/emeritus`, or `emeritus` once that folder is on the path.",
        "This page and those of the groups are made from the program itself;",
        "`emeritus COMMAND --help` prints the same.",
        "",
        "| Group | What it is for |",
        "| --- | --- |",
        *(f"| [`{name}`]({name}.md) | {_summary(one)} |" for name, one in groups.items()),
        "",
        "## Exit statuses",
        "",
        found[1].strip(),
        "",
        "[Error codes](../../errors.md) tell which error ends with which.",
        "",
    ]
    for name, one in alone.items():
        lines += _command(f"emeritus {name}", one)
    return "\n".join(lines)


def _group(name: str, group: Command) -> str:
    lines = [f"# `emeritus {name}`", "", _told(group), ""]
    lines += ["Exit statuses are those of [all commands](index.md#exit-statuses).", ""]
    for child, one in children(group).items():
        lines += _command(f"emeritus {name} {child}", one)
    return "\n".join(lines)


def anchor(path: str) -> str:
    """A command's anchor: `interviews-plan` of `emeritus interviews plan`."""
    return path.removeprefix("emeritus ").replace(" ", "-")


def _command(path: str, command: Command) -> list[str]:
    shown = [one for one in command.params if not getattr(one, "hidden", False)]
    arguments = [one for one in shown if one.param_type_name == "argument"]
    options = [one for one in shown if one.param_type_name == "option"]
    usage = " ".join([path, *(_metavar(one) for one in arguments), *_short_options(options)])
    lines = [f"## {path.removeprefix('emeritus ')} {{ #{anchor(path)} }}", ""]
    lines += ["```text", usage, "```", "", _told(command), ""]
    lines += _table("Argument", arguments)
    lines += _table("Option", options)
    return lines


def _metavar(argument: Command) -> str:
    name = (argument.metavar or argument.name).upper()
    name = f"{name}..." if argument.nargs == -1 else name
    return name if argument.required else f"[{name}]"


def _short_options(options: list[Command]) -> list[str]:
    needed = [f"{one.opts[-1]} {one.name.upper()}" for one in options if one.required]
    return [*needed, "[OPTIONS]"] if len(options) > len(needed) else needed


def _table(title: str, parameters: list[Command]) -> list[str]:
    if not parameters:
        return []
    rows = [f"| {_name(one)} | {_facts(one)} | {prose(one.help or '')} |" for one in parameters]
    return [f"| {title} | Value | Means |", "| --- | --- | --- |", *rows, ""]


def _name(parameter: Command) -> str:
    if parameter.param_type_name == "argument":
        return code(_metavar(parameter).strip("[]"))
    return ", ".join(code(one) for one in [*parameter.opts, *parameter.secondary_opts])


def _facts(parameter: Command) -> str:
    facts = [_type(parameter)]
    if parameter.required:
        facts.append("**required**")
    elif _is_told(parameter.default):
        facts.append(f"default {code(_shown(parameter.default))}")
    if getattr(parameter, "multiple", False):
        facts.append("may be repeated")
    return ", ".join(fact for fact in facts if fact)


def _is_told(default: object) -> bool:
    """Whether a default says something: not empty, not absent, no function, no flag that is off."""
    return default not in (None, "", (), [], False) and not callable(default)


def _shown(default: object) -> object:
    return getattr(default, "value", default)


_WORDS = {int: "whole number", float: "number", str: "text", Path: "path", bool: "flag"}


def _type(parameter: Command) -> str:
    if parameter.param_type_name == "option" and parameter.is_flag:
        return "flag"
    told = _kind(parameter.type_descriptor.annotation)
    if parameter.min is not None:
        told += f", at least {parameter.min:g}"
    return told if parameter.max is None else f"{told}, at most {parameter.max:g}"


def _kind(annotation: Any) -> str:
    """A type in words; of several, those that a person can give."""
    inner = [one for one in get_args(annotation) if one is not type(None)]
    if get_origin(annotation) is Literal:
        return "one of " + ", ".join(code(one) for one in inner)
    if inner:
        return _kind(inner[0])
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return "one of " + ", ".join(code(one.value) for one in annotation)
    return _WORDS.get(annotation, getattr(annotation, "__name__", "text"))


def _told(command: Command) -> str:
    return prose(inspect.cleandoc(command.help or ""))


def _summary(command: Command) -> str:
    return _told(command).split("\n\n", 1)[0]
