"""`emeritus doctor`: the installation, and what each configuration relies on, tried.

Sections are tried side by side, each in a thread of its own, so that one that hangs costs the
others nothing; what is unfinished when the patience ends is a failure of its own.
"""

import contextvars
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from configs.redaction import redact
from flows.doctor_sections import Try, of_file, of_fleet, of_installation
from flows.fleet_files import is_one_model
from tasks.adapters.clock_checks import Seen, judge
from tasks.ports.checks import Check

_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}
_CLOCK = "Clock"
_NO_END = Check("patience", "fail", "no end in time: no answer; try it by itself, or --within more")
_ALONE = Check("clock", "ok", "no server here has a clock to compare it with; taken as right")


@dataclass
class Section:
    """Checks of one subject.

    Attributes:
        title: for a person; the YAML's name comes first where it is about one.
        checks: in the order in which they were tried.
        done: whether all were.
    """

    title: str
    checks: list[Check] = field(default_factory=list)
    done: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What was found.

    Attributes:
        sections: in the order in which a reader needs them.
        unfinished: whether something still hangs.
    """

    sections: tuple[Section, ...]
    unfinished: bool

    @property
    def failed(self) -> bool:
        """Whether any check failed."""
        return any(c.state == "fail" for section in self.sections for c in section.checks)


def examine(configs: Iterable[Path], *, patience_seconds: float, free: bool = False) -> Report:
    """Try the installation, and what each configuration relies on; only probes are written.

    Args:
        configs: models' YAML files, folders of them, or a fleet's settings.
        patience_seconds: longest wait in all.
        free: whether endpoints are asked for nothing that costs; otherwise for one token each.
    """
    until = time.monotonic() + patience_seconds
    tries = {**of_installation()}
    for path in configs:
        tries |= _of_path(path, free, until)
    sections = {title: Section(title) for title in tries}
    clocks: list[Seen] = []
    threads = [
        _started(section, tries[title], clocks) for title, section in sections.items()
    ]  # daemons, so that what hangs holds nobody up
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    for section in sections.values():
        if not section.done:
            section.checks.append(_NO_END)
    sections[_CLOCK].checks[:0] = map(judge, clocks) if clocks else [_ALONE]
    unfinished = not all(section.done for section in sections.values())
    return Report(tuple(s for s in sections.values() if s.checks), unfinished)


def show(console: Console, report: Report) -> None:
    """Print one line a check, and at the end how many ask for somebody."""
    for section in report.sections:
        table = Table(box=None, pad_edge=False, show_edge=False, show_header=False)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, overflow="ellipsis", max_width=34)
        table.add_column(overflow="fold")
        for check in section.checks:
            state = Text(check.state.ljust(4), style=_STYLES[check.state])
            table.add_row(state, Text(check.name), Text(check.said))
        console.print(Text(section.title, style="bold"))
        console.print(table)
        console.print()
    states = [check.state for section in report.sections for check in section.checks]
    counts = ", ".join(f"{states.count(state)} {state}" for state in ("ok", "warn", "fail"))
    console.print(Text(f"{len(states)} checks: {counts}"))


def as_json(report: Report) -> dict[str, Any]:
    """The same for programs."""
    found = [(section.title, check) for section in report.sections for check in section.checks]
    return {
        "failed": report.failed,
        "checks": [
            {"section": title, "check": c.name, "state": c.state, "said": c.said}
            for title, c in found
        ],
    }


def _of_path(path: Path, free: bool, until: float) -> dict[str, Try]:
    """What is tried of a named file or folder; a fleet's files may have to be fetched first."""
    if path.is_dir():
        files = sorted(path.glob("*.yaml"))
    elif is_one_model(path) or not path.is_file():
        files = [path]
    else:
        return _in_time(partial(of_fleet, path, free=free), str(path), until)
    tries: dict[str, Try] = {}
    for file in files:
        tries |= of_file(file, free=free)
    return tries


def _in_time(found: Callable[[], dict[str, Try]], title: str, until: float) -> dict[str, Try]:
    """What is found by then; a failure of its own if nothing is."""
    came: dict[str, Try] = {}

    def find() -> None:
        try:
            came.update(found())
        except Exception as error:
            broke = _broke(error)
            came[title] = lambda: [broke]

    thread = _thread(find)
    thread.join(max(0.0, until - time.monotonic()))
    return came or {title: lambda: [_NO_END]}


def _started(section: Section, tried: Try, clocks: list[Seen]) -> threading.Thread:
    return _thread(partial(_run, section, tried, clocks.append))


def _thread(work: Callable[[], None]) -> threading.Thread:
    """A started thread that sees what this one does; what hangs in it keeps no program alive."""
    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(work,), daemon=True)
    thread.start()
    return thread


def _run(section: Section, tried: Try, clock: Callable[[Seen], None]) -> None:
    try:
        for found in tried():
            if isinstance(found, Seen):
                clock(found)
            else:
                section.checks.append(Check(found.name, found.state, redact(found.said)))
    except Exception as error:  # a check that breaks tells of itself, and of nothing else
        section.checks.append(_broke(error))
    section.done = True


def _broke(error: Exception) -> Check:
    said = f"{type(error).__name__}: {redact(str(error))}; the check itself broke: report it"
    return Check("this check", "fail", said)
