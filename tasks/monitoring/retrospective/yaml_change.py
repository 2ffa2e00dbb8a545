"""One value of a YAML text changed, and every other byte as it was. Pure.

A file that people keep has comments and an order of its own, which a dump would lose; so the text
of the one value is replaced where it stands, or a line is added where it stands nowhere.
"""

from collections.abc import Sequence

import yaml

_Path = Sequence[str | int]


class NoPlace(ValueError):
    """The value can't be changed without touching anything else; a person has to."""


def changed(text: str, path: _Path, value: object) -> str:
    """The text with one value changed.

    Args:
        text: strict YAML, a mapping in block style.
        path: where; its last part is the key.
        value: a number, a truth value or plain text.

    Raises:
        NoPlace: a part of the path is missing in a list, or written in flow style.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        raise NoPlace("the file is no mapping")
    node: yaml.Node = root
    for depth, part in enumerate(path):
        found = _child(node, part)
        if found is None:
            return _added(text, node, path[depth:], value)
        node = found
    if not isinstance(node, yaml.ScalarNode) or node.style in ("|", ">"):
        raise NoPlace(f"{path[-1]} is no single value")
    return text[: node.start_mark.index] + _scalar(value) + text[node.end_mark.index :]


def _child(node: yaml.Node, part: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.SequenceNode):
        if not isinstance(part, int) or part >= len(node.value):
            raise NoPlace(f"{part} is no entry of the list")
        entry: yaml.Node = node.value[part]
        return entry
    if not isinstance(node, yaml.MappingNode):
        raise NoPlace(f"{part} stands in no mapping")
    return next((value for key, value in node.value if key.value == part), None)


def _added(text: str, node: yaml.Node, missing: _Path, value: object) -> str:
    """The text with the missing keys put first into the mapping where they belong."""
    if not isinstance(node, yaml.MappingNode) or node.flow_style or not node.value:
        raise NoPlace(f"{missing[0]} would stand in a mapping of one line; write it by hand")
    if any(isinstance(part, int) for part in missing):
        raise NoPlace(f"{missing[0]} is no entry of the list")
    first: yaml.Node = node.value[0][0]
    column, at = first.start_mark.column, first.start_mark.index
    before = text[at - column : at]
    lines = [
        f"{'  ' * depth}{part}:" + (f" {_scalar(value)}" if depth == len(missing) - 1 else "")
        for depth, part in enumerate(missing)
    ]
    if before.strip():  # the mapping begins behind a dash
        raise NoPlace(f"{missing[0]} would stand in a list's entry; write it by hand")
    added = "".join(f"{line}\n{' ' * column}" for line in lines)
    return text[:at] + added + text[at:]


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}" if f"{value:g}".count("e") == 0 else repr(value)
    return str(value)
