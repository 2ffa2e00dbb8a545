"""A person's act: making a caller's key under a grant, and closing one.

A key needs no signature of its own: it rests on the grant, which people signed, and goes to nobody
but the grant's holder, or a paying user whom the signed packet names. It is written once, into
a file for its holder; records and gateway know its SHA-256 alone.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from configs.schema import RetirementConfig
from tasks.access.gateway import hand_over
from tasks.access.gateway.grants import (
    HELD_BY_KEY,
    PAID_USERS,
    all_grants,
    given_under,
    granted_access,
    grants_in_force,
    in_force,
    keys_of,
)
from tasks.access.gateway.paid_users import paid_users_open, signed_paid_users
from tasks.access.gateway.settling import apply_now
from tasks.access.proof import signed_body
from tasks.kernel.digests import stable_id
from tasks.kernel.errors import DecisionRefused, EmeritusError, NotFound, told
from tasks.kernel.instants import to_minute
from tasks.ports.gateway import AccessGateway, GrantedAccess, IssuedKey
from tasks.records import Book
from tasks.records.access import Grant, GrantKey, Packet
from tasks.records.decisions import needed


@dataclass(frozen=True, slots=True)
class MadeKey:
    """What became of a new key.

    Attributes:
        row: its record.
        file: where the key itself stands, for its holder alone.
        untold: why the gateway doesn't know it yet; empty once it does.
    """

    row: GrantKey
    file: Path
    untold: str = ""


def issue_key(
    config: RetirementConfig,
    book: Book,
    gateway: AccessGateway,
    *,
    grant: str,
    holder: str,
    person: str,
    now: datetime,
) -> MadeKey:
    """Make a key under a grant in force. Not safe to repeat: each call makes one.

    First the key, then its file, then its record, then the gateway is told: killed at any point, no
    recorded key is lost; one that no record knows opens nothing, or is found and revoked, and its
    file is removed by the next pass.

    Args:
        config: the model's configuration.
        book: the records.
        gateway: makes the key.
        grant: the grant's id, or the beginning of it.
        holder: who gets it; empty for the grant's own holder.
        person: who makes it.
        now: our clock's instant.

    Raises:
        NotFound, DecisionRefused: no such grant, or not for this holder.
        AuditBroken: the packet under which it was granted is not the one that was signed.
        OSError: the gateway makes no key.
    """
    with book.reading() as session:
        row = _open_grant(session, config.id, grant, now)
        holder = _checked_holder(config, session, row, holder, now)
        access = next(one for one in granted_access(session, config) if one.id == row.id)
    issued = gateway.issue(_opening_something(gateway, access), holder)
    key = GrantKey(
        id=stable_id(row.id, issued.token_id),
        model_id=config.id,
        grant_id=row.id,
        holder=holder,
        token_id=issued.token_id,
        gateway=gateway.name,
        issued_by=person,
        issued_at=now,
    )
    try:
        file = _put_down(book, key, issued, now)
    except BaseException:
        with suppress(OSError, EmeritusError):  # else the next comparison finds it
            gateway.revoke(issued.token_id)
        raise
    return MadeKey(key, file, tell(config))


def _put_down(book: Book, key: GrantKey, issued: IssuedKey, now: datetime) -> Path:
    """The key's file, then its record; both or neither, unless it is killed in between."""
    with hand_over.alone():
        file = hand_over.write(key.model_id, key.holder, issued)
        try:
            with book.writing(now, actor=key.issued_by) as writing:
                # looked at again: it may have been revoked while the gateway made the key
                _open_grant(writing.session, key.model_id, key.grant_id, now, lock=True)
                writing.put(key, "access.key_issued")
        except BaseException:
            file.unlink(missing_ok=True)
            raise
    return file


def close_key(
    config: RetirementConfig, book: Book, *, token: str, person: str, now: datetime
) -> tuple[GrantKey, str]:
    """End one key; its grant, and the holder's other keys, stay. Safe to repeat.

    Args:
        config: the model's configuration.
        book: the records.
        token: the token id, or the beginning of it, as `emeritus grants list` shows it.
        person: who closes it.
        now: our clock's instant.

    Returns:
        The key, and why the gateway doesn't know yet; empty once it does.

    Raises:
        NotFound, DecisionRefused: no such key, or several.
    """
    with book.writing(now, actor=person) as writing:
        rows = [k for k in keys_of(writing.session, config.id) if k.token_id.startswith(token)]
        known = ", ".join(k.token_id[:12] for k in keys_of(writing.session, config.id)) or "none"
        if not rows or not token:
            raise NotFound(f"{token!r}: {config.id} has no such key; known are {known}")
        if len(rows) > 1:
            raise DecisionRefused(f"{token!r} begins {len(rows)} keys; write more of it")
        row = writing.session.get_one(GrantKey, rows[0].id, with_for_update=True)
        if row.revoked_at is None:
            row.revoked_at = now
            writing.put(row, "access.key_closed")
    return row, tell(config, row.token_id)


