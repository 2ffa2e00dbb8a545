"""The audit chain and the rows that it tells of, as lines that a stranger can hash. Reads only.

audit/chain.jsonl   an entry a line, canonical JSON (RFC 8785); `digest` is SHA-256 of the same
                    JSON without `digest`, and `previous` is the `digest` of the line before
audit/head          number and digest of the last entry
rows/TABLE.jsonl    the row's key as a JSON text, a tab, the row as canonical JSON; SHA-256 of
                    what follows the tab is `row_sha256` of the last entry that tells of it
"""

import json
from collections.abc import Iterator

from sqlmodel import Session, col, select

from tasks.kernel.digests import canonical_json
from tasks.records.application import Application, ApplicationEvent
from tasks.records.audit import AuditEntry, row_key
from tasks.records.columns import Row
from tasks.records.essay import Draft, ReaderReport, Redraft
from tasks.records.tables import AUDITED

CHAIN, HEAD = "audit/chain.jsonl", "audit/head"

#: Tables whose rows are not packed; the chain holds the digest of each.
LEFT_OUT: tuple[tuple[type[Row], str], ...] = (
    (Application, "what researchers wrote of themselves, with their addresses"),
    (ApplicationEvent, "what was written to them, with receipts"),
    (ReaderReport, "readers’ words, with their addresses"),
    (Draft, "essay texts, of which only published ones are packed"),
    (Redraft, "essay texts, of which only published ones are packed"),
)


def ledger_files(session: Session, model_id: str) -> dict[str, bytes]:
    """The whole chain, and one model's rows. The chain tells of all models, and of no content."""
    entries = list(session.exec(select(AuditEntry).order_by(col(AuditEntry.seq))))
    lines = [canonical_json(entry.witness()) + b"\n" for entry in entries]
    head = f"{entries[-1].seq} {entries[-1].digest}\n" if entries else ""
    return {CHAIN: b"".join(lines), HEAD: head.encode(), **dict(_rows(session, model_id))}


def _rows(session: Session, model_id: str) -> Iterator[tuple[str, bytes]]:
    without = {table for table, _ in LEFT_OUT}
    for table in AUDITED:
        if table in without:
            continue
        found = session.exec(select(table).filter_by(model_id=model_id)).all()
        lines = sorted(_line(row) for row in found)
        yield f"rows/{table.__tablename__}.jsonl", b"".join(lines)


def _line(row: Row) -> bytes:
    return json.dumps(row_key(row)).encode() + b"\t" + canonical_json(row.witness()) + b"\n"
