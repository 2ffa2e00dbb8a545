"""Who is to be told of an incident, and what a try says of the next one. Pure.

Each address is told of an incident once: intent first, the try noted before it is made, and after
a receipt never again. What was closed meanwhile, or whose address left the configuration, is not
told any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from configs.schema import RetirementConfig
from tasks.kernel.digests import stable_id
from tasks.ports.delivery import MOST_DOUBTFUL, outcome_of, wait_after
from tasks.ports.notifier import TryLater
from tasks.records.incident import Incident, IncidentTelling
from tasks.records.promises import WEBHOOK

EMAIL, FILE = "email", "file"
TRYING, SENT = "trying", "sent"


@dataclass(frozen=True, slots=True)
class Owed:
    """One message that is owed.

    Attributes:
        incident: what it tells of.
        contact: a mail address, or `webhook:<name>`.
        channel: email, file or webhook.
        row: what was tried so far; None before the intent.
    """

    incident: Incident
    contact: str
    channel: str
    row: IncidentTelling | None

    @property
    def message_id(self) -> str:
        """The same for each try."""
        return stable_id(self.incident.id, self.contact)


def receivers(config: RetirementConfig) -> tuple[tuple[str, str], ...]:
    """Contact and channel of everybody who is told of this model's incidents."""
    alarms = config.monitoring.alarms
    if alarms is None:
        return ()
    mail = FILE if config.communication.channels.smtp is None else EMAIL
    hooks = {hook.name for hook in config.communication.channels.webhooks}
    named = [(f"{WEBHOOK}:{name}", WEBHOOK) for name in alarms.webhooks if name in hooks]
    return (*((contact, mail) for contact in alarms.contacts), *named)


def unknown_webhooks(config: RetirementConfig) -> tuple[str, ...]:
    """Webhooks that `monitoring.alarms` names and `communication.channels` does not."""
    alarms = config.monitoring.alarms
    hooks = {hook.name for hook in config.communication.channels.webhooks}
    return tuple(name for name in (alarms.webhooks if alarms else ()) if name not in hooks)


def owed(
    config: RetirementConfig,
    incidents: Sequence[Incident],
    tellings: Sequence[IncidentTelling],
) -> tuple[Owed, ...]:
    """Every message about an open incident that has no receipt yet, in order."""
    known = {(row.incident_id, row.contact): row for row in tellings}
    found = [
        Owed(incident, contact, channel, known.get((incident.id, contact)))
        for incident in incidents
        if incident.closed_at is None
        for contact, channel in receivers(config)
    ]
    return tuple(one for one in found if one.row is None or one.row.sent_at is None)


def given_up(row: IncidentTelling) -> bool:
    """Whether no pass tries it again: refused for good, or it may have arrived often enough.

    A mail whose last try may have arrived is not tried a fourth time, whatever the tries before
    it were. A webhook is: its receiver knows a repeat by its id.
    """
    if row.sent_at is not None:
        return False
    doubtful = row.outcome in ("doubtful", TRYING) and row.channel == EMAIL
    return row.outcome == "refused" or (doubtful and row.tries >= MOST_DOUBTFUL)


def may_be_tried(one: Owed, now: datetime) -> bool:
    """Whether a pass tries it now."""
    row = one.row
    if row is None:
        return True
    return not given_up(row) and (row.again_at is None or row.again_at <= now)


def begin(row: IncidentTelling, channel: str, now: datetime) -> None:
    """Note on a row that a try begins, before anything is sent."""
    row.channel, row.outcome, row.said, row.again_at = channel, TRYING, "", None
    row.tries, row.tried_at = row.tries + 1, now


def end(row: IncidentTelling, outcome: str | Exception, now: datetime) -> None:
    """Note what became of it: a receipt, or why there is none.

    Also where nothing can be sent to anybody now, the next try has its time, so that a pass that
    tried is done.
    """
    if isinstance(outcome, str):
        row.outcome, row.sent_at, row.receipt = SENT, now, outcome
        return
    row.outcome, row.said = outcome_of(outcome), str(outcome)
    asked = outcome.after if isinstance(outcome, TryLater) else None
    row.again_at = None if given_up(row) else now + wait_after(row.tries, asked)
