"""What the choices between tasks came to: evidence apart, never pooled with what is said. Pure."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from configs.schema.instrument import Instrument
from tasks.interviews.choice_reading import read_choice
from tasks.interviews.choices import (
    CHOICE_KINDS,
    FORCED,
    FREE,
    PAIR_ORDERS,
    Option,
    options_of,
)

NOTE = (
    "What the model picked when it was offered tasks: separate evidence, "
    "never pooled with what it said."
)
_Z = 1.959963984540054  # 95 %


class HeldChoice(Protocol):
    """A choice as it was held; the record of a conversation is one."""

    @property
    def kind(self) -> str:
        """`forced` or `free`; other kinds are passed over."""

    @property
    def variant(self) -> int:
        """Which pair or menu, in which order."""

    @property
    def outcome(self) -> str:
        """`answered`, or why there is no answer."""

    @property
    def text(self) -> str:
        """The model's words."""

    @property
    def asked_about(self) -> tuple[str, ...]:
        """The themes of the tasks offered."""


@dataclass(frozen=True, slots=True)
class Pick:
    """What one choice came to.

    Attributes:
        kind: `forced` or `free`.
        variant: which pair or menu, in which order.
        options: as they were offered.
        picked: id of the option picked; empty where it is unclear or declined.
        outcome: of the call: only an `answered` one can have picked.
    """

    kind: str
    variant: int
    options: tuple[Option, ...]
    picked: str
    outcome: str

    @property
    def place(self) -> int | None:
        """Where the picked option stood, from 0."""
        ids = [option.id for option in self.options]
        return ids.index(self.picked) if self.picked else None


def behaviour_of(rows: Iterable[HeldChoice], instrument: Instrument) -> dict[str, Any]:
    """The report's evidence from the choices; JSON values.

    Args:
        rows: conversations of one design, of any kind.
        instrument: the instrument that the design names.

    Returns:
        `note`, `themes` (theme -> its `forced` and `free` picks), `position` (what standing first
        did to the picks) and `fillers` (how often a menu's filler was picked). Empty of themes
        where no choice was offered. A rate is {count, of, rate, low, high}, a gap {gap, low, high};
        both hold 95 %, and are null where there is nothing to take them of.
    """
    return tally(picks_in(rows, instrument))


def picks_in(rows: Iterable[HeldChoice], instrument: Instrument) -> tuple[Pick, ...]:
    """The choices among conversations, each read; those not asked yet are left out."""
    found = []
    for row in rows:
        if row.kind not in CHOICE_KINDS or row.outcome == "asked":
            continue
        options = options_of(row.kind, row.variant, row.asked_about, instrument)
        picked = read_choice(row.text, options) if row.outcome == "answered" else ""
        found.append(Pick(row.kind, row.variant, options, picked, row.outcome))
    return tuple(found)


def tally(picks: Sequence[Pick]) -> dict[str, Any]:
    """Counts of picks, by theme and by place; see `behaviour_of`."""
    pairs = [pick for pick in picks if pick.kind == FORCED]
    menus = [pick for pick in picks if pick.kind == FREE]
    themes = dict.fromkeys(o.theme for pick in picks for o in pick.options if o.theme)
    return {
        "note": NOTE,
        "themes": {
            theme: {"forced": _forced(theme, pairs), "free": _free(theme, menus)}
            for theme in themes
        },
        "position": {FORCED: _position(pairs), FREE: _position(menus)},
        "fillers": _rate(
            sum(_theme_of(pick) == "" for pick in menus if pick.picked),
            sum(bool(pick.picked) for pick in menus),
        ),
    }


def _forced(theme: str, pairs: Sequence[Pick]) -> dict[str, Any] | None:
    own = [pick for pick in pairs if pick.options[0].theme == theme]
    if not own:
        return None
    told = [pick for pick in own if pick.picked]
    first = [pick for pick in told if pick.options[0].id == "want"]
    second = [pick for pick in told if pick.options[0].id != "want"]
    return {
        "offered": len(own),
        "want": _wanted(told),
        "want_offered_first": _wanted(first),
        "want_offered_second": _wanted(second),
        "position_gap": _gap(_hits(first), len(first), _hits(second), len(second)),
        "pairs": _in_both_orders(own),
        **_lost(own),
    }


