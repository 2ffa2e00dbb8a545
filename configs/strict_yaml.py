"""YAML read strictly: no duplicates, anchors, aliases, tags or merges, and no guessing of types.

PyYAML keeps the last of duplicate keys, reads `no` as False and lets aliases explode. Here only
`true`, `false`, `null`, plain decimal numbers and text exist, and every value knows its line.
"""

import re
from dataclasses import dataclass, field

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    ScalarEvent,
)

MAX_BYTES = 1 << 20
MAX_DEPTH = 40
LARGEST = 2**53  # what every JSON reader keeps exactly

_LOADER = yaml.CSafeLoader  # libyaml is ten times faster, and refuses half characters

_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_LONGEST_INT = 40  # Python itself refuses to read one of some thousand digits
_FLOAT = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?\Z")
_Path = tuple[str | int, ...]


class StrictYamlError(ValueError):
    """What is wrong with a YAML text.

    Attributes:
        line: 1-based line.
        path: where in the document, as keys and indices.
        problem: what is wrong and how to mend it.
    """

    def __init__(self, line: int, path: _Path, problem: str) -> None:
        super().__init__(f"{line}: {dotted(path)}: {problem}")
        self.line, self.path, self.problem = line, path, problem


@dataclass(eq=False)  # told apart by identity: it is kept while its text is
class Document:
    """A YAML document as JSON values, with the line of each.

    Attributes:
        value: dict, list, str, int, float, bool or None.
        lines: 1-based line of each value by its path; a mapping's entry has its key's line.
    """

    value: object
    lines: dict[_Path, int] = field(default_factory=dict)

    def line_of(self, path: _Path) -> int:
        """Line of the value at `path`, or of the nearest value around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def dotted(path: _Path) -> str:
    """`candidate.surfaces[0].name`; `(document)` for the whole."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "(document)"


def read_document(text: str) -> Document:
    """Read one strict YAML document.

    Raises:
        StrictYamlError: with the line of the first thing that is wrong.
    """
    if len(text.encode()) > MAX_BYTES:
        raise StrictYamlError(1, (), f"is larger than {MAX_BYTES} bytes")
    try:
        _scan(text)
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problem = (error.problem or error.context or "is not YAML").replace("\n", " ")
        raise StrictYamlError(line, (), f"not YAML: {problem}") from None
    except yaml.YAMLError as error:
        raise StrictYamlError(1, (), f"not YAML: {str(error).splitlines()[0]}") from None
    if node is None:
        raise StrictYamlError(1, (), "is empty")
    document = Document(None)
    document.value = _value(node, (), document.lines)
    return document


def _scan(text: str) -> None:
    """Refuse what YAML allows and a configuration must not hold, before anything is built."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=_LOADER):
        mark = event.start_mark
        line = mark.line + 1 if mark else 1
        if isinstance(event, DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise StrictYamlError(line, (), "a second document starts; keep one a file")
        if isinstance(event, AliasEvent):
            raise StrictYamlError(line, (), f"alias *{event.anchor}; write the value out")
        if isinstance(event, (ScalarEvent, CollectionStartEvent)):
            if event.anchor:
                raise StrictYamlError(line, (), f"anchor &{event.anchor}; remove it")
            if event.tag and event.tag != "!":
                raise StrictYamlError(line, (), f"tag {event.tag}; remove it")
        depth += isinstance(event, CollectionStartEvent)
        depth -= isinstance(event, CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise StrictYamlError(line, (), f"is nested deeper than {MAX_DEPTH} levels")


def _value(node: yaml.Node, path: _Path, lines: dict[_Path, int]) -> object:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, lines)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, index), lines) for index, item in enumerate(node.value)]
    assert isinstance(node, yaml.ScalarNode)
    value = _scalar(node.value, plain=not node.style)
    if isinstance(value, (int, float)) and not abs(value) <= LARGEST:
        raise StrictYamlError(lines[path], path, f"{node.value} is too large; the most is 2**53")
    return value


def _mapping(node: yaml.MappingNode, path: _Path, lines: dict[_Path, int]) -> dict[str, object]:
    result: dict[str, object] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise StrictYamlError(line, path, "a key must be plain text")
        key = key_node.value
        here = (*path, key)
        if key in result:
            raise StrictYamlError(line, here, f"stands twice, first on line {lines[here]}")
        if key == "<<":
            raise StrictYamlError(line, path, "merge key <<; write the values out")
        lines[here] = line
        result[key] = _value(value_node, here, lines)
    return result


def _scalar(text: str, *, plain: bool) -> object:
    if not plain:
        return text
    if text in ("", "~", "null"):
        return None
    if text in ("true", "false"):
        return text == "true"
    if _INT.match(text) and len(text) <= _LONGEST_INT:  # longer ones stay text, refused as such
        return int(text)
    if _FLOAT.match(text):
        return float(text)
    return text
