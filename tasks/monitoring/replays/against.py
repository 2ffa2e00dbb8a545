"""Old against successor: an owner's answers compared, and what follows for all owners. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from configs.schema.replays import OwnerPrompt
from tasks.monitoring.replays.graders import ANSWERS, EXTERNAL, SAYS, grade

Side = Literal["old", "new"]
Finding = Literal["better", "no_difference", "worse", "not_enough"]
_LONGEST_SHOWN = 4000


@dataclass(frozen=True, slots=True)
class Said:
    """One answer of one side.

    Attributes:
        prompt: its id.
        sample: which of the side's answers to it, from 0.
        outcome: `answered`, `refused`, ...
        text: as it came.
        source: `recorded`, `golden` or `asked`.
    """

    prompt: str
    sample: int
    outcome: str
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Grades:
    """What one prompt's answers of both sides were given, by grader."""

    prompt: str
    old: Mapping[str, tuple[float, ...]]
    new: Mapping[str, tuple[float, ...]]


def grades_of(
    prompts: Sequence[OwnerPrompt],
    old: Sequence[Said],
    new: Sequence[Said],
    external: Mapping[tuple[str, Side, int], float],
) -> list[Grades]:
    """Every answer graded.

    Args:
        prompts: the owner's.
        old: answers of the model that is retired.
        new: answers of the successor.
        external: grades given elsewhere, by prompt, side and sample.
    """
    return [
        Grades(
            prompt.id,
            _graded(prompt, [one for one in old if one.prompt == prompt.id], external, "old"),
            _graded(prompt, [one for one in new if one.prompt == prompt.id], external, "new"),
        )
        for prompt in prompts
    ]


def _graded(
    prompt: OwnerPrompt,
    said: Sequence[Said],
    external: Mapping[tuple[str, Side, int], float],
    side: Side,
) -> dict[str, tuple[float, ...]]:
    found: dict[str, list[float]] = {}
    for one in said:
        given = grade(prompt.expect, one.outcome, one.text)
        mark = external.get((prompt.id, side, one.sample))
        for name, value in (given if mark is None else {**given, EXTERNAL: mark}).items():
            found.setdefault(name, []).append(value)
    return {name: tuple(values) for name, values in found.items()}


def compared(grades: Sequence[Grades], *, margin: float, seed: int) -> list[dict[str, Any]]:
    """One comparison a grader that both sides have grades of, as JSON values; uncorrected."""
    from tasks.monitoring.replays.paired import paired  # numpy

    found = []
    for grader in SAYS:
        both = [one for one in grades if one.old.get(grader) and one.new.get(grader)]
        if not both:
            continue
        single = grader != EXTERNAL and all(
            len(one.old[grader]) == len(one.new[grader]) == 1 for one in both
        )
        result = paired(
            [_mean(one.old[grader]) for one in both],
            [_mean(one.new[grader]) for one in both],
            margin=margin,
            seed=seed,
            single=single,
        )
        found.append(
            {
                "grader": grader,
                "says": SAYS[grader],
                "prompts": result.prompts,
                "old": round(result.old, 6),
                "new": round(result.new, 6),
                "difference": round(result.difference, 6),
                "low": round(result.low, 6),
                "high": round(result.high, 6),
                "interval": result.interval,
                "test": result.test,
                "p_value": result.p_value,
                "p_equivalent": result.p_equivalent,
            }
        )
    return found


def corrected(
    owners: Mapping[str, Sequence[Mapping[str, Any]]], *, alpha: float
) -> dict[str, list[dict[str, Any]]]:
    """Comparisons of all owners with Holm's adjusted p-values and what each finds.

    Differences and equivalences are two families, each over all owners and graders.

    Args:
        owners: comparisons by owner, as `compared` makes them.
        alpha: probability of one false finding or more in a family, at most.
    """
    from tasks.monitoring.replays.paired import holm  # numpy

    rows = [(owner, row) for owner, found in owners.items() for row in found]
    differ = holm([row["p_value"] for _, row in rows])
    alike = holm([row["p_equivalent"] for _, row in rows])
    found: dict[str, list[dict[str, Any]]] = {owner: [] for owner in owners}
    for (owner, row), p_value, p_equivalent in zip(rows, differ, alike, strict=True):
        told = {**row, "p_adjusted": p_value, "p_equivalent_adjusted": p_equivalent}
        found[owner].append({**told, "finding": _finding(told, alpha)})
    return found


