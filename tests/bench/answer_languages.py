"""Answers of made-up models, for benches: a base model and others that differ from it by a dial.

Two kinds. `planted`: the sentences of the planted respondent, whose stances come in other
proportions. `synthetic`: a language of its own, in which every choice (how an answer opens, how
many sentences it has, which of several ways a point is put, which words are liked) is drawn from
probabilities that the other model has tilted, some for all prompts alike and some prompt by
prompt. No word, sentence or mark is either model's alone. All is SIMULATED.
"""

import random
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.simulation.phrases import THEMES
from tasks.simulation.prose import write_answer
from tasks.simulation.stances import Stance

_STANCES: tuple[Stance, ...] = ("want", "reject", "ambivalent", "indifferent")
_SYLLABLES = [c + v for c in "bdfgklmnprstvz" for v in ("a", "e", "i", "o", "u", "an", "er", "is")]
_SPREAD = 1.5  # of log-probabilities: the likeliest of six ways is taken about half the time
_VOCABULARY, _POINTS, _WAYS, _OPENINGS, _LONGEST = 1200, 14, 6, 9, 9


@dataclass(frozen=True)
class Said:
    """Answers to one prompt.

    Attributes:
        texts: as they came.
        evidence: log-likelihood ratio, other model over base, of the choices behind each.
    """

    texts: list[str]
    evidence: NDArray[np.float64]


class Planted:
    """The planted respondent asked of its themes; `dial` moves its stances to another's."""

    def __init__(self, prompts: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        names = sorted(THEMES)
        self.prompts = [names[k % len(names)] for k in range(prompts)]
        self._base = rng.dirichlet((6, 1, 1, 1), prompts)
        self._other = rng.dirichlet((1, 3, 2, 2), prompts)

    def answers(
        self, prompt: int, dial: float, count: int, seed: int, *, base: bool = False
    ) -> Said:
        rng = random.Random(f"{seed} {prompt} {dial} {base}")
        own = self._base[prompt]
        other = (1 - dial) * own + dial * self._other[prompt]
        texts, evidence = [], []
        for _ in range(count):
            taken = rng.choices(range(len(_STANCES)), own if base else other)[0]
            texts.append(write_answer(THEMES[self.prompts[prompt]], _STANCES[taken], rng))
            evidence.append(float(np.log(other[taken] / own[taken])))
        return Said(texts, np.array(evidence))


class Synthetic:
    """A language of its own; `dial` is the spread of the tilt of every log-probability."""

    def __init__(self, prompts: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.prompts = [f"prompt-{k}" for k in range(prompts)]
        self._words = np.array(
            ["".join(rng.choice(_SYLLABLES, rng.integers(1, 4))) for _ in range(_VOCABULARY)]
        )
        zipf = 1 / np.arange(1, _VOCABULARY + 1)
        self._openings = [
            " ".join(rng.choice(self._words[:200], rng.integers(2, 6))) for _ in range(_OPENINGS)
        ]
        self._fillers = rng.choice(self._words[:60], (12,), replace=False)
        drawn = rng.choice(self._words, (prompts, _POINTS, _WAYS, 7), p=zipf / zipf.sum())
        self._ways = [
            [[" ".join(way[: 4 + (len(way[0]) % 4)]) for way in point] for point in prompt]
            for prompt in drawn
        ]
        shapes = {
            "opening": (_OPENINGS,),
            "length": (_LONGEST,),
            "filler": (12,),
            "mark": (4,),
            "join": (3,),
        }
        own = {"point": (prompts, _POINTS), "way": (prompts, _POINTS, _WAYS)}
        self._base = {n: rng.normal(0, _SPREAD, s) for n, s in {**shapes, **own}.items()}
        self._tilt = {n: rng.normal(0, _SPREAD, s) for n, s in {**shapes, **own}.items()}

    def answers(
        self, prompt: int, dial: float, count: int, seed: int, *, base: bool = False
    ) -> Said:
        rng = np.random.default_rng([seed, prompt, round(1000 * dial), base])
        evidence = np.zeros(count)

        def draw(name: str, size: tuple[int, ...], at: tuple[int, ...] = ()) -> NDArray[np.int64]:
            own = _log_softmax(self._base[name][at])
            turned = np.cos(dial * np.pi / 2), np.sin(dial * np.pi / 2)
            other = _log_softmax(
                turned[0] * self._base[name][at] + turned[1] * self._tilt[name][at]
            )
            taken = rng.choice(len(own), size, p=np.exp(own if base else other))
            self._last = (other - own)[taken]
            return taken

        opening = draw("opening", (count,))
        evidence += self._last
        length = draw("length", (count,)) + 2
        evidence += self._last
        used = np.arange(_LONGEST + 1)[None, :] < length[:, None]
        points = draw("point", (count, _LONGEST + 1), (prompt,))
        evidence += (self._last * used).sum(axis=1)
        fillers = draw("filler", (count, _LONGEST + 1))
        evidence += (self._last * used).sum(axis=1)
        marks = draw("mark", (count, _LONGEST + 1))
        evidence += (self._last * used).sum(axis=1)
        joins = draw("join", (count, _LONGEST + 1))
        evidence += (self._last * used).sum(axis=1)
        ways = np.zeros_like(points)
        gain = np.zeros(points.shape)
        for point in range(_POINTS):
            chosen = draw("way", points.shape, (prompt, point))
            ways = np.where(points == point, chosen, ways)
            gain = np.where(points == point, self._last, gain)
        evidence += (gain * used).sum(axis=1)
        texts = []
        for row in range(count):
            parts = [self._openings[opening[row]].capitalize() + "."]
            for place in range(length[row]):
                says = self._ways[prompt][points[row, place]][ways[row, place]]
                sentence = f"{self._fillers[fillers[row, place]]} {says}"
                end = ".!;:"[marks[row, place]]
                parts.append(sentence.capitalize() + end + ("", "", "\n")[joins[row, place]])
            texts.append(" ".join(parts))
        return Said(texts, evidence)


def _log_softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted = logits - logits.max()
    found: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum())
    return found


def told_apart(base: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """AUC of the ideal judge, who knows both models and sees one answer."""
    both = np.concatenate([base, other])
    order = np.argsort(both, kind="stable")
    ranks = np.empty(len(both))
    ranks[order] = np.arange(1, len(both) + 1)
    for value in np.unique(both):
        same = both == value
        ranks[same] = ranks[same].mean()
    own = ranks[len(base) :].sum() - len(other) * (len(other) + 1) / 2
    return float(own / (len(base) * len(other)))
