"""When a retrospective is due, and what it says. Pure."""

import difflib
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from configs.strict_yaml import dotted
from tasks.kernel.instants import to_text
from tasks.kernel.stages import Assessment, due
from tasks.monitoring.retrospective.rules import Note, Proposal
from tasks.monitoring.retrospective.yaml_change import NoPlace, changed


def due_at(opened_at: datetime, last: datetime | None, every_days: int) -> datetime:
    """When the next one is due: so long after the last one, or after the retirement was opened."""
    return (last or opened_at) + timedelta(days=every_days)


def assess_due(at: datetime, now: datetime) -> Assessment | None:
    """Due, or nothing to say."""
    return due("a retrospective is to be written") if at <= now else None


def patched(
    text: str, proposals: Sequence[Proposal], loads: Callable[[str], bool]
) -> tuple[str, dict[str, str]]:
    """The text with the proposals taken over that can be.

    Args:
        text: the YAML file as it is.
        proposals: what is proposed.
        loads: whether a text is a configuration that can be used.

    Returns:
        The new text, and for each proposal that is not in it why, by its dotted path.
    """
    left: dict[str, str] = {}
    for one in proposals:
        name = dotted(one.path)
        try:
            new = changed(text, one.path, one.after)
        except NoPlace as error:
            left[name] = str(error)
            continue
        if loads(new):
            text = new
        else:
            left[name] = "with it the file would not load; write it by hand"
    return text, left


def patch_of(before: str, after: str, name: str) -> str:
    """A unified diff that `git apply` takes; empty where nothing differs.

    Args:
        before: the file as it is.
        after: the file as proposed.
        name: its path in the repository.
    """
    lines = difflib.unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        f"a/{name}",
        f"b/{name}",
    )
    ended = (
        f"{line}\n\\ No newline at end of file\n" if line[-1:] != "\n" else line for line in lines
    )
    return "".join(ended)


def body_of(
    proposals: Sequence[Proposal],
    notes: Sequence[Note],
    *,
    since: datetime,
    until: datetime,
    by_hand: dict[str, str],
    patch: str,
    simulated: bool,
) -> dict[str, Any]:
    """What is recorded, as JSON values."""
    return {
        "since": to_text(since),
        "until": to_text(until),
        "proposals": [
            {**asdict(one), "path": dotted(one.path), "by_hand": by_hand.get(dotted(one.path), "")}
            for one in proposals
        ],
        "notes": [asdict(one) for one in notes],
        "patch": patch,
        "simulated": simulated,
    }
