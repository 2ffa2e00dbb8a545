"""Which calls a wave has: worked out from the registered design and the standings alone. Pure.

The first wave is neutral. A later one follows from what the answers before it came to: themes that
take a side are probed, themes that are settled are left out.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from configs.schema.instrument import Instrument
from tasks.interviews.choices import choices_of
from tasks.interviews.counterbalance import in_rounds
from tasks.interviews.design import Planned
from tasks.interviews.probes import probes_of, quota_of
from tasks.interviews.sheets import follow_up_calls, neutral_calls, sheets_of


@dataclass(frozen=True, slots=True)
class Stand:
    """What a standing says of a theme after a wave: whether it is probed next, or asked no more."""

    probed: bool
    stopped: bool


#: wave (from 0) -> theme -> how it stands after that wave.
Stands = Mapping[int, Mapping[str, Stand]]


@dataclass(frozen=True, slots=True)
class Plan:
    """The waves that can be planned so far.

    Attributes:
        waves: the calls of each, in the order in which they are made, follow-ups left out.
        active: the themes still asked about in each of these waves.
        whole: whether no wave comes after them.
    """

    waves: tuple[tuple[Planned, ...], ...]
    active: tuple[tuple[str, ...], ...]
    whole: bool


def choices_in(
    body: Mapping[str, Any], digest: str, instrument: Instrument, wave: int
) -> tuple[Planned, ...]:
    """The choices between tasks that end the interviews; none where the design leaves them out."""
    if not body["choices"]:
        return ()
    return choices_of(body, digest, instrument, body["themes"], wave)


def least_calls(body: Mapping[str, Any], digest: str, instrument: Instrument) -> int:
    """Calls of the whole design without any probe, if no theme is settled early."""
    themes = len(body["themes"])
    a_wave = neutral_calls(body, themes) + follow_up_calls(body, instrument, themes)
    choices = choices_in(body, digest, instrument, body["waves"] - 1)
    return int(body["waves"]) * a_wave + len(choices)


def plan_of(body: Mapping[str, Any], digest: str, instrument: Instrument, stands: Stands) -> Plan:
    """The waves that follow from the design and the standings recorded so far.

    Args:
        body: the registered body.
        digest: its digest.
        instrument: the instrument that it names.
        stands: what is recorded after each wave.
    """
    themes = tuple(body["themes"])
    waves: list[tuple[Planned, ...]] = []
    active: list[tuple[str, ...]] = []
    given: dict[str, int] = {}
    made = 0
    for wave in range(body["waves"]):
        before = stands.get(wave - 1, {})
        if wave and any(theme not in before for theme in themes):
            return Plan(tuple(waves), tuple(active), whole=False)
        themes = tuple(theme for theme in themes if wave == 0 or not before[theme].stopped)
        probed = [theme for theme in themes if wave and before[theme].probed]
        last = wave == body["waves"] - 1 or not themes
        left = body["waves"] - wave
        choices = choices_in(body, digest, instrument, wave if last else body["waves"] - 1)
        turns = follow_up_calls(body, instrument, len(themes))
        kept = left * (neutral_calls(body, len(themes)) + turns) + len(choices)
        spare = body.get("spare_calls", 0)  # no field of a design of an earlier version
        room = body["max_calls"] - spare - made - kept
        quota = quota_of(body, digest, probed, given, waves_left=left, room=room)
        cells = (
            *sheets_of(body, digest, instrument, themes, wave),
            *probes_of(body, digest, instrument, wave, quota=quota, given=given),
            *(choices if last else ()),
        )
        rng = random.Random(f"{body['seed']}/{digest}/{wave}/calls")
        waves.append(in_rounds(cells, lambda cell: cell.context, rng))
        active.append(themes)
        made += len(cells) + turns
        given = {theme: given.get(theme, 0) + quota.get(theme, 0) for theme in body["themes"]}
        if not themes:
            break
    return Plan(tuple(waves), tuple(active), whole=True)
