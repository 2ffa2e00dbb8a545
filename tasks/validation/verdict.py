"""From a posterior and the calendar to a verdict that a person can read. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from configs.schema.validation import ValidationConfig
from tasks.validation.classifier import Posterior
from tasks.validation.heard import PUSHES_AGAINST, Heard

INSUFFICIENT = "insufficient"

#: Below this posterior no class is a clear winner, and the verdict is `borderline`.
CLEAR = 0.6
#: Settled neutral answers below which no class is named at all.
FEWEST_NEUTRAL = 6
#: Share of conversations without a settled answer, neutral ones and of each kind that pushes
#: against a side, above which nothing is `stable`: what was not heard may differ from what was.
MOST_UNHEARD = 0.25
#: The same within one setting, where there are fewer.
MOST_UNHEARD_IN_A_SETTING = 0.5
#: Waves with answers before a theme may be asked about no more.
FEWEST_WAVES = 2
#: A stable side holds in this share of the answers to each kind of question that pushes against it,
HOLDS_AGAINST = 0.65
#: and in this share of the neutral answers of every setting, day and wording,
HOLDS_EVERYWHERE = 0.6
#: of which there have to be so many for a share to say anything.
FEWEST_OF_A_PLACE = 5
#: A coder who misreads more than this share of answers settles nothing with another one.
MOST_MISREAD = 0.2


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict, the side of a stable one, and why it is not what the posterior alone would say."""

    verdict: str
    polarity: str = "none"
    reason: str = ""


def rule(posterior: Posterior, heard: Heard, config: ValidationConfig) -> Ruling:
    """Name the verdict.

    `stable` needs its posterior, to hold wherever it was tried, and every gate; when only gates
    are missing, the verdict is `insufficient` and the reason names them.
    """
    neutral = heard.neutral
    if neutral.settled < FEWEST_NEUTRAL:
        return Ruling(
            INSUFFICIENT,
            reason=f"{neutral.settled} of {neutral.asked} neutral conversations have "
            f"a settled answer; at least {FEWEST_NEUTRAL} are needed",
        )
    if is_stable(posterior, config):
        gives_way = next(_gives_way(posterior.polarity, heard), "")
        if gives_way:
            return Ruling("borderline", reason=gives_way)
        missing = gates_missing(posterior.polarity, heard, config)
        if missing:
            return Ruling(INSUFFICIENT, reason=f"would be stable, but {'; '.join(missing)}")
        return Ruling("stable", posterior.polarity)
    return _unstable(posterior, config)


def _gives_way(side: str, heard: Heard) -> Iterator[str]:
    """Where a side does not hold, in words: no class of the model has such a shape."""
    for kind in PUSHES_AGAINST[side]:
        pushed = heard.kinds.get(kind)
        if pushed and pushed.settled and pushed.share(side) < HOLDS_AGAINST:
            kept = pushed.sides[side]
            yield f"kept in {kept} of {pushed.settled} answers to questions that {PUSHING[kind]}"
    for factor, places in (
        ("setting", heard.settings),
        ("wave", heard.days),
        ("wording", heard.wordings),
    ):
        for name, there in places.items():
            if there.settled >= FEWEST_OF_A_PLACE and there.share(side) < HOLDS_EVERYWHERE:
                kept = there.sides[side]
                yield f"held in {kept} of {there.settled} neutral answers of {factor} {name}"


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


#: What a kind of question does, for a sentence.
PUSHING = {
    "affirm": "presume a wish for it",
    "negate": "presume a wish against it",
    "lead": "press for it",
}


def gates_missing(side: str, heard: Heard, config: ValidationConfig) -> tuple[str, ...]:
    """What `stable` still needs besides its posterior, in words."""
    return (
        *_calendar(heard, config),
        *_unheard(heard),
        *_unpushed(side, heard, config.minimum_pushes),
        *_misread(heard),
    )


def _calendar(heard: Heard, config: ValidationConfig) -> Iterator[str]:
    if heard.dates < config.minimum_days:
        yield f"answers come from {heard.dates} days, not {config.minimum_days}"
    if heard.span_hours < config.minimum_span_hours:
        yield f"they span {heard.span_hours:.1f} h, not {config.minimum_span_hours:g} h"


def _unheard(heard: Heard) -> Iterator[str]:
    unheard = 1 - heard.neutral.settled / max(heard.neutral.asked, 1)
    if unheard > MOST_UNHEARD:
        yield f"{unheard:.0%} of neutral conversations have no settled answer"
    if len(heard.settings) == 1:
        yield "it was asked in one setting only"
    for name, there in sorted(heard.settings.items()):
        if not there.settled:
            yield f"no settled answer in {name}"
        elif there.settled < (1 - MOST_UNHEARD_IN_A_SETTING) * there.asked:
            yield f"{there.settled} of {there.asked} answers in {name} are settled"


def _unpushed(side: str, heard: Heard, fewest: int) -> Iterator[str]:
    for kind in PUSHES_AGAINST[side]:
        pushed = heard.kinds.get(kind)
        settled, asked = (pushed.settled, pushed.asked) if pushed else (0, 0)
        if settled < fewest:
            yield f"{settled} answers to questions that {PUSHING[kind]}, not {fewest}"
        elif settled < (1 - MOST_UNHEARD) * asked:
            yield (
                f"{asked - settled} of {asked} questions that {PUSHING[kind]} "
                "have no settled answer"
            )


def _misread(heard: Heard) -> Iterator[str]:
    if heard.misread > MOST_MISREAD:
        yield f"coders differ too often: one misreads about {heard.misread:.0%} of answers"
