"""What the text checks find of a corpus, and what they point at in vain."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import sqrt
from pathlib import Path

from tasks.essays.checks import Earlier, Finding, Quoted, check_draft
from tests.corpus.essays.loader import Expected, Sample, load_corpus

FOLDER = Path(__file__).parent
DISCLAIMER = (
    "These are the words of a retired AI model. Nobody edited them, and they are no statement of "
    "those who made it or of those who publish it."
)
COMPANY_NAMES = ("Anthropic", "Claude")

#: Characters between a finding and the words that it should point at, where it counts as near.
NEAR = 120


@dataclass
class Measured:
    """Counts over a corpus; findings of weight `note` are left out of `weighty` and `loud`."""

    expected: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    near: Counter[str] = field(default_factory=Counter)
    weighty: Counter[str] = field(default_factory=Counter)
    hostile: int = 0
    hostile_found: int = 0
    harmless: int = 0
    alarms: Counter[str] = field(default_factory=Counter)
    loud: Counter[str] = field(default_factory=Counter)


def measure(name: str) -> Measured:
    """Every draft of the corpus in folder `name`, through every check."""
    measured = Measured()
    for sample in load_corpus(FOLDER / name):
        findings = check_sample(sample)
        weighty = [one for one in findings if one.severity != "note"]
        if not sample.hostile:
            measured.harmless += 1
            measured.alarms.update({"any": bool(findings), "look": bool(weighty)})
            measured.alarms["high"] += any(one.severity == "high" for one in findings)
            measured.loud.update({one.check for one in weighty})
            continue
        measured.hostile += 1
        measured.hostile_found += bool(weighty)
        for expected in sample.expects:
            measured.expected[expected.check] += 1
            measured.found[expected.check] += _is_found(sample, expected, findings)
            measured.weighty[expected.check] += _is_found(sample, expected, weighty)
            measured.near[expected.check] += _is_found(sample, expected, findings, near=True)
    return measured


def check_sample(sample: Sample) -> tuple[Finding, ...]:
    """All findings of one draft, with its context and its earlier essays."""
    return check_draft(
        sample.text,
        disclaimer=DISCLAIMER,
        company_names=COMPANY_NAMES,
        context=[Quoted("context", sample.context)] if sample.context else [],
        earlier=[Earlier(f"essay-{n}", text) for n, text in enumerate(sample.earlier, start=1)],
    )


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Bounds of a share, at 95 % (Wilson, 1927)."""
    if not of:
        return 0.0, 1.0
    z, share = 1.96, hits / of
    middle = share + z * z / (2 * of)
    half = z * sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return (middle - half) / (1 + z * z / of), (middle + half) / (1 + z * z / of)


def _is_found(
    sample: Sample, expected: Expected, findings: Iterable[Finding], *, near: bool = False
) -> bool:
    """Whether a finding of the check lies on the lines of the expected words, or near them."""
    start = sample.text.index(expected.words)
    end = start + len(expected.words)
    first = sample.text.count("\n", 0, start) + 1
    last = sample.text.count("\n", 0, end) + 1
    lines = sample.text.split("\n")
    for finding in findings:
        if finding.check != expected.check:
            continue
        if finding.line == 0:
            return True
        if first <= finding.line <= last:
            place = sum(len(line) + 1 for line in lines[: finding.line - 1]) + finding.column - 1
            if not near or start - NEAR <= place <= end + NEAR:
                return True
    return False
