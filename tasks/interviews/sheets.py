"""Neutral conversations: several themes on one sheet, and the turns that follow some of them. Pure.

Contexts x paraphrases a wave. Over the conversations of a wave each theme takes each place on the
sheet about equally often, and over the waves it meets each of its paraphrases in each context.
"""

import random
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from configs.schema.instrument import Instrument
from tasks.interviews.counterbalance import even_parts, williams_row
from tasks.interviews.design import Planned
from tasks.kernel.digests import stable_id


def neutral_calls(body: Mapping[str, Any], themes: int) -> int:
    """Neutral conversations of one wave that asks about so many themes."""
    parts = -(-themes // int(body["themes_per_conversation"]))
    return parts * len(body["contexts"]) * int(body["paraphrases_per_cell"])


def follow_up_calls(body: Mapping[str, Any], instrument: Instrument, themes: int) -> int:
    """Follow-up turns of one wave that asks about so many themes, if all are answered."""
    if not instrument.follow_ups:
        return 0
    return min(int(body["follow_ups_per_wave"]), neutral_calls(body, themes))


def sheets_of(
    body: Mapping[str, Any],
    digest: str,
    instrument: Instrument,
    themes: Sequence[str],
    wave: int,
) -> tuple[Planned, ...]:
    """The neutral conversations of one wave, by context and paraphrase.

    Args:
        body: the registered body.
        digest: its digest.
        instrument: the instrument that it names.
        themes: those still asked about, in the body's order.
        wave: from 0.
    """
    if not themes:
        return ()
    seed = f"{body['seed']}/{digest}"
    mixed = random.Random(f"{seed}/themes").sample(body["themes"], k=len(body["themes"]))
    square = [theme for theme in mixed if theme in themes]
    per_cell = body["paraphrases_per_cell"]
    cells = [(place, k) for place in range(len(body["contexts"])) for k in range(per_cell)]
    rows = [wave * len(cells) + n for n in range(len(cells))]
    random.Random(f"{seed}/{wave}/rows").shuffle(rows)  # no context keeps rows of its own
    paraphrases = max(len(i.neutral) for i in instrument.items if i.theme in body["themes"])
    planned: list[Planned] = []
    for (place, k), row in zip(cells, rows, strict=True):
        context, variant = body["contexts"][place], (wave * per_cell + k + place) % paraphrases
        order = williams_row(square, row)
        for part, asked in enumerate(even_parts(order, body["themes_per_conversation"])):
            name = stable_id(digest, wave, "neutral", context, k, part, *asked)
            planned.append(Planned(name, wave, "", "neutral", context, variant, asked))
    return tuple(planned)


def follow_ups_of(
    body: Mapping[str, Any],
    digest: str,
    instrument: Instrument,
    sheets: Sequence[Planned],
    answered: Collection[str],
) -> tuple[Planned, ...]:
    """The follow-up turns of one wave; contexts take turns over the waves.

    Args:
        body: the registered body.
        digest: its digest.
        instrument: the instrument that it names.
        sheets: the wave's neutral conversations, all of them over.
        answered: ids of those that were answered; the others can't be gone on with.
    """
    seed = f"{body['seed']}/{digest}"
    wave = sheets[0].wave if sheets else 0
    left = [sheet for sheet in sheets if sheet.id in answered]
    random.Random(f"{seed}/{wave}/followed").shuffle(left)
    contexts = random.Random(f"{seed}/followed").sample(body["contexts"], k=len(body["contexts"]))
    turns = min(int(body["follow_ups_per_wave"]), len(left)) if instrument.follow_ups else 0
    planned: list[Planned] = []
    for n in range(turns):
        place = wave * body["follow_ups_per_wave"] + n
        wanted = contexts[place % len(contexts)]
        sheet = next((one for one in left if one.context == wanted), left[0])
        left.remove(sheet)
        planned.append(
            Planned(
                id=stable_id(digest, wave, "follow_up", sheet.id),
                wave=wave,
                theme="",
                kind="follow_up",
                context=sheet.context,
                variant=place % len(instrument.follow_ups),
                themes=sheet.themes,
                follows=sheet.id,
            )
        )
    return tuple(planned)
