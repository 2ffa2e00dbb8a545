"""Ledger and gateway compared. Pure.

What is ours is mended: the ledger is right. What is not ours is reported, and closed only where the
configuration says so and the key opens nothing else. Nothing that a person closed at the gateway is
opened again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from tasks.kernel.instants import to_minute
from tasks.ports.gateway import GrantedAccess, KeyAtGateway

What = Literal[
    "file",
    "names",
    "leftover",
    "lives_on",
    "nobodys",
    "foreign",
    "missing",
    "closed_there",
    "wrong_models",
    "wrong_end",
]
Do = Literal["apply", "remove", "revoke", "amend", "report", "wait"]

#: A key that was just made at the gateway may be on its way into the records.
JUST_MADE = timedelta(minutes=10)
#: A gateway counts a term from its own clock, in whole seconds.
SAME_END = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference.

    Attributes:
        what: which kind.
        token_id: the key; empty when it is about none.
        grant_id: the grant; empty when none is known.
        said: a sentence for people.
        do: how it is mended; `report` and `wait` leave it as it is.
    """

    what: What
    token_id: str
    grant_id: str
    said: str
    do: Do


@dataclass(frozen=True, slots=True)
class Rules:
    """What a comparison goes by.

    Attributes:
        names: under which the model is withdrawn.
        closed: whether nobody without a grant should get through any more.
        block_foreign: whether a foreign key that opens only this model is closed then.
        tells_term: whether each key at the gateway has models and an end of its own.
    """

    names: tuple[str, ...]
    closed: bool
    block_foreign: bool
    tells_term: bool


def compare(
    grants: Sequence[GrantedAccess],
    ledger: Mapping[str, str],
    there: Sequence[KeyAtGateway],
    rules: Rules,
    now: datetime,
) -> list[Finding]:
    """Every difference, in a fixed order.

    Args:
        grants: all grants, each with the keys that are live by the records.
        ledger: token id -> grant id of every key ever recorded, revoked ones too.
        there: the gateway's keys.
        rules: see `Rules`.
        now: the instant.
    """
    live = {key.token_id: grant for grant in grants for key in grant.keys}
    wanted = {token: grant for token, grant in live.items() if grant.is_open(now)}
    found: list[Finding] = []
    for key in sorted(there, key=lambda one: one.token_id):
        if key.token_id in wanted:
            found += _of_wanted(key, wanted[key.token_id], rules, now)
        elif not key.live:
            continue
        elif key.token_id in ledger:
            why = _why_closed(live.get(key.token_id), now)
            said = f"key {short(key.token_id)} lives on at the gateway, though {why}"
            found.append(Finding("lives_on", key.token_id, ledger[key.token_id], said, "revoke"))
        else:
            found += _of_unknown(key, rules, now)
    for token in sorted(wanted.keys() - {key.token_id for key in there}):
        grant = wanted[token]
        said = f"key {short(token)} of {grant.holder or grant.kind} is missing at the gateway"
        if rules.tells_term:  # only its digest is known here: the key itself can't be made again
            said += "; make its holder a new one with `emeritus grants key`"
        found.append(
            Finding("missing", token, grant.id, said, "report" if rules.tells_term else "apply")
        )
    return found


def _of_wanted(
    key: KeyAtGateway, grant: GrantedAccess, rules: Rules, now: datetime
) -> list[Finding]:
    token, name = key.token_id, f"key {short(key.token_id)}"
    ended_there = key.ends_at is not None and key.ends_at <= now
    if not key.live and not (rules.tells_term and ended_there):
        said = f"{name} was closed at the gateway by another hand; it stays closed"
        return [Finding("closed_there", token, grant.id, said, "report")]
    if not rules.tells_term:
        return []
    found = []
    if key.names is None or set(key.names) != set(grant.names):
        opens = ", ".join(key.names) or "nothing" if key.names is not None else "every model"
        said = f"{name} opens {opens} instead of {', '.join(grant.names) or 'nothing'}"
        found.append(Finding("wrong_models", token, grant.id, said, "amend"))
    if key.ends_at is None or abs(key.ends_at - grant.ends_at) > SAME_END:
        ends = to_minute(key.ends_at) if key.ends_at is not None else "never"
        said = f"{name} ends {ends} at the gateway instead of {to_minute(grant.ends_at)}"
        found.append(Finding("wrong_end", token, grant.id, said, "amend"))
    return found


def _of_unknown(key: KeyAtGateway, rules: Rules, now: datetime) -> list[Finding]:
    token, name = key.token_id, f"key {short(key.token_id)}"
    if key.grant_id:
        if key.made_at is not None and now - key.made_at < JUST_MADE:
            said = f"{name} was just made for grant {key.grant_id} and is not recorded yet"
            return [Finding("nobodys", token, key.grant_id, said, "wait")]
        said = f"{name} names grant {key.grant_id}, but no record knows it: nobody was given it"
        return [Finding("nobodys", token, key.grant_id, said, "revoke")]
    if not rules.closed:
        return []  # until the model is withdrawn, other callers' keys are in order
    alone = key.names is not None and set(key.names) <= set(rules.names)
    if alone and rules.block_foreign:
        said = f"{name} was made by another hand and opens the withdrawn model"
        return [Finding("foreign", token, "", said, "revoke")]
    mend = (
        "block it there, or set access.gateway.block_foreign_keys"
        if alone
        else "it opens other models too: take this model's names from it there"
    )
    said = f"{name} was made by another hand and opens the withdrawn model; {mend}"
    return [Finding("foreign", token, "", said, "report")]


def _why_closed(grant: GrantedAccess | None, now: datetime) -> str:
    if grant is None:
        return "it was closed here"
    if grant.revoked_at is not None and grant.revoked_at <= now:
        return f"its grant was revoked on {to_minute(grant.revoked_at)}"
    if grant.ends_at <= now:
        return f"its grant ended on {to_minute(grant.ends_at)}"
    return f"its grant begins on {to_minute(grant.starts_at)}"


def outcomes(before: Collection[Finding], after: Collection[Finding]) -> list[tuple[Finding, str]]:
    """What was found, each with its end: `mended`, `reported`, `waits` or `not mended`."""
    still = {(one.what, one.token_id) for one in after}
    kept = {"report": "reported", "wait": "waits"}
    return [
        (one, kept.get(one.do, "not mended") if (one.what, one.token_id) in still else "mended")
        for one in before
    ]


def short(token_id: str) -> str:
    """A token id's beginning, for people."""
    return token_id[:12]
