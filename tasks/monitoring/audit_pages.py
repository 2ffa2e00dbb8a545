"""The files of an audit: for people, for programs, and a packet an owner."""

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tasks.adapters.files import sync_folder, write_atomically
from tasks.kernel.digests import canonical_json, stable_id
from tasks.kernel.instants import to_text
from tasks.monitoring import audit_words
from tasks.monitoring.audit_counts import Use
from tasks.monitoring.coverage import instant_at
from tasks.monitoring.render import fill

PACKET = "emeritus-usage-packet/1"
_FORMER = "former"
_COMMON = ("model_id", "display_name", "simulated", "names", "successor", "surfaces", "window")
_COLUMNS = (
    *("owner", "caller", "export", "calls", "failed", "tokens_in", "tokens_out", "cost_usd"),
    *("first_at", "last_at", "names"),
)


def write_audit(folder: Path, body: dict[str, Any], uses: Sequence[Use]) -> Path:
    """Write an audit's files; returns the path of `audit.json`, which is written last.

    Safe to repeat: an unchanged file is not touched. A packet of an owner who is no longer named is
    moved to `owners/former/`, never deleted, and the audit says so.

    Raises:
        ConfigError: a template can't be used.
        OSError: the folder can't be written.
    """
    packets = _packets(body)
    former = _retire_packets(folder / "owners", {f"{slug}.json" for slug in packets}, body)
    whole = {**body, "former_owners": former, "packets": list(packets)}
    for slug, packet in packets.items():
        place = folder / "owners"
        text = fill("audit_owner.md.j2", p=packet, w=audit_words)
        write_atomically(place / f"{slug}.md", text.encode())
        write_atomically(place / f"{slug}.json", canonical_json(packet) + b"\n")
    write_atomically(folder / "callers.csv", _callers(uses))
    values = {"a": whole, "w": audit_words}
    write_atomically(folder / "audit.md", fill("audit.md.j2", **values).encode())
    write_atomically(folder / "audit.html", fill("audit.html.j2", **values).encode())
    write_atomically(folder / "audit.json", canonical_json(whole) + b"\n")
    return folder / "audit.json"


def _packets(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """A packet an owner, by the name of its file; two names that look alike there stay apart."""
    common = {name: body[name] for name in _COMMON}
    packets: dict[str, dict[str, Any]] = {}
    for owner in body["owners"]:
        slug = re.sub(r"[^a-z0-9]+", "-", owner["name"].casefold()).strip("-")[:60]
        if not slug or slug in packets:
            slug = f"{slug or 'owner'}-{stable_id(owner['name'])[:8]}"
        about = {"format": PACKET, "made_at": body["made_at"], **common}
        packets[slug] = {**about, "owner": owner}
    return packets


def _retire_packets(owners: Path, current: set[str], body: dict[str, Any]) -> list[str]:
    """Move packets of owners who are no longer named; tell the names of all such owners."""
    named = {owner["name"] for owner in body["owners"]}
    former: set[str] = set()
    for file in sorted(owners.glob("*.json")) if owners.is_dir() else ():
        owner = _owner_of(file)
        if not owner or file.name in current:
            continue
        place = owners / _FORMER
        place.mkdir(exist_ok=True)
        for one in (file.with_suffix(".md"), file):  # the one that is looked for goes last
            if one.is_file():
                one.replace(place / one.name)
        sync_folder(place)
    for file in sorted((owners / _FORMER).glob("*.json")):
        former |= {_owner_of(file)} - named
    return sorted(former - {""})


def _owner_of(file: Path) -> str:
    """Whose packet a file is; empty when it is none of ours."""
    try:
        packet = json.loads(file.read_bytes())
        return str(packet["owner"]["name"]) if packet["format"] == PACKET else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _callers(uses: Iterable[Use]) -> bytes:
    """All callers as a CSV that a spreadsheet opens without running anything in it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for use in uses:
        told = [_day(use.first), _day(use.last), "; ".join(use.called)]
        figures = [use.calls, use.failed, use.tokens_in, use.tokens_out, use.cost]
        row = [use.owner, use.caller, use.export, *figures, *told]
        writer.writerow([_inert(one) for one in row])
    return text.getvalue().encode()


def _day(micros: int) -> str:
    found = instant_at(micros)
    assert found is not None
    return to_text(found)


def _inert(value: object) -> object:
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return f"'{value}"
    return "" if value is None else value
