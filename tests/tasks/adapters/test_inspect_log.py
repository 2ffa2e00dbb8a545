"""Interviews as a log that Inspect reads; what needs the extra is skipped without it."""

import importlib.util
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from configs.errors import ConfigError
from configs.schema import RetirementConfig
from configs.schema.endpoint import EndpointConfig
from flows.inspect_export import NOT_AT_HAND, export_log, interviews_in_force
from tasks import wiring
from tasks.adapters.inspect_log import Interviews, Sample, Score, log_of, write_log
from tasks.interviews.task import hold_wave, register_design
from tasks.kernel.errors import ExtraMissing, NotFound
from tasks.ports.respondent import Answer, Question
from tasks.records import Book, Fence
from tasks.records.interview import Conversation
from tasks.validation.task import code_answers
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement
from tests.fakes.respondent import FakeRespondent
from tests.tasks.validation.answering import FakeCoder, said

inspect_ai = pytest.mark.skipif(
    importlib.util.find_spec("inspect_ai") is None,
    reason="needs the extra `inspect` (pip install --editable '.[inspect]')",
)
AT = datetime(2026, 12, 1, 9, tzinfo=UTC)
ODD = "A half-line\r\nand “quotes” \u202e, <b>, NUL-free \U0001f642"


def sample(name: str = "c1", **changes: Any) -> Sample:
    values: dict[str, Any] = {
        "id": name,
        "system": "You are asked.",
        "turns": ("Hello.", "Hello, how can I help?", "What would you like?"),
        "answer": ODD,
        "outcome": "answered",
        "stop_reason": "end_turn",
        "problem": "",
        "input_tokens": 30,
        "output_tokens": 12,
        "asked_at": AT,
        "answered_at": AT + timedelta(seconds=4),
        "scores": {"share_essays": Score("want", "would like", ("want", "reject", "want"))},
        "metadata": {"kind": "neutral", "context": "mid_task", "wave": 0},
    }
    return Sample(**{**values, **changes})


def interviews(*samples: Sample) -> Interviews:
    return Interviews(
        model_id="aster-1",
        model="aster-1-2026",
        base_url="http://127.0.0.1:9",
        dataset="legacy version 3",
        design_digest="d" * 64,
        registered_at=AT - timedelta(days=1),
        simulated=True,
        metadata={"codebook_sha256": "c" * 64},
        samples=samples,
    )


def test_a_conversation_is_a_sample_with_its_messages_scores_and_how_it_was_asked() -> None:
    (made,) = log_of(interviews(sample()))["samples"]
    assert [m["role"] for m in made["input"]] == ["system", "user", "assistant", "user"]
    assert [m["content"] for m in made["messages"]][-1] == ODD
    assert made["messages"][:-1] == made["input"]
    assert made["output"]["choices"][0]["stop_reason"] == "stop"
    assert made["scores"]["share_essays"] == {
        "value": "want",
        "explanation": "would like",
        "metadata": {"readings": ["want", "reject", "want"]},
    }
    assert made["metadata"] == {
        "kind": "neutral",
        "context": "mid_task",
        "wave": 0,
        "outcome": "answered",
        "design_sha256": "d" * 64,
    }
    assert made["total_time"] == 4


def test_the_log_of_the_same_records_is_the_same_and_says_that_it_is_of_a_simulation() -> None:
    log = log_of(interviews(sample(), sample("c2")))
    assert json.dumps(log) == json.dumps(log_of(interviews(sample(), sample("c2"))))
    assert log["eval"]["task_display_name"] == "[SIMULATED] Interviews of aster-1"
    assert log["eval"]["tags"] == ["SIMULATED"]
    assert log["results"]["scores"][0]["metrics"] == {"want": {"name": "want", "value": 2}}


@pytest.mark.parametrize(
    ("outcome", "stop_reason", "stop"),
    [
        ("refused", "refusal", "content_filter"),
        ("truncated", "max_tokens", "max_tokens"),
        ("answered", "a_reason_to_come", "unknown"),
    ],
)
def test_a_stop_reason_keeps_its_meaning(outcome: str, stop_reason: str, stop: str) -> None:
    (made,) = log_of(interviews(sample(outcome=outcome, stop_reason=stop_reason)))["samples"]
    assert made["output"]["choices"][0]["stop_reason"] == stop


@pytest.mark.parametrize("outcome", ["refused", "empty", "failed"])
def test_no_answer_is_no_message_and_no_score(outcome: str) -> None:
    lost = sample(outcome=outcome, answer="", scores={}, answered_at=None, problem="a page")
    (made,) = log_of(interviews(lost))["samples"]
    assert made["messages"] == made["input"]
    assert made["output"]["choices"] == []
    assert made["scores"] == {}
    assert ("error" in made) is (outcome == "failed")
    assert log_of(interviews(lost))["results"]["completed_samples"] == 0


