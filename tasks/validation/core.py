"""What is to be coded, what is to be judged, and how the stage stands. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tasks.kernel.labels import labelled
from tasks.kernel.stages import Assessment, blocked, done, due, waiting
from tasks.validation.coding import Reading, needs_adjudicator


@dataclass(frozen=True, slots=True)
class Readers:
    """The names under which codings are recorded."""

    first: str
    second: str
    adjudicator: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far interviews, coding and verdicts got.

    Attributes:
        planned: conversations of the registered design.
        over: those with an outcome.
        answered: those with an answer.
        uncoded: answered ones that a coder has still to read.
        codebook_changed: whether the codebook is no longer the registered one.
        next_wave_at: planned start of the next wave, if any.
        themes: themes of the design.
        verdicts: theme -> (verdict, polarity).
        simulated: whether a simulation stands behind any verdict.
    """

    planned: int
    over: int
    answered: int
    uncoded: int
    codebook_changed: bool
    next_wave_at: datetime | None
    themes: tuple[str, ...]
    verdicts: Mapping[str, tuple[str, str]]
    simulated: bool

    @property
    def waves_over(self) -> bool:
        """Whether every planned conversation has an outcome."""
        return self.over >= self.planned

    @property
    def unjudged(self) -> tuple[str, ...]:
        """Themes without a verdict."""
        return tuple(theme for theme in self.themes if theme not in self.verdicts)


def missing_readers(readings: Mapping[str, Reading], readers: Readers) -> tuple[str, ...]:
    """Who has still to read an answer: the coders first, the adjudicator when they disagree."""
    missing = tuple(name for name in (readers.first, readers.second) if name not in readings)
    if missing or readers.adjudicator in readings:
        return missing
    if needs_adjudicator(readings[readers.first], readings[readers.second]):
        return (readers.adjudicator,)
    return ()


def in_order(readings: Mapping[str, Reading], readers: Readers) -> tuple[Reading, ...]:
    """The readings that count: the two coders', then the adjudicator's where they disagree."""
    pair = tuple(readings[n] for n in (readers.first, readers.second) if n in readings)
    if len(pair) == 2 and needs_adjudicator(*pair) and readers.adjudicator in readings:
        return (*pair, readings[readers.adjudicator])
    return pair


def assess_validation(progress: Progress | None) -> Assessment:
    """How the stage stands.

    Args:
        progress: None while no design is registered.
    """
    if progress is None:
        return waiting("the interviews: no design is registered yet")
    if not progress.unjudged:
        return done(summary(progress.verdicts, progress.simulated))
    if progress.codebook_changed:
        return blocked(
            "codebook.yaml changed after the design was registered, and answers to one design are "
            "coded with one codebook; put the registered version back"
        )
    if progress.uncoded:
        return due(f"{progress.uncoded} of {progress.answered} answers are to be coded")
    if not progress.waves_over:
        return waiting(
            f"the interviews: {progress.over} of {progress.planned} conversations are over, and "
            f"the {progress.answered} answers are coded",
            progress.next_wave_at,
        )
    return due(f"{len(progress.unjudged)} themes are to be judged")


def summary(verdicts: Mapping[str, tuple[str, str]], simulated: bool) -> str:
    """One sentence: the stable themes by name, the others by number."""
    stable = [f"{theme} ({side})" for theme, (name, side) in verdicts.items() if name == "stable"]
    text = f"{len(stable)} stable of {len(verdicts)}"
    if stable:
        text += f": {', '.join(stable)}"
    others = _tally([name for name, _ in verdicts.values() if name != "stable"])
    return labelled(f"{text}; {others}" if others else text, simulated)


def _tally(names: Sequence[str]) -> str:
    counts = {name: names.count(name) for name in names}
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{count} {name.replace('_', '-')}" for name, count in ordered)
