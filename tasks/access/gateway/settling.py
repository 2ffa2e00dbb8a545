"""The gateway is told what the records say, compared with them, and mended.

Whatever is written there is read from the records within one lock, so that a pass never brings
back what a person's act has just closed. A gateway that can't be reached changes no record: the
next pass tries again.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from configs.home import under_home
from configs.schema import RetirementConfig
from tasks import wiring
from tasks.access.gateway import hand_over
from tasks.access.gateway.reconcile import Finding, Rules, compare, outcomes
from tasks.access.gateway.wanted import UNTOLD, Wanted, latest_check, wanted
from tasks.kernel.digests import canonical_json, stable_id
from tasks.kernel.errors import SignatureRefused
from tasks.kernel.instants import to_text
from tasks.ports.gateway import AccessGateway, Applied
from tasks.records import Fence
from tasks.records.access import GatewayCheck


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of telling and comparing.

    Attributes:
        found: every finding with its end: `mended`, `reported`, `waits`, `not mended`.
        begun: whether there was anything to tell; else nothing was told or compared.
        anew: whether the gateway had been told otherwise, or nothing, before.
        asked: whether the keys there were compared.
    """

    found: tuple[tuple[Finding, str], ...] = ()
    begun: bool = True
    anew: bool = False
    asked: bool = False


def settle(config: RetirementConfig, fence: Fence | None = None) -> Settled:
    """Tell the gateway what is granted, compare, mend, and record what was found.

    Safe to repeat: a comparison is recorded when it differs from the last one, or when the next
    periodic one was due.

    Args:
        config: the model's configuration.
        fence: a pass's right to write; None for a person who asks for it.

    Raises:
        OSError, SignatureRefused: the gateway can't be told or asked; the next pass tries again.
    """
    gateway, now = wiring.gateway(config.access), wiring.clock().now()
    with wiring.book().reading() as session:
        want = wanted(config, session, now)
        first = latest_check(session, config.id) is None
    if not want.begun(now):
        return Settled(begun=False)
    try:
        before = _compare(config, gateway, want, now)
    except OSError:
        _apply(config, gateway)  # the file can be told of all the same
        raise
    want, applied = _apply(config, gateway)
    left = _compare(config, gateway, want, now)
    after, faults = left, _mend(config, gateway, want, left)
    if not faults and any(one.do in ("revoke", "amend") for one in left):
        after = _compare(config, gateway, want, now)
    new = [one for one in left if (one.what, one.token_id) not in _marks(before)]
    found = outcomes([*before, *new], after)
    if first:  # a file that was never written before is no difference
        found = [(one, done) for one, done in found if one.what != "file" or done == UNTOLD]
    found += _clear(config, faults)
    _record(config, want.basis, found, fence, now)
    if faults:
        raise faults[0]  # recorded as not mended, so that the next pass tries
    return Settled(tuple(found), anew=applied.anew, asked=want.asks(now))


def apply_now(config: RetirementConfig, closed: Iterable[str] = ()) -> str:
    """Tell the gateway at once what an act changed; returns where. Safe to repeat.

    Args:
        config: the model's configuration.
        closed: token ids that should open nothing any more.

    Raises:
        OSError, SignatureRefused: the gateway can't be told; the record stands, and a pass tries.
    """
    gateway = wiring.gateway(config.access)
    _, applied = _apply(config, gateway)
    if faults := _each(closed, gateway.revoke):
        raise faults[0]
    return applied.where


def _apply(config: RetirementConfig, gateway: AccessGateway) -> tuple[Wanted, Applied]:
    """Read and tell in one lock, which no waiting for a gateway's answer holds up."""
    with gateway.exclusively():
        with wiring.book().reading() as session:
            want = wanted(config, session, wiring.clock().now())
        told = want.without(gateway.taken(config.id, want.every_name))
        return want, gateway.apply(config.id, told.names, told.grants, told.withdrawal)


def _mend(
    config: RetirementConfig, gateway: AccessGateway, want: Wanted, left: Sequence[Finding]
) -> list[Exception]:
    """Close and amend single keys; what went wrong."""
    want = want.without(gateway.taken(config.id, want.every_name))
    grants = {key.token_id: grant for grant in want.grants for key in grant.keys}
    close = [one.token_id for one in left if one.do == "revoke"]
    change = [one.token_id for one in left if one.do == "amend"]
    return [
        *_each(close, gateway.revoke),
        *_each(change, lambda token: gateway.amend(token, grants[token])),
    ]


def _clear(config: RetirementConfig, faults: list[Exception]) -> list[tuple[Finding, str]]:
    """Remove files of keys that a try which was cut off left behind."""
    if not under_home(hand_over.FOLDER).is_dir():
        return []
    found = []
    with hand_over.alone(), wiring.book().reading() as session:
        for path in hand_over.unrecorded(session, config.id):
            said = f"{path.name} was left by a try that was cut off: no record knows its key"
            one, done = Finding("leftover", "", "", said, "remove"), "mended"
            try:
                path.unlink(missing_ok=True)
            except OSError as fault:
                faults.append(fault)
                done = UNTOLD
            found.append((one, done))
    return found


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
    taken = gateway.taken(config.id, want.every_name)
    want = want.without(taken)
    rules = Rules(
        names=want.names,
        closed=want.withdrawn(now),
        block_foreign=config.access.gateway.block_foreign_keys,
        tells_term=gateway.tells_term,
    )
    there = gateway.keys(config.id, want.names) if want.asks(now) else ()
    found = compare(want.grants, want.ledger, there, rules, now) if there is not None else []
    if trouble := gateway.trouble(config.id):
        found.insert(0, Finding("file", "", "", trouble, "apply"))
    if taken:
        others = ", ".join(f"{name} ({model})" for name, model in sorted(taken.items()))
        said = f"told of as another model's name already, and so left out here: {others}"
        found.append(Finding("names", "", "", said, "apply"))
    return found


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
