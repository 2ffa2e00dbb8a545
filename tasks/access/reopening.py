"""Whether a decision that stands is open again within its term, and why. Reads records only.

Nobody loses access by it: what was granted ends with its term, or by a signed revocation. It is
told, a new packet is proposed, and what comes in place of the decision is signed as any other.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from configs.schema import RetirementConfig
from tasks.access.gateway.grants import grants_in_force
from tasks.access.knock_outs import KnockOut, barred_kinds
from tasks.access.packets import grants_under, open_grounds, reopens_at
from tasks.kernel.instants import to_minute, to_text
from tasks.records.access import Packet, Revocation


@dataclass(frozen=True, slots=True)
class Bar:
    """A knock-out against something that is granted: the decision did not know it.

    Attributes:
        knock_out: what was found, and what would lift it.
        kinds: the grants in force that it speaks against.
        found_on: when a packet named it first; None before one has.
    """

    knock_out: KnockOut
    kinds: tuple[str, ...]
    found_on: datetime | None


@dataclass(frozen=True, slots=True)
class Revoked:
    """A grant of the decision that a person ended before its day."""

    kind: str
    on: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reopening:
    """Why a decision is open again.

    Attributes:
        bars: new knock-outs against what is granted.
        revoked: grants that were revoked.
        of_itself: its term is nearly over, or a gateway name or a paying user was never signed for.
        halted: a knock-out stands under which nothing may be decided at all.
    """

    bars: tuple[Bar, ...]
    revoked: tuple[Revoked, ...]
    of_itself: bool
    halted: bool

    @property
    def presses(self) -> bool:
        """Whether people should act; a revocation alone only makes it possible to grant anew."""
        return bool(self.bars or self.of_itself or self.halted)

    @property
    def why(self) -> str:
        """In a few words; empty where it opened of itself."""
        bars = [f"{one.knock_out.id} bars {_listed(one.kinds)}" for one in self.bars]
        return "; ".join([*bars, *(f"{one.kind} was revoked" for one in self.revoked)])

    def told(self, config: RetirementConfig) -> str:
        """What happened, since when, what lifts it, and what a person can do; or empty."""
        parts = [_bar_told(one) for one in self.bars]
        if self.bars:
            parts.append(
                "nobody loses access by that alone: to end a grant now, one person signs "
                f"`emeritus grants revoke {config.id} GRANT`"
            )
        people = config.access.approvals_needed
        parts += [
            f"{one.kind} was revoked by {one.by} on {to_minute(one.on)} ({one.reason}), and comes "
            f"back only by a new decision, signed by {people} people"
            for one in self.revoked
        ]
        return "; ".join(parts)


def reopening_of(
    config: RetirementConfig, session: Session, packet: Packet, now: datetime
) -> Reopening | None:
    """Why the decision that stands may be decided anew now; None where it may not.

    Args:
        config: the model's configuration.
        session: for reading.
        packet: the decision in force.
        now: the instant.
    """
    grounds, _ = open_grounds(config, session, now)
    body = json.loads(packet.body)
    live = {one.kind for one in grants_in_force(session, config.id, now) if not one.holder}
    granted = live & set(body["grants"])
    bars = [
        Bar(one, kinds, _found_on(session, packet, one.id))
        for one in grounds.knock_outs
        if one.bars == "callers" and (kinds := barred_kinds(one, granted))
    ]
    found = Reopening(
        bars=tuple(bars),
        revoked=_revoked(session, packet),
        of_itself=now >= reopens_at(config, session, packet),
        halted=bool(grounds.barring),
    )
    return found if found.presses or found.revoked else None


def granted_before(session: Session, packet: Packet, now: datetime) -> list[dict[str, Any]]:
    """What is granted while a packet is proposed, and what of it was revoked, as JSON values.

    Whoever signs the next packet should know of both: signing it ends nothing that stands.
    """
    standing = [
        {"kind": one.kind, "ends_at": to_text(one.ends_at), "revoked": None}
        for one in grants_in_force(session, packet.model_id, now)
        if not one.holder
    ]
    revoked = [
        {
            "kind": one.kind,
            "ends_at": to_text(one.on),
            "revoked": {"by": one.by, "reason": one.reason},
        }
        for one in _revoked(session, packet)
    ]
    return [*standing, *revoked]


def _bar_told(bar: Bar) -> str:
    since = f"found on {to_minute(bar.found_on)}, " if bar.found_on else ""
    return (
        f"{bar.knock_out.id}, {since}bars what is granted ({_listed(bar.kinds)}): "
        f"{bar.knock_out.why}; lifted by {bar.knock_out.lifted_by}"
    )


def _listed(kinds: Iterable[str]) -> str:
    return ", ".join(kinds)


def _found_on(session: Session, packet: Packet, knock_out: str) -> datetime | None:
    """When it was named first, by the packets since that name it without a break."""
    later = session.exec(
        select(Packet)
        .where(Packet.model_id == packet.model_id, Packet.proposed_at > packet.proposed_at)
        .order_by(col(Packet.proposed_at).desc())
    )
    found = None
    for one in later:
        if knock_out not in {k["id"] for k in json.loads(one.body).get("knock_outs", ())}:
            break
        found = one.proposed_at
    return found


def _revoked(session: Session, packet: Packet) -> tuple[Revoked, ...]:
    asked = json.loads(packet.body)["grants"]
    found = []
    for grant in grants_under(session, packet):
        if grant.kind not in asked or grant.revoked_at is None:
            continue
        act = session.get(Revocation, grant.revocation_id)
        by, reason = (act.person, act.reason) if act is not None else ("somebody", "no record")
        found.append(Revoked(grant.kind, grant.revoked_at, by, reason))
    return tuple(found)