def tell(config: RetirementConfig, *closed: str) -> str:
    """Tell the gateway at once; why that failed, or nothing. The next pass goes on trying."""
    try:
        apply_now(config, closed)
    except OSError as error:
        return told(error)
    except EmeritusError as error:
        return str(error)
    return ""


def find_grant(session: Session, model_id: str, grant: str) -> Grant:
    """A model's grant by its id, or by the beginning of it. Reads only.

    Raises:
        NotFound, DecisionRefused: none, or several.
    """
    rows = all_grants(session, model_id)
    found = [row for row in rows if grant and row.id.startswith(grant)]
    if not found:
        known = ", ".join(f"{row.id[:12]} ({row.kind})" for row in rows) or "none"
        raise NotFound(f"{grant!r}: {model_id} has no such grant; known are {known}")
    if len(found) > 1:
        raise DecisionRefused(f"{grant!r} begins {len(found)} grants; write more of it")
    return found[0]


def _open_grant(
    session: Session, model_id: str, grant: str, now: datetime, *, lock: bool = False
) -> Grant:
    row = find_grant(session, model_id, grant)
    if lock:
        row = session.get_one(Grant, row.id, with_for_update=True)
    if row.kind not in HELD_BY_KEY:
        raise DecisionRefused(
            f"grant {row.id[:12]} is {row.kind}, under which nobody holds a key; keys are made "
            f"under {' and '.join(HELD_BY_KEY)}"
        )
    if not in_force(row, now, given_under(row, all_grants(session, model_id))):
        raise DecisionRefused(
            f"grant {row.id[:12]} is not in force ({to_minute(row.starts_at)} to "
            f"{to_minute(row.ends_at)}{', revoked' if row.revoked_at else ''}); no key is made"
        )
    return row


def _opening_something(gateway: AccessGateway, access: GrantedAccess) -> GrantedAccess:
    """The grant with the names that a key under it opens: those that nobody else was told of."""
    taken = gateway.taken(access.model_id, access.names)
    names = tuple(name for name in access.names if name not in taken)
    if names:
        return replace(access, names=names)
    why = "; ".join(f"{name} is told of as a name of {model}" for name, model in taken.items())
    raise DecisionRefused(
        f"grant {access.id[:12]} opens no gateway name ("
        f"{why or 'none of those that were signed is configured'}); no key is made until a packet "
        "that names what the gateway serves is signed"
    )


def _checked_holder(
    config: RetirementConfig, session: Session, grant: Grant, holder: str, now: datetime
) -> str:
    if grant.kind == PAID_USERS:
        return _signed_holder(config, session, grant, holder, now)
    if holder not in ("", grant.holder):
        raise DecisionRefused(f"grant {grant.id[:12]} is {grant.holder!r}'s, not {holder!r}'s")
    return grant.holder


def _signed_holder(
    config: RetirementConfig, session: Session, grant: Grant, holder: str, now: datetime
) -> str:
    """A paying user for whom people signed, and whom the configuration names still."""
    packet = session.get_one(Packet, grant.packet_digest)
    signed_body(config.id, packet)
    signed = signed_paid_users(packet)
    named = paid_users_open(config, signed)
    if holder in named:
        return holder
    whom = f"packet {packet.digest[:12]}, which people signed for grant {grant.id[:12]}"
    sign = (
        f"run a pass, and have {needed(packet)} people sign the packet that it proposes "
        f"(`emeritus approve {config.id}`)"
    )
    if holder in signed:
        said = (
            f"{holder!r} stands in {whom}, and in access.paid_users no longer; put them back into "
            "the YAML and run a pass"
        )
    elif holder in config.access.paid_users:
        others = (
            one.id[:12]
            for one in grants_in_force(session, config.id, now)
            if one.kind == PAID_USERS
            and holder in signed_paid_users(session.get(Packet, one.packet_digest))
        )
        under = next((f"grant {one} is under one that names them" for one in others), sign)
        said = f"{holder!r} stands in access.paid_users, but not in {whom}; {under}"
    else:
        known = f"name one who is ({', '.join(named)}) as the holder, or " if named else ""
        said = (
            f"{repr(holder) if holder else 'nobody'} is no paying user of {whom}; {known}add who "
            f"is to have a key to access.paid_users, {sign}"
        )
    raise DecisionRefused(f"no key is made: {said}")
