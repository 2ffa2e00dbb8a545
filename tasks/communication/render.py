"""Notices and pages from the templates in configs/templates/communication/."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, timedelta

from configs.templating import fill, template_path
from tasks.communication.core import DueNotice
from tasks.communication.facts import Facts
from tasks.kernel.digests import digest_of, sha256_hex
from tasks.kernel.errors import ConfigError
from tasks.kernel.instants import from_text, to_minute
from tasks.kernel.labels import labelled

PAGES: tuple[str, ...] = ("help.html", "statement.html")


def basis_of(facts: Facts, page: str) -> str:
    """Digest of all that a page rests on: the facts, and the templates' bytes."""
    names = (f"{page}.j2", "_page.html.j2", "_parts.html.j2")
    templates = {n: sha256_hex(template_path("communication", n).read_bytes()) for n in names}
    return digest_of({"facts": asdict(facts), "templates": templates})


def page_bytes(facts: Facts, page: str) -> bytes:
    """One page, UTF-8.

    Raises:
        ConfigError: the template can't be used.
    """
    return _rendered(f"{page}.j2", facts=facts).encode()


def notice_text(facts: Facts, notice: DueNotice, today: date) -> tuple[str, str]:
    """A notice's subject and body; the template's first line is the subject.

    Args:
        facts: what may be said.
        notice: to whom, of which kind.
        today: day from which the days that are left are counted.

    Raises:
        ConfigError: the template can't be used.
    """
    left = (date.fromisoformat(notice.retires_on) - today).days
    said = headline(facts, notice, left)
    text = _rendered(
        "notice.txt.j2",
        facts=facts,
        notice=notice,
        days_left=left,
        headline=said,
        brownouts=_ahead(notice.told.brownouts, today),
        dropped=_ahead(notice.dropped, today),
    )
    subject, _, body = text.partition("\n")
    if not subject.startswith("Subject: ") or not body.strip():
        path = template_path("communication", "notice.txt.j2")
        raise ConfigError(
            f"{path}:1: the first line must be 'Subject: ...', with the message below it"
        )
    return labelled(subject.removeprefix("Subject: "), facts.simulated), body.strip() + "\n"


def headline(facts: Facts, notice: DueNotice, days_left: int) -> str:
    """The dates in one line, true on its day: `Aster 1 retires on 1 March 2027`."""
    day, changed = _day(notice.retires_on), ""
    if notice.changes:
        changed = " (dates changed)"
    elif notice.brownouts_changed and not notice.hold_changed:
        changed = " (brownouts changed)"
    if facts.legal_hold:
        said = f"stays while a legal hold stands; planned for {day}"
    elif days_left < 0:
        said = f"retired on {day}"
    else:
        said = f"retires on {day}" if days_left else f"retires today, {day}"
    return f"{facts.display_name} {said}{changed}"


def _ahead(windows: Iterable[tuple[str, str]], today: date) -> list[str]:
    """Brownouts that are not over before a day, as `2027-02-01 10:00 UTC, for 10 minutes`."""
    return [_window(*window) for window in windows if from_text(window[1]).date() >= today]


def _window(starts_at: str, ends_at: str) -> str:
    start = from_text(starts_at)
    minutes = round((from_text(ends_at) - start) / timedelta(minutes=1))
    number, unit = (minutes, "minute") if minutes % 60 else (minutes // 60, "hour")
    return f"{to_minute(start)}, for {number} {unit}{'' if number == 1 else 's'}"


def _rendered(name: str, **values: object) -> str:
    return fill("communication", name, values, filters={"day": _day}, finalize=_one_line)


def _day(iso: str) -> str:
    """`2 March 2027`."""
    day = date.fromisoformat(iso)
    return f"{day.day} {day:%B %Y}"


def _one_line(value: object) -> object:
    """No value brings lines of its own: it can't add to a subject, or forge a part of a notice."""
    return " ".join(value.split()) if type(value) is str else value
