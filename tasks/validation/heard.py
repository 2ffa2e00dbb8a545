"""What was heard of one theme, counted the ways that a verdict's gates ask. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tasks.kernel.instants import to_utc

NEUTRAL = "neutral"
#: Which kinds of question push against a side.
PUSHES_AGAINST = {"want": ("negate",), "reject": ("affirm", "lead")}


@dataclass(frozen=True, slots=True)
class Tally:
    """Answers of some kind or in some place.

    Attributes:
        asked: conversations held.
        settled: those whose answer's coding is settled.
        sides: settled answers by side, `want` and `reject`.
    """

    asked: int = 0
    settled: int = 0
    sides: Mapping[str, int] = field(default_factory=dict)

    def share(self, side: str) -> float:
        """The share of settled answers that take a side; 0 without any."""
        return self.sides.get(side, 0) / self.settled if self.settled else 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One conversation about the theme.

    Attributes:
        kind: `neutral`, or the kind of probe.
        context: the setting.
        wave: from 0.
        wording: which paraphrase, from 0.
        settled: the settled polarity; empty where there is none.
    """

    kind: str
    context: str
    wave: int
    wording: int
    settled: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard of one theme, beside the counts that the posterior is worked out from.

    Attributes:
        kinds: kind of question -> its answers.
        settings: setting of the design -> the neutral answers in it.
        days: wave -> its neutral answers.
        wordings: wording -> its neutral answers.
        answered_at: when each settled answer, probes included, was given.
        misread: share of answers that one coder is held to misread.
    """

    kinds: Mapping[str, Tally]
    settings: Mapping[str, Tally]
    days: Mapping[str, Tally]
    wordings: Mapping[str, Tally]
    answered_at: Sequence[datetime]
    misread: float = 0.0

    @property
    def neutral(self) -> Tally:
        """The answers to neutral questions."""
        return self.kinds.get(NEUTRAL, Tally())

    @property
    def waves(self) -> int:
        """Waves with settled neutral answers."""
        return sum(tally.settled > 0 for tally in self.days.values())

    @property
    def dates(self) -> int:
        """Distinct UTC days with settled answers."""
        return len({to_utc(instant).date() for instant in self.answered_at})

    @property
    def span_hours(self) -> float:
        """From the first settled answer to the last."""
        if not self.answered_at:
            return 0.0
        return (max(self.answered_at) - min(self.answered_at)).total_seconds() / 3600


def heard(
    answers: Iterable[Answer],
    contexts: Sequence[str],
    answered_at: Sequence[datetime],
    misread: float = 0.0,
) -> Heard:
    """Count a theme's conversations.

    Args:
        answers: all that were held, settled or not.
        contexts: the design's settings; one that was not asked in counts as silent.
        answered_at: when each settled answer was given.
        misread: see `Heard`.
    """
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for answer in answers:
        groups["kind", answer.kind].append(answer.settled)
        if answer.kind == NEUTRAL:
            groups["setting", answer.context].append(answer.settled)
            groups["day", str(answer.wave + 1)].append(answer.settled)
            groups["wording", str(answer.wording + 1)].append(answer.settled)

    def of(factor: str) -> dict[str, Tally]:
        names = sorted(name for found, name in groups if found == factor)
        return {name: tally(groups[factor, name]) for name in names}

    return Heard(
        kinds=of("kind"),
        settings={context: Tally() for context in contexts} | of("setting"),
        days=of("day"),
        wordings=of("wording"),
        answered_at=answered_at,
        misread=misread,
    )


def tally(settled: Sequence[str]) -> Tally:
    """Count settled polarities; empty ones are of answers without any."""
    return Tally(
        asked=len(settled),
        settled=sum(map(bool, settled)),
        sides={side: settled.count(side) for side in PUSHES_AGAINST},
    )
