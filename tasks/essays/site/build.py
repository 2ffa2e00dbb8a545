"""Making public what of a site changed, and nothing else.

A record of each place is kept apart from it: what every file that was put there rests on, and its
digest. What the record does not name, or what is no longer as it says, is made; so a build that was
killed is finished by the next one, and a page that somebody changed or took away comes back.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from tasks.essays.site.content import Site
from tasks.essays.site.plan import plan
from tasks.kernel.digests import sha256_hex
from tasks.ports.publisher import Publisher

_FORMAT = "emeritus-site-build@v1"
#: Addresses that stand for good: an essay, or its note, and the policies it was judged by.
_FOR_GOOD = ("essays/", "policies/")

_log = logging.getLogger("emeritus")


@dataclass(frozen=True, slots=True)
class Built:
    """What a build did: paths, in order."""

    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """What was put in one place.

    Attributes:
        told: digest of all that the site told when it was last built whole; empty while it is not.
        files: path -> (basis, SHA-256 of the bytes).
    """

    told: str = ""
    files: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def build(
    site: Site, place: Publisher, records: Publisher, *, told: str, compare: bool = True
) -> Built:
    """Bring one place up to date: new and changed files, those that are gone, and no others.

    Safe to repeat.

    Args:
        site: what is told.
        place: where it is public.
        records: where the record of the place is kept; never in public.
        told: digest of all that `site` tells and of its looks. Where the record has it, and every
            file is as it says, no page is looked at.
        compare: whether public bytes are read and compared; otherwise only whether they are there.

    Raises:
        PublicationRefused: an essay in the records is not what was approved, or a place is foul.
        OSError: the place can't be written; what is public is whole files, and the next build
            goes on.
    """
    record = _read(place, records)
    whole = _whole(record, place, compare=compare)
    if record.told == told and len(whole) == len(record.files):
        return Built()
    files = {file.path: file for file in plan(site)}
    kept = {p: seen for p, seen in whole.items() if p in files and files[p].basis == seen[0]}
    _write(place, records, Record(files=kept))
    fresh = {path: file.make() for path, file in files.items() if path not in kept}
    written = place.publish(fresh)
    stale = [p for p in record.files if p not in files and not p.startswith(_FOR_GOOD)]
    removed = place.remove(stale)
    if removed:
        _log.info("taken from the site, which no longer has them: %s", ", ".join(removed))
    made = {path: (files[path].basis, sha256_hex(data)) for path, data in fresh.items()}
    _write(place, records, Record(told, {**kept, **made}))
    return Built(written, removed)


def is_whole(place: Publisher, records: Publisher) -> bool:
    """Whether the last build of a place was finished, and all that it made is still as it was."""
    record = _read(place, records)
    return bool(record.told) and len(_whole(record, place)) == len(record.files)


def _whole(record: Record, place: Publisher, *, compare: bool = True) -> dict[str, tuple[str, str]]:
    """The files of a record that are public as it says."""
    if not compare:
        there = set(place.listing())
        return {path: seen for path, seen in record.files.items() if path in there}
    found = {}
    for path, seen in record.files.items():
        data = place.read(path)
        if data is not None and sha256_hex(data) == seen[1]:
            found[path] = seen
    return found


def _name(place: Publisher) -> str:
    return f"{sha256_hex(place.location('index.html').encode())[:24]}.json"


def _read(place: Publisher, records: Publisher) -> Record:
    """The record of a place; an empty one where there is none that can be used."""
    try:
        found = json.loads(records.read(_name(place)) or b"{}")
        if found.get("format") == _FORMAT:
            files = {str(p): (str(basis), str(sha)) for p, (basis, sha) in found["files"].items()}
            return Record(str(found["told"]), files)
    except (ValueError, LookupError, AttributeError, TypeError):
        where = place.location("index.html")
        _log.warning("the record of what was built at %s can't be read: all is made anew", where)
    return Record()


def _write(place: Publisher, records: Publisher, record: Record) -> None:
    body = {
        "format": _FORMAT,
        "location": place.location("index.html"),
        "told": record.told,
        "files": dict(record.files),
    }
    records.publish({_name(place): (json.dumps(body) + "\n").encode()})
