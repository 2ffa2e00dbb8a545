"""Old against successor: asked once, resumed, judged together, told so that an owner can act."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from configs.errors import ConfigError
from configs.schema import RetirementConfig
from configs.schema.endpoint import EndpointConfig
from tasks import wiring
from tasks.kernel.errors import EndpointBusy, EndpointFault
from tasks.kernel.stages import StageState
from tasks.monitoring.replays.successor_task import compare_with_successor
from tasks.monitoring.replays.successor_view import assess_successor, successor_due
from tasks.ports.respondent import Answer, Question
from tasks.records import Book, Fence
from tasks.records.replay import Replay, ReplayRun
from tests.fakes.configs import endpoint, retirement
from tests.fakes.respondent import FakeRespondent
from tests.tasks.monitoring.replays.scene import freeze

EVIL = "<script>alert(1)</script> | ``` **x** [l](javascript:y)"
Reply = Callable[[Question], Answer]


def _answer(text: str, outcome: str = "answered") -> Answer:
    return Answer(outcome, text, "r", "m", "end_turn", 1, 1, "{}")  # type: ignore[arg-type]


def _number(question: Question) -> int:
    return int(question.turns[0].split()[-1].rstrip("?"))


def right(question: Question) -> Answer:
    return _answer(f"The answer is {_number(question)}.")


def wrong(question: Question) -> Answer:
    return _answer(EVIL)


class Both:
    """Two models behind one wiring; by the model's name."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, old: Reply, new: Reply) -> None:
        self.old, self.new = FakeRespondent(old), FakeRespondent(new)
        monkeypatch.setattr(wiring, "respondent", self._which)

    def _which(self, config: EndpointConfig) -> FakeRespondent:
        return self.new if config.model == "aster-2" else self.old


def _prompts(home: Path, name: str, count: int, extra: str = "") -> str:
    path = home / "owners" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    told = "".join(
        f"  - id: p{n}\n    text: 'What is {n}?'\n    expect:\n      contains: ['{n}']\n"
        f"      max_words: 9\n"
        for n in range(count)
    )
    path.write_text(f"prompts:\n{told}{extra}")
    return f"owners/{name}.yaml"


def _config(home: Path, count: int = 12, extra: str = "", **settings: Any) -> RetirementConfig:
    owner = {"owner": "Search team", "samples": 1, **settings.pop("owner", {})}
    owner["prompts_file"] = _prompts(home, "search", count, extra)
    successor = {
        "endpoint": endpoint("aster-2"),
        "owners": [owner],
        "answer_to": "dora@example.org",
        **settings,
    }
    return retirement(monitoring={"successor": successor})


def _row(book: Book, purpose: str = "successor") -> ReplayRun:
    with book.reading() as session:
        return session.exec(select(ReplayRun).where(ReplayRun.purpose == purpose)).one()


def _said(config: RetirementConfig, book: Book) -> tuple[str, str]:
    now = wiring.clock().now()
    with book.reading() as session:
        found = assess_successor(config, session, now)
        assert found is not None
        assert successor_due(config, session, now) == (found.state is StageState.DUE)
    return found.state.value, found.reason


