"""Calendars (RFC 5545): the announcement, each surface's last day, and when access is revisited.

The same records give the same bytes: stamps are those of the notices that told a date, never now.
A moved date raises SEQUENCE under the same UID; a surface that is no longer listed is CANCELLED.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from tasks.communication.public import PublicModel, last_days
from tasks.kernel.digests import digest_of, stable_id
from tasks.kernel.instants import from_text
from tasks.kernel.labels import SIMULATED, labelled

if TYPE_CHECKING:
    from icalendar import Event

_FORMAT = 1  # raised when the same entries would give other bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """One all-day event; `day` and `stamp` are ISO texts, `url` may be empty."""

    uid: str
    day: str
    summary: str
    description: str
    sequence: int
    stamp: str
    cancelled: bool
    url: str


def entries_of(model: PublicModel) -> tuple[Entry, ...]:
    """Everything that stands in a calendar of one model, in order of days."""
    about = _about(model)
    found = [
        Entry(
            uid=_uid(model, "announcement"),
            day=model.announced_on,
            summary=labelled(f"{model.display_name}: retirement announced", model.simulated),
            description=about,
            sequence=0,
            stamp=model.tellings[0].since,
            cancelled=False,
            url=model.help_url,
        )
    ]
    found += (
        Entry(
            uid=_uid(model, "last-day", last.surface),
            day=last.day,
            summary=labelled(f"{model.display_name}: last day on {last.surface}", model.simulated),
            description=f"Last day of service on {last.surface}, counted in UTC. {about}",
            sequence=last.sequence,
            stamp=last.since,
            cancelled=last.dropped,
            url=model.help_url,
        )
        for last in last_days(model)
    )
    if model.revisit is not None:
        found.append(
            Entry(
                uid=_uid(model, "access", model.revisit.packet),
                day=model.revisit.ends_on,
                summary=labelled(
                    f"{model.display_name}: access ends or is decided anew", model.simulated
                ),
                description=f"The access that was decided holds until this day. {about}",
                sequence=0,
                stamp=model.revisit.decided_at,
                cancelled=False,
                url=model.help_url,
            )
        )
    return tuple(sorted(found, key=lambda entry: (entry.day, entry.uid)))


def calendar_basis(entries: Sequence[Entry], name: str) -> str:
    """Digest of all that a calendar rests on."""
    rows = [asdict(entry) for entry in entries]
    return digest_of({"format": _FORMAT, "name": name, "entries": rows})


def calendar_bytes(entries: Sequence[Entry], name: str) -> bytes:
    """A calendar file, UTF-8, lines ended by CRLF and folded at 75 octets."""
    from icalendar import Calendar  # a tenth of a second, which no other command should pay

    calendar = Calendar()
    calendar.add("prodid", "-//Emeritus//Model retirements//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("name", name)  # RFC 7986
    calendar.add("x-wr-calname", name)  # what older programs read
    calendar.add("refresh-interval", timedelta(days=1), parameters={"VALUE": "DURATION"})
    for entry in entries:
        calendar.add_component(_event(entry))
    return bytes(calendar.to_ical())


def _event(entry: Entry) -> "Event":
    from icalendar import Event

    day = date.fromisoformat(entry.day)
    event = Event()
    event.add("uid", entry.uid)
    event.add("dtstamp", from_text(entry.stamp).replace(microsecond=0))
    event.add("dtstart", day)
    event.add("dtend", day + timedelta(days=1))
    event.add("summary", entry.summary)
    event.add("description", entry.description)
    event.add("sequence", entry.sequence)
    event.add("status", "CANCELLED" if entry.cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    event.add("class", "PUBLIC")
    event.add("categories", ["Model retirement"])
    if entry.url:
        event.add("url", entry.url)
    return event


def _about(model: PublicModel) -> str:
    label = f"{SIMULATED}: no real model retires. " if model.simulated else ""
    successor = f"Use instead: {model.successor}. " if model.successor else ""
    hold = "A legal hold stands: nothing is withdrawn while it does. " if model.legal_hold else ""
    return f"{label}{successor}{hold}Questions: {model.contact}"


def _uid(model: PublicModel, *parts: str) -> str:
    return f"{stable_id(model.model_id, *parts)}@emeritus"
