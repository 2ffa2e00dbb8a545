"""`emeritus events`: a list that reads at any width, and PREMIS's names for programs."""

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from flows import events
from tasks.records import Book, Fence
from tasks.records.preservation import PreservationEvent

AT = datetime(2026, 11, 25, 7, 11, 0, 5, tzinfo=UTC)
PATH = "data/model-00001-of-00002.safetensors.pieces/000001.age"


def happened(number: int, kind: str, **fields: str) -> PreservationEvent:
    told = {"package_id": "p", "replica": "", "outcome": "success", "detail": "all as recorded"}
    return PreservationEvent(
        id=f"e{9 - number}",  # not in their order
        model_id="aster-1",
        kind=kind,
        agent="Emeritus 0.1.0",
        at=AT + timedelta(minutes=number // 2),
        **{**told, **fields},
    )


@pytest.fixture
def rows(book: Book, fence: Fence) -> list[dict[str, Any]]:
    """The events of a package that was damaged, as `--json` prints them."""
    with book.writing(AT, fence=fence) as writing:
        for row in (
            happened(0, "capture", package_id="", detail=""),
            happened(1, "ingestion"),
            happened(2, "replication", replica="first"),
            happened(3, "fixity check", replica="first"),
            happened(
                4, "fixity check", replica="second", outcome="failure", detail=f"altered: {PATH}"
            ),
            happened(5, "dissemination", replica="first"),
        ):
            writing.put(row, "test.put")
    return events.events_of("aster-1")


def printed(rows: list[dict[str, Any]], width: int = 80, *, coloured: bool = False) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, color_system="standard" if coloured else None)
    events.show(console, rows)
    return out.getvalue()


def one(**fields: str) -> dict[str, Any]:
    """An event as `--json` prints it."""
    return events._as_premis(happened(1, "fixity check", **fields))


def test_a_list_says_when_how_and_what_with_the_detail_below(rows: list[dict[str, Any]]) -> None:
    assert printed(rows).splitlines() == [
        "2026-11-25 07:11 UTC  success  capture",
        "2026-11-25 07:11 UTC  success  ingestion",
        "    all as recorded",
        "2026-11-25 07:12 UTC  success  replication to first",
        "    all as recorded",
        "2026-11-25 07:12 UTC  success  fixity check of first",
        "    all as recorded",
        "2026-11-25 07:13 UTC  FAILURE  fixity check of second",
        f"    altered: {PATH}",
        "2026-11-25 07:13 UTC  success  dissemination from first",
        "    all as recorded",
        "",
        "6 events, 1 failure; the last: fixity check of second, 2026-11-25 07:13 UTC",
    ]


def test_failures_are_coloured_too_and_nothing_else_is_red(rows: list[dict[str, Any]]) -> None:
    assert printed(rows, coloured=True).count("\x1b[1;31mFAILURE\x1b[0m") == 1
    assert printed(rows, coloured=True).count("\x1b[1;31m") == 1


def test_without_failures_it_says_so(rows: list[dict[str, Any]]) -> None:
    assert printed(rows[:1]).endswith("\n1 event, no failure\n")
    assert printed([]) == "Nothing happened yet: no package was made.\n"


@given(
    words=st.lists(st.text("ab-/", min_size=1, max_size=90), min_size=1, max_size=20),
    width=st.integers(20, 200),
)
def test_words_are_never_broken_and_lines_only_as_long_as_they_must(
    words: list[str], width: int
) -> None:
    _, *lines = printed([one(detail=" ".join(words))], width).partition("\n\n")[0].splitlines()
    assert [word for line in lines for word in line.split()] == words
    assert all(line.startswith("    ") for line in lines)
    assert all(len(line) <= width or len(line.split()) == 1 for line in lines)


@given(detail=st.text(min_size=1), replica=st.text(max_size=5))
def test_no_name_steers_the_terminal(detail: str, replica: str) -> None:
    said = printed([one(detail=detail, replica=replica, outcome="failure")])
    assert all(c.isprintable() or c == "\n" for c in said)


def test_markup_in_a_name_is_no_markup() -> None:
    assert "altered: [red]x[/red] [/]" in printed([one(detail="altered: [red]x[/red] [/]")])


def test_programs_get_the_names_of_premis(rows: list[dict[str, Any]]) -> None:
    assert json.loads(json.dumps(rows)) == rows
    assert rows[4] == {
        "eventIdentifier": {
            "eventIdentifierType": "Emeritus event",
            "eventIdentifierValue": "e5",
        },
        "eventType": "fixity check",
        "eventDateTime": "2026-11-25T07:13:00.000005Z",
        "eventDetailInformation": [{"eventDetail": f"altered: {PATH}"}],
        "eventOutcomeInformation": [{"eventOutcome": "failure"}],
        "linkingAgentIdentifier": [
            {
                "linkingAgentIdentifierType": "name",
                "linkingAgentIdentifierValue": "Emeritus 0.1.0",
            }
        ],
        "linkingObjectIdentifier": [
            {"linkingObjectIdentifierType": "package", "linkingObjectIdentifierValue": "p"},
            {"linkingObjectIdentifierType": "replica", "linkingObjectIdentifierValue": "second"},
        ],
    }
    assert rows[0]["linkingObjectIdentifier"] == []  # before there is a package