def test_a_successor_that_is_worse_is_said_to_be_and_shown_side_by_side_as_text(
    home: Path, book: Book, fence: Fence, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, config = Both(monkeypatch, right, wrong), _config(home)
    assert _said(config, book) == (
        "due",
        "owners' prompts: 24 calls are to be made, to compare with aster-2",
    )
    compare_with_successor.fn(config, fence)
    run = _row(book)
    body = json.loads(run.body)
    (contains,) = (row for row in body["comparisons"] if row["grader"] == "contains")
    assert (run.outcome, contains["finding"], contains["test"]) == (
        "worse",
        "worse",
        "McNemar exact",
    )
    assert contains["p_value"] == pytest.approx(2 / 2**11)  # a 1 stands in the evil
    assert contains["p_adjusted"] == pytest.approx(3 * 2 / 2**11)
    assert _said(config, book) == ("done", "successor aster-2: Search team worse")
    compare_with_successor.fn(config, fence)
    assert (len(both.old.asked), len(both.new.asked)) == (12, 12)
    assert book.verify_audit().problems == ()

    place = Path(run.location)
    page, text = place.with_suffix(".html").read_text(), place.with_suffix(".md").read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "Prompts that got worse: 11" in page
    assert "The answer is 3." in page
    assert "dora@example.org" in page
    assert "````text\n<script>" in text  # no fence of the answer's own ends it
    assert '<desc id="d-d">' in page
    assert json.loads(place.read_text()) == body


def test_agreement_on_a_few_prompts_is_not_enough_and_on_many_it_is_no_difference(
    home: Path, book: Book, fence: Fence, monkeypatch: pytest.MonkeyPatch
) -> None:
    Both(monkeypatch, right, right)
    compare_with_successor.fn(_config(home, 12), fence)
    assert _row(book).outcome == "not_enough"
    assert (
        "That is no finding that the two are alike"
        in Path(_row(book).location).with_suffix(".html").read_text()
    )
    many = _config(home, 110)
    assert _said(many, book)[0] == "due"
    compare_with_successor.fn(many, fence)
    assert _said(many, book) == (
        "done",
        "successor aster-2: Search team no difference that matters",
    )


def test_a_successor_that_answers_where_the_old_one_refused_is_better(
    home: Path, book: Book, fence: Fence, monkeypatch: pytest.MonkeyPatch
) -> None:
    Both(monkeypatch, lambda _: _answer("", "refused"), right)
    compare_with_successor.fn(_config(home, owner={"samples": 2}), fence)
    body = json.loads(_row(book).body)
    assert body["outcome"] == "better"
    assert {row["test"] for row in body["comparisons"]} == {"sign flips"}
    assert body["beside"]["old"]["outcomes"] == {"refused": 24}


def test_recorded_answers_stand_for_the_old_model_which_is_not_asked(
    home: Path, book: Book, fence: Fence, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = "".join(f"    - prompt: p{n}\n      text: It is {n}.\n" for n in range(12))
    extra = f"recorded:\n  stack: {{program: the old logs}}\n  outputs:\n{outputs}"
    both = Both(monkeypatch, wrong, right)
    compare_with_successor.fn(_config(home, extra=extra), fence)
    body = json.loads(_row(book).body)
    assert both.old.asked == []
    assert body["beside"]["old"]["sources"] == {"recorded": 12}
    assert {row["difference"] for row in body["comparisons"]} == {0.0}


def test_golden_answers_to_the_same_words_stand_for_the_old_model(
    home: Path, book: Book, fence: Fence, monkeypatch: pytest.MonkeyPatch
) -> None:
    golden = home / "golden" / "aster-1.yaml"
    golden.parent.mkdir(parents=True)
    golden.write_text("".join(["prompts:\n", *_golden()]))
    config = _config(home, 3)
    asked = {"prompts_file": "golden/aster-1.yaml", "samples": 20}
    config = config.model_copy(
        update={"preservation": retirement(preservation={"golden_prompts": asked}).preservation}
    )
    freeze(config, book, fence)
    both = Both(monkeypatch, right, right)
    compare_with_successor.fn(config, fence)
    assert len(both.old.asked) == 2
    sources = json.loads(_row(book).body)["beside"]["old"]["sources"]
    assert sources == {"asked": 2, "golden": 20}


def _golden() -> list[str]:
    names = {"add": "What is 0?", "haiku": "A haiku.", "sort": "Sort."}
    return [f"  - id: {name}\n    text: '{text}'\n" for name, text in names.items()]


def test_a_busy_successor_is_asked_on_by_a_later_pass_and_only_for_what_is_missing(
    home: Path, book: Book, fence: Fence, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tires(question: Question) -> Answer:
        if len(both.new.asked) > 5:
            raise EndpointBusy("http://x: answered 529; try later")
        return right(question)

    both, config = Both(monkeypatch, right, tires), _config(home)
    with pytest.raises(EndpointBusy):
        compare_with_successor.fn(config, fence)
    assert _said(config, book)[1].startswith("owners' prompts: 7 calls")
    later = Both(monkeypatch, right, right)
    compare_with_successor.fn(config, fence)
    assert (len(later.old.asked), len(later.new.asked)) == (0, 7)
    with book.reading() as session:
        rows = list(session.exec(select(Replay)))
    assert len(rows) == 24
    assert _said(config, book)[0] == "done"


def test_never_more_calls_than_the_ceiling_and_what_is_missing_is_told(
    home: Path, book: Book, fence: Fence, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = Both(monkeypatch, right, right)
    config = _config(home, max_calls=8)
    compare_with_successor.fn(config, fence)
    compare_with_successor.fn(config, fence)
    assert (len(both.old.asked), len(both.new.asked)) == (8, 8)
    body = json.loads(_row(book).body)
    assert (body["calls_left"], len(body["not_compared"])) == (8, 4)


def test_an_old_model_that_is_gone_is_told_and_nothing_is_claimed(
    home: Path, book: Book, fence: Fence, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_: Question) -> Answer:
        raise EndpointFault("http://x: answered 404", status=404)

    Both(monkeypatch, gone, right)
    config = _config(home)
    compare_with_successor.fn(config, fence)
    assert (_row(book).outcome, _row(book, "predecessor").state) == ("not_enough", "not_judged")
    assert len(json.loads(_row(book).body)["not_compared"]) == 12
    assert _said(config, book) == ("done", "successor aster-2: Search team not enough to say")


def test_grades_from_elsewhere_are_read_when_they_come_and_no_call_is_made_again(
    home: Path, book: Book, fence: Fence, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = Both(monkeypatch, right, right)
    config = _config(home, owner={"grades_csv": "grades.csv"})
    compare_with_successor.fn(config, fence)
    assert json.loads(_row(book).body)["grades_missing"]
    rows = [f"p{n},{side},0,{grade}" for n in range(12) for side, grade in SIDES]
    (home / "grades.csv").write_text("\n".join(["prompt,side,sample,grade", *rows]) + "\n")
    assert _said(config, book)[0] == "due"
    compare_with_successor.fn(config, fence)
    body = json.loads(_row(book).body)
    (graded,) = (row for row in body["comparisons"] if row["grader"] == "grade")
    assert (graded["finding"], graded["difference"]) == ("worse", pytest.approx(-0.4))
    assert len(both.new.asked) == 12
    assert _said(config, book)[0] == "done"


SIDES = (("old", 0.9), ("new", 0.5))


def test_an_owner_whom_the_candidate_does_not_know_is_told_of(home: Path, book: Book) -> None:
    state, said = _said(_config(home, owner={"owner": "Nobody"}), book)
    assert (state, "'Nobody'" in said) == ("blocked", True)


def test_a_missing_file_of_prompts_names_its_owner(home: Path, book: Book) -> None:
    config = _config(home)
    (home / "owners" / "search.yaml").unlink()
    with pytest.raises(ConfigError, match="no such file of prompts of Search team"):
        _said(config, book)
