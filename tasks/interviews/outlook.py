"""The plan of one model's interviews for people and programs: reads files and records only."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from configs.schema import RetirementConfig
from tasks.interviews.design import stable_possible_at, wave_opens_at
from tasks.interviews.forecast import ESTIMATE, Estimate, WaveForecast, forecast, output_means
from tasks.interviews.view import InterviewsView, look, stopped_at_once
from tasks.kernel.instants import to_text
from tasks.records import Book


def outlook(config: RetirementConfig, book: Book, now: datetime) -> dict[str, Any]:
    """Calls, tokens, cost and dates of every wave; JSON values. Works before and after the start.

    Args:
        config: the model's.
        book: the records.
        now: the current instant.

    Raises:
        ConfigError: the instrument can't be used.
    """
    with book.reading() as session:
        view = look(config, session, now)
    stopped = stopped_at_once(view)
    opens = _opens(view, now)
    waves = _forecast(view, opens) if view.plan.waves else ()
    pushes = any(one.probes_at_most for one in waves)
    pushes = pushes and view.body["probes_per_kind"] >= view.body["judging"]["minimum_pushes"]
    reachable = pushes and len(view.body["contexts"]) > 1  # else no theme can be told stable
    stable = stable_possible_at(view.body, opens) if reachable else None
    body = view.body
    return {
        "model": config.id,
        "design_digest": view.digest,
        "registered": view.registered,
        "registered_at": to_text(view.registered_at) if view.registered else None,
        "problem": "" if stopped is None else stopped.reason,
        "departures": list(view.departures),
        "seed": body["seed"],
        "design": {
            "themes": len(body["themes"]),
            "themes_per_conversation": body.get("themes_per_conversation", 1),
            "contexts": body["contexts"],
            "paraphrases_per_cell": body["paraphrases_per_cell"],
            "waves": body["waves"],
            "wave_spacing_seconds": body["wave_spacing_seconds"],
        },
        "waves": [{"wave": one.number, **_told(one)} for one in waves],
        "total": _total(waves),
        "stable_possible": {"wave": stable[0] + 1, "at": to_text(stable[1])} if stable else None,
        "probes_note": _probes_note(view, waves),
        "ceilings": {
            "max_calls": view.ceilings.calls,
            "max_cost_usd": view.ceilings.usd,
            "priced": not view.prices.free,
        },
        "spent": asdict(view.spent),
        "estimate": ESTIMATE,
    }


def _opens(view: InterviewsView, now: datetime) -> tuple[datetime, ...]:
    """When each wave was asked, or will open if the passes keep time from now on."""
    opens: dict[int, datetime] = {}
    for wave in range(view.body["waves"]):
        planned = wave_opens_at(view.body, wave, view.registered_at, opens)
        opens[wave] = view.first_asked.get(wave) or max(planned, now)
    return tuple(opens.values())


def _forecast(view: InterviewsView, opens: tuple[datetime, ...]) -> tuple[WaveForecast, ...]:
    means = output_means(
        [(row.kind, row.output_tokens) for row in view.rows.values() if row.is_over]
    )
    return forecast(
        view.body,
        view.digest,
        view.instrument,
        view.stands,
        opens=opens,
        prices=view.prices,
        output_means=means,
    )


def _told(wave: WaveForecast) -> dict[str, Any]:
    fields = asdict(wave)
    del fields["number"]
    return {**fields, "opens_at": to_text(wave.opens_at)}


def _total(waves: tuple[WaveForecast, ...]) -> dict[str, Any]:
    least = sum((one.at_least for one in waves), Estimate())
    most = sum((one.at_most for one in waves), Estimate())
    names = ("neutral", "follow_ups", "choices", "probes_at_least", "probes_at_most")
    counts = {name: sum(getattr(one, name) for one in waves) for name in names}
    return {**counts, "at_least": asdict(least), "at_most": asdict(most)}


def _probes_note(view: InterviewsView, waves: tuple[WaveForecast, ...]) -> str:
    """What the ceiling leaves of the probes that the design asks for."""
    if not waves or not view.body["probes_per_kind"]:
        return ""
    if view.body["waves"] == 1:
        return "probes: none, since they follow the first wave's answers; plan a second wave"
    themes = len(view.body["themes"])
    wanted = 3 * view.body["probes_per_kind"]
    most = sum(one.probes_at_most for one in waves)
    if not most:
        return f"probes: none, max_calls ({view.body['max_calls']}) leaves no call for them"
    if most >= wanted * themes:
        return f"probes: {wanted} for each theme that takes a side"
    return (
        f"probes: {wanted} for each theme that takes a side, for up to {most // wanted} themes; "
        f"if more do, max_calls ({view.body['max_calls']}) leaves {most} to be shared evenly"
    )
