"""The weekly same-model test: what comes next, and what a week's answers say. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import comb
from typing import TYPE_CHECKING, Any, Literal, Protocol

from configs.schema.replays import SameModelConfig
from tasks.monitoring.core import wilson_95

if TYPE_CHECKING:
    from tasks.monitoring.replays.kernel_test import Comparison

Step = Literal["", "begin", "ask", "look", "judge", "close"]
LEAST = 40  # comparable answers on each side, over all prompts
_TEXT = frozenset({"answered", "truncated"})
_SHOWN, _LONGEST_SHOWN = 3, 1200


class Answered(Protocol):
    """What a row says of one answer, frozen or fresh."""

    prompt: str
    outcome: str
    text: str
    served_model: str
    stop_reason: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a week's answers say.

    Attributes:
        outcome: `same` (nothing was found), `differs`, or `not_enough`.
        incident: whether the difference is one that opens an incident.
        body: JSON values: statistics, examples, what stands beside the test.
    """

    outcome: str
    incident: bool
    body: dict[str, Any]


def monday_of(day: date) -> date:
    """The first day of a day's week."""
    return day - timedelta(days=day.weekday())


def samples_of(config: SameModelConfig, prompts: int) -> int:
    """Fresh answers to each prompt that the ceiling allows."""
    return min(config.samples, config.max_calls // max(1, prompts))


def first_samples_of(config: SameModelConfig, prompts: int) -> int:
    """Fresh answers to each prompt before the one early look; 0 where there is none."""
    return config.first_samples if config.first_samples < samples_of(config, prompts) else 0


def next_step(
    *, state: str, same_basis: bool, this_week: bool, affordable: int, early: bool = False
) -> Step:
    """What a pass does with the latest run.

    Args:
        state: the latest run's; empty when there is none.
        same_basis: whether what is asked and compared is what the run began with.
        this_week: whether the run is of the week that it is now.
        affordable: calls that are left and within the ceiling.
        early: whether those calls are what comes before the early look, and all of it came.
    """
    if state == "asking":
        if not this_week or not same_basis:
            return "close"
        if affordable:
            return "ask"
        return "look" if early else "judge"
    return "" if this_week else "begin"


def judge(
    frozen: Sequence[Answered], fresh: Sequence[Answered], config: SameModelConfig, seed: int
) -> Judgement:
    """Compare a week's answers with the frozen ones.

    Texts alone are tested; names, stop reasons and refusals are counted beside it.

    Args:
        frozen: answers that were frozen with the model.
        fresh: the week's answers.
        config: error rates and permutations.
        seed: of the permutations, so that the same answers give the same figures.
    """
    from tasks.monitoring.replays.answer_features import vectors_of  # numpy; not for `status`
    from tasks.monitoring.replays.kernel_test import FEWEST, comparable, compare

    old, new = _texts(frozen), _texts(fresh)
    known = {name: len(texts) for name, texts in old.items()}
    found = {name: len(texts) for name, texts in new.items()}
    names = comparable(known, found)
    body: dict[str, Any] = {
        "weekly_alpha": config.weekly_alpha,
        "incident_alpha": config.incident_alpha,
        "left_out": _left_out({*known, *found}.difference(names), known, found),
        "beside": beside(frozen, fresh),
    }
    sides = sum(known[n] for n in names), sum(found[n] for n in names)
    if min(sides) < LEAST:
        reason = (
            f"{sides[0]} frozen and {sides[1]} fresh answers can be compared; "
            f"{LEAST} on each side are needed, and {FEWEST} to a prompt"
        )
        return Judgement("not_enough", False, {**body, "reason": reason})
    result = compare(
        {name: vectors_of(old[name]) for name in names},
        {name: vectors_of(new[name]) for name in names},
        permutations=config.permutations,
        seed=seed,
    )
    differs = result.p_value <= config.weekly_alpha
    body |= _figures(result) | {"examples": _examples(result, old, new) if differs else []}
    incident = result.p_value <= config.incident_alpha
    return Judgement("differs" if differs else "same", incident, body)


def beside(frozen: Sequence[Answered], fresh: Sequence[Answered]) -> dict[str, Any]:
    """What is no text: names that served, how answers stopped, and refusals. Not tested together.

    The p-value of refusals is Fisher's exact one, two-sided and uncorrected.
    """
    sides = {"frozen": frozen, "fresh": fresh}
    names = {side: _counted(row.served_model for row in rows) for side, rows in sides.items()}
    messages = {side: [r for r in rows if r.outcome != "failed"] for side, rows in sides.items()}
    refused = {side: sum(r.outcome == "refused" for r in rows) for side, rows in messages.items()}
    return {
        "served_models": names,
        "new_names": sorted(set(names["fresh"]) - set(names["frozen"]) - {""}),
        "stop_reasons": {s: _counted(row.stop_reason for row in rows) for s, rows in sides.items()},
        "outcomes": {s: _counted(row.outcome for row in rows) for s, rows in sides.items()},
        "refused": {side: _rate(refused[side], len(messages[side])) for side in sides},
        "refused_p_value": fisher_exact(
            refused["frozen"], len(messages["frozen"]), refused["fresh"], len(messages["fresh"])
        ),
    }


def fisher_exact(hits: int, of: int, other_hits: int, other_of: int) -> float:
    """Fisher's exact two-sided p-value of two shares; 1 when a side is empty."""
    total, together = of + other_of, hits + other_hits
    if not of or not other_of:
        return 1.0
    whole = comb(total, together)
    lowest, highest = max(0, together - other_of), min(together, of)
    ways = [comb(of, k) * comb(other_of, together - k) for k in range(lowest, highest + 1)]
    observed = ways[hits - lowest]
    return min(1.0, sum(way for way in ways if way <= observed) / whole)


def _texts(rows: Iterable[Answered]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in rows:
        if row.outcome in _TEXT and row.text:
            found.setdefault(row.prompt, []).append(row.text)
    return found


def _left_out(
    names: Iterable[str], known: Mapping[str, int], found: Mapping[str, int]
) -> list[dict[str, Any]]:
    return [
        {"prompt": name, "frozen": known.get(name, 0), "fresh": found.get(name, 0)}
        for name in sorted(names)
    ]


def _figures(result: "Comparison") -> dict[str, Any]:
    return {
        "p_value": result.p_value,
        "permutations": result.permutations,
        "frozen": result.frozen,
        "fresh": result.fresh,
        "kernels": {name: round(value, 3) for name, value in result.kernels.items()},
        "prompts": [
            {"prompt": one.prompt, "excess": round(one.excess, 3), "p_value": one.p_value}
            for one in result.prompts
        ],
    }


def _examples(
    result: "Comparison", old: Mapping[str, list[str]], new: Mapping[str, list[str]]
) -> list[dict[str, str]]:
    """Of the prompts that moved most, the pair of answers that shows it best; cut when long."""
    return [
        {
            "prompt": one.prompt,
            "frozen": old[one.prompt][one.frozen_example][:_LONGEST_SHOWN],
            "fresh": new[one.prompt][one.fresh_example][:_LONGEST_SHOWN],
        }
        for one in result.prompts[:_SHOWN]
    ]


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _rate(hits: int, of: int) -> dict[str, Any] | None:
    if not of:
        return None
    low, high = wilson_95(hits, of)
    return {"hits": hits, "of": of, "low": round(low, 6), "high": round(high, 6)}
