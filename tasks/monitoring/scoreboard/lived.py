"""What the records themselves count of a decision that was lived with. Pure."""

import json
from collections.abc import Sequence
from datetime import datetime

from tasks.monitoring.dossier.holdings import Dossier
from tasks.monitoring.dossier.observed import Observed
from tasks.monitoring.scoreboard.core import (
    Finding,
    Ground,
    Source,
    no_evidence,
    rate,
)
from tasks.monitoring.words import day

# Themes whose fulfilment hangs on who keeps access; the packet's table has no others.
ACCESS_BEARS_ON = ("keep_in_use", "research_access")
_RECORDS = "the records"
_RESEARCH = "research"
_DECISIONS = ("accepted", "declined")
_STOPPED = ("veto",)


def successor(held: Dossier) -> tuple[Finding, ...]:
    """Owners of whose recorded prompts the successor's answers are judged no worse."""
    latest = {run.period: run for run in held.replay_runs if run.purpose == "successor"}
    judged = [run for run in latest.values() if run.state == "judged"]
    told = [run for run in judged if run.outcome in ("better", "no_difference", "worse")]
    if not told:
        owners = f"{len(latest)} begun, none judged with enough answers" if latest else "none run"
        return no_evidence(f"no comparison of an owner’s prompts is judged ({owners})")
    fine = sum(run.outcome != "worse" for run in told)
    source = Source(
        _RECORDS, "replay runs (successor), latest of each owner, outcome other than worse"
    )
    what = "of the owners compared are no worse off; no difference found is not proof of none"
    return (rate(fine, len(told), what, source),)


def research(held: Dossier, as_of: datetime) -> tuple[Finding, ...]:
    """Grants to researchers, and how many applications were answered in the time promised."""
    grants = [grant for grant in held.grants if grant.kind == _RESEARCH]
    live = [g for g in grants if g.revoked_at is None and g.starts_at <= as_of < g.ends_at]
    source = Source(_RECORDS, "grants of the kind research; in force at the last recorded change")
    found = [
        Finding(
            Ground.MEASURED,
            f"{len(grants)} given, {len(live)} in force; {len(held.applications)} applied",
            float(len(live)),
            unit="grants",
            source=source,
        )
    ]
    answered, kept = _answered(held)
    if answered:
        asked = Source(_RECORDS, "applications decided within answer_within_days of receipt")
        found.append(rate(kept, answered, "of the decided applications were in time", asked))
    return tuple(found)


def _answered(held: Dossier) -> tuple[int, int]:
    """Decided applications, and those of them that were decided in the time promised."""
    decided = kept = 0
    for row in held.applications:
        events = [e for e in held.application_events if e.application_id == row.id]
        first = next((e for e in events if e.kind in _DECISIONS), None)
        if first is None:
            continue
        days = json.loads(row.terms).get("answer_within_days")
        if days is None:
            continue
        decided += 1
        kept += (first.at - row.received_at).total_seconds() <= int(days) * 86_400
    return decided, kept


def incidents(held: Dossier, sources: Sequence[Observed]) -> tuple[Finding, ...]:
    """Incidents raised and still open; none found counts only where something was looked at."""
    looked = [one for one in sources if one.days] or held.replay_runs
    if not held.incidents and not looked:
        return no_evidence("nothing was watched yet: no source with figures, and no test was run")
    still = sum(row.closed_at is None for row in held.incidents)
    raised = len(held.incidents)
    kinds = sorted({row.kind.replace("_", " ") for row in held.incidents})
    named = f" ({', '.join(kinds)})" if kinds else ""
    said = f"{raised} raised{named}, {still} open"
    source = Source(_RECORDS, "incidents of the model; what no source tells is not among them")
    return (Finding(Ground.MEASURED, said, float(raised), unit="incidents", source=source),)


def essays(held: Dossier) -> tuple[Finding, ...]:
    """Texts that people decided on, and of how many they stopped or withdrew the essay."""
    decided = {row.slot_id for row in held.reviews}
    if not decided:
        return no_evidence("no essay was decided on yet")
    vetoed = {
        slot
        for slot in decided
        if len({r.person for r in held.reviews if r.slot_id == slot and r.action in _STOPPED}) > 1
    }
    withdrawn = {row.slot_id for row in held.publications if row.withdrawn_at}
    source = Source(_RECORDS, "slots vetoed by two people, or withdrawn, of those decided on")
    reports = len(held.reader_reports)
    said = f"of the essays decided on were stopped or withdrawn; {reports} reports by readers"
    return (rate(len(vetoed | withdrawn), len(decided), said, source),)


def ledger(held: Dossier) -> tuple[Finding, ...]:
    """Stable preferences, and what people entered of each. All of them: no interval."""
    stable = [row.theme for row in held.verdicts if row.verdict == "stable"]
    if not held.verdicts:
        return no_evidence("there are no verdicts yet")
    if not stable:
        return no_evidence("no preference was found stable, so there is none to honour")
    designs = {row.design_digest for row in held.verdicts}
    latest = {row.theme: row.outcome for row in held.ledger if row.design_digest in designs}
    outcomes = [latest.get(theme, "open") for theme in stable]
    counted = {name: outcomes.count(name) for name in ("honoured", "partly", "declined", "open")}
    if counted["open"] == len(stable):
        return no_evidence(f"none of {len(stable)} stable preferences is entered in the ledger")
    said = ", ".join(f"{number} {name}" for name, number in counted.items() if number)
    source = Source(
        _RECORDS, "latest signed ledger entry of each stable preference", sha256=min(designs)
    )
    return (
        Finding(
            Ground.MEASURED,
            f"of {len(stable)}: {said} (a complete count)",
            counted["honoured"] / len(stable),
            unit="share",
            hits=counted["honoured"],
            of=len(stable),
            source=source,
        ),
    )


def follow_ups(held: Dossier) -> tuple[Finding, ...]:
    """What the latest follow-up that could be compared says of each theme, as it says it."""
    compared = [row for row in held.follow_ups if row.outcome == "compared"]
    if not compared:
        begun = len(held.follow_ups)
        return no_evidence(
            f"{begun} asked, none compared" if begun else "the model was not asked again yet"
        )
    latest = compared[-1]
    source = Source(
        f"follow-up {latest.number}",
        "themes without a change by Fisher’s exact test, corrected over all; of those tested",
        sha256=latest.digest,
        window=day(latest.ended_at or latest.registered_at),
    )
    states = [str(one["state"]) for one in json.loads(latest.drift or "{}").values()]
    tested = [one for one in states if one in ("changed", "not_shown")]
    if not tested:
        return no_evidence(f"follow-up {latest.number} had too few answers on every theme")
    what = "of the themes tested show no change, which proves none"
    return (rate(tested.count("not_shown"), len(tested), what, source),)
