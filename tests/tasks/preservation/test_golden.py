"""Golden prompts: each call once, whatever happens; frozen bytes that follow from the records."""

import json
import random
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from configs.home import CHECKOUT
from configs.schema.golden import GoldenPrompt, GoldenPrompts, RecordedOutput, RecordedOutputs
from tasks.ports.recorded_prompts import MOST_TRIES, calls_left, spent
from tasks.ports.respondent import Answer
from tasks.ports.storable import storable
from tasks.preservation.golden import (
    Capture,
    capture_detail,
    freeze,
    read_capture,
)
from tasks.records.preservation import GoldenAnswer
from tests.fakes.respondent import says

WORLD = CHECKOUT / "tasks" / "simulation" / "worlds" / "demo.yaml"
NAMES = ("add", "haiku", "sort")
SAMPLES = 4
CALLS = len(NAMES) * SAMPLES
CONCURRENCY = 3
YAML = "".join(f"  - id: {name}\n    text: Please do {name}.\n" for name in NAMES)


# what is left, and what is frozen: pure


def _prompts(count: int, recorded: RecordedOutputs | None = None) -> GoldenPrompts:
    asked = tuple(GoldenPrompt(id=f"p{n}", text=f"Question {n}?") for n in range(count))
    return GoldenPrompts(prompts=asked, recorded=recorded)


def _row(prompt: str, sample: int, outcome: str = "answered", tries: int = 1) -> GoldenAnswer:
    return GoldenAnswer(
        id=f"{prompt}/{sample}",
        model_id="aster-1",
        prompts_sha256="ab" * 32,
        prompt=prompt,
        sample=sample,
        outcome=outcome,
        tries=tries,
        text=f"Réponse {sample}\u2028",
        served_model=f"aster-1-{sample % 2}",
        asked_at=datetime(2026, 12, 1, 9, sample, tzinfo=UTC),
    )


OUTCOMES = st.sampled_from(["asked", "answered", "refused", "empty", "truncated", "failed"])


@given(
    st.integers(1, 4),
    st.integers(0, 4),
    st.dictionaries(st.tuples(st.integers(0, 3), st.integers(0, 3)), OUTCOMES),
    st.integers(1, MOST_TRIES),
)
def test_every_wanted_call_is_settled_or_left_and_never_both(
    prompts: int, samples: int, said: dict[tuple[int, int], str], tries: int
) -> None:
    rows = [_row(f"p{p}", s, outcome, tries) for (p, s), outcome in said.items()]
    left = [
        (call.prompt.id, call.sample)
        for call in calls_left(_prompts(prompts).prompts, samples, rows)
    ]
    assert len(left) == len(set(left))
    over = {
        (row.prompt, row.sample)
        for row in rows
        if row.outcome != "asked" and not (row.outcome == "failed" and row.tries < MOST_TRIES)
    }
    assert set(left) == {(f"p{p}", s) for p in range(prompts) for s in range(samples)} - over
    assert spent(rows) == len(rows) * tries


def test_prompts_get_their_answers_evenly_and_failed_ones_come_last() -> None:
    rows = [_row("p0", 0, "failed"), _row("p1", 0)]
    left = [(call.prompt.id, call.sample) for call in calls_left(_prompts(2).prompts, 2, rows)]
    assert left == [("p0", 1), ("p1", 1), ("p0", 0)]


def test_frozen_files_are_the_same_bytes_whatever_the_order_of_the_records() -> None:
    recorded = RecordedOutputs(
        stack={"program": "llama-numpy 1", "decoding": "greedy"},
        outputs=(RecordedOutput(prompt="p1", tokens=(3, 4), text="ab"),),
    )
    prompts = _prompts(3, recorded)
    rows = [_row(f"p{p}", s) for p in range(3) for s in range(3)] + [_row("p0", 3, "asked")]
    ways = [
        Capture("b:1", "aster-1", "Emeritus 1, anthropic 2", "2026-12-01T10:00:00.000000Z"),
        Capture("a:1", "aster-1", "Emeritus 1, anthropic 2", "2026-12-01T09:00:00.000000Z"),
    ]
    first = freeze(prompts, rows, prompts_sha256="ab" * 32, captures=ways)
    random.Random(1).shuffle(rows)
    turned = GoldenPrompts(prompts=prompts.prompts[::-1], recorded=recorded)
    assert freeze(turned, rows, prompts_sha256="ab" * 32, captures=ways[::-1]) == first

    assert sorted(first) == ["answers.jsonl", "prompts.json", "recorded.json", "stack.json"]
    again = GoldenPrompts.model_validate_json(first["prompts.json"], strict=True)
    assert again.prompts == prompts.prompts
    assert RecordedOutputs.model_validate_json(first["recorded.json"], strict=True) == recorded
    lines = [json.loads(line) for line in first["answers.jsonl"].decode().split("\n")[:-1]]
    places = [(line["prompt"], line["sample"]) for line in lines]
    assert places == [(f"p{p}", s) for p in range(3) for s in range(3)]
    stack = json.loads(first["stack.json"])
    assert (stack["first_asked_at"], stack["last_asked_at"]) == (
        "2026-12-01T09:00:00.000000Z",
        "2026-12-01T09:02:00.000000Z",
    )
    assert [way["endpoint"] for way in stack["asked"]] == ["a:1", "b:1"]
    assert stack["served_models"] == ["aster-1-0", "aster-1-1"]
    assert (stack["answers"], stack["outcomes"]) == (9, {"answered": 9})
    assert not stack["simulated"]
    assert "SIMULATED" not in stack["title"]


@given(st.from_regex(r"[^\s]+", fullmatch=True), st.text(min_size=1))
def test_what_was_asked_of_reads_back(host: str, model: str) -> None:
    detail = capture_detail("ab" * 32, host, model)
    found = read_capture("ab" * 32, detail, client="c", first_at="t")
    assert found == Capture(host, model, "c", "t")
    assert read_capture("cd" * 32, detail, client="c", first_at="t") is None


def test_half_an_emoji_can_be_kept() -> None:
    kept = storable(Answer("truncated", "ab\ud83d\0", raw='{"\\ud83d"}', input_tokens=10**30))
    assert (kept.text, kept.raw, kept.input_tokens) == ("ab\ufffd\ufffd", '{"\\ud83d"}', 0)
    whole = says("Crème 😀")
    assert storable(whole) == whole


# asking
