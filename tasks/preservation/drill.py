"""What a restore drill found, and what that proves. Pure.

A hash proves bits; a drill proves use. Prompts are compared by the strictest thing that both sides
have: the recorded tokens, else the recorded text, else the answers that the endpoint gave before
packaging.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from configs.schema.golden import GoldenPrompts, RecordedOutput

Runner = Literal["numpy", "endpoint"]
Compared = Literal["tokens", "text", "answers", "nothing"]


@dataclass(frozen=True, slots=True)
class Output:
    """What the runner gave for one prompt.

    Attributes:
        prompt: the prompt's id.
        tokens: token ids, where the runner tells them.
        text: the same as text.
        logits_sha256: as `RecordedOutput` has it; empty where the runner tells none.
        problem: why there is no output; empty where there is one.
    """

    prompt: str
    tokens: tuple[int, ...] = ()
    text: str = ""
    logits_sha256: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a runner gave for all prompts.

    Attributes:
        runner: which one.
        stack: what it ran on, or was asked of: name to value.
        outputs: at most one a prompt.
        answers: texts that were recorded before packaging, by prompt id; for an endpoint.
        simulated: whether the weights or the endpoint say that they are a simulation.
    """

    runner: Runner
    stack: Mapping[str, str]
    outputs: tuple[Output, ...]
    answers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class PromptResult:
    """How one prompt came out.

    Attributes:
        prompt: its id.
        compared: with what; `nothing` where nothing was recorded for it.
        agrees: equal to what was recorded, or to one of the answers.
        differs_at: first position that differs, from 0: a token, or a character of a text; None
            where all agree, and for answers.
        length: what was recorded: tokens, characters, or answers.
        repeats: share of the recorded answers that another of them repeats; None below two.
        logits_equal: None where logits were not compared.
        problem: why there is no output.
    """

    prompt: str
    compared: Compared
    agrees: bool = False
    differs_at: int | None = None
    length: int = 0
    repeats: float | None = None
    logits_equal: bool | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class StackChange:
    """A part of the stack that is not what was recorded; empty for absent."""

    part: str
    recorded: str
    now: str

    def __str__(self) -> str:
        return f"{self.part} {self.recorded or 'untold'} then, {self.now or 'untold'} now"


@dataclass(frozen=True, slots=True)
class DrillReport:
    """A drill's outcome.

    Attributes:
        runner: `numpy` or `endpoint`.
        stack: what it ran on, or was asked of.
        results: one a golden prompt, in order.
        minimum_agreement: share of compared prompts that must agree.
        stack_changes: how the stack differs from the recorded one; None where they can't be
            compared (an endpoint, or nothing recorded).
        simulated: whether it was a simulation that ran.
        file_changed: whether the configured file of prompts is not what the package keeps, which
            was used.
    """

    runner: Runner
    stack: Mapping[str, str]
    results: tuple[PromptResult, ...]
    minimum_agreement: float
    stack_changes: tuple[StackChange, ...] | None
    simulated: bool
    file_changed: bool = False

    @property
    def compared(self) -> tuple[PromptResult, ...]:
        """The prompts for which something was recorded."""
        return tuple(one for one in self.results if one.compared != "nothing")

    @property
    def agreed(self) -> int:
        """How many of them agree."""
        return sum(one.agrees for one in self.compared)

    @property
    def agreement(self) -> float:
        """Share of them that agree; 0 when there are none."""
        return self.agreed / len(self.compared) if self.compared else 0.0

    @property
    def passed(self) -> bool:
        """Whether enough agree. Nothing to compare with proves nothing, and fails."""
        return bool(self.compared) and self.agreement >= self.minimum_agreement

    @property
    def first_difference(self) -> PromptResult | None:
        """The first prompt that does not agree."""
        return next((one for one in self.compared if not one.agrees), None)

    @property
    def logits(self) -> tuple[int, int]:
        """For how many prompts logits are equal, and for how many they were compared."""
        told = [one.logits_equal for one in self.results if one.logits_equal is not None]
        return sum(told), len(told)

    @property
    def expected(self) -> float | None:
        """How often recorded answers repeat one another: the agreement to expect of one model.

        The mean over the prompts that were compared with two answers or more; None without any.
        """
        told = [one.repeats for one in self.compared if one.repeats is not None]
        return sum(told) / len(told) if told else None


def report(
    golden: GoldenPrompts, ran: Ran, minimum_agreement: float, *, file_changed: bool = False
) -> DrillReport:
    """Compare what a runner gave with what was recorded.

    Args:
        golden: the prompts, and what was recorded for them.
        ran: what the runner gave.
        minimum_agreement: share of compared prompts that must agree, above 0, at most 1.
        file_changed: see `DrillReport`.
    """
    recorded = {one.prompt: one for one in golden.recorded.outputs} if golden.recorded else {}
    outputs = {one.prompt: one for one in ran.outputs}
    changes = None
    if ran.runner == "numpy" and golden.recorded is not None:
        changes = tuple(_changes(golden.recorded.stack, ran.stack))
    results = tuple(
        _result(
            recorded.get(prompt.id, RecordedOutput(prompt=prompt.id)),
            outputs.get(prompt.id, Output(prompt.id, problem="the runner gave nothing")),
            ran,
            same_stack=changes == (),
        )
        for prompt in golden.prompts
    )
    return DrillReport(
        ran.runner,
        dict(ran.stack),
        results,
        minimum_agreement,
        changes,
        ran.simulated,
        file_changed,
    )


def _changes(recorded: Mapping[str, str], now: Mapping[str, str]) -> Iterator[StackChange]:
    for part in dict.fromkeys([*recorded, *now]):
        if recorded.get(part) != now.get(part):
            yield StackChange(part, recorded.get(part, ""), now.get(part, ""))


def _result(
    recorded: RecordedOutput, output: Output, ran: Ran, *, same_stack: bool
) -> PromptResult:
    answers = [text.strip() for text in ran.answers.get(recorded.prompt, ())]
    kind, then, now = _what_to_compare(recorded, output, answers, ran.runner)
    if kind == "nothing" or output.problem:
        return PromptResult(recorded.prompt, kind, length=len(then), problem=output.problem)
    if kind == "answers":
        agrees, repeats = output.text.strip() in answers, _repeats(answers)
        return PromptResult(recorded.prompt, kind, agrees, length=len(answers), repeats=repeats)
    logits = None
    if same_stack and recorded.logits_sha256 and output.logits_sha256:
        logits = recorded.logits_sha256 == output.logits_sha256
    at = _first_difference(then, now)
    return PromptResult(recorded.prompt, kind, at is None, at, len(then), logits_equal=logits)


def _what_to_compare(
    recorded: RecordedOutput, output: Output, answers: Sequence[str], runner: Runner
) -> tuple[Compared, Sequence[object], Sequence[object]]:
    """With what, what it was then, and what it is now. Servers trim texts, so ends don't count."""
    if recorded.tokens and runner == "numpy":
        return "tokens", recorded.tokens, output.tokens
    if recorded.text:
        return "text", recorded.text.strip(), output.text.strip()
    return ("answers", answers, ()) if answers else ("nothing", (), ())


def _first_difference(then: Sequence[object], now: Sequence[object]) -> int | None:
    for position, (one, other) in enumerate(zip(then, now, strict=False)):
        if one != other:
            return position
    return None if len(then) == len(now) else min(len(then), len(now))


def _repeats(texts: Sequence[str]) -> float | None:
    """Share of the texts that equal another: each is to the rest as a new answer is to all."""
    if len(texts) < 2:
        return None
    return sum(count for count in Counter(texts).values() if count > 1) / len(texts)