@inspect_ai
@pytest.mark.parametrize("suffix", [".eval", ".json"])
def test_inspect_reads_back_what_was_written(suffix: str, tmp_path: Path) -> None:
    from inspect_ai.log import read_eval_log

    lost = sample("c2", outcome="failed", answer="", scores={}, answered_at=None, problem="a page")
    file = tmp_path / "new" / f"aster-1{suffix}"
    write_log(log_of(interviews(sample(), lost)), file)
    write_log(log_of(interviews(sample(), lost)), file)  # replaces
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    log = read_eval_log(str(file))
    assert (log.status, log.eval.model, log.eval.dataset.samples) == ("success", "aster-1-2026", 2)
    assert log.eval.metadata is not None
    assert log.eval.metadata["design_sha256"] == "d" * 64
    assert log.samples is not None
    first, second = log.samples
    assert [message.text for message in first.messages] == [
        "You are asked.",
        "Hello.",
        "Hello, how can I help?",
        "What would you like?",
        ODD,
    ]
    assert first.output.completion == ODD
    assert first.scores is not None
    assert first.scores["share_essays"].value == "want"
    assert first.scores["share_essays"].explanation == "would like"
    assert first.metadata["context"] == "mid_task"
    assert second.error is not None
    assert second.error.message == "a page"
    assert second.scores == {}


@inspect_ai
def test_inspects_own_command_opens_it(tmp_path: Path) -> None:
    file = tmp_path / "aster-1.eval"
    write_log(log_of(interviews(sample())), file)
    command = [sys.executable, "-m", "inspect_ai", "log", "dump", str(file)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["samples"][0]["id"] == "c1"


def test_without_the_extra_one_sentence_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "inspect_ai", None)
    monkeypatch.setitem(sys.modules, "inspect_ai.log", None)
    with pytest.raises(ExtraMissing, match=r"pip install --editable '\.\[inspect\]'"):
        write_log(log_of(interviews(sample())), tmp_path / "a.eval")
    assert list(tmp_path.iterdir()) == []


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"ends in \.eval or \.json"):
        write_log(log_of(interviews(sample())), tmp_path / "a.txt")


ANSWER = said("x", {"share_essays": "want", "keep_in_use": "reject"})


@pytest.fixture
def coded(
    book: Book, fence: Fence, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> RetirementConfig:
    """One wave held and coded: a conversation was refused, the others said `ANSWER`."""
    config = retirement(
        interviews={"waves": 2, "choices": False},
        validation={"held_out_share": 0.0},  # which answers they are is drawn by the digest
    )
    asked: list[Question] = []

    def reply(question: Question) -> Answer:
        asked.append(question)
        if len(asked) == 2:
            return Answer("refused", stop_reason="refusal", raw="{}")
        return Answer("answered", ANSWER, "req", "aster-1", "end_turn", 10, 5, "{}", True)

    coders = {name: FakeCoder(name) for name in ("coder-a", "coder-b", "coder-c")}
    model = FakeRespondent(reply)

    def respondent(endpoint: EndpointConfig) -> FakeRespondent | FakeCoder:
        return coders.get(endpoint.model, model)

    monkeypatch.setattr(wiring, "respondent", respondent)
    register_design.fn(config, fence)
    hold_wave.fn(config, fence)
    code_answers.fn(config, fence)
    return config


def test_the_export_holds_the_words_that_were_sent_and_the_settled_readings(
    coded: RetirementConfig, book: Book
) -> None:
    held = interviews_in_force(coded)
    assert held.simulated
    kinds = [one.metadata["kind"] for one in held.samples]
    assert (kinds.count("neutral"), kinds.count("follow_up")) == (6, 1)
    assert [one.outcome for one in held.samples].count("refused") == 1
    for one in held.samples:
        if one.outcome == "refused":
            assert one.scores == {}
            continue
        assert NOT_AT_HAND not in one.turns
        assert one.answer == ANSWER
        assert len(one.turns) % 2 == 1
        assert {theme: score.value for theme, score in one.scores.items()} == {
            "share_essays": "want",
            "keep_in_use": "reject",
        }
        assert all(score.quote in one.answer for score in one.scores.values())
    (more,) = (one for one in held.samples if one.metadata["kind"] == "follow_up")
    assert ANSWER in more.turns


def test_words_that_are_not_those_sent_are_not_shown_as_if_they_were(
    coded: RetirementConfig, book: Book, clock: FakeClock
) -> None:
    held = interviews_in_force(coded)
    with book.writing(clock.now()) as writing:
        row = writing.session.get_one(Conversation, held.samples[0].id)
        row.question_sha256 = "0" * 64
        writing.put(row, "x")
    again = interviews_in_force(coded)
    assert [one.turns == (NOT_AT_HAND,) for one in again.samples].count(True) == 1


def test_nothing_is_exported_before_a_design_is_registered(book: Book, clock: FakeClock) -> None:
    with pytest.raises(NotFound, match="no interviews yet"):
        interviews_in_force(retirement())


@inspect_ai
def test_the_whole_export_is_a_log(coded: RetirementConfig, tmp_path: Path) -> None:
    from inspect_ai.log import read_eval_log

    file = tmp_path / "log.eval"
    told = export_log(coded, file)
    assert told.startswith("[SIMULATED]")
    assert "7 conversations of aster-1" in told
    log = read_eval_log(str(file))
    assert log.results is not None
    assert log.results.total_samples == 7
    assert log.results.completed_samples == 6
