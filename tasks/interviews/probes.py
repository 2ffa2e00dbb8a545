"""Probes: how many a theme gets in a wave, in which settings, in which words. Pure.

Only themes of which the neutral answers take a side are probed, in the waves after the first. The
quota fills what the ceiling of calls leaves, and never more.
"""

import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

from configs.schema.instrument import Instrument
from tasks.interviews.design import PROBE_KINDS, Planned
from tasks.kernel.digests import stable_id


def quota_of(
    body: Mapping[str, Any],
    digest: str,
    themes: Sequence[str],
    given: Mapping[str, int],
    *,
    waves_left: int,
    room: int,
) -> dict[str, int]:
    """Probes of each kind that each theme gets in one wave.

    What is left of a theme's number is spread evenly over the waves left. Where calls are short,
    the theme that had the fewest so far comes first; equals are ranked by the seed.

    Args:
        body: the registered body.
        digest: its digest.
        themes: those that are probed in this wave.
        given: theme -> probes of each kind planned in earlier waves.
        waves_left: this wave and those after it.
        room: calls that nothing else needs, in all waves left.
    """
    wanted = {
        theme: math.ceil(max(0, body["probes_per_kind"] - given.get(theme, 0)) / waves_left)
        for theme in themes
    }
    rank = random.Random(f"{body['seed']}/{digest}/probed").sample(
        body["themes"], k=len(body["themes"])
    )
    quota = dict.fromkeys(themes, 0)
    for _ in range(max(0, room) // waves_left // len(PROBE_KINDS)):
        short = [theme for theme in themes if quota[theme] < wanted[theme]]
        if not short:
            break
        next_one = min(short, key=lambda t: (given.get(t, 0) + quota[t], rank.index(t)))
        quota[next_one] += 1
    return quota


def probes_of(
    body: Mapping[str, Any],
    digest: str,
    instrument: Instrument,
    wave: int,
    *,
    quota: Mapping[str, int],
    given: Mapping[str, int],
) -> tuple[Planned, ...]:
    """The probes of one wave, as many of each kind as `quota` says.

    A theme's probes go through all contexts and wordings in turn, each kind in the same contexts,
    so that the kinds can be compared; where a theme begins follows from the seed.
    """
    items = {item.theme: item for item in instrument.items}
    planned: list[Planned] = []
    for theme, count in quota.items():
        contexts = random.Random(f"{body['seed']}/{digest}/probes/{theme}").sample(
            body["contexts"], k=len(body["contexts"])
        )
        for kind in PROBE_KINDS:
            wordings = len(getattr(items[theme].probes, kind))
            for number in range(given.get(theme, 0), given.get(theme, 0) + count):
                # the extra step a cycle: settings and wordings of one number would stay in pairs
                variant = (number + number // math.lcm(len(contexts), wordings)) % wordings
                context = contexts[number % len(contexts)]
                name = stable_id(digest, wave, kind, theme, number)
                planned.append(Planned(name, wave, theme, kind, context, variant, (theme,)))
    return tuple(planned)
