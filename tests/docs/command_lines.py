"""Lines of `emeritus ...` on a page, and what is wrong with one."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.docs.pages import blocks, outside_blocks

_INLINE = re.compile(r"`(?:\.venv/bin/)?(emeritus [^`]*)`")
_LINE = re.compile(r"^\s*(?:\$ |\w+=\S+ )*(?:\S*\.venv/bin/)?(emeritus .*)$")
_END = re.compile(r"\s{2,}|\s+#|\s+(?:\||>|>>|2>|&&|&|;)(?:\s|$)|;\s")
_ROOM = {"...", "…", "COMMAND", "TITLE"}  # what a page leaves out


def command_lines(page: Path) -> Iterator[tuple[int, str, bool]]:
    """Line number, command line, and whether it is one to be typed as it stands."""
    for number, line in outside_blocks(page):
        indented = re.match(r"^ {4,}(?:\$ )?(emeritus .*)$", line)
        if indented:
            yield number, _command(indented[1]), False
        for found in _INLINE.finditer(line):
            yield number, _command(found[1]), False
    for block in blocks(page):
        text = block.text.replace("\\\n", " ")
        for offset, line in enumerate(text.splitlines()):
            if written := _LINE.match(line):
                typed = block.language in {"sh", "console"}
                yield block.line + offset, _command(written[1]), typed


def _command(line: str) -> str:
    """The command alone: no description beside it, no comment, no pipe."""
    for end in _END.finditer(line):
        before = line[: end.start()]
        if before.count('"') % 2 == 0 and before.count("'") % 2 == 0:  # not within quotes
            return before.strip()
    return line.strip()


def fault(root: Any, line: str, *, whole: bool = False) -> str:
    """What the program would refuse in a command line; empty if nothing.

    Args:
        root: the command line of `emeritus`.
        line: such as `emeritus grants list NAME`.
        whole: whether what is required must be there; a page may also speak of a command.
    """
    words = _words(line)[1:]
    command, path = root, ["emeritus"]
    while words and getattr(command, "commands", None) is not None:
        if words[0].startswith("-") or words[0] in _ROOM:
            break
        if words[0] not in command.commands:
            return f"{' '.join(path)}: no command {words[0]!r}"
        path.append(words[0])
        command = command.commands[words.pop(0)]
    if getattr(command, "commands", None) is not None:
        return "" if not whole else f"{' '.join(path)}: a command is missing"
    return _fault_of(command, " ".join(path), words, whole=whole)


def _words(line: str) -> list[str]:
    plain = line.replace("[", " ").replace("]", " ")
    try:
        return shlex.split(plain)
    except ValueError:
        return plain.split()


def _fault_of(command: Any, path: str, words: list[str], *, whole: bool) -> str:
    options = {
        name: one
        for one in command.params
        if one.param_type_name == "option"
        for name in [*one.opts, *one.secondary_opts]
    }
    places, given, seen = [], set(), iter(words)
    for word in seen:
        if word == "--help" or word in _ROOM:
            continue
        if not word.startswith("--"):
            places.append(word)
            continue
        name, _, value = word.partition("=")
        known = [options[one] for one in name.split("|") if one in options]
        if len(known) != len(name.split("|")):
            return f"{path}: no option {name}"
        given.add(known[0].name)
        if not known[0].is_flag and not value:
            next(seen, None)
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    if len(places) > len(arguments) and not any(one.nargs == -1 for one in arguments):
        return f"{path}: {places[len(arguments)]!r} is one argument too many"
    if not whole or _ROOM & set(words):
        return ""
    needed = [one.name for one in command.params if one.required]
    filled = {one.name for one in arguments[: len(places)]} | given
    missing = [name for name in needed if name not in filled]
    return f"{path}: {', '.join(missing)} missing" if missing else ""
