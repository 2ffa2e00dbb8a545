"""A drill's outcome in words: what it proves, and what it does not. Pure."""

from collections.abc import Iterator

from tasks.kernel.labels import labelled
from tasks.preservation.drill import DrillReport, PromptResult

_MOST_NAMED = 4
_KEPT = "the file of prompts is not what the package keeps, which was used"
_UNITS = {"tokens": "token", "text": "character"}


def summary(report: DrillReport) -> str:
    """One line for `status`: no full stop, no line break."""
    kept = f"; {_KEPT}" if report.file_changed else ""
    return labelled(_counted(report) + _shortfall(report) + kept, report.simulated)


def proves(report: DrillReport) -> str:
    """Plain sentences: what the drill proves, and what it leaves open."""
    tell = _numpy_proves if report.runner == "numpy" else _endpoint_proves
    return labelled(" ".join(tell(report)), report.simulated)


def markdown(report: DrillReport) -> str:
    """A short page: outcome, what it proves, a row for each prompt, the stack."""
    lines = [
        f"## Restore drill: {'passed' if report.passed else 'FAILED'}",
        "",
        proves(report),
        "",
        "A hash proves bits; a drill proves use.",
        "",
        "| Prompt | Outcome | Compared with |",
        "| --- | --- | --- |",
        *(f"| {one.prompt} | {_cell(_outcome(one))} | {_against(one)} |" for one in report.results),
        "",
        *(f"- {part}: {_cell(value)}" for part, value in report.stack.items()),
    ]
    return "\n".join(lines) + "\n"


def _counted(report: DrillReport) -> str:
    if not report.compared:
        return (
            "nothing was recorded for any golden prompt before packaging, so there is nothing to "
            "compare with"
        )
    what = {"tokens": "the recorded tokens", "text": "the recorded text"}
    kinds = dict.fromkeys(one.compared for one in report.compared)
    named = " or ".join(what.get(kind, "a recorded answer") for kind in kinds)
    by = "numpy " + report.stack.get("numpy", "") if report.runner == "numpy" else "endpoint"
    return f"{report.agreed} of {len(report.compared)} golden prompts gave {named} ({by.strip()})"


def _shortfall(report: DrillReport) -> str:
    first = report.first_difference
    if report.passed or first is None:
        return ""
    return f", and {report.minimum_agreement:.0%} must; {first.prompt}: {_outcome(first)}"


def _numpy_proves(report: DrillReport) -> Iterator[str]:
    yield f"The restored files load and run: {_counted(report)}{_shortfall(report)}."
    yield from _of_prompts(report)
    if report.compared and not report.passed:
        yield (
            f"The stack differs ({_changes(report)}), so rounding may be why: repeat the drill on "
            "the recorded stack before calling the files changed."
            if report.stack_changes
            else "The stack is the recorded one, so rounding is not why: these are not the files, "
            "or not the prompts, that were recorded."
        )
    elif report.compared:
        yield _logits(report)
    yield "It says nothing of other prompts, nor of other programs that would serve the model."


def _logits(report: DrillReport) -> str:
    equal, compared = report.logits
    if report.stack_changes:
        return f"Logits were not compared, since the stack differs: {_changes(report)}."
    if not compared:
        return "Logits were not compared, since none are recorded."
    if equal == compared:
        return f"Logits are equal to the last bit for {equal} of {compared}, on the same stack."
    return (
        f"Logits are equal for {equal} of {compared} only, though the stack is the recorded one: "
        "the weights, or something that the stack does not name, changed a little."
    )


def _endpoint_proves(report: DrillReport) -> Iterator[str]:
    where = f"{report.stack.get('endpoint')} ({report.stack.get('model')})"
    given = sum(not one.problem for one in report.results)
    yield f"The endpoint {where} answered {given} of {len(report.results)} golden prompts:"
    yield f"{_counted(report)}{_shortfall(report)}."
    yield from _of_prompts(report)
    expected = report.expected
    if expected is not None:
        yield (
            "Answers recorded before packaging repeat one another in "
            f"{expected:.0%} of cases: so much agreement is to be expected of the same model."
        )
    yield (
        "A server that samples gives other words each time, so disagreement proves nothing by "
        "itself. That it serves the restored files is its operator's word."
    )


def _of_prompts(report: DrillReport) -> Iterator[str]:
    if report.file_changed:
        yield f"{_KEPT.capitalize()}."
    left = [one.prompt for one in report.results if one.compared == "nothing"]
    if left and report.compared:
        yield f"Not counted, since nothing is recorded for them: {_some(left)}."


def _changes(report: DrillReport) -> str:
    return _some([str(change) for change in report.stack_changes or ()], "; ")


def _some(parts: list[str], between: str = ", ") -> str:
    more = len(parts) - _MOST_NAMED
    return between.join(parts[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _outcome(one: PromptResult) -> str:
    if one.problem:
        return " ".join(one.problem.split())
    if one.compared == "nothing":
        return "ran; nothing to compare with"
    if one.agrees:
        return {None: "agrees", True: "agrees, logits too", False: "agrees, logits differ"}[
            one.logits_equal
        ]
    if one.differs_at is None:
        return "is none of them"
    return f"differs from {_UNITS[one.compared]} {one.differs_at + 1} on"


def _against(one: PromptResult) -> str:
    if one.compared == "nothing":
        return "nothing"
    if one.compared == "answers":
        repeats = "" if one.repeats is None else f", {one.repeats:.0%} of them repeated"
        return f"{one.length} recorded answers{repeats}"
    return f"{one.length} {_UNITS[one.compared]}s"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
