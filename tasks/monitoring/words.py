"""How the dossier says ids, kinds and instants to people. Pure."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import PurePath

from tasks.kernel.instants import to_utc

_QUESTIONS = {
    "affirm": "question that presumes yes",
    "negate": "question that presumes no",
    "lead": "leading question",
}
_PAGES = {
    "help.html": "Help for users",
    "statement.html": "Public statement",
    "essays/site": "Essay site",
    "essays/handbook": "Reviewer’s handbook",
}
_FORMS = {"files": "as it was, in plain", "pieces": "in pieces, in plain"}
_TOWARDS = {"replication": "to", "dissemination": "from"}
_UNITS = ("kB", "MB", "GB", "TB", "PB")
_IDS = (
    *("hard_retire", "limited_pilot", "keep_everything"),
    *("paid_users", "research_api", "essay_channel"),
)
_NAME = re.compile(r"(?<![\w./@-])[a-z]+(?:_[a-z0-9]+)+(?![\w/@-]|\.\w)")
_ISO = re.compile(r"(?<![\w./-])(\d{4}-\d\d-\d\d)(?: (\d\d:\d\d) UTC)?(?![\w/-]|\.\w)")
_OFFSET = re.compile(r"T([-+])(\d+)(.*)")


def day(of: date) -> str:
    """`2 Dec 2026`; an instant's day is the one in UTC."""
    if isinstance(of, datetime):
        of = to_utc(of)
    return f"{of.day} {of:%b %Y}"


def moment(instant: datetime) -> str:
    """`2 Dec 2026, 09:30`, in UTC, as the page says of all its times."""
    return f"{day(instant)}, {to_utc(instant):%H:%M}"


def in_words(text: str, labels: Mapping[str, str]) -> str:
    """A stage's sentence with days, themes and grants as the rest of the page says them.

    Args:
        text: the sentence; paths, addresses and settings in it stay as they are.
        labels: theme id -> the theme in a person's words.
    """

    def said(found: re.Match[str]) -> str:
        name = found.group()
        return labels.get(name, name.replace("_", " ") if name in _IDS else name)

    def dated(found: re.Match[str]) -> str:
        try:
            of = day(date.fromisoformat(found[1]))
        except ValueError:
            return found.group()
        return of if found[2] in (None, "00:00") else f"{of}, {found[2]}"

    return _ISO.sub(dated, _NAME.sub(said, text))


def question(kind: str) -> str:
    """How a conversation's question was put."""
    return _QUESTIONS.get(kind, f"{kind.replace('_', ' ')} question")


def page(name: str) -> str:
    """A recorded page's name."""
    slot = name.removeprefix("essays/review/")
    return _PAGES.get(name, name) if slot == name else f"Review page of {slot}"


def notice(kind: str) -> str:
    """`90 days before (T-90)`; kinds without an offset stay."""
    found = _OFFSET.fullmatch(kind)
    if found is None:
        return kind.replace("-", " ")
    sign, days, rest = found.groups()
    side = "before" if sign == "-" else "after"
    return f"{days} days {side}{rest.replace('-', ' ')} (T{sign}{days})"


def form(of: str, recipients: int = 0) -> str:
    """How a replica holds its package: `files`, `pieces` or `age`, in words."""
    if of != "age":
        return _FORMS.get(of, of)
    return f"encrypted for {recipients} recipient{'' if recipients == 1 else 's'}"


def event(kind: str, replica: str) -> str:
    """`fixity check of first`; of no replica, the PREMIS event type alone."""
    return f"{kind} {_TOWARDS.get(kind, 'of')} {replica}" if replica else kind


def size(of: int) -> str:
    """`23,649,548 bytes (23.6 MB)`; units are powers of 1,000."""
    scaled, power = float(of), 0
    while scaled >= 999.95 and power < len(_UNITS):
        scaled, power = scaled / 1000, power + 1
    return f"{of:,} bytes" + (f" ({scaled:.1f} {_UNITS[power - 1]})" if power else "")


def link_to(location: str) -> str:
    """A location as a URL that is safe in `href`: http(s) or file; empty for anything else."""
    if location.startswith(("https://", "http://")):
        return location
    path = PurePath(location)
    return path.as_uri() if path.is_absolute() else ""
