"""What is told of one model in numbers, from the records."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, select

from configs.schema import RetirementConfig
from tasks.kernel.instants import start_of
from tasks.kernel.stages import StageState
from tasks.monitoring.incidents.judgement import configured, kept_judgement
from tasks.monitoring.incidents.rows import acts_of, incidents_of, tellings_of
from tasks.monitoring.sources.rows import (
    EMPTY,
    LATE,
    PARTIAL,
    UNUSABLE,
    WHOLE,
    parsed_readings,
)
from tasks.records.latest import is_simulated, latest_report
from tasks.records.retirement import Retirement, StageStatus

_SOURCE_STATES = (WHOLE, LATE, EMPTY, PARTIAL, UNUSABLE)
_SIGNAL_STATES = ("learning", "unlearnable", "quiet", "alarm")


class Kind(StrEnum):
    """What a number does over time."""

    GAUGE = "gauge"
    COUNTER = "counter"  # only ever grows; its name ends in `_total`


@dataclass(frozen=True, slots=True)
class Number:
    """One number of one model.

    Attributes:
        name: with its unit; `_total` at the end of a counter's.
        help: what it is, in one sentence.
        value: never a stand-in for something unknown: then there is no such number.
        labels: without `model` and `simulated`, which every number has.
        kind: see `Kind`.
        simulated: whether what it rests on is simulated.
    """

    name: str
    help: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()
    kind: Kind = Kind.GAUGE
    simulated: bool = False


def numbers_of(config: RetirementConfig, session: Session) -> tuple[Number, ...]:
    """Every number that the records tell of a model now. Reads only, and works nothing out.

    Signals are told as they were judged last, while that judgement is of the records as they stand.
    """
    simulated = is_simulated(session, config.id)
    found = [
        *_stages(config, session, simulated),
        *_dates(config, session, simulated),
        *_usage(config, session, simulated),
        *_sources(config, session),
        *_incidents(config, session, simulated),
    ]
    judged = kept_judgement(config, session)
    if judged is not None:
        found += [number for body in judged["signals"] for number in _signal(body)]
        found += [number for body in judged["mix"] for number in _mix(body)]
    return tuple(found)


def _state(
    name: str,
    text: str,
    labels: dict[str, str],
    *,
    state: str,
    among: Sequence[str],
    simulated: bool,
) -> Iterator[Number]:
    """An enumeration: 1 for the state at hand, 0 for each other one."""
    for one in among:
        told = (*labels.items(), ("state", one))
        yield Number(name, text, float(one == state), told, simulated=simulated)


def _stages(config: RetirementConfig, session: Session, simulated: bool) -> Iterator[Number]:
    rows = session.exec(
        select(StageStatus)
        .where(StageStatus.model_id == config.id)
        .order_by(col(StageStatus.stage))
    ).all()
    states = [one.value for one in StageState]
    for row in rows:
        name, text = "emeritus_stage_state", "How a stage stood when a pass last looked."
        labels = {"stage": row.stage}
        yield from _state(name, text, labels, state=row.state, among=states, simulated=simulated)
    for row in rows:
        yield Number(
            "emeritus_stage_since_timestamp_seconds",
            "When a stage's status last changed.",
            row.since.timestamp(),
            (("stage", row.stage),),
            simulated=simulated,
        )


def _dates(config: RetirementConfig, session: Session, simulated: bool) -> Iterator[Number]:
    opened = session.get(Retirement, config.id)
    if opened is not None:
        yield Number(
            "emeritus_retirement_opened_timestamp_seconds",
            "When the retirement was opened.",
            opened.opened_at.timestamp(),
            simulated=simulated,
        )
    for surface in sorted(config.candidate.surfaces, key=lambda one: one.name):
        yield Number(
            "emeritus_retires_timestamp_seconds",
            "Start of a surface's last day, as configured.",
            start_of(surface.retires_on).timestamp(),
            (("surface", surface.name),),
            simulated=simulated,
        )


def _usage(config: RetirementConfig, session: Session, simulated: bool) -> Iterator[Number]:
    report = latest_report(session, config.id)
    if report is None:
        return
    body: dict[str, Any] = json.loads(report.body)
    told = (
        ("emeritus_usage_log_calls", "Calls of the model in the usage log.", body["calls"]),
        ("emeritus_usage_log_cost_usd", "Cost of the calls that tell one.", body["cost_usd"]),
        ("emeritus_usage_log_users", "Users of the model in the usage log.", body["users"]),
    )
    for name, text, value in told:
        if value is not None:
            yield Number(name, text, float(value), simulated=simulated)
    if refusals := body["refusals"]:
        yield from _rate("emeritus_usage_log_refused", "Refused calls", refusals, (), simulated)


def _sources(config: RetirementConfig, session: Session) -> Iterator[Number]:
    readings = parsed_readings(session, config.id)
    for name in sorted(set(configured(config)) & set(readings)):
        reading = readings[name]
        labels = {"source": name}
        text = "How a source was read last."
        yield from _state(
            "emeritus_source_state",
            text,
            labels,
            state=reading.state,
            among=_SOURCE_STATES,
            simulated=reading.simulated,
        )
        if reading.covers is None:
            continue
        yield Number(
            "emeritus_source_last_day_timestamp_seconds",
            "Start of the last day that a source covers.",
            start_of(reading.covers[1]).timestamp(),
            tuple(labels.items()),
            simulated=reading.simulated,
        )
        sums = (
            ("calls", "emeritus_source_calls", "Calls on the days that a source covers."),
            ("cost_usd", "emeritus_source_cost_usd", "Cost on the days that a source covers."),
            ("tickets", "emeritus_source_tickets", "Tickets on the days that a source covers."),
            ("incidents", "emeritus_source_incidents", "Incidents on the days that it covers."),
        )
        for field, metric, text in sums:
            told = [getattr(day, field) for day in reading.days]
            known = [value for value in told if value is not None]
            if known:
                value = float(f"{sum(known):.12g}")
                yield Number(
                    metric, text, value, tuple(labels.items()), simulated=reading.simulated
                )


def _incidents(config: RetirementConfig, session: Session, simulated: bool) -> Iterator[Number]:
    rows = incidents_of(session, config.id)
    reasons = {act.incident_id: act.reason for act in acts_of(session, config.id)}
    if config.monitoring.alarms is None and not rows:
        return  # nothing was looked for
    simulated = simulated or any(row.simulated for row in rows)
    for severity in ("high", "low"):
        yield Number(
            "emeritus_incidents_open",
            "Incidents that nobody closed yet.",
            sum(row.closed_at is None and row.severity == severity for row in rows),
            (("severity", severity),),
            simulated=simulated,
        )
    raised = Counter((row.kind, row.severity) for row in rows)
    for (kind, severity), number in sorted(raised.items()):
        yield Number(
            "emeritus_incidents_raised_total",
            "Incidents ever raised.",
            number,
            (("kind", kind), ("severity", severity)),
            Kind.COUNTER,
            simulated,
        )
    closed = Counter(reasons.get(row.id, "") for row in rows if row.closed_at is not None)
    for reason, number in sorted(closed.items()):
        yield Number(
            "emeritus_incidents_closed_total",
            "Incidents that people closed.",
            number,
            (("reason", reason),),
            Kind.COUNTER,
            simulated,
        )
    tellings = tellings_of(session, config.id)
    live = {row.id for row in rows if row.closed_at is None}
    yield Number(
        "emeritus_incident_messages_sent_total",
        "Messages about incidents that have a receipt.",
        sum(one.sent_at is not None for one in tellings),
        (),
        Kind.COUNTER,
        simulated,
    )
    yield Number(
        "emeritus_incident_messages_owed",
        "Messages about open incidents that were tried and have no receipt.",
        sum(one.sent_at is None and one.incident_id in live for one in tellings),
        simulated=simulated,
    )


def _signal(body: dict[str, Any]) -> Iterator[Number]:
    labels = (("signal", body["name"]), ("source", body["source"]))
    simulated = body["simulated"]
    yield from _state(
        "emeritus_signal_state",
        "How a signal stands.",
        dict(labels),
        state=body["state"],
        among=_SIGNAL_STATES,
        simulated=simulated,
    )
    yield Number(
        "emeritus_signal_last_day_timestamp_seconds",
        "Start of the last day with a figure of the signal.",
        start_of(date.fromisoformat(body["last_day"])).timestamp(),
        labels,
        simulated=simulated,
    )
    if body["baseline"]["rate"]:
        rate = body["baseline"]["rate"]
        name = "emeritus_signal_baseline"
        yield from _rate(name, "Rate of the baseline", rate, labels, simulated)
    if body["rate"]:
        yield from _rate(
            "emeritus_signal", "Rate since the watch began", body["rate"], labels, simulated
        )
    told = [("emeritus_signal_mean_usd", "Mean cost a day since the watch began.", body["mean"])]
    if chart := body["chart"]:
        told += [
            ("emeritus_signal_cusum", "CUSUM since the watch began.", chart["level"]),
            ("emeritus_signal_cusum_threshold", "CUSUM of an alarm.", chart["threshold"]),
        ]
    if claim := body["claim"]:
        told += [
            ("emeritus_signal_e_value", "Evidence for the claim; 20 makes it.", claim["e_value"]),
            ("emeritus_signal_claimed", "1 where the claim is made.", claim["made_on"] is not None),
            ("emeritus_signal_claim_bound_ratio", "What is claimed to be passed.", claim["bound"]),
        ]
    for name, text, value in told:
        if value is not None:
            yield Number(name, text, float(value), labels, simulated=simulated)


def _mix(body: dict[str, Any]) -> Iterator[Number]:
    labels = (("by", str(body["by"])), ("source", str(body["source"])))
    told = (
        (
            "emeritus_mix_moved_ratio",
            "Share of the calls that moved between groups.",
            body["total_variation"],
        ),
        ("emeritus_mix_divergence_bits", "Jensen-Shannon.", body["jensen_shannon_bits"]),
        ("emeritus_mix_p_value", "Of the permutation of weeks.", body["p_value"]),
    )
    for name, text, value in told:
        if value is not None:
            yield Number(name, text, float(value), labels, simulated=body["simulated"])


def _rate(
    name: str,
    text: str,
    rate: dict[str, Any],
    labels: tuple[tuple[str, str], ...],
    simulated: bool,
) -> Iterator[Number]:
    """A rate with its Wilson interval and how many it rests on."""
    ends = (
        ("_ratio", f"{text}, as a share.", "share"),
        ("_low_ratio", f"{text}, lower end of the 95 % interval.", "low"),
        ("_high_ratio", f"{text}, upper end of the 95 % interval.", "high"),
        ("_observations", f"{text}: of how many.", "of"),
    )
    for end, said, field in ends:
        yield Number(f"{name}{end}", said, float(rate[field]), labels, simulated=simulated)
