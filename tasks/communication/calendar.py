"""Calendars (RFC 5545): the announcement, brownouts, last days, and when access is revisited.

The same records give the same bytes: stamps are those of the notices that told a date, never now.
A moved date raises SEQUENCE under the same UID; a surface that is no longer listed is CANCELLED,
and so is a brownout that does not take place.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from tasks.communication.public import PublicModel, last_days, pauses
from tasks.kernel.digests import digest_of, stable_id
from tasks.kernel.instants import from_text
from tasks.kernel.labels import SIMULATED, labelled

if TYPE_CHECKING:
    from icalendar import Event

_FORMAT = 1  # raised when the same entries would give other bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """One event; `day` and `stamp` are ISO texts, `url` may be empty.

    It lasts that day, or from `starts_at` to `ends_at` (RFC 3339) where these are given.
    """

    uid: str
    day: str
    summary: str
    description: str
    sequence: int
    stamp: str
    cancelled: bool
    url: str
    starts_at: str = ""
    ends_at: str = ""


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
    found += (
        Entry(
            uid=_uid(model, "brownout", pause.starts_at),
            day=pause.starts_at[:10],
            summary=labelled(f"{model.display_name}: planned brownout", model.simulated),
            description="Calls without a grant are refused meanwhile; it begins only once access "
            f"is decided. {about}",
            sequence=pause.sequence,
            stamp=pause.since,
            cancelled=pause.dropped,
            url=model.help_url,
            starts_at=pause.starts_at,
            ends_at=pause.ends_at,
        )
        for pause in pauses(model)
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
    from icalendar.prop import vInline

    day = date.fromisoformat(entry.day)
    timed = bool(entry.starts_at)
    event = Event()
    event.add("uid", entry.uid)
    event.add("dtstamp", from_text(entry.stamp).replace(microsecond=0))
    event.add("dtstart", from_text(entry.starts_at) if timed else day)
    event.add("dtend", from_text(entry.ends_at) if timed else day + timedelta(days=1))
    event.add("summary", vInline(_escaped(entry.summary)))
    event.add("description", vInline(_escaped(entry.description)))
    event.add("sequence", entry.sequence)
    event.add("status", "CANCELLED" if entry.cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    event.add("class", "PUBLIC")
    event.add("categories", ["Model retirement"])
    if entry.url:
        event.add("url", entry.url)
    return event


def _escaped(text: str) -> str:
    """Text of one line as RFC 5545, 3.3.11 writes it; icalendar takes a plain `\\N` for a break."""
    for sign in ("\\", ";", ","):
        text = text.replace(sign, f"\\{sign}")
    return text


def _about(model: PublicModel) -> str:
    label = f"{SIMULATED}: no real model retires. " if model.simulated else ""
    successor = f"Use instead: {model.successor}. " if model.successor else ""
    hold = "A legal hold stands: nothing is withdrawn while it does. " if model.legal_hold else ""
    return f"{label}{successor}{hold}Questions: {model.contact}"


def _uid(model: PublicModel, *parts: str) -> str:
    return f"{stable_id(model.model_id, *parts)}@emeritus"
