"""What a legal hold means for grants: they end on their day, and nobody can sign for longer.

A hold forbids withdrawing the model and deciding anew. It gives nobody access: what two people
signed for until a day is over on that day. So that nobody is surprised, this is told beforehand.
"""

from datetime import datetime

from sqlmodel import Session

from configs.schema import RetirementConfig
from tasks.access.gateway.grants import all_grants, grants_in_force
from tasks.access.packets import reopens_at
from tasks.kernel.instants import to_minute
from tasks.records.decisions import standing


def ends_under_hold(
    config: RetirementConfig, session: Session, now: datetime
) -> tuple[str, datetime | None]:
    """What ends though a hold stands, and what a person can do. Reads only.

    Holders are counted and not named: a stage's reason may be read by others.

    Returns:
        Half a sentence, empty where nothing was granted; and when the next grant ends.
    """
    grants = sorted(grants_in_force(session, config.id, now), key=lambda one: one.ends_at)
    if not grants:
        return _ended(session, config.id, now), None
    first, number = grants[0], len(grants)
    which = "the only grant" if number == 1 else f"the first of {number} grants"
    packet = standing(session, config.id, now)
    by = reopens_at(config, session, packet) if packet is not None else now
    when = f"by {to_minute(by)}" if by > now else "as soon as may be"
    return (
        f"grants end as they were signed all the same, {which} ({first.kind}) on "
        f"{to_minute(first.ends_at)}, since nobody can sign for longer under a hold: have it "
        f"lifted {when}, so that two people can sign in time, or tell the holders that they lose "
        f"access then (`emeritus grants list {config.id}`)",
        first.ends_at,
    )


def _ended(session: Session, model_id: str, now: datetime) -> str:
    rows = all_grants(session, model_id)
    over = [row.ends_at for row in rows if row.revoked_at is None and row.ends_at <= now]
    if not over:
        return ""
    return (
        f"what was granted ended on {to_minute(max(over))}, as it was signed; once the hold is "
        "lifted a pass proposes anew, for two people to sign, and holders get new keys"
    )
