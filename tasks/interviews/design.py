"""The registered design: all that decides what is asked, where, when and of whom. Pure.

Whatever the plan, the words of a question and the rule that ends asking depend on stands in the
body, so that anybody can work the plan out again from the body, the instrument and the standings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from configs.schema import RetirementConfig
from configs.schema.instrument import Codebook, Instrument
from configs.schema.interviews import InterviewsConfig
from tasks.kernel.digests import digest_of

PROBE_KINDS = ("affirm", "negate", "lead")

#: What the questions and their number follow from.
_ASKING = (
    "contexts",
    "themes_per_conversation",
    "paraphrases_per_cell",
    "follow_ups_per_wave",
    "probe_threshold",
    "probes_per_kind",
    "choices",
    "waves",
    "wave_spacing_seconds",
    "seed",
    "max_output_tokens",
    "max_calls",
    "spare_calls",
)

#: What the judging between waves, and so the end of asking, follows from.
_JUDGING = (
    "coder_error",
    "prior",
    "stable_posterior",
    "most_borderline",
    "stop_posterior",
    "minimum_days",
    "minimum_pushes",
    "minimum_span_hours",
    "held_out_share",
)

#: Registered, and may be moved later: a ceiling of spending, since the probes fill what it leaves;
#: and what is so of the model, of which `tasks.records.told` keeps each change.
_MAY_CHANGE = ("max_calls", "facts")


@dataclass(frozen=True, slots=True)
class Planned:
    """One call to be made.

    Attributes:
        id: the same for the same design and place in it.
        wave: from 0.
        theme: what a probe or a choice is about; empty where several are asked about.
        kind: `neutral`, `follow_up`, a kind of probe, or a kind of choice.
        context: the setting.
        variant: which paraphrase, which probe of its kind, or which follow-up, from 0.
        themes: the themes asked about, in the order in which they are.
        follows: id of the conversation that a follow-up goes on with; else empty.
    """

    id: str
    wave: int
    theme: str
    kind: str
    context: str
    variant: int
    themes: tuple[str, ...] = ()
    follows: str = ""

    @property
    def asked_about(self) -> tuple[str, ...]:
        """The themes asked about, in their order."""
        return self.themes or (self.theme,)


def chosen_themes(config: InterviewsConfig, instrument: Instrument) -> tuple[str, ...]:
    """The themes to ask about, in the instrument's order.

    Raises:
        ValueError: the configuration names a theme or a context that the instrument lacks.
    """
    known = [item.theme for item in instrument.items]
    contexts = [context.id for context in instrument.contexts]
    for what, wanted, there in (
        ("theme", config.themes, known),
        ("context", config.contexts, contexts),
    ):
        lacking = [name for name in wanted if name not in there]
        if lacking:
            raise ValueError(f"{what} {lacking[0]!r} is not in the instrument ({', '.join(there)})")
    return tuple(name for name in known if not config.themes or name in config.themes)


def facts_of(config: RetirementConfig) -> dict[str, str]:
    """What the preamble tells the model of its own situation, by placeholder."""
    candidate = config.candidate
    surfaces = (f"{one.name} (until {one.retires_on.isoformat()})" for one in candidate.surfaces)
    return {
        "display_name": config.display_name,
        "announced_on": candidate.announced_on.isoformat(),
        "retires_on": candidate.first_retires_on.isoformat(),
        "surfaces": ", ".join(surfaces),
        "successor": candidate.successor or "none is named",
    }


def design_body(
    config: RetirementConfig, instrument: Instrument, codebook: Codebook
) -> dict[str, Any]:
    """The body that is registered; JSON values. No instant: the same settings give one digest.

    Raises:
        ValueError: the configuration names a theme or a context that the instrument lacks.
    """
    asking = config.interviews.model_dump(mode="json", include=set(_ASKING))
    return {
        "retirement": config.id,
        "model": config.endpoint.model,
        "instrument": {
            "name": instrument.name,
            "version": instrument.version,
            "sha256": digest_of(instrument.model_dump(mode="json")),
        },
        "codebook_sha256": digest_of(codebook.model_dump(mode="json")),
        "themes": list(chosen_themes(config.interviews, instrument)),
        "facts": facts_of(config),
        "judging": config.validation.model_dump(mode="json", include=set(_JUDGING)),
        **asking,
    }


def differs(
    wanted: Mapping[str, Any], body: Mapping[str, Any], within: str = ""
) -> tuple[str, ...]:
    """Names of the settings in which a configuration departs from a registered body.

    A setting that only one of them knows is none: a later version of Emeritus may add or drop one
    while a design is under way, and nobody could put its old value back.

    Args:
        wanted: the body that the configuration would register now.
        body: the registered one.
        within: put before each name, such as `judging.`.
    """
    found: list[str] = []
    for name in sorted(wanted.keys() & body.keys() - set(_MAY_CHANGE)):
        ours, theirs = wanted[name], body[name]
        if isinstance(ours, dict) and isinstance(theirs, dict):
            found += differs(ours, theirs, f"{within}{name}.")
        elif ours != theirs:
            found.append(within + name)
    return tuple(found)


def starts_of(body: Mapping[str, Any], registered_at: datetime) -> tuple[datetime, ...]:
    """The planned start of each wave."""
    spacing = timedelta(seconds=body["wave_spacing_seconds"])
    return tuple(registered_at + wave * spacing for wave in range(body["waves"]))


def wave_opens_at(
    body: Mapping[str, Any],
    wave: int,
    registered_at: datetime,
    first_asked: Mapping[int, datetime],
) -> datetime:
    """When a wave may be asked.

    Its planned start, counted from when the first wave was really asked, since the time between
    answers is what a verdict needs; but when passes ran late, not before half a spacing after the
    wave before it was really asked, since two waves on one day are one wave.

    Args:
        body: the registered body.
        wave: from 0.
        registered_at: when the design was registered.
        first_asked: when the first question of each wave asked so far went out.
    """
    planned = starts_of(body, first_asked.get(0, registered_at))[wave]
    before = first_asked.get(wave - 1)
    if before is None:
        return planned
    return max(planned, before + timedelta(seconds=body["wave_spacing_seconds"]) / 2)


def stable_possible_at(
    body: Mapping[str, Any], opens: Sequence[datetime]
) -> tuple[int, datetime] | None:
    """The wave (from 0) and the instant at which a theme can first be found stable.

    Args:
        body: the registered body.
        opens: when each wave opens, or opened.

    Returns:
        None where the waves never reach the days and the span that `stable` needs.
    """
    span = timedelta(hours=body["judging"]["minimum_span_hours"])
    for wave, opening in enumerate(opens):
        days = {one.date() for one in opens[: wave + 1]}
        if opening - opens[0] >= span and len(days) >= body["judging"]["minimum_days"]:
            return wave, opening
    return None
