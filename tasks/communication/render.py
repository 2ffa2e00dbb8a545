"""Notices and pages from the templates in configs/templates/communication/."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import date

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, select_autoescape

from configs.home import CHECKOUT
from tasks.communication.core import DueNotice
from tasks.communication.facts import Facts
from tasks.kernel.digests import digest_of, sha256_hex
from tasks.kernel.errors import ConfigError
from tasks.kernel.labels import labelled

TEMPLATES = CHECKOUT / "configs" / "templates" / "communication"
PAGES: tuple[str, ...] = ("help.html", "statement.html")


def basis_of(facts: Facts, page: str) -> str:
    """Digest of all that a page rests on: the facts, and the templates' bytes."""
    names = (f"{page}.j2", "_page.html.j2", "_parts.html.j2")
    templates = {name: sha256_hex((TEMPLATES / name).read_bytes()) for name in names}
    return digest_of({"facts": asdict(facts), "templates": templates})


def page_bytes(facts: Facts, page: str) -> bytes:
    """One page, UTF-8.

    Raises:
        ConfigError: the template can't be used.
    """
    return _rendered(f"{page}.j2", lambda template: template(facts=facts)).encode()


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
    text = _rendered(
        "notice.txt.j2", lambda template: template(facts=facts, notice=notice, days_left=left)
    )
    subject, _, body = text.partition("\n")
    if not subject.startswith("Subject: ") or not body.strip():
        raise ConfigError(
            f"{TEMPLATES / 'notice.txt.j2'}:1: the first line must be 'Subject: ...', with the "
            "message below it"
        )
    return labelled(subject.removeprefix("Subject: "), facts.simulated), body.strip() + "\n"


def _rendered(name: str, fill: Callable[[Callable[..., str]], str]) -> str:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        finalize=_one_line,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["day"] = _day
    try:
        return fill(environment.get_template(name).render)
    except TemplateError as error:
        line = getattr(error, "lineno", None) or 1
        raise ConfigError(f"{TEMPLATES / name}:{line}: {error}; mend the template") from None


def _day(iso: str) -> str:
    """`2 March 2027`."""
    day = date.fromisoformat(iso)
    return f"{day.day} {day:%B %Y}"


def _one_line(value: object) -> object:
    """No value brings lines of its own: it can't add to a subject, or forge a part of a notice."""
    return " ".join(value.split()) if type(value) is str else value
