"""The gateway is told what the records say, compared with them, and mended.

Whatever is written there is read from the records within one lock, so that a pass never brings
back what a person's act has just closed. A gateway that can't be reached changes no record: the
next pass tries again.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from configs.home import under_home
from configs.schema import RetirementConfig
from tasks import wiring
from tasks.access.gateway.grants import gateway_names, granted_access, keys_of
from tasks.access.gateway.reconcile import Finding, Rules, compare, outcomes
from tasks.access.withdrawal.standing import plan_body
from tasks.kernel.digests import canonical_json, digest_of, stable_id
from tasks.kernel.errors import SignatureRefused
from tasks.kernel.instants import from_text, to_minute, to_text
from tasks.ports.gateway import AccessGateway, GrantedAccess
from tasks.records import Fence
from tasks.records.access import GatewayCheck

UNTOLD = "not mended"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the gateway should hold, as the records say.

    Attributes:
        names: under which it serves the model.
        grants: all grants, with their live keys.
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

    def withdrawn(self, now: datetime) -> bool:
        """Whether nobody without a grant should get through any more."""
        ended = now >= from_text(self.withdrawal["sunset_at"])
        return bool(self.withdrawal["in_force"]) and ended

    def begun(self, now: datetime) -> bool:
        """Whether there is anything to tell: a grant, or a model whose end is announced."""
        return bool(self.grants) or now >= from_text(self.withdrawal["announced_at"])


def wanted(config: RetirementConfig, session: Session, now: datetime) -> Wanted:
    """What the gateway should hold. Reads records only."""
    return Wanted(
        names=gateway_names(config),
        grants=tuple(granted_access(session, config.id)),
        ledger={key.token_id: key.grant_id for key in keys_of(session, config.id)},
        withdrawal=plan_body(config, session, now),
    )


def enforcement_due(config: RetirementConfig, session: Session, now: datetime) -> str:
    """Why the gateway is to be told or compared now; empty if it isn't.

    Reads records, and looks whether the grants file is there; asks no gateway.
    """
    want = wanted(config, session, now)
    if not want.begun(now):
        return ""
    check = latest_check(session, config.id)
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


def settle(config: RetirementConfig, fence: Fence | None = None) -> list[tuple[Finding, str]]:
    """Tell the gateway what is granted, compare, mend, and record what was found.

    Safe to repeat: a comparison is recorded when it differs from the last one, or when the next
    periodic one was due.

    Args:
        config: the model's configuration.
        fence: a pass's right to write; None for a person who asks for it.

    Returns:
        Every finding with its end: `mended`, `reported`, `waits`.

    Raises:
        OSError, SignatureRefused: the gateway can't be told or asked; the next pass tries again.
    """
    gateway, now = wiring.gateway(config.access), wiring.clock().now()
    with wiring.book().reading() as session:
        want = wanted(config, session, now)
        first = latest_check(session, config.id) is None
    if not want.begun(now):
        return []
    try:
        before = _compare(config, gateway, want, now)
    except OSError:
        _apply(config, gateway)  # the file can be told of all the same
        raise
    want, _ = _apply(config, gateway)
    left = _compare(config, gateway, want, now)
    after, faults = left, _mend(gateway, want, left)
    if not faults and any(one.do in ("revoke", "amend") for one in left):
        after = _compare(config, gateway, want, now)
    new = [one for one in left if (one.what, one.token_id) not in _marks(before)]
    found = outcomes([*before, *new], after)
    if first:  # a file that was never written before is no difference
        found = [(one, done) for one, done in found if one.what != "file" or done == UNTOLD]
    _record(config, want.basis, found, fence, now)
    if faults:
        raise faults[0]  # recorded as not mended, so that the next pass tries
    return found


def apply_now(config: RetirementConfig, closed: Iterable[str] = ()) -> str:
    """Tell the gateway at once what an act changed; returns where. Safe to repeat.

    Args:
        config: the model's configuration.
        closed: token ids that should open nothing any more.

    Raises:
        OSError, SignatureRefused: the gateway can't be told; the record stands, and a pass tries.
    """
    gateway = wiring.gateway(config.access)
    _, where = _apply(config, gateway)
    if faults := _each(closed, gateway.revoke):
        raise faults[0]
    return where


def _apply(config: RetirementConfig, gateway: AccessGateway) -> tuple[Wanted, str]:
    """Read and tell in one lock, which no waiting for a gateway's answer holds up."""
    with gateway.exclusively():
        with wiring.book().reading() as session:
            want = wanted(config, session, wiring.clock().now())
        return want, gateway.apply(config.id, want.names, want.grants, want.withdrawal)


def _mend(gateway: AccessGateway, want: Wanted, left: Sequence[Finding]) -> list[Exception]:
    """Close and amend single keys; what went wrong."""
    grants = {key.token_id: grant for grant in want.grants for key in grant.keys}
    close = [one.token_id for one in left if one.do == "revoke"]
    change = [one.token_id for one in left if one.do == "amend"]
    return [
        *_each(close, gateway.revoke),
        *_each(change, lambda token: gateway.amend(token, grants[token], want.names)),
    ]


def _each(tokens: Iterable[str], act: Callable[[str], None]) -> list[Exception]:
    """Try all, though some fail: one key that can't be closed keeps no other one open."""
    faults: list[Exception] = []
    for token in dict.fromkeys(tokens):
        try:
            act(token)
        except (OSError, SignatureRefused) as fault:
            faults.append(fault)
    return faults


def _marks(findings: Sequence[Finding]) -> set[tuple[str, str]]:
    return {(one.what, one.token_id) for one in findings}


def _compare(
    config: RetirementConfig, gateway: AccessGateway, want: Wanted, now: datetime
) -> list[Finding]:
    rules = Rules(
        names=want.names,
        closed=want.withdrawn(now),
        block_foreign=config.access.gateway.block_foreign_keys,
        tells_term=gateway.tells_term,
    )
    there = (
        gateway.keys(config.id, want.names) if want.ledger or want.grants or rules.closed else ()
    )
    found = compare(want.grants, want.ledger, there, rules, now) if there is not None else []
    trouble = gateway.trouble(config.id)
    return [*([Finding("file", "", "", trouble, "apply")] if trouble else []), *found]


def _told(grant: GrantedAccess) -> list[str]:
    revoked = to_text(grant.revoked_at) if grant.revoked_at else ""
    term = [to_text(grant.starts_at), to_text(grant.ends_at), revoked]
    return [grant.id, grant.holder, *term, *sorted(key.token_id for key in grant.keys)]


def _record(
    config: RetirementConfig,
    basis: str,
    found: Sequence[tuple[Finding, str]],
    fence: Fence | None,
    now: datetime,
) -> None:
    gateway = config.access.gateway.adapter
    told = [
        {"what": one.what, "token_id": one.token_id, "said": one.said, "done": done}
        for one, done in found
    ]
    findings = canonical_json(told).decode()
    with wiring.book().writing(now, fence=fence) as writing:
        last = latest_check(writing.session, config.id)
        if last is not None:
            same = (last.basis, last.findings, last.gateway) == (basis, findings, gateway)
            due = last.checked_at + timedelta(hours=config.access.gateway.check_hours)
            if same and now < due:
                return
            now = max(now, last.checked_at + timedelta(microseconds=1))  # which is last: no doubt
        row = GatewayCheck(
            id=stable_id(config.id, basis, findings, to_text(now)),
            model_id=config.id,
            gateway=gateway,
            basis=basis,
            findings=findings,
            checked_at=now,
        )
        writing.put(row, "access.gateway_checked")
