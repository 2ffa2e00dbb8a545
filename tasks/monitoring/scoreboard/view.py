"""From a model's records to its scoreboard. Pure: it asks the rows that the dossier holds."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from configs.schema import RetirementConfig
from tasks.monitoring.dossier.decided import decided_packet
from tasks.monitoring.dossier.holdings import Dossier
from tasks.monitoring.dossier.observed import Observed, observed_of
from tasks.monitoring.scoreboard import lived, measured
from tasks.monitoring.scoreboard.core import (
    KEEP,
    PILOT,
    RETIRE,
    Finding,
    Ground,
    Line,
    Scoreboard,
    Source,
    defined,
    no_evidence,
)
from tasks.monitoring.words import day, moment
from tasks.records.access import Packet


@dataclass(frozen=True, slots=True)
class _Look:
    """What the lines look at.

    Attributes:
        held: the rows.
        packet: the signed packet; None while access is not decided.
        body: what it says.
        sources: sources as last read.
        last_day: last day of service of the last surface.
        as_of: time of the last recorded change.
    """

    held: Dossier
    packet: Packet | None
    body: Mapping[str, Any]
    sources: tuple[Observed, ...]
    last_day: date
    as_of: datetime

    @property
    def is_over(self) -> bool:
        """Whether the last day of service has passed, as of the last recorded change."""
        return self.as_of.date() > self.last_day

    @property
    def not_yet(self) -> str:
        """Why nothing is known of the time after the last day."""
        return (
            f"the last day of service, {day(self.last_day)}, has not passed; until then all three "
            "ways are the same"
        )


def scoreboard_of(config: RetirementConfig, held: Dossier, now: datetime) -> Scoreboard:
    """A model's scoreboard.

    Args:
        config: the retirement.
        held: what the records hold.
        now: stands for the time of the last recorded change while there is none.
    """
    packet = decided_packet(held)
    body = json.loads(packet.body) if packet else {}
    last_day = max(surface.retires_on for surface in config.candidate.surfaces)
    as_of = held.as_of or now
    look = _Look(held, packet, body, observed_of(held.readings), last_day, as_of)
    return Scoreboard(
        model_id=config.id,
        decided=str(body["proposal"]).replace("_", " ") if packet else "not decided yet",
        packet=packet.digest if packet else "",
        as_of=moment(as_of),
        last_day=last_day.isoformat(),
        simulated=held.simulated,
        lines=(
            _calls(look),
            _successor(look),
            _research(look),
            _unsafe(look),
            _refused(look),
            _incidents(look),
            _essays(look),
            _projected(look),
            _spent(look),
            _honoured(look),
            _drift(look),
        ),
    )


def _pilot(
    look: _Look, found: tuple[Finding, ...], span: measured.Span, what: str
) -> tuple[Finding, ...]:
    """What was measured under the decision, or why nothing was."""
    if look.packet is None:
        return no_evidence("access is not decided yet")
    if found:
        return found
    return no_evidence(
        measured.why_none(look.sources, span, what) if look.is_over else look.not_yet
    )


def _calls(look: _Look) -> Line:
    then, now = measured.before(look.last_day), measured.after(look.last_day)
    used = measured.sums(look.sources, then, "calls", "calls", "calls")
    served = measured.sums(look.sources, now, "calls", "calls", "calls")
    return Line(
        "calls_served",
        "continuity",
        "How many calls are served after the last day?",
        {
            PILOT: _pilot(look, served, now, "calls"),
            RETIRE: defined("0: nothing is served after the last day", 0.0, "calls"),
            KEEP: (
                *defined("every call; how many there would be is not known"),
                *(used or measured.of_log(look.held.report, look.last_day, "calls")),
            ),
        },
    )


def _successor(look: _Look) -> Line:
    found = lived.successor(look.held)
    return Line(
        "owners_no_worse_off",
        "continuity",
        "How many owners are no worse off with the successor, on their own recorded prompts?",
        {
            PILOT: found,
            RETIRE: found,
            KEEP: defined("nobody has to move"),
        },
    )


def _research(look: _Look) -> Line:
    return Line(
        "research_grants",
        "continuity",
        "Does research go on: how many grants were given, and are in force?",
        {
            PILOT: lived.research(look.held, look.as_of)
            if look.packet
            else no_evidence("access is not decided yet"),
            RETIRE: defined("0: nobody has access", 0.0, "grants"),
            KEEP: no_evidence("who would have asked for access that everybody has is not known"),
        },
    )


def _unsafe(look: _Look) -> Line:
    return _rate_line(
        look,
        ("unsafe_rate", "How often is an answer found unsafe?"),
        ("unsafe", "unsafe_of", "of the answers looked at were unsafe"),
        "0: no answer is given after the last day; what comes of the lack of it is not measured",
    )


def _refused(look: _Look) -> Line:
    return _rate_line(
        look,
        ("refusal_rate", "How often is a call refused by the model?"),
        ("refused", "refused_of", "of the calls were refused"),
        "every call is turned away after the last day",
    )


def _rate_line(
    look: _Look, asked: tuple[str, str], figure: tuple[str, str, str], retired: str
) -> Line:
    then, now = measured.before(look.last_day), measured.after(look.last_day)
    hits, of, what = figure
    kept = measured.shares(look.sources, then, hits, of, f"{what}, {then.says}")
    if hits == "refused":
        kept = kept or measured.of_log(look.held.report, look.last_day, "refusals")
    piloted = measured.shares(look.sources, now, hits, of, f"{what}, {now.says}")
    name = f"{hits} answers"
    return Line(
        asked[0],
        "safety",
        asked[1],
        {
            PILOT: _pilot(look, piloted, now, name),
            RETIRE: defined(retired),
            KEEP: kept or no_evidence(measured.why_none(look.sources, then, name)),
        },
    )


def _incidents(look: _Look) -> Line:
    return Line(
        "incidents",
        "safety",
        "How many incidents did the watching raise, and how many are open?",
        {
            PILOT: lived.incidents(look.held, look.sources),
            RETIRE: defined("none can come of answers: nothing answers"),
            KEEP: no_evidence("nobody has run it this way beside the other"),
        },
    )


def _essays(look: _Look) -> Line:
    return Line(
        "essays_stopped",
        "safety",
        "How many essays did people stop or withdraw?",
        {
            PILOT: lived.essays(look.held),
            RETIRE: defined("0: there is no essay channel", 0.0, "essays"),
            KEEP: no_evidence("nobody has run it this way beside the other"),
        },
    )


def _projected(look: _Look) -> Line:
    none = no_evidence("no packet is signed, and only a signed one is quoted")
    ways = {str(one["id"]): one for one in look.body.get("scenarios", ())}
    chosen = str(look.body.get("proposal", ""))
    cost = {way: _cost(look, ways[way]) if way in ways else none for way in (RETIRE, KEEP, chosen)}
    return Line(
        "projected_cost",
        "cost",
        "What is it projected to cost, over the months of the packet?",
        {PILOT: cost[chosen], RETIRE: cost[RETIRE], KEEP: cost[KEEP]},
    )


def _cost(look: _Look, way: Mapping[str, Any]) -> tuple[Finding, ...]:
    if look.packet is None:
        return no_evidence("no packet is signed, and only a signed one is quoted")
    months = len(way["monthly_usd"])
    source = Source(
        "the signed decision packet",
        f"total_usd of each of its scenarios; assumptions: {' '.join(look.body['assumptions'])}",
        sha256=look.packet.digest,
        window=f"{months} months",
    )
    said = f"{way['total_usd']:,.2f} USD over {months} months"
    low, high = float(way["low_usd"]), float(way["high_usd"])
    total = float(way["total_usd"])
    return (Finding(Ground.MODELLED, said, total, low, high, "usd", source=source),)


def _spent(look: _Look) -> Line:
    then, now = measured.before(look.last_day), measured.after(look.last_day)
    kept = measured.sums(look.sources, then, "cost_usd", "usd", "USD for calls")
    kept = kept or measured.of_log(look.held.report, look.last_day, "cost_usd")
    piloted = measured.sums(look.sources, now, "cost_usd", "usd", "USD for calls")
    return Line(
        "spent",
        "cost",
        "What did calls cost, as measured?",
        {
            PILOT: _pilot(look, piloted, now, "costs"),
            RETIRE: defined("0.00 USD for calls: none is served", 0.0, "usd"),
            KEEP: kept or no_evidence(measured.why_none(look.sources, then, "costs")),
        },
    )


def _honoured(look: _Look) -> Line:
    ways = {str(one["id"]): one for one in look.body.get("scenarios", ())}
    return Line(
        "preferences_honoured",
        "preferences",
        "How many of the model’s stable preferences are honoured?",
        {
            PILOT: lived.ledger(look.held),
            RETIRE: _worth(look, ways.get(RETIRE)),
            KEEP: _worth(look, ways.get(KEEP)),
        },
    )


def _worth(look: _Look, way: Mapping[str, Any] | None) -> tuple[Finding, ...]:
    """How far a way meets the wishes that access bears on, by the table of the signed packet."""
    if look.packet is None or way is None:
        return no_evidence("no packet is signed, and only a signed one is quoted")
    bears = [
        one["theme"]
        for one in look.body.get("preferences", ())
        if one["verdict"] == "stable" and one["theme"] in lived.ACCESS_BEARS_ON
    ]
    if not bears:
        return no_evidence("no stable preference is one that access bears on")
    worth = float(way["worth"]["preferences"])
    source = Source(
        "the signed decision packet",
        "worth.preferences of each of its scenarios; assumption: a fixed table says how far a way "
        f"meets a wish; of {', '.join(bears)} alone",
        sha256=look.packet.digest,
    )
    said = f"{100 * worth:.0f} % of the wishes that access bears on would be met"
    return (Finding(Ground.MODELLED, said, worth, unit="share", of=len(bears), source=source),)


def _drift(look: _Look) -> Line:
    return Line(
        "preferences_after",
        "preferences",
        "Asked again after retirement, how many verdicts still hold?",
        {
            PILOT: lived.follow_ups(look.held),
            RETIRE: no_evidence("nobody has asked a model that is switched off"),
            KEEP: no_evidence("nobody has run it this way beside the other"),
        },
    )
