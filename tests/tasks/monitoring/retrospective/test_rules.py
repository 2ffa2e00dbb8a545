"""A rule speaks only where the period shows it, and never past its bound."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.monitoring.retrospective.rules import (
    Closed,
    Happened,
    Settings,
    notes_of,
    proposals_of,
)

SETTINGS = Settings(168.0, 1, 14, 0.05, {"gateway": (0, 3), "survey": (1, 30)})


def _false(number: int, kind: str, subject: str = "unsafe") -> tuple[Closed, ...]:
    return tuple(Closed(f"{kind}{n}", kind, subject, "false_alarm") for n in range(number))


@pytest.mark.parametrize(
    ("happened", "path", "after"),
    [
        (Happened(damaged=("e1",)), ("preservation", "fixity_interval_hours"), 84.0),
        (
            Happened(slots=(("1", "missed"), ("2", "drafted"), ("3", "missed"), ("4", "declined"))),
            ("essays", "cadence", "every_weeks"),
            2,
        ),
        (
            Happened(answer_days=(("a", 3.0), ("b", 15.2), ("c", 20.5), ("d", 2.0))),
            ("access", "applications", "answer_within_days"),
            21,
        ),
        (
            Happened(closed=_false(2, "alarm")),
            ("monitoring", "alarms", "yearly_false_alarms"),
            0.025,
        ),
        (
            Happened(closed=_false(2, "source", "survey")),
            ("monitoring", "sources", 1, "late_after_days"),
            45,
        ),
    ],
)
def test_what_happened_speaks_for_one_change(
    happened: Happened, path: tuple[Any, ...], after: Any
) -> None:
    (one,) = proposals_of(happened, SETTINGS)
    assert (one.path, one.after) == (path, after)
    assert one.before != one.after
    assert one.evidence


@pytest.mark.parametrize(
    "happened",
    [
        Happened(),
        Happened(slots=(("1", "missed"), ("2", "missed"), ("3", "missed"))),  # too few
        Happened(slots=tuple((str(n), "declined") for n in range(8))),  # the model's own choice
        Happened(answer_days=(("a", 15.0),) * 3),
        Happened(answer_days=tuple((str(n), 15.0 if n == 0 else 3.0) for n in range(8))),
        Happened(closed=_false(1, "alarm")),
        Happened(closed=_false(5, "same_model")),
        Happened(closed=_false(5, "source", "elsewhere")),
        Happened(closed=tuple(Closed(str(n), "alarm", "unsafe", "resolved") for n in range(9))),
    ],
)
def test_what_shows_nothing_changes_nothing(happened: Happened) -> None:
    assert proposals_of(happened, SETTINGS) == ()


@given(
    hours=st.floats(1, 10_000),
    weeks=st.integers(1, 52),
    days=st.integers(1, 365),
    false=st.floats(0.005, 0.5),
    late=st.integers(1, 365),
    took=st.lists(st.floats(0, 900), min_size=4, max_size=20),
)
def test_no_value_leaves_its_bounds_or_turns_the_wrong_way(
    hours: float, weeks: int, days: int, false: float, late: int, took: list[float]
) -> None:
    happened = Happened(
        damaged=("e",),
        slots=tuple((str(n), "missed") for n in range(6)),
        answer_days=tuple((str(n), one) for n, one in enumerate(took)),
        closed=(*_false(3, "alarm"), *_false(3, "source", "s")),
    )
    settings = Settings(hours, weeks, days, false, {"s": (0, late)})
    bounds = {
        "RETRO-FIXITY": lambda b, a: 24 <= a < b,
        "RETRO-CADENCE": lambda b, a: b < a <= 4,
        "RETRO-ANSWERS": lambda b, a: b < a <= 365,
        "RETRO-ALARMS": lambda b, a: 0.005 <= a < b,
        "RETRO-LATE": lambda b, a: b < a <= 92,
    }
    for one in proposals_of(happened, settings):
        assert bounds[one.rule](one.before, one.after), one


def test_what_no_value_mends_is_a_note() -> None:
    found = notes_of(
        Happened(
            still_used=("Search team",),
            audit="a1",
            unknown_callers=1,
            refused_notices=(("Night jobs", "no such mailbox"),),
        )
    )
    assert [note.rule for note in found] == ["RETRO-NOTICE", "RETRO-CALLERS", "RETRO-CONTACT"]
    assert "1 caller has no owner" in found[1].said
    assert notes_of(Happened()) == ()
