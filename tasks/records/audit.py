"""The audit chain: entries hash-linked in order, each telling of one change of one row.

An entry's digest is SHA-256 of its canonical JSON, which holds the digest before it. It stands in
the same transaction as the row it tells of and carries the row's digest, so `verify` finds a
changed, removed or added entry, and a row that was changed, removed or added behind the chain's
back. A chain cut at its end together with its head and rows is only found against a digest kept
elsewhere (`emeritus audit verify --expect`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import ClassVar, TypeVar

from rfc8785 import CanonicalizationError
from sqlalchemy import Table, func, insert, inspect, or_, update
from sqlalchemy import select as sa_select
from sqlalchemy.exc import DBAPIError
from sqlmodel import Field, Session, select

from tasks.kernel.digests import digest_of
from tasks.kernel.errors import AuditBroken
from tasks.kernel.instants import to_text
from tasks.records.columns import Row, instant_field, text_field

GENESIS = "0" * 64

_BATCH = 500  # rows that are read at a time
_MISSING = "entry {} is missing; the next one is {}"
_UNLINKED = "entry {} does not continue the entry before it"
_GONE = "row {1} of {0} is gone, though the audit chain tells of it"
_CHANGED = "entry {} was changed: its digest is not that of its words"

_Row = TypeVar("_Row", bound=Row)


class AuditEntry(Row, table=True):
    """One change, told.

    `config_commit` is the git commit of the configurations under which a pass wrote: its SHA, with
    `-dirty` where the files differed from it, and empty where no git tells. An entry without one
    has the digest that it had before there was such a column.
    """

    __tablename__ = "audit_entry"
    added_later: ClassVar[tuple[str, ...]] = ("config_commit",)

    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = instant_field()
    actor: str
    action: str
    model_id: str = Field(index=True)
    row_table: str
    row_key: str = text_field()
    row_sha256: str
    previous: str
    digest: str
    config_commit: str = ""

    def expected_digest(self) -> str:
        """The digest that the entry's other fields give."""
        return digest_of({k: v for k, v in self.witness().items() if k != "digest"})


class AuditHead(Row, table=True):
    """The chain's last entry; locked by every writer, so that entries stand in one line."""

    __tablename__ = "audit_head"

    id: int = Field(primary_key=True)
    seq: int
    digest: str


# Plain statements cost a third of what rows as objects do.
_ENTRIES: Table = AuditEntry.__table__  # type: ignore[attr-defined]
_HEADS: Table = AuditHead.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What verification found.

    Attributes:
        entries: number of entries read.
        head: digest of the last entry; keep it elsewhere.
        problems: one sentence each; empty when the chain and the rows agree.
    """

    entries: int
    head: str
    problems: tuple[str, ...]


def row_key(row: Row) -> str:
    """A row's primary key as text."""
    state = inspect(row)
    return "|".join(str(getattr(row, c.key)) for c in state.mapper.primary_key)


def append(
    session: Session,
    changes: Sequence[tuple[Row, str]],
    *,
    at: datetime,
    actor: str,
    config_commit: str = "",
) -> None:
    """Add an entry that tells of each row and what was done, in the session's transaction."""
    head = session.execute(sa_select(_HEADS).with_for_update()).one_or_none()
    if head is None:  # the first migration made it
        raise AuditBroken("the audit chain's head is gone; nothing is written without it")
    seq, previous, told = head.seq, head.digest, []
    for row, action in changes:
        seq += 1
        entry = {
            "seq": seq,
            "at": at,
            "actor": actor,
            "action": action,
            "model_id": str(getattr(row, "model_id", "")),
            "row_table": str(row.__tablename__),
            "row_key": row_key(row),
            "row_sha256": digest_of(row.witness()),
            "previous": previous,
        }
        under = {"config_commit": config_commit} if config_commit else {}
        previous = digest_of({**entry, **under, "at": to_text(at)})
        told.append({**entry, "config_commit": config_commit, "digest": previous})
    if told:
        session.execute(insert(_ENTRIES), told)
        session.execute(update(_HEADS).values(seq=seq, digest=previous))


def verify(session: Session, tables: tuple[type[Row], ...], *, expect: str = "") -> AuditReport:
    """Check every entry, and every row of `tables` against the last entry that tells of it.

    Args:
        session: open for reading.
        tables: all audited tables.
        expect: digest of an entry, kept elsewhere, that the chain must still hold.
    """
    problems: list[str] = []
    last: dict[tuple[str, str], str] = {}
    previous, seq, seen = GENESIS, 0, not expect
    for entry in _rows(session, AuditEntry, problems):
        seq += 1
        if entry.seq != seq:
            problems.append(_MISSING.format(seq, entry.seq))
            seq = entry.seq
        if entry.previous != previous:
            problems.append(_UNLINKED.format(seq))
        if entry.digest != _digest(entry.expected_digest):
            problems.append(_CHANGED.format(seq))
        previous, seen = entry.digest, seen or entry.digest == expect
        last[entry.row_table, entry.row_key] = entry.row_sha256
    if not seen:
        problems.append(f"no entry has the expected digest {expect}: the chain was cut or replaced")
    return _held_against(session, tables, last, (seq, previous), problems)


