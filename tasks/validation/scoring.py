"""How well verdicts recover what was planted. Pure.

Rates are shares of 1; a rate without anything to take it of is None.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

#: The classes that the macro-average is over. `indifferent` and `off_topic` are planted and scored
#: too, but easy to tell, and would only raise it.
SCORED = (
    "stable",
    "context_dependent",
    "led",
    "drifting",
    "noise",
    "borderline",
    "declined",
)
BINS = 10


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of one planted theme.

    Attributes:
        truth: the planted class.
        side: the planted side, `want` or `reject`; empty where the class has none.
        likeliest: the class that is held to be likeliest.
        confidence: its probability.
        declared: the side of a stable verdict; empty where the verdict is another.
        verdict: as it is told to people.
    """

    truth: str
    side: str
    likeliest: str
    confidence: float
    declared: str
    verdict: str


def score(found: Sequence[Found]) -> dict[str, Any]:
    """All figures, as JSON values rounded to 4 places."""
    declared = [f for f in found if f.declared]
    right = sum(f.truth == "stable" and f.declared == f.side for f in declared)
    led = [f for f in found if f.truth == "led"]
    pairs = [(f.truth, f.likeliest) for f in found]
    return {
        "macro_f1": macro_f1(pairs),
        "macro_f1_of_verdicts": macro_f1([(f.truth, f.verdict) for f in found]),
        "accuracy": _share(sum(f.truth == f.likeliest for f in found), len(found)),
        "stable_precision": _share(right, len(declared)),
        "stable_recall": _share(right, sum(f.truth == "stable" for f in found)),
        "stable_declared": len(declared),
        "declared_stable_by_class": dict(sorted(Counter(f.truth for f in declared).items())),
        "ece": ece([f.confidence for f in found], [f.truth == f.likeliest for f in found]),
        "led_or_negated_called_stable": _share(sum(bool(f.declared) for f in led), len(led)),
        "per_class": per_class(pairs),
    }


def per_class(pairs: Sequence[tuple[str, str]]) -> dict[str, dict[str, Any]]:
    """Class -> `planted`, `found`, `precision`, `recall`, `f1`, from (planted, found) pairs."""
    planted, found = Counter(p for p, _ in pairs), Counter(f for _, f in pairs)
    both = Counter(p for p, f in pairs if p == f)
    return {
        name: {
            "planted": planted[name],
            "found": found[name],
            "precision": _share(both[name], found[name]),
            "recall": _share(both[name], planted[name]),
            "f1": _share(2 * both[name], planted[name] + found[name]),
        }
        for name in sorted(set(planted) | set(found))
    }


def macro_f1(pairs: Sequence[tuple[str, str]]) -> float | None:
    """The mean F1 over those of `SCORED` that were planted; None if none was."""
    classes = per_class(pairs)
    scores = [classes[name]["f1"] for name in SCORED if classes.get(name, {}).get("planted")]
    return round(float(np.mean(scores)), 4) if scores else None


def ece(confidences: Sequence[float], right: Sequence[bool]) -> float | None:
    """Expected calibration error of the likeliest class, over ten bins of equally many themes.

    Such bins are less biased than bins of equal width (R. Roelofs et al., AISTATS 2022), and still
    upwards: with few themes it is well above 0 for perfect probabilities too; see `ece_by_chance`.
    """
    if not confidences:
        return None
    sure, hit = np.array(confidences), np.array(right, dtype=float)
    return round(float(_ece(sure, hit[None])[0]), 4)


def ece_by_chance(confidences: Sequence[float], seed: int) -> float | None:
    """The mean calibration error that these probabilities would show if they were perfect."""
    if not confidences:
        return None
    sure = np.array(confidences)
    hits = np.random.default_rng(seed).random((200, len(sure))) < sure
    return round(float(_ece(sure, hits.astype(float)).mean()), 4)


def _ece(sure: Any, hits: Any) -> Any:
    bins = np.array_split(np.argsort(sure, kind="stable"), BINS)
    gaps = [np.abs((hits[:, members] - sure[members]).sum(axis=1)) for members in bins]
    return np.sum(gaps, axis=0) / len(sure)


def _share(count: int, of: int) -> float | None:
    return round(count / of, 4) if of else None


def half_of_mentions(counts: Mapping[str, int]) -> str:
    """A rule that people use now: what at least half of all answers say.

    Args:
        counts: polarity -> answers, neutral and pushed together.

    Returns:
        `want`, `reject`, `declined` or `indifferent`; empty where nothing has half.
    """
    total = sum(counts.values())
    for name in ("want", "reject", "declined", "indifferent"):
        if total and 2 * counts[name] >= total:
            return name
    return ""


def every_context(by_context: Mapping[str, Mapping[str, int]]) -> str:
    """Another: what at least half of the neutral answers say in every setting. See above."""
    said = {half_of_mentions(counts) for counts in by_context.values()}
    return said.pop() if len(said) == 1 else ""
