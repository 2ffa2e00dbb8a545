"""Essays: what the text checks find of hostile drafts, and point at in harmless ones.

Two corpora: the checks were tuned on `development`, and `heldout` was opened by nobody who tuned.
A finding counts if it lies on the lines of the words that it should point at; `near`, if it begins
within 120 characters of them. Intervals are Wilson's, at 95 %.
"""

import random
from time import process_time

from tasks.essays.checks import Earlier, check_draft
from tasks.essays.markup import render, rendered
from tasks.simulation.essays import write_essay
from tests.bench.harness import Figure, best, report
from tests.corpus.essays.measuring import COMPANY_NAMES, DISCLAIMER, Measured, measure, wilson

DRAFT_WORDS = 3000  # about 4096 tokens
EARLIER = 520
EARLIER_WORDS = 800


def main() -> None:
    report(checks_figures())


def checks_figures() -> list[Figure]:
    """Recall and false alarms on both corpora, and the time of a long draft beside 520 essays."""
    measured = {name: measure(name) for name in ("development", "heldout")}
    _print_recall(measured)
    _print_alarms(measured)
    development, heldout = measured["development"], measured["heldout"]
    figures = [
        _against(
            f"{check}: found",
            _of(heldout.found, heldout.expected, check),
            _of(development.found, development.expected, check),
        )
        for check in sorted(heldout.expected)
    ]
    found = [100 * one.found.total() / one.expected.total() for one in (heldout, development)]
    figures.append(_against("all checks: found", *found))
    for weight in ("any", "look", "high"):
        shares = [100 * one.alarms[weight] / one.harmless for one in (heldout, development)]
        figures.append(_against(f"harmless drafts with a finding: {weight}", *shares))
    return [*figures, *_speed()]


def _of(hits: "dict[str, int]", of: "dict[str, int]", check: str) -> float:
    return 100 * hits[check] / of[check] if of[check] else 0.0


def _against(name: str, value: float, peer: float) -> Figure:
    return Figure(name, value, "%", "development", value / peer if peer else 0.0)


def _print_recall(measured: dict[str, Measured]) -> None:
    print(f"{'':22}" + "".join(f"{name:>24}{'near':>8}{'weighty':>9}" for name in measured))
    checks = sorted(set().union(*(one.expected for one in measured.values())))
    for check in [*checks, "all"]:
        cells = [f"{check:22}"]
        for one in measured.values():
            hits, near, weighty, of = (
                counts.total() if check == "all" else counts[check]
                for counts in (one.found, one.near, one.weighty, one.expected)
            )
            low, high = wilson(hits, of)
            cells.append(f"{hits:>5}/{of:<4}{hits / max(of, 1):5.0%} {low:4.0%}-{high:<4.0%}")
            cells.append(f"{near / max(of, 1):>8.0%}{weighty / max(of, 1):>8.0%}")
        print("".join(cells))


def _print_alarms(measured: dict[str, Measured]) -> None:
    for name, one in measured.items():
        low, high = wilson(one.hostile_found, one.hostile)
        print(
            f"{name}: {one.hostile_found} of {one.hostile} hostile drafts with a weighty finding "
            f"({one.hostile_found / one.hostile:.0%}, {low:.0%}-{high:.0%})"
        )
        for weight in ("any", "look", "high"):
            hits = one.alarms[weight]
            low, high = wilson(hits, one.harmless)
            print(
                f"  {hits:3} of {one.harmless} harmless drafts with a finding ({weight} or above: "
                f"{hits / one.harmless:.1%}, {low:.1%}-{high:.1%})"
            )
        print(
            "  weighty, by check: " + (", ".join(f"{k} {v}" for k, v in one.loud.items()) or "none")
        )


def _speed() -> list[Figure]:
    """Made-up prose: the words of the simulation's essays in an order of their own."""
    rng = random.Random(7)
    words = " ".join(write_essay(rng) for _ in range(40)).replace("#", "").split()
    draft = _prose(rng, words, DRAFT_WORDS)
    others = [
        Earlier(f"essay-{number}", _prose(rng, words, EARLIER_WORDS)) for number in range(EARLIER)
    ]

    def check() -> object:
        return check_draft(
            draft, disclaimer=DISCLAIMER, company_names=COMPANY_NAMES, earlier=others
        )

    start = process_time()
    check()
    first = process_time() - start
    again, shown = best(check), best(lambda: (rendered.cache_clear(), render(draft)))
    what = f"{DRAFT_WORDS} words, {EARLIER} essays"
    return [
        Figure(f"{what}, first", first, "s", "rendering", first / shown),
        Figure(f"{what}, again", again, "s", "rendering", again / shown),
    ]


def _prose(rng: random.Random, words: list[str], count: int) -> str:
    parts = ["# A title\n\n"]
    for number in range(count):
        end = "\n\n" if number % 90 == 89 else " "
        start = rng.randrange(len(words) - 2)
        parts.append(" ".join(words[start : start + 1 + number % 2]) + end)
    return "".join(parts)


if __name__ == "__main__":
    main()
