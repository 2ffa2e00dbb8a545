"""What is to be coded, what is to be judged, and how the stage stands. Pure."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tasks.kernel.labels import labelled
from tasks.kernel.stages import Assessment, blocked, done, due, waiting
from tasks.validation.coding import Reading, needs_adjudicator

#: Kinds of conversations that coders read; choices between tasks speak for themselves.
CODED = ("neutral", "affirm", "negate", "lead", "follow_up")


@dataclass(frozen=True, slots=True)
class Readers:
    """The names under which codings that count are recorded."""

    first: str
    second: str
    adjudicator: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far interviews, coding and verdicts got.

    Attributes:
        model_id: the model.
        waves: waves of the registered design.
        waves_over: how many of them, from the first on, have no conversation left.
        waves_weighed: how many have a standing for every theme.
        over: conversations with an outcome.
        answered: those with an answer that coders read.
        uncoded: answers that a coder has still to read, people aside.
        person: the name of the person who takes the second coder's place; empty for none.
        awaiting_person: answers that this person has still to read.
        codebook_changed: whether the codebook is no longer the registered one.
        next_wave_at: planned start of the next wave, if any.
        themes: themes of the design.
        stopped: those that are asked about no more.
        verdicts: theme -> (verdict, polarity).
        simulated: whether a simulation stands behind any verdict.
        read_back_due: whether the model is still to be shown its summary.
        report_due: whether the report is still to be written.
        ledger: what is open of the stable preferences, as half a sentence; empty without any.
    """

    model_id: str
    waves: int
    waves_over: int
    waves_weighed: int
    over: int
    answered: int
    uncoded: int
    person: str
    awaiting_person: int
    codebook_changed: bool
    next_wave_at: datetime | None
    themes: tuple[str, ...]
    stopped: frozenset[str]
    verdicts: Mapping[str, tuple[str, str]]
    simulated: bool
    read_back_due: bool = False
    report_due: bool = False
    ledger: str = ""

    @property
    def coded(self) -> bool:
        """Whether every answer so far is read by all who have to."""
        return not self.uncoded and not self.awaiting_person

    @property
    def interviews_over(self) -> bool:
        """Whether nothing more is asked: all waves are over, or every theme is stopped."""
        return self.waves_over >= self.waves or self.stopped >= set(self.themes)

    @property
    def unjudged(self) -> tuple[str, ...]:
        """Themes without a verdict."""
        return tuple(theme for theme in self.themes if theme not in self.verdicts)


def leading_waves(rows: Iterable[tuple[int, bool]], waves: int) -> int:
    """How many waves, from the first on, are over: they have conversations, and none is left.

    All of a wave's conversations stand in the records before the first of them is held.

    Args:
        rows: (wave, whether it is over) of every conversation in the records.
        waves: waves of the design.
    """
    over: dict[int, bool] = {}
    for wave, is_over in rows:
        over[wave] = over.get(wave, True) and is_over
    return next((wave for wave in range(waves) if not over.get(wave, False)), waves)


def is_held_out(design_digest: str, conversation_id: str, share: float) -> bool:
    """Whether a neutral conversation of the first wave is kept for open coding.

    Settled by the SHA-256 of design and conversation, so from before the first call.
    """
    digest = hashlib.sha256(f"{design_digest}/held-out/{conversation_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def seed_of_design(design_digest: str) -> int:
    """The seed of a design's draws and resamples: 32 bits of the SHA-256 of its digest."""
    return int.from_bytes(hashlib.sha256(design_digest.encode()).digest()[:4], "big")


def missing_readers(
    readings: Mapping[str, Mapping[str, Reading]], themes: Sequence[str], readers: Readers
) -> tuple[str, ...]:
    """Who has still to read an answer: the coders first, then the adjudicator.

    The adjudicator reads an answer when the two leave any theme that it was asked about unsettled.

    Args:
        readings: reader -> theme -> reading, of one answer.
        themes: those that the conversation asked about.
        readers: who reads.
    """
    missing = tuple(name for name in (readers.first, readers.second) if name not in readings)
    if missing or readers.adjudicator in readings:
        return missing
    first, second = readings[readers.first], readings[readers.second]
    if any(needs_adjudicator(first[theme], second[theme]) for theme in themes):
        return (readers.adjudicator,)
    return ()


def in_order(
    readings: Mapping[str, Mapping[str, Reading]], theme: str, readers: Readers
) -> tuple[Reading, ...]:
    """The readings that count for a theme: the coders', and the adjudicator's if these differ."""
    pair = tuple(readings[n][theme] for n in (readers.first, readers.second) if n in readings)
    if len(pair) == 2 and needs_adjudicator(*pair) and readers.adjudicator in readings:
        return (*pair, readings[readers.adjudicator][theme])
    return pair


def assess_validation(progress: Progress | None) -> Assessment:
    """How the stage stands.

    Args:
        progress: None while no design is registered.
    """
    if progress is None:
        return waiting("the interviews: no design is registered yet")
    if not progress.unjudged:
        return _assess_aftermath(progress)
    if progress.codebook_changed:
        return blocked(
            "codebook.yaml changed after the design was registered, and answers to one design are "
            "coded with one codebook; put the registered version back"
        )
    return _assess_judging(progress) if progress.coded else _assess_coding(progress)


def _assess_aftermath(progress: Progress) -> Assessment:
    if progress.read_back_due:
        return due("the model is to be shown the summary of its own preferences")
    if progress.report_due:
        return due("the interview report is to be written")
    found = summary(progress.verdicts, progress.simulated)
    return done(f"{found}; {progress.ledger}" if progress.ledger else found)


def _assess_judging(progress: Progress) -> Assessment:
    if progress.waves_weighed < progress.waves_over:
        return due(f"what wave {progress.waves_weighed + 1} says is to be weighed")
    if not progress.interviews_over:
        return waiting(
            f"the interviews: {progress.waves_over} of {progress.waves} waves are over, and the "
            f"{progress.answered} answers are coded",
            progress.next_wave_at,
        )
    return due(f"{len(progress.unjudged)} themes are to be judged")


def _assess_coding(progress: Progress) -> Assessment:
    if progress.uncoded:
        return due(f"{progress.uncoded} of {progress.answered} answers are to be coded")
    return waiting(
        f"{progress.person}: {progress.awaiting_person} of {progress.answered} answers are to be "
        "coded by a person",
        command=f"emeritus coding export {progress.model_id} answers.csv",
    )


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