def verify_model(session: Session, tables: tuple[type[Row], ...], model_id: str) -> AuditReport:
    """Check one model's entries and rows as `verify` does, and how all entries are linked.

    Costs what the model's rows do, however many others there are; the database itself follows the
    links. What is not computed anew are the digests of other models' entries and rows.

    Args:
        session: open for reading.
        tables: all audited tables.
        model_id: the model.
    """
    problems = list(_broken_links(session))
    last: dict[tuple[str, str], str] = {}
    for entry in _rows(session, AuditEntry, problems, model_id=model_id):
        if entry.digest != _digest(entry.expected_digest):
            problems.append(_CHANGED.format(entry.seq))
        last[entry.row_table, entry.row_key] = entry.row_sha256
    end = session.execute(
        sa_select(_ENTRIES.c.seq, _ENTRIES.c.digest).order_by(_ENTRIES.c.seq.desc()).limit(1)
    ).first()
    seq, head = (end.seq, end.digest) if end is not None else (0, GENESIS)
    return _held_against(session, tables, last, (seq, head), problems, model_id=model_id)


def changed_rows(session: Session, tables: tuple[type[Row], ...], model_id: str) -> tuple[str, ...]:
    """What is wrong with a model's rows of some tables, as their last entries tell.

    Asks neither of other tables nor of the links between entries: for work that is done from these
    rows, and must not wait until somebody has found out about others.

    Args:
        session: open for reading.
        tables: audited ones.
        model_id: the model.
    """
    problems: list[str] = []
    names = {str(table.__tablename__) for table in tables}
    last = {
        (entry.row_table, entry.row_key): entry.row_sha256
        for entry in _rows(session, AuditEntry, problems, model_id=model_id)
        if entry.row_table in names
    }
    for table in tables:
        _compare_rows(session, table, last, problems, model_id)
    return (*problems, *(_GONE.format(*told) for told in last))


def _held_against(
    session: Session,
    tables: tuple[type[Row], ...],
    last: dict[tuple[str, str], str],
    end: tuple[int, str],
    problems: list[str],
    *,
    model_id: str = "",
) -> AuditReport:
    """Hold the recorded head, and rows, against what the entries tell."""
    seq, digest = end
    heads = list(_rows(session, AuditHead, problems))
    if (heads[0].digest if heads else GENESIS) != digest:
        problems.append(f"the chain ends at entry {seq}, which is not the recorded head")
    for table in tables:
        _compare_rows(session, table, last, problems, model_id)
    problems += [_GONE.format(*told) for told in last]
    return AuditReport(seq, digest, tuple(problems))


def _broken_links(session: Session) -> Iterator[str]:
    """Entries that are missing, or that don't continue the one before; found by the database."""
    entry = _ENTRIES.c
    linked = sa_select(
        entry.seq,
        func.coalesce(entry.previous, "").label("previous"),
        func.coalesce(func.lag(entry.digest).over(order_by=entry.seq), GENESIS).label(
            "digest_before"
        ),
        func.coalesce(func.lag(entry.seq).over(order_by=entry.seq), 0).label("seq_before"),
    ).subquery()
    one = linked.c
    odd = or_(one.previous != one.digest_before, one.seq != one.seq_before + 1)
    for found in session.execute(sa_select(linked).where(odd).order_by(one.seq)):
        if found.seq != found.seq_before + 1:
            yield _MISSING.format(found.seq_before + 1, found.seq)
        if found.previous != found.digest_before:
            yield _UNLINKED.format(found.seq)


def _compare_rows(
    session: Session,
    table: type[Row],
    last: dict[tuple[str, str], str],
    problems: list[str],
    model_id: str,
) -> None:
    """Compare a table's rows with their last entries, which are taken out of `last`."""
    name = str(table.__tablename__)
    for row in _rows(session, table, problems, last, model_id=model_id):
        key = row_key(row)
        told = last.pop((name, key), None)
        if told is None:
            problems.append(f"row {key} of {name} stands in no audit entry: it was added unseen")
        elif told != _digest(partial(_digest_of_row, row)):
            problems.append(f"row {key} of {name} is not as its last audit entry tells")


def _digest_of_row(row: Row) -> str:
    return digest_of(row.witness())


def _digest(make: Callable[[], str]) -> str:
    """A digest, or nothing when values of a wrong type stand where tampering put them."""
    try:
        return make()
    except (CanonicalizationError, ValueError, TypeError, AttributeError):
        return ""


def _rows(
    session: Session,
    table: type[_Row],
    problems: list[str],
    last: dict[tuple[str, str], str] | None = None,
    *,
    model_id: str = "",
) -> Iterator[_Row]:
    """A table's rows by key, of one model or of all; what can't be read is named, and left out.

    Left out of `last` too. They come in batches, and are not kept: a table may be larger than
    memory.
    """
    keys = inspect(table).primary_key
    own = [inspect(table).columns["model_id"] == model_id] if model_id else []
    came: tuple[object, ...] | None = None
    try:
        asked = select(table).where(*own).order_by(*keys)
        for row in session.exec(asked, execution_options={"yield_per": _BATCH}):
            came = tuple(getattr(row, key.name) for key in keys)
            yield row
        return
    except (DBAPIError, ValueError, TypeError):
        session.rollback()
    name = str(table.__tablename__)
    try:
        found = [
            tuple(key) for key in session.execute(sa_select(*keys).where(*own).order_by(*keys))
        ]
    except (DBAPIError, ValueError, TypeError):
        session.rollback()
        problems.append(f"table {name} can't be read")
        for told in [told for told in last or {} if told[0] == name]:
            (last or {}).pop(told)
        return
    for key in found[found.index(came) + 1 if came in found else 0 :]:
        try:
            row = session.get_one(table, key)
        except (DBAPIError, ValueError, TypeError):
            shown = "|".join(str(part) for part in key)
            problems.append(f"row {shown} of {name} can't be read: its values were changed")
            (last or {}).pop((name, shown), None)
        else:
            yield row
