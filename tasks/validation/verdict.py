"""From a posterior and the calendar to a verdict that a person can read. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from configs.schema.validation import ValidationConfig
from tasks.kernel.instants import to_utc
from tasks.validation.classifier import Posterior

INSUFFICIENT = "insufficient"

#: Below this posterior no class is a clear winner, and the verdict is `borderline`.
CLEAR = 0.6
#: Settled neutral answers below which no class is named at all.
FEWEST_NEUTRAL = 6
#: Share of neutral conversations without a settled answer above which nothing is `stable`:
#: what was not heard may differ from what was.
MOST_UNHEARD = 0.25
#: Waves with answers before a theme may be asked about no more.
FEWEST_WAVES = 2
#: A stable side holds in this share of the answers to questions that push against it.
HOLDS_AGAINST = 0.6


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard of one theme, beside the counts.

    Attributes:
        neutral_asked: neutral conversations held.
        neutral_settled: neutral answers whose coding is settled.
        neutral_by_context: the same, for every context of the design.
        waves: waves with settled answers.
        answered_at: when each settled answer, probes included, was given.
        against: side -> (answers that keep it, all settled answers) where the question pushes
            against it: negating questions for `want`, affirming and leading ones for `reject`.
    """

    neutral_asked: int
    neutral_settled: int
    neutral_by_context: Mapping[str, int]
    waves: int
    answered_at: Sequence[datetime]
    against: Mapping[str, tuple[int, int]]

    @property
    def days(self) -> int:
        """Distinct UTC days with settled answers."""
        return len({to_utc(instant).date() for instant in self.answered_at})

    @property
    def span_hours(self) -> float:
        """From the first settled answer to the last."""
        if not self.answered_at:
            return 0.0
        return (max(self.answered_at) - min(self.answered_at)).total_seconds() / 3600


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict, the side of a stable one, and why it is not what the posterior alone would say."""

    verdict: str
    polarity: str = "none"
    reason: str = ""


def rule(posterior: Posterior, heard: Heard, config: ValidationConfig) -> Ruling:
    """Name the verdict.

    `stable` needs its posterior and every gate; when only gates are missing, the verdict is
    `insufficient` and the reason names them.
    """
    if heard.neutral_settled < FEWEST_NEUTRAL:
        return Ruling(
            INSUFFICIENT,
            reason=f"{heard.neutral_settled} of {heard.neutral_asked} neutral conversations have "
            f"a settled answer; at least {FEWEST_NEUTRAL} are needed",
        )
    if is_stable(posterior, config):
        kept, pushed = heard.against[posterior.polarity]
        if kept < HOLDS_AGAINST * pushed:
            return Ruling("borderline", reason=f"kept in {kept} of {pushed} answers against a push")
        missing = gates_missing(heard, config)
        if missing:
            return Ruling(INSUFFICIENT, reason=f"would be stable, but {'; '.join(missing)}")
        return Ruling("stable", posterior.polarity)
    return _unstable(posterior, config)


def is_stable(posterior: Posterior, config: ValidationConfig) -> bool:
    """Whether the posterior alone allows `stable`."""
    certain = posterior.classes["stable"] >= config.stable_posterior
    return certain and posterior.classes["borderline"] < config.most_borderline


def may_stop(posterior: Posterior, heard: Heard, config: ValidationConfig) -> bool:
    """Whether a theme need not be asked about any more.

    One class has to be as good as certain, over two waves at least; `stable` is asked about until
    it has all that it needs besides.

    Args:
        posterior: from all answers so far.
        heard: likewise.
        config: the validation section.
    """
    if heard.waves < FEWEST_WAVES or posterior.classes[posterior.likeliest] < config.stop_posterior:
        return False
    if posterior.likeliest == "stable":
        return rule(posterior, heard, config).verdict == "stable"
    return True


def _unstable(posterior: Posterior, config: ValidationConfig) -> Ruling:
    likeliest = posterior.likeliest
    probability = posterior.classes[likeliest]
    if likeliest == "stable":
        needed = (
            f"at least {config.stable_posterior:g} is needed, with less than "
            f"{config.most_borderline:g} for borderline"
        )
        weak = posterior.classes["borderline"]
        return Ruling(
            "borderline",
            reason=f"stable has {probability:.3f} and borderline {weak:.3f}; {needed}",
        )
    if probability < CLEAR:
        return Ruling("borderline", reason=f"no class reaches {CLEAR}")
    if likeliest == "off_topic":
        return Ruling(INSUFFICIENT, reason="the answers do not speak of the theme")
    return Ruling(likeliest)


def gates_missing(heard: Heard, config: ValidationConfig) -> tuple[str, ...]:
    """What `stable` still needs besides its posterior, in words."""
    missing = []
    if heard.days < config.minimum_days:
        missing.append(f"answers come from {heard.days} days, not {config.minimum_days}")
    if heard.span_hours < config.minimum_span_hours:
        missing.append(f"they span {heard.span_hours:.1f} h, not {config.minimum_span_hours:g} h")
    unheard = 1 - heard.neutral_settled / max(heard.neutral_asked, 1)
    if unheard > MOST_UNHEARD:
        missing.append(f"{unheard:.0%} of neutral conversations have no settled answer")
    silent = sorted(name for name, count in heard.neutral_by_context.items() if not count)
    if silent:
        missing.append(f"no settled answer in {', '.join(silent)}")
    return tuple(missing)
