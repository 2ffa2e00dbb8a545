"""Prefect tasks of incidents: judge the signals, and tell people of what is open."""

import json

from prefect import task
from prefect.cache_policies import NO_CACHE

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.adapters.files import write_atomically
from tasks.kernel.digests import canonical_json
from tasks.kernel.errors import ConfigError, EmeritusError
from tasks.kernel.instants import to_minute, to_text
from tasks.kernel.labels import labelled
from tasks.monitoring.incidents import telling
from tasks.monitoring.incidents.judgement import judgement, judgement_file
from tasks.monitoring.incidents.rows import open_incidents, tellings_of
from tasks.monitoring.incidents.telling import Owed
from tasks.monitoring.incidents.wanted import raise_all, wanted
from tasks.monitoring.render import fill
from tasks.ports.notifier import Event, Message
from tasks.records import Fence
from tasks.records.incident import IncidentTelling
from tasks.records.promises import WEBHOOK

TEMPLATE = "incident.txt.j2"


@task(name="watch signals", task_run_name="watch signals of {config.id}", cache_policy=NO_CACHE)
def watch_signals(config: RetirementConfig, fence: Fence) -> None:
    """Judge the signals by the latest readings, and open an incident for each that crossed.

    Safe to repeat: a crossing is one incident, and while it is open its signal opens no other.
    Where no alarms are configured nothing is done.

    Raises:
        FenceLost: a later pass took over; nothing was written.
        OSError: the reports' folder can't be written; the incidents are recorded.
    """
    if config.monitoring.alarms is None:
        return
    book, now = wiring.book(), wiring.clock().now()
    with book.reading() as session:
        found = judgement(config, session)
        finds = wanted(config, session, found, now)
    if finds:
        with book.writing(now, fence=fence) as writing:
            raise_all(writing, config.id, finds, now)
    write_atomically(judgement_file(config), canonical_json(found) + b"\n")


@task(
    name="tell of incidents",
    task_run_name="tell of incidents of {config.id}",
    cache_policy=NO_CACHE,
)
def tell_of_incidents(config: RetirementConfig, fence: Fence) -> None:
    """Send each message about an open incident that is owed and may be tried now.

    Safe to repeat: what has a receipt is not sent again. What can't be sent is recorded with its
    reason and the time of its next try, and keeps no other message back.

    Raises:
        FenceLost: a later pass took over.
        ConfigError: the template can't be used; nothing was sent.
    """
    book, now = wiring.book(), wiring.clock().now()
    with book.reading() as session:
        rows = telling.owed(
            config, open_incidents(session, config.id), tellings_of(session, config.id)
        )
    due = [one for one in rows if telling.may_be_tried(one, now)]
    told = [(one, *_words(config, one)) for one in due]
    missing = [one for one in due if one.row is None]
    if missing:
        with book.writing(now, fence=fence) as writing:
            writing.put_all([(_row(config, one), "monitoring.telling_intended") for one in missing])
    for one, subject, text in told:
        _send(config, fence, one, subject, text)


def _send(config: RetirementConfig, fence: Fence, one: Owed, subject: str, text: str) -> None:
    """Try once; what becomes of it is recorded."""
    book, now = wiring.book(), wiring.clock().now()
    with book.writing(now, fence=fence) as writing:
        row = writing.session.get_one(IncidentTelling, (one.incident.id, one.contact))
        if row.sent_at is not None:
            return
        telling.begin(row, one.channel, now)
        writing.put(row, "monitoring.telling_tried")
    outcome: str | Exception
    try:
        if one.channel == WEBHOOK:
            name = one.contact.removeprefix(f"{WEBHOOK}:")
            event = Event(one.message_id, event_body(config, one, subject), now)
            outcome = wiring.event_hook(config.communication, name).post(event)
        else:
            message = Message(
                id=one.message_id,
                sender=config.communication.sender,
                to=one.contact,
                subject=subject,
                body=text,
                written_at=row.intended_at,
            )
            outcome = wiring.notifier(config.communication).send(message)
    except (OSError, EmeritusError) as error:
        outcome = error
    now = wiring.clock().now()
    with book.writing(now, fence=fence) as writing:
        row = writing.session.get_one(IncidentTelling, (one.incident.id, one.contact))
        telling.end(row, outcome, now)
        writing.put(row, f"monitoring.telling_{row.outcome}")


def event_body(config: RetirementConfig, one: Owed, subject: str) -> bytes:
    """What a webhook is sent: canonical JSON; `text` is for chat systems, `data` for programs."""
    row = one.incident
    return canonical_json(
        {
            "type": "monitoring.incident",
            "timestamp": to_text(row.raised_at),
            "text": f"{subject}: {row.summary}",
            "data": {
                "model": config.id,
                "display_name": config.display_name,
                "incident": row.id,
                "kind": row.kind,
                "subject": row.subject,
                "severity": row.severity,
                "summary": row.summary,
                "evidence": json.loads(row.evidence),
                "raised_at": to_text(row.raised_at),
                "simulated": row.simulated,
            },
        }
    )


def _words(config: RetirementConfig, one: Owed) -> tuple[str, str]:
    """Subject and text of a message; the template's first line is the subject."""
    row = one.incident
    text = fill(
        TEMPLATE,
        name=" ".join(config.display_name.split()),
        model_id=config.id,
        incident=row,
        raised=to_minute(row.raised_at),
    )
    subject, _, body = text.partition("\n")
    if not subject.startswith("Subject: ") or not body.strip():
        raise ConfigError(
            f"configs/templates/monitoring/{TEMPLATE}:1: the first line must be 'Subject: ...', "
            "with the message below it"
        )
    return labelled(subject.removeprefix("Subject: "), row.simulated), body.strip() + "\n"


def _row(config: RetirementConfig, one: Owed) -> IncidentTelling:
    return IncidentTelling(
        incident_id=one.incident.id,
        contact=one.contact,
        model_id=config.id,
        channel=one.channel,
        intended_at=wiring.clock().now(),
    )
