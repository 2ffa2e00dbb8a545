"""A withdrawal as people look at it: what holds, what comes next, who stays, who is let go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from configs.schema import RetirementConfig
from tasks.access.gateway.grants import PAID_USERS, grants_in_force, keys_of
from tasks.access.gateway.paid_users import paid_users_open, signed_paid_users
from tasks.access.withdrawal.plan import Standing, plan_of, treatment, what_changes
from tasks.access.withdrawal.standing import acts_of, standing_of
from tasks.kernel.instants import from_text
from tasks.records.access import Grant, Packet, WithdrawalAct


@dataclass(frozen=True, slots=True)
class Holder:
    """A grant in force, and how many live keys it has; without one it opens nothing."""

    grant: Grant
    keys: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """A withdrawal at one instant.

    Attributes:
        at: the instant.
        plan: what gateways get, see `withdrawal_plan.plan_of`.
        standing: what the plan hangs on.
        timeline: every change for callers without a grant, by time.
        acts: pauses and resumptions, oldest first.
        holders: grants in force now.
        without_key: paying users whom people signed for and who hold no live key yet.
        unsigned: paying users whom the YAML names and nobody signed for: they get no key.
        let_go: owners whose calls end: no redirect of theirs holds at the sunset.
    """

    at: datetime
    plan: dict[str, Any]
    standing: Standing
    timeline: tuple[tuple[datetime, str], ...]
    acts: tuple[WithdrawalAct, ...]
    holders: tuple[Holder, ...]
    without_key: tuple[str, ...]
    unsigned: tuple[str, ...]
    let_go: tuple[str, ...]

    @property
    def now(self) -> str:
        """What becomes of a caller without a grant or a redirect."""
        found = treatment(self.plan, self.at, granted=False)
        return {"brownout": "refused (brownout)", "sunset": "refused (retired)"}.get(
            found.why, "served"
        )

    @property
    def next(self) -> tuple[datetime, str] | None:
        """The next change; None when none is left."""
        return next(((at, what) for at, what in self.timeline if at > self.at), None)


def outlook(config: RetirementConfig, session: Session, now: datetime) -> Outlook:
    """How the withdrawal stands. Reads records only."""
    standing = standing_of(config, session, now)
    plan = plan_of(config, standing)
    keys = [key for key in keys_of(session, config.id) if key.revoked_at is None]
    holders = tuple(
        Holder(grant, sum(key.grant_id == grant.id for key in keys))
        for grant in grants_in_force(session, config.id, now)
    )
    held = {holder.grant.id for holder in holders}
    supplied = {key.holder for key in keys if key.grant_id in held}
    named = _signed_for(config, session, [holder.grant for holder in holders])
    sunset = from_text(plan["sunset_at"])
    moved = {
        redirect["owner"]
        for redirect in plan["redirects"]
        if from_text(redirect["starts_at"]) <= sunset < from_text(redirect["ends_at"])
    }
    return Outlook(
        at=now,
        plan=plan,
        standing=standing,
        timeline=tuple(what_changes(plan)),
        acts=tuple(acts_of(session, config.id)),
        holders=holders,
        without_key=tuple(name for name in named if name not in supplied),
        unsigned=tuple(name for name in config.access.paid_users if name not in named),
        let_go=tuple(o.name for o in config.candidate.owners if o.name not in moved),
    )


def _signed_for(
    config: RetirementConfig, session: Session, grants: Sequence[Grant]
) -> tuple[str, ...]:
    """The paying users who may hold a key under one of these grants."""
    packets = [session.get(Packet, one.packet_digest) for one in grants if one.kind == PAID_USERS]
    signed = {name for packet in packets for name in signed_paid_users(packet)}
    return paid_users_open(config, signed)
