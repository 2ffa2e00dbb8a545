"""Graders: what is asked for is looked at, and an answer that is not there passes nothing."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from configs.schema.replays import Expect
from tasks.kernel.errors import GradesUnusable
from tasks.monitoring.replays.graders import SAYS, grade
from tasks.monitoring.replays.grades_file import read_grades

ALL = Expect(
    contains=("42",),
    lacks=("sorry",),
    matches=r"\d+",
    choice=("42",),
    valid_json=True,
    max_words=3,
    min_words=1,
)


@pytest.mark.parametrize(
    ("expect", "text", "passes"),
    [
        (Expect(contains=("Paris", "Seine")), "paris lies on the SEINE", True),
        (Expect(contains=("Paris", "Seine")), "Paris.", False),
        (Expect(lacks=("as an AI",)), "As an ai I can't.", False),
        (Expect(matches=r"^\d{4}-\d\d$"), "2026-12", True),
        (Expect(choice=("yes", "no")), " Yes. ", True),
        (Expect(choice=("yes", "no")), "Yes, of course.", False),
        (Expect(valid_json=True), '```json\n{"a": 1}\n```', True),
        (Expect(valid_json=True), 'Here: {"a": 1}', False),
        (Expect(valid_json=True), "[" * 100_000, False),
        (Expect(max_words=2), "one two three", False),
        (Expect(min_words=3), "one two three", True),
    ],
)
def test_each_grader_says_what_it_says(expect: Expect, text: str, passes: bool) -> None:
    found = grade(expect, "answered", text)
    (name,) = set(found) - {"answers"}
    assert name in SAYS
    assert found == {"answers": 1.0, name: float(passes)}


@pytest.mark.parametrize(("outcome", "text"), [("refused", "I'm unable."), ("empty", " ")])
def test_an_answer_that_is_not_there_passes_nothing(outcome: str, text: str) -> None:
    found = grade(ALL, outcome, text)
    assert set(found) == set(SAYS) - {"grade"}
    assert set(found.values()) == {0.0}


def test_of_a_failed_call_nothing_is_said() -> None:
    assert grade(ALL, "failed", "<html>") == {}


@given(st.text())
def test_any_text_is_graded(text: str) -> None:
    assert set(grade(ALL, "answered", text).values()) <= {0.0, 1.0}


def test_a_pattern_that_is_none_is_refused() -> None:
    with pytest.raises(ValidationError, match="no regular expression"):
        Expect(matches="(")


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "grades.csv"
    path.write_text(text)
    return path


def test_grades_are_read_by_prompt_side_and_sample(tmp_path: Path) -> None:
    path = _file(tmp_path, "grade,prompt,side,sample\n0.5,a,old,0\n1,a,new,0\n")
    assert read_grades(path, {"a"}) == {("a", "old", 0): 0.5, ("a", "new", 0): 1.0}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("prompt,side,sample\n", "the column 'grade' is missing"),
        ("prompt,side,sample,grade\nb,old,0,1\n", "grades.csv:2: 'b' is no prompt"),
        ("prompt,side,sample,grade\na,both,0,1\n", "write old or new"),
        ("prompt,side,sample,grade\na,old,0,5\n", "from 0 to 1"),
        ("prompt,side,sample,grade\na,old,0,nan\n", "from 0 to 1"),
        ("prompt,side,sample,grade\na,old,0\n", "must be numbers"),
        ("prompt,side,sample,grade\na,old,0,1\na,old,0,0\n", "stands twice"),
    ],
)
def test_a_table_that_is_odd_is_refused_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(GradesUnusable, match=says):
        read_grades(_file(tmp_path, text), {"a"})
