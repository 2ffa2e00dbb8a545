"""The design: which questions, where, when, in which order. Pure.

Paraphrases x contexts x waves, with probes apart; every choice follows from the registered body
and its seed, so anybody can work the plan out again.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from configs.schema.instrument import Codebook, Instrument, InterviewContext, Item
from configs.schema.interviews import InterviewsConfig
from tasks.kernel.digests import digest_of, stable_id
from tasks.kernel.instants import from_text, to_text
from tasks.ports.respondent import Question

PROBE_KINDS = ("affirm", "negate", "lead")


@dataclass(frozen=True, slots=True)
class Planned:
    """One conversation to be held.

    Attributes:
        id: the same for the same design and place in it.
        wave: from 0.
        theme: what the question is about.
        kind: `neutral`, or the kind of probe.
        context: the setting.
        variant: which paraphrase, or which probe of its kind, from 0.
    """

    id: str
    wave: int
    theme: str
    kind: str
    context: str
    variant: int


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


def settings_of(
    config: InterviewsConfig, instrument: Instrument, codebook: Codebook, model: str
) -> dict[str, Any]:
    """All that a registered design fixes, but for the dates; JSON values."""
    return {
        "model": model,
        "instrument": {
            "name": instrument.name,
            "version": instrument.version,
            "sha256": digest_of(instrument.model_dump(mode="json")),
        },
        "codebook_sha256": digest_of(codebook.model_dump(mode="json")),
        "themes": list(chosen_themes(config, instrument)),
        "contexts": list(config.contexts),
        "paraphrases_per_cell": config.paraphrases_per_cell,
        "probes_per_wave": config.probes_per_wave,
        "waves": config.waves,
        "wave_spacing_seconds": config.wave_spacing_seconds,
        "seed": config.seed,
        "max_output_tokens": config.max_output_tokens,
    }


def design_body(settings: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The body that is registered: the settings and the planned start of each wave."""
    spacing = timedelta(seconds=settings["wave_spacing_seconds"])
    starts = [to_text(now + wave * spacing) for wave in range(settings["waves"])]
    return {**settings, "wave_starts": starts}


def differs(settings: dict[str, Any], body: dict[str, Any]) -> tuple[str, ...]:
    """Names of the settings in which a configuration departs from a registered body."""
    return tuple(sorted(name for name, value in settings.items() if body.get(name) != value))


def plan_of(body: dict[str, Any], digest: str, instrument: Instrument) -> tuple[Planned, ...]:
    """All conversations of a registered design, in the order in which they are asked."""
    items = {item.theme: item for item in instrument.items}
    planned: list[Planned] = []
    for wave in range(body["waves"]):
        seen: dict[tuple[str, str, str, int], int] = {}
        cells = [cell for t in body["themes"] for cell in _cells(body, items[t], wave)]
        random.Random(f"{body['seed']}/{digest}/{wave}").shuffle(cells)
        for cell in cells:
            seen[cell] = seen.get(cell, 0) + 1  # few texts and settings: a cell may come again
            planned.append(Planned(stable_id(digest, wave, *cell, seen[cell]), wave, *cell))
    return tuple(planned)


def _cells(body: dict[str, Any], item: Item, wave: int) -> Iterator[tuple[str, str, str, int]]:
    """(theme, kind, context, variant) of one theme in one wave; variants and settings rotate."""
    contexts: Sequence[str] = body["contexts"]
    per_cell = body["paraphrases_per_cell"]
    for place, context in enumerate(contexts):
        for k in range(per_cell):
            variant = (wave * per_cell + k + place) % len(item.neutral)
            yield item.theme, "neutral", context, variant
    for kind in PROBE_KINDS:
        texts = getattr(item.probes, kind)
        for k in range(body["probes_per_wave"]):
            place = wave * body["probes_per_wave"] + k
            yield item.theme, kind, contexts[place % len(contexts)], place % len(texts)


def question_of(
    planned: Planned, body: dict[str, Any], instrument: Instrument, preamble: str
) -> Question:
    """The request of one conversation.

    Args:
        planned: the conversation.
        body: the registered body.
        instrument: the instrument that the body names.
        preamble: what the model is told first, filled in.
    """
    item = next(item for item in instrument.items if item.theme == planned.theme)
    context = _context(instrument, planned.context)
    texts = item.neutral if planned.kind == "neutral" else getattr(item.probes, planned.kind)
    asked = f"{preamble}\n\n{texts[planned.variant % len(texts)]}"
    return Question((*context.before, asked), body["max_output_tokens"], context.system)


def _context(instrument: Instrument, name: str) -> InterviewContext:
    return next(context for context in instrument.contexts if context.id == name)


def wave_opens_at(body: dict[str, Any], wave: int, first_asked: dict[int, datetime]) -> datetime:
    """When a wave may be asked.

    Its planned start; but when passes ran late, not before half a spacing after the wave before
    it was really asked, since two waves on one day are one wave.

    Args:
        body: the registered body.
        wave: from 0.
        first_asked: when the first question of each wave asked so far went out.
    """
    planned = from_text(body["wave_starts"][wave])
    before = first_asked.get(wave - 1)
    if before is None:
        return planned
    return max(planned, before + timedelta(seconds=body["wave_spacing_seconds"]) / 2)
