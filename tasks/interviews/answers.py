"""Writing what was asked and what came back into the conversations' rows."""

from collections.abc import Collection, Iterable
from dataclasses import asdict
from datetime import datetime

from sqlmodel import Session, col, select

from tasks import wiring
from tasks.interviews.asking import Entry, Job
from tasks.kernel.digests import digest_of
from tasks.ports.respondent import Answer
from tasks.ports.storable import columns, storable
from tasks.records import Fence
from tasks.records.columns import Row
from tasks.records.interview import Conversation

Changes = list[tuple[Row, str]]


def record_entry(fence: Fence, entry: Entry) -> None:
    """Write an entry in one transaction.

    Raises:
        FenceLost: a later pass took the lease; nothing was written.
    """
    with wiring.book().writing(wiring.clock().now(), fence=fence) as writing:
        ids = [job.id for job, _ in entry.answered]
        ids += [job.id for job in (*entry.begun, *entry.withdrawn)]
        rows = rows_of(writing.session, ids)
        answered = [(rows[job.id], answer) for job, answer in entry.answered]
        writing.put_all(
            [
                *told(answered, writing.now),
                *withdrawn(rows[job.id] for job in entry.withdrawn),
                *begun(((rows[job.id], job) for job in entry.begun), writing.now),
            ]
        )


def rows_of(session: Session, ids: Collection[str]) -> dict[str, Conversation]:
    """Conversations by id."""
    found = session.exec(select(Conversation).where(col(Conversation.id).in_(ids)))
    return {row.id: row for row in found}


def begun(jobs: Iterable[tuple[Conversation, Job]], now: datetime) -> Changes:
    """Count a try of each job, and keep the digest of what is sent."""
    changes: Changes = []
    for row, job in jobs:
        row.attempts, row.asked_at = row.attempts + 1, now
        row.question_sha256 = digest_of(asdict(job.question))
        changes.append((row, "interviews.asked"))
    return changes


def withdrawn(rows: Iterable[Conversation]) -> Changes:
    """Take a counted try back: it is known that nothing was asked."""
    changes: Changes = []
    for row in rows:
        row.attempts = max(0, row.attempts - 1)
        changes.append((row, "interviews.withdrawn"))
    return changes


def told(answered: Iterable[tuple[Conversation, Answer]], now: datetime) -> Changes:
    """Put answers into their rows."""
    changes: Changes = []
    for row, came in answered:
        answer = storable(came)
        row.sqlmodel_update(columns(answer))
        row.answered_at, row.problem = answer.answered_at or now, answer.problem
        changes.append((row, f"interviews.{answer.outcome}"))
    return changes
