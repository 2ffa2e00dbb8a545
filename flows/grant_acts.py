"""What people do about grants; the Prefect forms and the CLI both end in these functions."""

import json
from typing import Any

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.access.gateway.grants import all_grants, given_under, granted_access, in_force, keys_of
from tasks.access.gateway.keys import MadeKey, close_key, issue_key, tell
from tasks.access.gateway.revoking import REVOCATION_NAMESPACE, Revoking, revoke, statement_to_sign
from tasks.access.gateway.settling import Settled, settle
from tasks.access.gateway.wanted import enforcement_due, latest_check
from tasks.kernel.instants import to_text
from tasks.kernel.labels import labelled
from tasks.records.access import Grant, GrantKey
from tasks.records.latest import is_simulated

__all__ = [
    "REVOCATION_NAMESPACE",
    "Revoking",
    "close",
    "grants_now",
    "issue",
    "reconcile",
    "revocation_statement",
    "revoke_grant",
]


def grants_now(config: RetirementConfig) -> dict[str, Any]:
    """Grants, their keys and the last comparison, as JSON values. Reads only."""
    now = wiring.clock().now()
    with wiring.book().reading() as session:
        rows, keys = all_grants(session, config.id), keys_of(session, config.id)
        check = latest_check(session, config.id)
        access = granted_access(session, config)
        owed = enforcement_due(config, session, now)
        simulated = is_simulated(session, config.id) or any(one.simulated for one in access)
        opens = {one.id: one.names for one in access}
        grants = [
            {
                "id": row.id,
                "kind": row.kind,
                "holder": row.holder,
                "names": list(opens[row.id]),
                "state": _state(row, rows, now),
                "starts_at": to_text(row.starts_at),
                "ends_at": to_text(row.ends_at),
                "revoked_at": to_text(row.revoked_at) if row.revoked_at else None,
                "keys": [_key(key) for key in keys if key.grant_id == row.id],
            }
            for row in rows
        ]
    return {
        "model_id": config.id,
        "simulated": simulated,
        "gateway": config.access.gateway.adapter,
        "grants": grants,
        "owed": owed,
        "last_check": None
        if check is None
        else {"checked_at": to_text(check.checked_at), "findings": json.loads(check.findings)},
    }


def issue(config: RetirementConfig, grant: str, holder: str, person: str) -> str:
    """Make a key and put it into a file; returns a sentence for the person.

    Raises:
        NotFound, DecisionRefused, OSError: see `tasks.access.gateway.keys.issue_key`.
    """
    made = issue_key(
        config,
        wiring.book(),
        wiring.gateway(config.access),
        grant=grant,
        holder=holder,
        person=person,
        now=wiring.clock().now(),
    )
    return _labelled(config, _said_of(made))


def close(config: RetirementConfig, token: str, person: str) -> str:
    """End one key; returns a sentence for the person. Raises as `gateway.keys.close_key`."""
    row, untold = close_key(
        config, wiring.book(), token=token, person=person, now=wiring.clock().now()
    )
    said = f"key {row.token_id[:12]} of {row.holder} is closed; {_at_gateway(untold)}"
    return _labelled(config, said)


def revocation_statement(config: RetirementConfig, act: Revoking) -> bytes:
    """The bytes that a person signs with `REVOCATION_NAMESPACE`. Raises `DecisionRefused`."""
    return statement_to_sign(wiring.book(), config.id, act)


def revoke_grant(config: RetirementConfig, person: str, act: Revoking, signature: str) -> str:
    """Record a revocation and tell the gateway at once; returns a sentence for the person.

    Raises:
        NotFound, DecisionRefused, SignatureRefused: see `tasks.access.gateway.revoking.revoke`.
    """
    row, closed = revoke(
        wiring.book(),
        wiring.signatures(config.access),
        model_id=config.id,
        act=act,
        person=person,
        signature=signature,
        now=wiring.clock().now(),
    )
    untold = tell(config, *closed)
    keys = f"{len(closed)} key{'' if len(closed) == 1 else 's'} closed"
    said = f"{person} revoked grant {row.grant_id[:12]} of {config.id} ({row.reason}), {keys}"
    return _labelled(config, f"{said}; {_at_gateway(untold)}")


def reconcile(config: RetirementConfig) -> tuple[str, list[dict[str, str]]]:
    """Compare gateway and records now, and mend; returns a sentence and the findings.

    Raises:
        OSError, EmeritusError: the gateway can't be told or asked.
    """
    settled = settle(config)
    found = [
        {"what": one.what, "token_id": one.token_id, "said": one.said, "done": done}
        for one, done in settled.found
    ]
    said = _compared(config, settled)
    if found:
        counts = {done: sum(one["done"] == done for one in found) for done in sorted(_ends(found))}
        told = ", ".join(f"{count} {done}" for done, count in counts.items())
        said = f"{len(found)} found: {told}" + (f"; {said}" if settled.anew else "")
    return _labelled(config, f"{config.id}: {said}"), found


def _compared(config: RetirementConfig, settled: Settled) -> str:
    """What was looked at, and no more than that."""
    if not settled.begun:
        return (
            "nothing was compared: nothing is granted, and the gateway is told nothing before the "
            f"announcement on {config.candidate.announced_on}"
        )
    what = "names, grants and the withdrawal's plan"
    if settled.anew:
        return f"the gateway had been told otherwise, or nothing; now it was told {what}"
    keys = ", and the keys there" if settled.asked else "; its keys were not looked at"
    return f"gateway and records agree: {what}{keys}"


def _ends(found: list[dict[str, str]]) -> set[str]:
    return {one["done"] for one in found}


def _said_of(made: MadeKey) -> str:
    return (
        f"key {made.row.token_id[:12]} for {made.row.holder} under grant "
        f"{made.row.grant_id[:12]} stands in {made.file}; hand it over, then remove the file; "
        f"{_at_gateway(made.untold)}"
    )


def _at_gateway(untold: str) -> str:
    if untold:
        return f"the gateway does not know yet ({untold}); every pass tries again until it does"
    return "the gateway knows"


def _state(row: Grant, rows: Any, now: Any) -> str:
    if in_force(row, now, given_under(row, rows)):
        return "in force"
    if now < row.starts_at:
        return "begins later"
    return "ended" if now >= row.ends_at else "revoked"


def _key(key: GrantKey) -> dict[str, Any]:
    return {
        "token_id": key.token_id,
        "holder": key.holder,
        "gateway": key.gateway,
        "issued_by": key.issued_by,
        "issued_at": to_text(key.issued_at),
        "revoked_at": to_text(key.revoked_at) if key.revoked_at else None,
    }


def _labelled(config: RetirementConfig, said: str) -> str:
    with wiring.book().reading() as session:
        return labelled(said, is_simulated(session, config.id))
