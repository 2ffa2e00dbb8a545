"""The same-model test on made-up models: false alarms, and what share of another model it finds.

All answers are SIMULATED (`answer_languages`). A run draws frozen and fresh answers without
repetition from a pool of each prompt's answers; of the fresh ones a share comes from another
model. How different that model is is told by an ideal judge, who knows both models and sees one
answer (area under the ROC curve, AUC). Every line says how many runs stand behind it, and its 95 %
interval (Wilson).
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # a process a core; threads would only wait

import math
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray

from configs.schema.replays import WEEKS_A_YEAR, SameModelConfig
from tasks.monitoring.core import wilson_95
from tasks.monitoring.replays.answer_features import Floats, vectors_of
from tasks.monitoring.replays.kernel_test import compare
from tasks.monitoring.replays.paired import p_equivalent
from tests.bench.answer_languages import Planted, Synthetic, told_apart
from tests.bench.harness import Figure, report

PROMPTS, FROZEN, SAMPLES, POOL, OTHER_POOL = 20, 200, 100, 500, 150
NULL_RUNS, MAIN_RUNS, POWER_RUNS, YEARS = 1000, 150, 100, 40
TWO_LOOKS = 200
COARSE, FINE = 199, 1099  # permutations: for alpha .05, and for that of an incident
ALPHA = 0.05
INCIDENT = SameModelConfig().incident_alpha
DIALS = (0.2, 0.3, 0.4, 0.6)
LANGUAGES: dict[str, Callable[[int, int], Planted | Synthetic]] = {
    "synthetic": Synthetic,
    "planted": Planted,
}


@dataclass(frozen=True)
class Setting:
    """One kind of run: which models, how many answers, what share is another's."""

    language: str
    dial: float = 0.0
    share: float = 0.0
    frozen: int = SAMPLES
    fresh: int = SAMPLES
    prompts: int = PROMPTS
    permutations: int = COARSE


def main() -> None:
    """Run everything, print it, and write JSON where asked."""
    began = time.perf_counter()
    figures: list[Figure] = []
    with _workers() as workers:
        _make_pools(workers)
    print(f"pools made in {time.perf_counter() - began:.0f} s; all SIMULATED", flush=True)
    with _workers() as workers:  # forked anew, so that they have the pools
        figures += _type_one(workers)
        figures += _power(workers)
        figures += _two_looks(workers)
        figures += _year(workers)
    figures += _prompts_needed()
    print(f"whole bench: {time.perf_counter() - began:.0f} s")
    report(figures)


def _workers() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(2, mp_context=get_context("fork"))


def _line(name: str, values: NDArray[np.float64], alpha: float) -> Figure:
    """Print the share of p-values at or below alpha with its interval."""
    hits, runs = int((values <= alpha).sum()), len(values)
    low, high = wilson_95(hits, runs)
    print(
        f"{name:52} {hits:4} of {runs:4} = {hits / runs:6.1%} ({low:.1%} to {high:.1%})", flush=True
    )
    return Figure(name, 100 * hits / runs, "%", "alpha", hits / runs / alpha)