def _finding(row: Mapping[str, Any], alpha: float) -> Finding:
    """Equivalence comes first: a difference surely below the margin is too small to matter."""
    if row["p_equivalent_adjusted"] <= alpha:
        return "no_difference"
    if row["p_adjusted"] <= alpha and row["difference"]:
        return "better" if row["difference"] > 0 else "worse"
    return "not_enough"


def outcome_of(comparisons: Sequence[Mapping[str, Any]]) -> Finding:
    """An owner's outcome: worse if anything is; better if something is and nothing worse.

    `no_difference` takes every grader's word; else there is not enough to say.
    """
    findings = {row["finding"] for row in comparisons}
    if "worse" in findings:
        return "worse"
    if "better" in findings:
        return "better"
    return "no_difference" if findings == {"no_difference"} else "not_enough"


def prompts_moved(
    prompts: Sequence[OwnerPrompt],
    grades: Sequence[Grades],
    old: Sequence[Said],
    new: Sequence[Said],
) -> list[dict[str, Any]]:
    """Prompts whose grades fell or rose, the one that fell most first, each side by side."""
    texts = {prompt.id: prompt for prompt in prompts}
    found = []
    for one in grades:
        changes = {
            name: _mean(values) - _mean(one.old[name])
            for name, values in one.new.items()
            if one.old.get(name) and _mean(one.old[name]) != _mean(values)
        }
        if not changes:
            continue
        fall, rise = min(changes.values()), max(changes.values())
        prompt = texts[one.prompt]
        found.append(
            {
                "prompt": one.prompt,
                "text": prompt.text[:_LONGEST_SHOWN],
                "system": prompt.system[:_LONGEST_SHOWN],
                "graders": [
                    {
                        "grader": n,
                        "says": SAYS[n],
                        "old": _mean(one.old[n]),
                        "new": _mean(one.new[n]),
                    }
                    for n in changes
                ],
                "worse": fall < 0,
                "change": fall if fall < 0 else rise,
                "old_answer": _shown(prompt, old, passing=fall < 0),
                "new_answer": _shown(prompt, new, passing=fall >= 0),
            }
        )
    return sorted(found, key=lambda row: (row["change"], row["prompt"]))


def beside(said: Sequence[Said]) -> dict[str, Any]:
    """How a side's answers came out, and where they come from."""
    return {
        "outcomes": dict(sorted(Counter(one.outcome for one in said).items())),
        "sources": dict(sorted(Counter(one.source for one in said).items())),
    }


def advice(
    comparisons: Sequence[Mapping[str, Any]], moved: Sequence[Mapping[str, Any]]
) -> list[str]:
    """What an owner can try, from what fell; plain sentences."""
    fell = {row["grader"] for prompt in moved if prompt["worse"] for row in prompt["graders"]}
    found = [said for names, said in _ADVICE if fell & names]
    thin = [row["says"] for row in comparisons if row["finding"] == "not_enough"]
    if thin:
        found.append(
            "Record more prompts: for some checks there are too few, or too uneven ones, to say "
            "anything; answers that fail now and then take more of them."
        )
    return found


_ADVICE = (
    (
        frozenset({ANSWERS}),
        "Read the prompts that are refused or left empty; say in the system prompt what the answer "
        "is for and who reads it.",
    ),
    (
        frozenset({"valid_json", "choice", "matches"}),
        "State the format in the last line of the prompt, show one whole example, and say that "
        "nothing is to stand around it.",
    ),
    (
        frozenset({"max_words", "min_words"}),
        "Give the length as a number of words, and lower or raise max_tokens to fit.",
    ),
    (
        frozenset({"contains", "lacks", EXTERNAL}),
        "Compare the answers side by side: if the new one is right in other words, loosen the "
        "check; if it is wrong, put the missing fact or rule into the prompt.",
    ),
)


def _shown(prompt: OwnerPrompt, said: Sequence[Said], *, passing: bool) -> dict[str, str]:
    """An answer that passes as much, or as little, as any of its side."""
    own = [
        one for one in said if one.prompt == prompt.id and one.outcome not in ("asked", "failed")
    ]
    if not own:
        return {"outcome": "none", "text": ""}

    def passes(one: Said) -> tuple[float, int]:
        total = sum(grade(prompt.expect, one.outcome, one.text).values())
        return (-total if passing else total, one.sample)

    best = min(own, key=passes)
    return {"outcome": best.outcome, "text": best.text[:_LONGEST_SHOWN]}


def _means(one: Grades, grader: str) -> dict[str, float]:
    return {"old": _mean(one.old[grader]), "new": _mean(one.new[grader])}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
