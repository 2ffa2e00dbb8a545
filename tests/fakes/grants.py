"""Grants in the records, as two people's signatures and an application would make them."""

from dataclasses import replace
from datetime import datetime, timedelta

from tasks.kernel.digests import canonical_json, digest_of
from tasks.ports.gateway import GrantedAccess, KeyAtGateway
from tasks.records import Book
from tasks.records.access import Grant, Packet

MODEL = "aster-1"
NAMES = ("aster-1", "aster-1-latest")


class Serials:
    """Numbers of grants files, kept nowhere."""

    def __init__(self) -> None:
        self.last: dict[str, int] = {}

    def last_serial(self, model_id: str) -> int:
        return self.last.get(model_id, 0)

    def next_serial(self, model_id: str, *, above: int = 0) -> int:
        self.last[model_id] = max(self.last_serial(model_id), above) + 1
        return self.last[model_id]


def granted(now: datetime, *tokens: str, days: float = 30, **fields: object) -> GrantedAccess:
    """Leave for a paying customer, from now on."""
    keys = tuple(KeyAtGateway(token, "g1", "acme") for token in tokens)
    ends = now + timedelta(days=days)
    access = GrantedAccess("g1", MODEL, "paid_users", now, ends, names=NAMES, keys=keys)
    return replace(access, **fields)  # type: ignore[arg-type]


def put_grants(
    book: Book, now: datetime, *, signed_for: tuple[str, ...] = ("acme",), **kinds: str
) -> dict[str, str]:
    """Grants of 30 days under one packet; kind -> id.

    Args:
        book: the records.
        now: when they begin.
        signed_for: the paying users whom the packet names.
        kinds: kind -> holder.
    """
    body = {
        "model_id": MODEL,
        "paid_users": sorted(signed_for),
        "simulated": True,
        "approvals_needed": 2,
        "grants": sorted(kinds),
        "names": [MODEL],
        "term_days": 30,
        "proposal": "limited_pilot",
    }
    packet = Packet(
        digest=digest_of(body),
        model_id=MODEL,
        body=canonical_json(body).decode(),
        basis="b",
        proposed_at=now,
        expires_at=now + timedelta(days=14),
    )
    ids = {}
    with book.writing(now) as writing:
        writing.put(packet, "x")
        for number, (kind, holder) in enumerate(kinds.items()):
            ids[kind] = f"{number}{kind}".ljust(24, "0")
            row = Grant(
                id=ids[kind],
                model_id=MODEL,
                packet_digest=packet.digest,
                kind=kind,
                holder=holder,
                starts_at=now,
                ends_at=now + timedelta(days=30),
            )
            writing.put(row, "x")
    return ids
