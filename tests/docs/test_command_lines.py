"""Every `emeritus ...` on a page is a command that exists, with options that it takes."""

from functools import cache
from typing import Any

import pytest

from configs.home import CHECKOUT
from tests.docs.command_lines import command_lines, fault
from tests.docs.pages import pages
from tools.docs import commands


@cache
def _root() -> Any:
    return commands.root()


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_commands_on_a_page_exist(page: Any) -> None:
    name = page.relative_to(CHECKOUT)
    faults = [
        f"{name}:{number}: {found}  ({line})"
        for number, line, typed in command_lines(page)
        if (found := fault(_root(), line, whole=typed))
    ]
    assert not faults, "\n".join(faults)


def test_pages_speak_of_commands() -> None:
    lines = [line for page in pages() for _, line, _ in command_lines(page)]
    assert len(lines) > 100
    assert "emeritus audit verify" in lines


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("emeritus retyre configs/models/x.yaml", "no command 'retyre'"),
        ("emeritus grants lost aster-1", "no command 'lost'"),
        ("emeritus restore x dest --replika a", "no option --replika"),
        ("emeritus drill aster-1 birch-7b", "one argument too many"),
        ("emeritus approve aster-1 --key k", "person missing"),
        ("emeritus", "a command is missing"),
    ],
)
def test_a_command_that_does_not_exist_is_found(line: str, told: str) -> None:
    assert told in fault(_root(), line, whole=True)
