"""Signals and changes of the mix as JSON values and sentences. Pure."""

from collections.abc import Sequence
from typing import Any

from tasks.monitoring.incidents.signals import MixFound, Signal
from tasks.monitoring.statistics.evidence import CLAIM, Claim
from tasks.monitoring.statistics.intervals import Rate

LEARNING, UNLEARNABLE, QUIET, ALARM = "learning", "unlearnable", "quiet", "alarm"
NAMES = {
    "unsafe": "unsafe answers",
    "refused": "refused calls",
    "satisfaction": "satisfaction",
    "tickets": "support tickets",
    "cost": "cost a day",
}
_FALLS = "satisfaction"  # its figures count what is missing to 1


def signal_body(signal: Signal, changed_mix: Sequence[MixFound] = ()) -> dict[str, Any]:
    """One signal as JSON values; what is not known is null.

    Args:
        signal: how it stands.
        changed_mix: changes of the mix of its source; a rate says so beside itself.
    """
    series, watch = signal.series, signal.watch
    falls = series.name == _FALLS
    watched = signal.path.levels if signal.path else ()
    crossing = signal.crossing
    body: dict[str, Any] = {
        "subject": series.subject,
        "name": series.name,
        "source": series.source,
        "unit": series.unit,
        "state": state_of(signal),
        "simulated": series.simulated,
        "baseline": {
            "days": signal.learnt,
            "needed": signal.needed,
            "from": signal.baseline[0].isoformat() if signal.baseline else None,
            "to": signal.baseline[1].isoformat() if signal.baseline else None,
            "rate": _rate(signal.before, falls),
        },
        "rate": _rate(signal.now, falls),
        "mean": _digits(signal.mean),
        "watched_from": _watched_from(signal),
        "last_day": series.figures[-1].day.isoformat(),
        "chart": None,
        "crossing": None,
        "claim": _claim(signal.claim, falls),
        "mix_changed": bool(changed_mix),
    }
    if watch is not None and signal.path is not None:
        before, after = (
            (1 - watch.before, 1 - watch.after) if falls else (watch.before, watch.after)
        )
        body["chart"] = {
            "before": _digits(before),
            "after": _digits(after),
            "threshold": _digits(watch.threshold),
            "level": _digits(min(signal.path.level, 1e6)),
            "dispersion": _digits(watch.dispersion),
            "from": watched[0][0].isoformat() if watched else None,
        }
    if crossing is not None:
        body["crossing"] = {
            "day": crossing.day.isoformat(),
            "onset": crossing.onset.isoformat(),
            "level": _digits(min(crossing.level, 1e6)),
        }
    body["says"] = sentence(body)
    return body


def state_of(signal: Signal) -> str:
    """`learning`, `unlearnable`, `quiet` or `alarm`."""
    if signal.watch is None:
        return LEARNING if signal.learnt < signal.needed else UNLEARNABLE
    return ALARM if signal.crossing else QUIET


def sentence(body: dict[str, Any]) -> str:
    """How a signal stands, for people; by its JSON values."""
    name = f"{NAMES[body['name']]} ({body['source']})"
    chart, rate, crossing = body["chart"], body["rate"], body["crossing"]
    if chart is None:
        if body["state"] == UNLEARNABLE:
            return f"{name}: not watched: too many days of the baseline have none"
        base = body["baseline"]
        return f"{name}: {base['days']} of {base['needed']} days of the baseline are there"
    usual = _level(chart["before"], body)
    if crossing is None:
        return f"{name}: {_now(body)}usual is {usual}; no alarm"
    said = (
        f"{name}: alarm on {crossing['day']}, most likely since {crossing['onset']}: "
        f"{_now(body)}usual was {usual}"
    )
    if claim := body["claim"]:
        side = "below" if body["name"] == _FALLS else "above"
        bound = _level(claim["bound"], body)
        if claim["made_on"]:
            said += f"; claim: it is {side} {bound} (e-value {claim['highest']:.0f})"
        else:
            said += (
                f"; not yet a claim that it is {side} {bound} "
                f"(e-value {claim['e_value']:.2g}, {CLAIM:.0f} is needed)"
            )
    elif rate is None or body["name"] == "tickets":
        said += "; an alarm alone: no claim is made of this figure"
    if body["mix_changed"]:
        said += "; the mix of callers changed too, which alone can move a rate"
    return said


