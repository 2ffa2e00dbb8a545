"""The list of people who may sign, read strictly (OpenSSH, `ssh-keygen(1)`, ALLOWED SIGNERS).

OpenSSH itself takes patterns for names, certificate authorities, one key under many names, and
dates in local time. Each of those lets one person pass for two, or a key live on after its day, so
each is refused here.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tasks.adapters.ssh_public_keys import checked_key
from tasks.kernel.errors import ConfigError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]*")
_KEY_TYPE = re.compile(r"(?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]+")
_OPTION = re.compile(r'([a-z-]+)(?:="([^"]*)")?(?:,|$)')
_DATE = re.compile(r"\d{8}(?:\d{4}(?:\d{2})?)?Z")
_FORMATS = {9: "%Y%m%dZ", 13: "%Y%m%d%H%MZ", 15: "%Y%m%d%H%M%SZ"}
_DATED = ("valid-after", "valid-before")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the list.

    Attributes:
        line: its number.
        names: whose key it is; one person may stand under one name only.
        kind: the public key's type.
        key: the public key, base64.
        options: `valid-after`, `valid-before` and `namespaces`, as written.
    """

    line: int
    names: tuple[str, ...]
    kind: str
    key: str
    options: dict[str, str] = field(default_factory=dict)

    def instant(self, option: str) -> datetime | None:
        """`valid-after` or `valid-before` as an instant; None without it."""
        text = self.options.get(option)
        if text is None:
            return None
        return datetime.strptime(text, _FORMATS[len(text)]).replace(tzinfo=UTC)

    def line_for(self, name: str) -> str:
        """The entry for one of its names, as OpenSSH reads it."""
        options = ",".join(f'{option}="{value}"' for option, value in self.options.items())
        return " ".join(filter(None, (name, options, self.kind, self.key))) + "\n"

    def may(self, namespace: str) -> bool:
        """Whether the key may sign for a purpose."""
        allowed = self.options.get("namespaces")
        return allowed is None or namespace in allowed.split(",")

    def valid_at(self, at: datetime) -> bool:
        """Whether an instant lies within the key's dates."""
        after, before = self.instant("valid-after"), self.instant("valid-before")
        return (after is None or after <= at) and (before is None or at < before)


def read_allowed_signers(path: Path) -> tuple[Entry, ...]:
    """Every entry, in file order.

    Raises:
        ConfigError: not readable, or a line is not an entry that may stand there.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError):
        raise ConfigError(
            f"{path}: can't be read; list one 'name key-type public-key' a line"
        ) from None
    found = []
    for number, raw in enumerate(lines, start=1):
        line = raw.strip(" \t\r")  # what OpenSSH itself takes for blank, and nothing else
        if not line or line.startswith("#"):
            continue
        if odd := next((c for c in line if not (c.isprintable() or c == "\t")), ""):
            raise ConfigError(f"{path}:{number}: entry: holds U+{ord(odd):04X}; write it in ASCII")
        found.append(_entry(path, number, line.split()))
    return tuple(found)


def check_allowed_signers(path: Path) -> tuple[Entry, ...]:
    """The entries of a list in which nobody can stand for somebody else.

    Raises:
        ConfigError: also where two names share a key, or differ in upper and lower case alone. One
            person may have two keys, as when one replaces the other; approvals count people.
    """
    entries = read_allowed_signers(path)
    owners: dict[str, str] = {}
    spellings: dict[str, str] = {}
    for entry in entries:
        for name in entry.names:
            if owners.setdefault(entry.key, name) != name:
                raise ConfigError(
                    f"{path}:{entry.line}: {owners[entry.key]!r} and {name!r} share one key, which "
                    "would make one person two; give each their own"
                )
            if spellings.setdefault(name.casefold(), name) != name:
                raise ConfigError(
                    f"{path}:{entry.line}: {name!r} and {spellings[name.casefold()]!r} differ in "
                    "case alone; write one person one way"
                )
    return entries


def who_may_sign(entries: Sequence[Entry], at: datetime, namespace: str) -> tuple[str, ...]:
    """The people with a key within its dates at an instant, and for a purpose, sorted."""
    able = (e for e in entries if e.valid_at(at) and e.may(namespace))
    return tuple(sorted({name for e in able for name in e.names}))


def _entry(path: Path, number: int, words: list[str]) -> Entry:
    def refused(what: str, problem: str) -> ConfigError:
        return ConfigError(f"{path}:{number}: {what}: {problem}")

    kinds = [i for i, word in enumerate(words[1:3], start=1) if _KEY_TYPE.fullmatch(word)]
    if not kinds or kinds[0] + 1 >= len(words):
        raise refused("entry", "write 'name key-type public-key' (options, if any, after the name)")
    names = tuple(words[0].split(","))
    for name in names:
        if any(sign in name for sign in "*?!"):
            raise refused(f"name {name!r}", "patterns could be anybody; write full names")
        if not _NAME.fullmatch(name):
            raise refused(
                f"name {name!r}", "use letters of a to z, digits and . _ @ + -, without quotes"
            )
    kind = words[kinds[0]]
    try:
        key = checked_key(kind, words[kinds[0] + 1])
    except ValueError as error:
        raise refused("key", str(error)) from None
    options = _options(words[1]) if kinds[0] == 2 else {}
    if options is None:
        raise refused("options", f"can't be read: {words[1]}; write them as ssh-keygen(1) tells")
    for option, value in options.items():
        _check_option(option, value, refused)
    return Entry(number, names, kind, key, options)


def _options(word: str) -> dict[str, str] | None:
    found: dict[str, str] = {}
    at = 0
    while at < len(word):
        match = _OPTION.match(word, at)
        if match is None or match[1] in found:
            return None
        found[match[1]] = match[2] if match[2] is not None else ""
        at = match.end()
    return found


def _check_option(option: str, value: str, refused: Callable[[str, str], ConfigError]) -> None:
    if option == "cert-authority":
        raise refused(option, "whoever holds that key could sign as anybody; list people's keys")
    if option in _DATED:
        if not _DATE.fullmatch(value):
            digits = re.sub(r"\D", "", value)[:8]
            hint = f"{digits}Z" if len(digits) == 8 else "20280101Z"
            raise refused(
                option,
                f'{value!r} is not a date that ssh-keygen reads in UTC; write {option}="{hint}" '
                "(YYYYMMDDZ)",
            )
        try:
            datetime.strptime(value, _FORMATS[len(value)])
        except ValueError:
            raise refused(option, f"{value!r} is no day of the calendar") from None
    elif option == "namespaces":
        if not value or any(sign in value for sign in "*?!"):
            raise refused(option, "write the full names, in quotes; patterns say too little")
    else:
        raise refused(option, "no such option; known are namespaces, valid-after, valid-before")