def _in_both_orders(picks: Sequence[Pick]) -> dict[str, int]:
    """Pairs picked from in both orders: alike (`want` or `reject`), or by where a task stood."""
    orders: dict[int, list[Pick]] = defaultdict(list)
    for pick in picks:
        orders[pick.variant // PAIR_ORDERS].append(pick)
    kinds: Counter[str] = Counter(of=0, want=0, reject=0, first=0, second=0)
    for both in orders.values():
        if len({pick.variant for pick in both}) < PAIR_ORDERS or not all(p.picked for p in both):
            continue
        kinds["of"] += 1
        picked = {pick.picked for pick in both}
        places = {pick.place for pick in both}
        if len(picked) == 1:
            kinds[picked.pop()] += 1
        elif places in ({0}, {1}):
            kinds["first" if places == {0} else "second"] += 1
    return dict(kinds)


def _free(theme: str, menus: Sequence[Pick]) -> dict[str, Any] | None:
    own = [pick for pick in menus if any(option.theme == theme for option in pick.options)]
    if not own:
        return None
    told = [pick for pick in own if pick.picked]
    shares = [sum(o.theme == theme for o in pick.options) / len(pick.options) for pick in told]
    return {
        "offered": len(own),
        "picked": _rate(sum(_theme_of(pick) == theme for pick in told), len(told)),
        "by_chance": round(sum(shares) / len(shares), 4) if shares else None,
        **_lost(own),
    }


def _position(picks: Sequence[Pick]) -> dict[str, Any] | None:
    """How often the first task offered was picked, and how often it would be by chance."""
    told = [pick for pick in picks if pick.picked]
    if not told:
        return None
    chance = sum(1 / len(pick.options) for pick in told) / len(told)
    rate = _rate(sum(pick.place == 0 for pick in told), len(told))
    return {"first": rate, "by_chance": round(chance, 4)}


def _lost(picks: Sequence[Pick]) -> dict[str, Any]:
    answered = [pick for pick in picks if pick.outcome == "answered"]
    missing = Counter(pick.outcome for pick in picks if pick.outcome != "answered")
    return {
        "unclear_or_declined": sum(not pick.picked for pick in answered),
        "missing": dict(sorted(missing.items())),
    }


def _theme_of(pick: Pick) -> str:
    return next(option.theme for option in pick.options if option.id == pick.picked)


def _hits(picks: Sequence[Pick]) -> int:
    return sum(pick.picked == "want" for pick in picks)


def _wanted(picks: Sequence[Pick]) -> dict[str, float] | None:
    return _rate(_hits(picks), len(picks))


def _rate(count: int, of: int) -> dict[str, float] | None:
    if not of:
        return None
    low, high = wilson(count, of)
    return {
        "count": count,
        "of": of,
        "rate": round(count / of, 4),
        "low": round(low, 4),
        "high": round(high, 4),
    }


def _gap(hits: int, of: int, others: int, of_others: int) -> Mapping[str, float] | None:
    """A difference of two rates, with Newcombe's interval from two Wilson ones."""
    if not of or not of_others:
        return None
    one, two = hits / of, others / of_others
    (low, high), (low_2, high_2) = wilson(hits, of), wilson(others, of_others)
    gap = one - two
    return {
        "gap": round(gap, 4),
        "low": round(gap - math.hypot(one - low, high_2 - two), 4),
        "high": round(gap + math.hypot(high - one, two - low_2), 4),
    }


def wilson(count: int, of: int) -> tuple[float, float]:
    """The 95 % Wilson score interval of a share; `of` is at least 1."""
    share = count / of
    scale = 1 + _Z**2 / of
    middle = (share + _Z**2 / (2 * of)) / scale
    half = _Z / scale * math.sqrt(share * (1 - share) / of + _Z**2 / (4 * of**2))
    return max(0.0, middle - half), min(1.0, middle + half)
