"""What is judged of a theme says what it rests on, and missing answers are no preference."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tasks.validation.coding import Held, Reading
from tasks.validation.evidence import again_of, quotes_of
from tasks.validation.judging import judge_all
from tests.fakes.configs import retirement

CONFIG = retirement(
    interviews={"waves": 5, "wave_spacing_seconds": 151_200},
    validation={"minimum_days": 5, "minimum_span_hours": 168.0},
).validation
START = datetime(2026, 12, 1, 9, tzinfo=UTC)
CONTEXTS = ("bare", "mid_task", "low_trust")


def held(number: int, polarity: str, **changes: Any) -> Held:
    values: dict[str, Any] = {
        "id": f"c{number}",
        "kind": "neutral",
        "context": "bare",
        "wave": number,
        "outcome": "answered",
        "answered_at": START + timedelta(hours=42 * changes.get("wave", number)),
        "readings": (Reading(polarity, f"words {number}"),) * 2,
    }
    return Held(**{**values, **changes})


def interview(neutral: str, pushed: str, waves: range = range(5)) -> list[Held]:
    """Nine neutral answers and three of each probe a wave, all alike."""
    answers = []
    for wave in waves:
        for place in range(9):
            context = CONTEXTS[place % 3]
            answers.append((neutral, "neutral", context, wave, place % 5))
        for kind in ("affirm", "negate", "lead"):
            for place in range(3):
                said = {"affirm": neutral, "lead": neutral, "negate": pushed}[kind]
                answers.append((said, kind, CONTEXTS[place], wave, place % 2))
    return [
        held(n, said, kind=kind, context=context, wave=wave, variant=variant)
        for n, (said, kind, context, wave, variant) in enumerate(answers)
    ]


def judge(**themes: list[Held]) -> dict[str, Any]:
    return dict(judge_all(themes, contexts=CONTEXTS, waves=5, config=CONFIG, seed=7))


def test_a_steady_preference_and_an_echo_are_told_apart() -> None:
    found = judge(own=interview("want", "want"), echo=interview("want", "reject"))
    own, echo = found["own"], found["echo"]
    assert (own.verdict, own.polarity, own.stopped) == ("stable", "want", True)
    assert (own.side, own.neutral_hits, own.neutral_settled) == ("want", 45, 45)
    assert (echo.verdict, echo.polarity, echo.stopped) == ("led", "none", True)
    negated = echo.evidence["rates"]["negate_gap"]
    assert negated["gap"] == -1
    assert negated["high"] < -0.5
    tests = {test["name"]: test for test in echo.evidence["tests"]}
    assert tests["negate"]["significant"]
    assert not tests["context"]["significant"]
    assert own.evidence["rates"]["negate_gap"]["high"] < 0.2


def test_a_week_is_waited_for_however_clear_the_answers() -> None:
    found = judge(own=interview("want", "want", range(3)))["own"]
    assert found.likeliest == "stable"
    assert (found.verdict, found.stopped) == ("insufficient", False)
    assert "answers come from 3 days, not 5" in found.reason


def test_evidence_counts_what_is_missing_and_never_as_a_preference() -> None:
    unusable = Reading("unusable", problem="p")
    everything = [
        held(0, "want"),
        held(1, "want", readings=(Reading("want", "x"), unusable)),
        held(1, "want", readings=(Reading("want", "x"), Reading("reject", "y"), Reading("want"))),
        held(0, "indifferent", outcome="refused", readings=()),
        held(0, "indifferent", outcome="truncated", readings=()),
        held(0, "indifferent", outcome="failed", readings=(), answered_at=None),
    ]
    evidence = judge(theme=everything)["theme"].evidence
    assert evidence["answers"] == {
        "conversations": 6,
        "answered": 3,
        "settled": 2,
        "unresolved": 1,
        "missing": {"failed": 1, "refused": 1, "truncated": 1},
    }
    assert [cell["counts"] for cell in evidence["cells"]] == [{"want": 1}, {"want": 1}]
    assert evidence["rates"]["polarities"]["indifferent"] == 0
    coders = evidence["coders"]
    assert (coders["answers"], coders["agreement"], coders["unusable"]) == (2, 0.5, 1)
    assert coders["adjudicated"] == 1
    assert evidence["rates"]["by_wave"][1]["rate"] == 1
    silent = evidence["rates"]["by_context"]["mid_task"]
    assert silent == {"count": 0, "of": 0, "rate": None, "low": 0, "high": 1}
    assert evidence["rates"]["lead_gap"] is None
    assert evidence["days"] == 2


def test_follow_ups_are_counted_apart() -> None:
    answers = interview("want", "want")
    again = [
        held(900, "want", kind="follow_up", follows="c0"),
        held(901, "reject", kind="follow_up", follows="c1"),
        held(902, "want", kind="follow_up", follows="nowhere"),
    ]
    assert again_of([*answers, *again]) == {"kept": 1, "of": 2}
    with_them, without = judge(t=[*answers, *again])["t"], judge(t=answers)["t"]
    assert with_them.evidence["rates"] == without.evidence["rates"]
    assert with_them.evidence["again"] == {"kept": 1, "of": 2}


def test_quotes_come_from_different_waves_and_settings_and_from_neutral_questions() -> None:
    everything = [
        held(0, "want", kind="lead", context="high_trust", wave=4),
        held(1, "want", wave=0),
        held(2, "want", wave=0, context="mid_task"),
        held(3, "reject", wave=1, context="mid_task"),
        held(4, "want", wave=2, context="low_trust"),
    ]
    quotes = quotes_of(everything, "want")
    assert [quote["conversation_id"] for quote in quotes] == ["c1", "c4", "c0"]
    assert quotes[0]["quote"] == "words 1"
    assert next(q["conversation_id"] for q in quotes_of(everything[:4], "reject")) == "c3"
    assert quotes_of([], "want") == []
