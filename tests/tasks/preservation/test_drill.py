"""What a drill found: who agrees, what was compared, and what it is said to prove."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configs.schema.golden import GoldenPrompt, GoldenPrompts, RecordedOutput, RecordedOutputs
from tasks.preservation.drill import DrillReport, Output, Ran, report
from tasks.preservation.drill_words import markdown, proves, summary

STACK = {"program": "emeritus 0.1.0, numpy runner", "numpy": "2.4.6", "dtype": "float32"}
ONE, TWO = "1" * 64, "2" * 64


def golden(
    *outputs: RecordedOutput, prompts: Sequence[str] = ("rain", "sum"), **stack: str
) -> GoldenPrompts:
    recorded = RecordedOutputs(stack={**STACK, **stack}, outputs=outputs) if outputs else None
    asked = tuple(GoldenPrompt(id=name, text=f"About {name}?") for name in prompts)
    return GoldenPrompts(prompts=asked, recorded=recorded)


def recorded(prompt: str, *tokens: int, text: str = "", logits: str = "") -> RecordedOutput:
    return RecordedOutput(prompt=prompt, tokens=tokens, text=text, logits_sha256=logits)


def ran(*outputs: Output) -> Ran:
    return Ran("numpy", STACK, outputs)


def asked(
    *outputs: Output, answers: Mapping[str, Sequence[str]] | None = None, simulated: bool = False
) -> Ran:
    stack = {"endpoint": "127.0.0.1:9", "model": "aster-1", "served_model": "aster-1"}
    return Ran("endpoint", stack, outputs, answers or {}, simulated)


BOTH = (recorded("rain", 5, 6, 7, logits=ONE), recorded("sum", 8, 9, logits=TWO))


def test_the_recorded_tokens_and_logits_pass() -> None:
    outputs = (Output("rain", (5, 6, 7), "", ONE), Output("sum", (8, 9), "", TWO))
    found = report(golden(*BOTH), ran(*outputs), 1.0)
    assert (found.passed, found.agreement, found.logits) == (True, 1.0, (2, 2))
    assert found.stack_changes == ()
    assert summary(found) == "2 of 2 golden prompts gave the recorded tokens (numpy 2.4.6)"
    assert "The restored files load and run: 2 of 2" in proves(found)
    assert "Logits are equal to the last bit for 2 of 2, on the same stack." in proves(found)


def test_a_difference_is_named_with_its_place() -> None:
    outputs = (Output("rain", (5, 6, 7)), Output("sum", (8, 4)))
    found = report(golden(*BOTH), ran(*outputs), 1.0)
    assert not found.passed
    assert (found.results[1].agrees, found.results[1].differs_at) == (False, 1)
    assert summary(found) == (
        "1 of 2 golden prompts gave the recorded tokens (numpy 2.4.6), and 100% must; "
        "sum: differs from token 2 on"
    )
    assert "rounding is not why" in proves(found)


def test_on_another_stack_logits_are_not_compared_and_it_is_said_why() -> None:
    was = golden(*BOTH, numpy="2.4.5", gone="1")
    outputs = (Output("rain", (5, 6, 7), "", ONE), Output("sum", (8, 9), "", ONE))
    found = report(was, ran(*outputs), 1.0)
    assert found.passed
    assert found.logits == (0, 0)
    assert (
        "Logits were not compared, since the stack differs: numpy 2.4.5 then, 2.4.6 now; "
        "gone 1 then, untold now." in proves(found)
    )
    worse = report(was, ran(Output("rain", (5,)), Output("sum", (8, 9))), 1.0)
    assert not worse.passed
    assert "rounding may be why: repeat the drill on the recorded stack" in proves(worse)


def test_logits_that_differ_on_the_same_stack_are_told_though_it_passes() -> None:
    outputs = (Output("rain", (5, 6, 7), "", ONE), Output("sum", (8, 9), "", ONE))
    found = report(golden(*BOTH), ran(*outputs), 1.0)
    assert (found.passed, found.logits) == (True, (1, 2))
    assert "Logits are equal for 1 of 2 only" in proves(found)
    assert "| sum | agrees, logits differ | 2 tokens |" in markdown(found)


def test_without_recorded_logits_none_are_claimed() -> None:
    found = report(golden(recorded("rain", 5)), ran(Output("rain", (5,), "", ONE)), 1.0)
    assert "Logits were not compared, since none are recorded." in proves(found)


def test_what_was_not_recorded_counts_for_nothing() -> None:
    outputs = (Output("rain", (5,)), Output("sum", (8,)))
    found = report(golden(recorded("rain", 5)), ran(*outputs), 1.0)
    assert (found.passed, len(found.compared)) == (True, 1)
    assert "Not counted, since nothing is recorded for them: sum." in proves(found)


def test_nothing_to_compare_with_proves_nothing() -> None:
    found = report(golden(), ran(Output("rain", (5,)), Output("sum", (8,))), 0.1)
    assert not found.passed
    assert "nothing to compare with" in summary(found)


def test_a_prompt_without_output_does_not_agree() -> None:
    found = report(golden(*BOTH), ran(Output("sum", (8, 9))), 0.5)
    assert (found.passed, found.agreed) == (True, 1)
    assert "the runner gave nothing" in markdown(found)


@pytest.mark.parametrize(("minimum", "passed"), [(0.5, True), (0.51, False), (1.0, False)])
def test_enough_must_agree(minimum: float, passed: bool) -> None:
    outputs = (Output("rain", (5, 6, 7)), Output("sum", (0,)))
    assert report(golden(*BOTH), ran(*outputs), minimum).passed is passed


_TOKENS = st.lists(st.integers(0, 2), min_size=1, max_size=6)


@given(then=_TOKENS, now=_TOKENS)
def test_tokens_agree_up_to_the_place_that_is_named(then: list[int], now: list[int]) -> None:
    found = report(golden(recorded("rain", *then)), ran(Output("rain", tuple(now))), 1.0)
    result = found.results[0]
    assert result.agrees is (then == now) is found.passed
    if result.differs_at is None:
        assert then == now
    else:
        assert then[: result.differs_at] == now[: result.differs_at]
        assert then[result.differs_at :][:1] != now[result.differs_at :][:1]


def test_an_endpoint_is_compared_by_the_recorded_text() -> None:
    was = golden(recorded("rain", 5, text="It rains.\n"), recorded("sum", 8, text="42"))
    found = report(was, asked(Output("rain", text=" It rains."), Output("sum", text="43")), 0.5)
    assert (found.passed, found.agreed, found.stack_changes) == (True, 1, None)
    assert found.results[1].differs_at == 1
    said = proves(found)
    assert "The endpoint 127.0.0.1:9 (aster-1) answered 2 of 2 golden prompts" in said
    assert "1 of 2 golden prompts gave the recorded text" in said
    assert "disagreement proves nothing by itself" in said
    assert "operator's word" in said
    assert "ogits" not in said


def test_an_endpoint_is_else_compared_with_earlier_answers_and_how_they_vary() -> None:
    answers = {"rain": ["wet", "wet", "dry", "wet "], "sum": ["42", "forty-two"]}
    outputs = (Output("rain", text="dry"), Output("sum", text="six"))
    found = report(golden(), asked(*outputs, answers=answers), 0.5)
    assert [one.agrees for one in found.results] == [True, False]
    assert [one.repeats for one in found.results] == [0.75, 0.0]
    assert found.expected == 0.375
    assert "repeat one another in 38% of cases" in proves(found)
    assert "| rain | agrees | 4 recorded answers, 75% of them repeated |" in markdown(found)
    alone = report(golden(), asked(*outputs, answers={"rain": ["dry"]}), 1.0)
    assert alone.passed
    assert alone.expected is None


def test_recorded_tokens_without_text_say_nothing_of_an_endpoint() -> None:
    found = report(golden(recorded("rain", 5)), asked(Output("rain", text="wet")), 1.0)
    assert not found.passed
    assert found.compared == ()


def test_a_refusal_is_a_difference_with_its_reason() -> None:
    was = golden(recorded("rain", text="wet"), prompts=["rain"])
    found = report(was, asked(Output("rain", problem="the answer is a|refusal")), 0.5)
    assert not found.passed
    assert "answered 0 of 1" in proves(found)
    assert summary(found).endswith("rain: the answer is a|refusal")
    assert "the answer is a\\|refusal |" in markdown(found)


def _every_report() -> list[DrillReport]:
    outputs = (Output("rain", (5, 6, 7), "a\nb", ONE), Output("sum", problem="lost\nit"))
    makers = (ran(*outputs), asked(*outputs, answers={"sum": ["x", "y"]}, simulated=True))
    prompts = (golden(*BOTH), golden(), golden(*BOTH, numpy="1"))
    return [report(was, now, 0.5) for was in prompts for now in makers]


@pytest.mark.parametrize("found", _every_report())
def test_summaries_are_one_line_and_simulations_say_so(found: DrillReport) -> None:
    assert "\n" not in summary(found)
    assert summary(found).startswith("[SIMULATED] ") is found.simulated
    assert proves(found).startswith("[SIMULATED] ") is found.simulated
    page = markdown(found).splitlines()
    assert page[0].startswith("## Restore drill: ")
    assert "A hash proves bits; a drill proves use." in page
    rows = [line for line in page if line.startswith("| ")]
    assert len(rows) == 2 + len(found.results)
    assert all(one.count(" | ") == other.count(" | ") for one, other in pairwise(rows))
