"""What happened when, and what is planned. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from configs.schema import RetirementConfig
from tasks.kernel.instants import start_of
from tasks.monitoring.dossier.holdings import Dossier
from tasks.records.told import changed_facts


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry of the timeline; `planned` when it lies after the last recorded change."""

    at: datetime
    text: str
    planned: bool


def timeline_of(config: RetirementConfig, held: Dossier, as_of: datetime) -> tuple[Happening, ...]:
    """All entries in the order of time."""
    found = (*_dates(config), *_until_decision(held), *_after_decision(held), *_people(held))
    found = (*found, *_watched(held), *_next(held, as_of))
    ordered = sorted(found, key=lambda pair: pair[0])
    return tuple(Happening(at, text, at > as_of) for at, text in ordered)


def _dates(config: RetirementConfig) -> Iterator[tuple[datetime, str]]:
    yield start_of(config.candidate.announced_on), "Announcement"
    for surface in config.candidate.surfaces:
        yield start_of(surface.retires_on), f"Last day of service: {surface.name}"


def _until_decision(held: Dossier) -> Iterator[tuple[datetime, str]]:
    if held.retirement is not None:
        yield held.retirement.opened_at, "Retirement opened"
    before: tuple[str, datetime | None] = ("", None)
    for check in held.checks:
        if (check.lifecycle, check.retires_at) != before:
            until = f", until {check.retires_at.date()}" if check.retires_at else ""
            yield check.checked_at, f"Endpoint says: {check.lifecycle}{until}"
        before = (check.lifecycle, check.retires_at)
    for package in held.packages:
        yield package.created_at, f"Preserved: package {package.id[:12]}, {package.files} files"
    yield from _interviews(held)
    if held.verdicts:
        number = len(held.verdicts)
        yield max(v.judged_at for v in held.verdicts), f"Verdicts on {number} themes"
    for packet in held.packets:
        yield packet.proposed_at, f"Access decision {packet.digest[:12]} proposed"
    for approval in held.approvals:
        yield (
            approval.received_at,
            f"{approval.person} signed access decision {approval.packet_digest[:12]}",
        )


def _interviews(held: Dossier) -> Iterator[tuple[datetime, str]]:
    if held.design is not None:
        yield held.design.registered_at, f"Interview design {held.design.digest[:12]} registered"
    for at, how in changed_facts(held.told):
        yield at, f"What the interviews tell of the model changed: {how}"
    for wave in sorted({tally.wave for tally in held.tallies}):
        first = min(tally.first_at for tally in held.tallies if tally.wave == wave)
        yield first, f"Interview wave {wave + 1} began"


def _after_decision(held: Dossier) -> Iterator[tuple[datetime, str]]:
    for grant in held.grants:
        yield grant.starts_at, f"Grant begins: {grant.kind.replace('_', ' ')}"
        yield grant.ends_at, f"Grant ends: {grant.kind.replace('_', ' ')}"
    for draft in held.drafts:
        if draft.answered_at is not None:
            yield draft.answered_at, f"Essay {draft.number}: {draft.outcome}"
    for review in held.reviews:
        yield review.received_at, f"{review.person}: {review.action} of {review.slot_id}"
    for publication in held.publications:
        yield publication.published_at, f"Published: {publication.slot_id}"
        if publication.withdrawn_at is not None:
            yield publication.withdrawn_at, f"Withdrawn: {publication.slot_id}"
    for report in held.reader_reports:
        yield report.received_at, f"A reader reported {report.slot_id} ({report.kind})"
    for notice in held.notices:
        if notice.sent_at is not None:
            yield notice.sent_at, f"Notice {notice.kind} sent to {notice.owner}"


def _people(held: Dossier) -> Iterator[tuple[datetime, str]]:
    for row in held.revocations:
        yield row.received_at, f"{row.person} revoked grant {row.grant_id[:12]}"
    for act in held.withdrawal_acts:
        yield act.received_at, f"{act.person} {act.action}d the withdrawal at the gateway"
    for application in held.applications:
        yield application.received_at, f"Application {application.id[:12]} received"
    for event in held.application_events:
        if event.fingerprint:
            yield event.at, f"{event.person}: application {event.application_id[:12]} {event.kind}"


def _watched(held: Dossier) -> Iterator[tuple[datetime, str]]:
    for row in held.incidents:
        yield row.raised_at, f"Incident raised ({row.severity}): {row.summary}"
        if row.closed_at is not None:
            yield row.closed_at, f"Incident closed: {row.subject}"
    for run in held.replay_runs:
        if run.judged_at is not None:
            name = "Same-model test" if run.purpose == "same_model" else "Successor compared"
            yield run.judged_at, f"{name} ({run.period}): {run.outcome.replace('_', ' ')}"
    for wave in held.follow_ups:
        yield wave.registered_at, f"Follow-up {wave.number} registered"
        if wave.ended_at is not None:
            yield wave.ended_at, f"Follow-up {wave.number}: {wave.outcome.replace('_', ' ')}"
    for learnt in held.retrospectives:
        yield learnt.made_at, "Retrospective made"
    if held.closing is not None:
        yield held.closing.closed_at, f"Retirement closed by {held.closing.people}"


def _next(held: Dossier, as_of: datetime) -> Iterator[tuple[datetime, str]]:
    for status in held.statuses:
        if status.until is not None and status.until > as_of:
            yield status.until, f"{status.stage.capitalize()} looks again ({status.reason})"
