"""What a gateway should hold, as records and configuration say, and whether it is to be told."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from configs.home import under_home
from configs.schema import RetirementConfig
from tasks.access.gateway.grants import granted_access, keys_of
from tasks.access.gateway.hand_over import unrecorded
from tasks.access.gateway.names import gateway_names, names_open
from tasks.access.withdrawal.plan import plan_of
from tasks.access.withdrawal.standing import standing_of
from tasks.kernel.digests import digest_of
from tasks.kernel.instants import from_text, to_minute, to_text
from tasks.ports.gateway import GrantedAccess
from tasks.records.access import GatewayCheck

UNTOLD = "not mended"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the gateway should hold, as the records say.

    Attributes:
        names: those for which the withdrawal counts: until people signed for some, all configured.
        grants: all grants, with the names that they open and their live keys.
        ledger: token id -> grant id of every key ever recorded.
        withdrawal: the plan for everybody else.
    """

    names: tuple[str, ...]
    grants: tuple[GrantedAccess, ...]
    ledger: Mapping[str, str]
    withdrawal: Mapping[str, Any]

    @property
    def basis(self) -> str:
        """Digest of it: another one means that the gateway is to be told. Time changes it never."""
        return digest_of([sorted(self.names), sorted(map(_told, self.grants)), self.withdrawal])

    def without(self, taken: Mapping[str, str]) -> "Wanted":
        """The same without names that another model was told of there."""
        grants = (replace(one, names=_left(one.names, taken)) for one in self.grants)
        return replace(self, names=_left(self.names, taken), grants=tuple(grants))

    @property
    def every_name(self) -> set[str]:
        """Names that are told in any way."""
        return {*self.names, *(name for grant in self.grants for name in grant.names)}

    def withdrawn(self, now: datetime) -> bool:
        """Whether nobody without a grant should get through any more."""
        ended = now >= from_text(self.withdrawal["sunset_at"])
        return bool(self.withdrawal["in_force"]) and ended

    def asks(self, now: datetime) -> bool:
        """Whether keys there are compared: other callers' are in order until the last day."""
        return bool(self.ledger or self.grants) or self.withdrawn(now)

    def begun(self, now: datetime) -> bool:
        """Whether there is anything to tell: a grant, or a model whose end is announced."""
        return bool(self.grants) or now >= from_text(self.withdrawal["announced_at"])


def wanted(config: RetirementConfig, session: Session, now: datetime) -> Wanted:
    """What the gateway should hold. Reads records only."""
    standing = standing_of(config, session, now)
    return Wanted(
        names=names_open(config, standing.names) if standing.decided else gateway_names(config),
        grants=tuple(granted_access(session, config)),
        ledger={key.token_id: key.grant_id for key in keys_of(session, config.id)},
        withdrawal=plan_of(config, standing),
    )


def enforcement_due(config: RetirementConfig, session: Session, now: datetime) -> str:
    """Why the gateway is to be told or compared now; empty if it isn't.

    Reads records, and looks which files are there; asks no gateway.
    """
    want = wanted(config, session, now)
    if not want.begun(now):
        return ""
    if unrecorded(session, config.id):
        return "a key's file that no record knows is to be removed"
    return _untold(config, want, latest_check(session, config.id), now)


def _untold(
    config: RetirementConfig, want: Wanted, check: GatewayCheck | None, now: datetime
) -> str:
    if check is None or check.basis != want.basis or check.gateway != config.access.gateway.adapter:
        return "the gateway is to be told what is granted"
    if any(one["done"] == UNTOLD for one in json.loads(check.findings)):
        return "the gateway is to be mended"
    if not (under_home(config.access.grants_folder) / f"{config.id}.json").is_file():
        return "the grants file is missing"
    if now >= check.checked_at + timedelta(hours=config.access.gateway.check_hours):
        return f"the gateway is to be compared again (last on {to_minute(check.checked_at)})"
    return ""


def latest_check(session: Session, model_id: str) -> GatewayCheck | None:
    """The comparison recorded last. Reads only."""
    return session.exec(
        select(GatewayCheck)
        .where(GatewayCheck.model_id == model_id)
        .order_by(col(GatewayCheck.checked_at).desc(), col(GatewayCheck.id))
    ).first()


def _left(names: Iterable[str], taken: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in taken)


def _told(grant: GrantedAccess) -> list[str]:
    revoked = to_text(grant.revoked_at) if grant.revoked_at else ""
    term = [to_text(grant.starts_at), to_text(grant.ends_at), revoked]
    names = ["names", *sorted(grant.names), "keys"]
    return [grant.id, grant.holder, *term, *names, *sorted(key.token_id for key in grant.keys)]