def mix_body(found: MixFound) -> dict[str, Any]:
    """One comparison of the mix as JSON values."""
    change = found.change
    body: dict[str, Any] = {
        "source": found.source,
        "by": found.by,
        "simulated": found.simulated,
        "total_variation": _digits(change.total_variation),
        "jensen_shannon_bits": _digits(change.jensen_shannon),
        "p_value": _digits(change.p_value),
        "changed": change.changed(),
        "weeks": list(change.weeks),
        "movers": [
            {"group": one.group, "before": _digits(one.before), "now": _digits(one.now)}
            for one in change.movers
        ],
    }
    movers = ", ".join(
        f"{one.group or f'no {found.by}'} {100 * one.before:.0f} % to {100 * one.now:.0f} %"
        for one in change.movers
    )
    head = f"calls by {found.by} ({found.source})"
    weeks = f"{change.weeks[1]} weeks against {change.weeks[0]}"
    if change.p_value is None:
        body["says"] = f"{head}: too few weeks to tell a change of the mix ({weeks})"
    elif change.changed():
        body["says"] = (
            f"{head}: the mix changed: {100 * change.total_variation:.0f} % of the calls moved "
            f"({movers}); p = {change.p_value:.2g}, {weeks}"
        )
    else:
        body["says"] = f"{head}: no change of the mix found (p = {change.p_value:.2g}, {weeks})"
    return body


def _watched_from(signal: Signal) -> str | None:
    """The first day after the baseline that has a figure."""
    if signal.baseline is None:
        return None
    days = (one.day for one in signal.series.figures if one.day > signal.baseline[1])
    first = next(days, None)
    return first.isoformat() if first else None


def _now(body: dict[str, Any]) -> str:
    rate, since = body["rate"], f"since {body['watched_from']}"
    if rate is not None:
        ends = f"{_percent(rate['low'])} to {_percent(rate['high'])}"
        return f"{_percent(rate['share'])} ({ends}) of {rate['of']:,.0f} {body['unit']} {since}, "
    if body["mean"] is not None:
        return f"{body['mean']:,.2f} USD a day {since}, "
    return ""


def _level(value: float, body: dict[str, Any]) -> str:
    if body["name"] == "cost":
        return f"{value:,.2f} USD a day"
    if body["unit"] == "days":
        return f"{value:.3g} a day"
    return _percent(value)


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def _rate(rate: Rate | None, falls: bool) -> dict[str, Any] | None:
    """With Wilson's interval, and the one that holds at every look."""
    if rate is None:
        return None
    hits, ends = rate.hits, (rate.low, rate.high, rate.always_low, rate.always_high)
    if falls:
        hits, ends = rate.of - hits, (1 - ends[1], 1 - ends[0], 1 - ends[3], 1 - ends[2])
    return {
        "hits": _digits(hits),
        "of": _digits(rate.of),
        "share": _digits(hits / rate.of),
        "low": _digits(ends[0]),
        "high": _digits(ends[1]),
        "always_low": _digits(ends[2]),
        "always_high": _digits(ends[3]),
        "dispersion": _digits(rate.dispersion),
    }


def _claim(claim: Claim | None, falls: bool) -> dict[str, Any] | None:
    if claim is None:
        return None
    return {
        "bound": _digits(1 - claim.bound if falls else claim.bound),
        "e_value": _digits(claim.e_value),
        "highest": _digits(claim.highest),
        "made_on": claim.day.isoformat() if claim.day else None,
        "days": claim.days,
    }


def _digits(value: float | None) -> float | None:
    """To nine significant digits: sums in another order give the same."""
    return None if value is None else float(f"{value:.9g}")