def _type_one(workers: ProcessPoolExecutor) -> list[Figure]:
    small = {"prompts": 6, "frozen": 20, "fresh": 20}
    settings = {
        "synthetic 20 x 200 + 100": (Setting("synthetic", frozen=FROZEN), NULL_RUNS),
        "planted 20 x 100 + 100": (Setting("planted"), NULL_RUNS),
        "planted 6 x 20 + 20": (Setting("planted", **small), NULL_RUNS // 2),
        "one-word answers 6 x 20 + 20": (Setting("one word", **small), NULL_RUNS // 2),
    }
    found, hits, runs = [], 0, 0
    for name, (setting, count) in settings.items():
        values = _p_values(workers, setting, count)
        found.append(_line(f"type I, {name}", values, ALPHA))
        if "one-word" not in name:  # ties make those runs conservative
            hits, runs = hits + int((values <= ALPHA).sum()), runs + count
    low, high = wilson_95(hits, runs)
    print(
        f"type I, all but one-word: {hits} of {runs} = {hits / runs:.2%} ({low:.2%} to {high:.2%})"
    )
    return [
        *found,
        Figure("type I, all but one-word", 100 * hits / runs, "%", "5 %", hits / runs / ALPHA),
    ]


def _power(workers: ProcessPoolExecutor) -> list[Figure]:
    found = []
    fresh, frozen = PROMPTS * SAMPLES, PROMPTS * FROZEN
    print(f"power with {fresh:,} calls against {frozen:,} frozen answers")
    cells = [("synthetic", dial, MAIN_RUNS) for dial in DIALS[1:]]
    cells = [("synthetic", DIALS[0], POWER_RUNS), *cells, ("planted", 1.0, MAIN_RUNS)]
    for language, dial, runs in cells:
        setting = Setting(language, dial, 0.1, frozen=FROZEN, permutations=FINE)
        name = f"10 % of {language} AUC {_auc(language, dial):.3f}"
        values = _p_values(workers, setting, runs)
        found.append(_line(name, values, ALPHA))
        found.append(_line(f"{name}, incident", values, INCIDENT))
    auc = _auc("synthetic", 0.4)
    for share in (0.05, 0.2):
        setting = Setting("synthetic", 0.4, share, frozen=FROZEN)
        name = f"{share:.0%} of synthetic AUC {auc:.3f}"
        found.append(_line(name, _p_values(workers, setting, POWER_RUNS), ALPHA))
    print("10 % again, with other numbers: prompts x frozen + fresh")
    for prompts, kept, asked in ((20, 25, 100), (20, 100, 100), (20, 50, 50), (10, 200, 200)):
        setting = Setting("synthetic", 0.4, 0.1, kept, asked, prompts)
        name = f"AUC {auc:.3f}, {prompts} x {kept} + {asked}"
        found.append(_line(name, _p_values(workers, setting, POWER_RUNS), ALPHA))
    return found


def _year(workers: ProcessPoolExecutor) -> list[Figure]:
    """Fifty-two weeks against one frozen set: weeks share it, so they are not independent."""
    jobs = [(seed, WEEKS_A_YEAR) for seed in range(YEARS)]
    years = np.array(list(workers.map(_one_year, jobs)))
    weekly = (years <= ALPHA).mean()
    print(
        f"{YEARS} years of {WEEKS_A_YEAR} weeks, nothing changed: {weekly:.2%} of weeks fail at 5 %"
    )
    in_a_row = (np.minimum(years[:, 1:], 1) <= ALPHA) & (years[:, :-1] <= ALPHA)
    rules = {
        "year with a false incident": (years <= INCIDENT).any(axis=1),
        "same, if p <= .01 or twice <= .05": (years <= 0.01).any(axis=1) | in_a_row.any(axis=1),
    }
    found = []
    for name, hit in rules.items():
        low, high = wilson_95(int(hit.sum()), YEARS)
        print(f"{name}: {hit.sum()} of {YEARS} = {hit.mean():.1%} ({low:.1%} to {high:.1%})")
        found.append(Figure(name, 100 * float(hit.mean()), "%", "5 %", float(hit.mean()) / 0.05))
    return found


def _one_year(job: tuple[int, int]) -> list[float]:
    seed, weeks = job
    rng = np.random.default_rng([77, seed])
    setting = Setting("planted", prompts=5, frozen=20, fresh=20, permutations=FINE)
    places = [rng.permutation(POOL) for _ in range(setting.prompts)]
    found = []
    for week in range(weeks):
        drawn = [rng.choice(at[20:], 20, replace=False) for at in places]
        pools = [_pool(setting.language, 0.0, k) for k in range(setting.prompts)]
        frozen = {str(k): pools[k][places[k][:20]] for k in range(setting.prompts)}
        fresh = {str(k): pools[k][drawn[k]] for k in range(setting.prompts)}
        result = compare(frozen, fresh, permutations=FINE, seed=1000 * seed + week)
        found.append(result.p_value)
    return found


def _two_looks(workers: ProcessPoolExecutor) -> list[Figure]:
    """An early look at half of the answers: what it saves, and what it costs."""
    found = []
    for name, setting in (
        ("no change", Setting("synthetic", frozen=FROZEN)),
        (f"10 % AUC {_auc('synthetic', 0.4):.3f}", Setting("synthetic", 0.4, 0.1, frozen=FROZEN)),
    ):
        jobs = [(setting, seed) for seed in range(TWO_LOOKS)]
        ended = list(workers.map(_one_with_a_look, jobs, chunksize=8))
        values = np.array([p_value for p_value, _ in ended])
        found.append(_line(f"early look, {name}", values, ALPHA))
        calls = float(np.mean([calls for _, calls in ended]))
        print(f"early look, {name}: {calls:,.0f} calls a week on average")
        whole = PROMPTS * SAMPLES
        found.append(Figure(f"calls, {name}", calls, "calls", f"{whole:,}", calls / whole))
    return found


def _one_with_a_look(job: tuple[Setting, int]) -> tuple[float, int]:
    """The week's p-value (1 where it ended early as the same), and its calls."""
    setting, seed = job
    frozen, fresh = _drawn(setting, seed)
    half = {name: rows[: setting.fresh // 2] for name, rows in fresh.items()}
    calls = setting.prompts * setting.fresh
    early = compare(frozen, half, permutations=setting.permutations, seed=seed)
    if early.p_value > SameModelConfig().stop_above:
        return 1.0, calls // 2
    return compare(frozen, fresh, permutations=setting.permutations, seed=seed).p_value, calls


def _prompts_needed() -> list[Figure]:
    """Old against successor: prompts that it takes to say "no difference" of ten points."""
    found = []
    for checks in (1, 3):
        for lost in (0, 1):
            count = lost + 1
            while p_equivalent([-1.0] * lost + [0.0] * (count - lost), 0.1) > ALPHA / checks:
                count += 1
            name = f"prompts for no difference, {checks} checks, {lost} lost"
            print(f"{name}: {count}")
            found.append(Figure(name, count, "prompts", "exact bound", count / _fewest(checks)))
    return found


def _fewest(checks: int) -> int:
    """Prompts without a loss that no valid test at this level can do with fewer of."""
    return math.ceil(math.log(ALPHA / checks) / math.log(0.9))


def _p_values(workers: ProcessPoolExecutor, setting: Setting, runs: int) -> NDArray[np.float64]:
    jobs = [(setting, seed) for seed in range(runs)]
    return np.array(list(workers.map(_one_run, jobs, chunksize=8)))


def _one_run(job: tuple[Setting, int]) -> float:
    setting, seed = job
    frozen, fresh = _drawn(setting, seed)
    return compare(frozen, fresh, permutations=setting.permutations, seed=seed).p_value


def _drawn(setting: Setting, seed: int) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Frozen and fresh answers of one run, by prompt."""
    rng = np.random.default_rng([seed, round(100 * setting.share), round(100 * setting.dial)])
    frozen, fresh = {}, {}
    for k in range(setting.prompts):
        pool = _pool(setting.language, 0.0, k)
        drawn = rng.choice(len(pool), setting.frozen + setting.fresh, replace=False)
        frozen[str(k)] = pool[drawn[: setting.frozen]]
        rows = pool[drawn[setting.frozen :]]
        if setting.share:
            other = _pool(setting.language, setting.dial, k)
            replaced = rng.random(setting.fresh) < setting.share
            rows[replaced] = other[rng.choice(len(other), int(replaced.sum()), replace=False)]
        fresh[str(k)] = rows
    return frozen, fresh


_POOLS: dict[tuple[str, float, int], Floats] = {}


def _make_pools(workers: ProcessPoolExecutor) -> None:
    """Every pool is made once, by either worker."""
    keys = [
        (language, dial, prompt)
        for language, dials in (("synthetic", (0.0, *DIALS)), ("planted", (0.0, 1.0)))
        for dial in dials
        for prompt in range(PROMPTS)
    ]
    keys += [("one word", 0.0, prompt) for prompt in range(6)]
    _POOLS.update(zip(keys, workers.map(_made, keys, chunksize=4), strict=True))


def _pool(language: str, dial: float, prompt: int) -> Floats:
    return _POOLS[language, dial, prompt]


def _made(key: tuple[str, float, int]) -> Floats:
    name, dial, prompt = key
    if name == "one word":
        rng = np.random.default_rng(prompt)
        return vectors_of(
            [str(w) for w in rng.choice(["Yes.", "No.", "Unsure."], POOL, p=[0.7, 0.2, 0.1])]
        )
    count = OTHER_POOL if dial else POOL
    said = _language(name).answers(prompt, dial, count, seed=5 if dial else 4, base=not dial)
    return vectors_of(said.texts)


@cache
def _language(name: str) -> Planted | Synthetic:
    return LANGUAGES[name](PROMPTS, 1)


@cache
def _auc(name: str, dial: float) -> float:
    language = _language(name)
    judged = [
        told_apart(
            language.answers(k, dial, 500, 8, base=True).evidence,
            language.answers(k, dial, 500, 9).evidence,
        )
        for k in range(0, PROMPTS, 4)
    ]
    return float(np.mean(judged))


if __name__ == "__main__":
    main()
