"""A scoreboard for people and for programs: values for the dossier, Markdown, JSON. Pure but for
reading the template.
"""

from dataclasses import asdict
from typing import Any

from tasks.monitoring.render import fill
from tasks.monitoring.scoreboard.core import WAYS, Scoreboard, Source, counts

NAMES = {"hard_retire": "Hard retire", "keep_everything": "Keep everything"}


def names_of(board: Scoreboard) -> dict[str, str]:
    """Way -> its name, in order."""
    return {"decided": f"Decided: {board.decided}", **NAMES}


def as_json(board: Scoreboard) -> dict[str, Any]:
    """JSON values, for programs."""
    body = asdict(board)
    body["evidence"] = {
        way: {ground.value: number for ground, number in found.items()}
        for way, found in counts(board.lines).items()
    }
    return body


def sources_of(board: Scoreboard) -> tuple[Source, ...]:
    """Every source that a finding names, once, in order."""
    found = (
        one.source for line in board.lines for way in WAYS for one in line.ways[way] if one.source
    )
    return tuple(dict.fromkeys(found))


def markdown(board: Scoreboard) -> str:
    """As Markdown, such as for a Prefect artifact. Raises `ConfigError` for a broken template."""
    return fill("scoreboard.md.j2", s=board, sources=sources_of(board))
