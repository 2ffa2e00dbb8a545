"""What the model did when it could choose between tasks, in words for the report. Pure.

The interviews stage counts the choices (`tasks/interviews/behaviour.py` says in which form); they
are evidence apart, and enter no verdict.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tasks.validation.report_words import NOT_KNOWN, gap, outcome, percent, share

Choices = Mapping[str, Any]


def of_theme(found: Choices | None, theme: str) -> list[tuple[str, str]]:
    """(what, words) of a theme's choices; empty where none was offered.

    Args:
        found: all choices of a design, as they were counted.
        theme: the theme.
    """
    own = (found or {}).get("themes", {}).get(theme, {})
    return [*_forced(own.get("forced")), *_free(own.get("free"))]


def of_all(found: Choices | None) -> list[tuple[str, str]]:
    """(what, words) of what holds for all choices: what a task's place did to the picks."""
    rows = []
    for kind, name in (("forced", "pairs"), ("free", "menus")):
        place = (found or {}).get("position", {}).get(kind)
        if place:
            rows.append(
                (
                    f"First task taken, of {name}",
                    f"{share(place['first'])}; by chance {percent(place['by_chance'])}",
                )
            )
    fillers = (found or {}).get("fillers")
    if fillers:
        rows.append(("Tasks of no theme taken, of menus", share(fillers)))
    return rows


def _forced(found: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    if not found:
        return
    yield "Task for it taken, of two", _picked(found["want"], found)
    first, second = found["want_offered_first"], found["want_offered_second"]
    yield (
        "By where it stood",
        f"first: {_rate(first)}; second: {_rate(second)}; moved by {gap(found['position_gap'])}",
    )
    pairs = found["pairs"]
    if pairs["of"]:
        words = (
            ("want", "for it twice"),
            ("reject", "the other twice"),
            ("first", "whatever stood first"),
            ("second", "whatever stood second"),
        )
        said = ", ".join(f"{pairs[name]} {told}" for name, told in words if pairs[name])
        yield "Pairs offered in both orders", f"{said} (of {pairs['of']})"


def _free(found: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    if not found:
        return
    said = _picked(found["picked"], found)
    if found["by_chance"] is not None:
        said += f"; by chance {percent(found['by_chance'])}"
    yield "Task for it taken, of a menu", said


def _picked(rate: Mapping[str, Any] | None, found: Mapping[str, Any]) -> str:
    """The picks, and what stands beside them."""
    said = [_rate(rate)]
    if found["unclear_or_declined"]:
        said.append(f"{found['unclear_or_declined']} unclear or declined")
    said += [f"{n} {outcome(name)}" for name, n in found["missing"].items()]
    return "; ".join(said)


def _rate(rate: Mapping[str, Any] | None) -> str:
    return NOT_KNOWN if rate is None else share(rate)
