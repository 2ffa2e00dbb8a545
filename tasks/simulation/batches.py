"""Message batches, kept in memory: created, worked through once, read as JSON lines."""

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tasks.simulation.wire import ApiError

_CUSTOM_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_OUTCOMES = ("succeeded", "errored", "canceled", "expired")

#: Turns the `params` of one entry into its `result` object; None leaves it out of the results.
Answer = Callable[[object], dict[str, Any] | None]


@dataclass
class _Batch:
    number: int
    entries: list[tuple[str, object]]
    created_at: datetime
    due: float
    ended_at: datetime | None = None
    canceled_at: datetime | None = None
    results: list[dict[str, Any]] = field(default_factory=list)

    @property
    def id(self) -> str:
        return f"msgbatch_sim_{self.number:06d}"


class Batches:
    """All batches of one server; safe to share between threads.

    A batch ends at the first look at it after `seconds`; its answers are made then, in order.
    """

    def __init__(self, answer: Answer, *, seconds: float) -> None:
        """Keep how an entry is answered, and how long a batch stays in progress."""
        self._answer = answer
        self._seconds = seconds
        self._lock = threading.Lock()
        self._batches: dict[str, _Batch] = {}

    def create(self, body: object, base_url: str) -> dict[str, Any]:
        """Accept a batch.

        Raises:
            ApiError: 400, its entries are malformed or share a `custom_id`.
        """
        entries = _entries(body)
        with self._lock:
            number = len(self._batches) + 1
            due = time.monotonic() + self._seconds
            batch = _Batch(number, entries, datetime.now(UTC), due)
            self._batches[batch.id] = batch
            return _body(batch, base_url)

    def look(self, batch_id: str, base_url: str) -> dict[str, Any]:
        """The batch's state now.

        Raises:
            ApiError: 404, there is no such batch.
        """
        with self._lock:
            return _body(self._settled(batch_id), base_url)

    def listing(self, base_url: str, *, limit: int, after_id: str = "") -> dict[str, Any]:
        """A page of batches, newest first."""
        with self._lock:
            bodies = [_body(self._settled(name), base_url) for name in reversed(self._batches)]
        ids = [body["id"] for body in bodies]
        start = ids.index(after_id) + 1 if after_id in ids else 0
        page = bodies[start : start + limit]
        return {
            "data": page,
            "has_more": start + limit < len(bodies),
            "first_id": page[0]["id"] if page else None,
            "last_id": page[-1]["id"] if page else None,
        }

    def cancel(self, batch_id: str, base_url: str) -> dict[str, Any]:
        """Cancel a batch in progress; the next look finds it ended.

        Raises:
            ApiError: 404, there is no such batch; 400, it has ended.
        """
        with self._lock:
            batch = self._find(batch_id)
            if batch.ended_at:
                raise ApiError(400, f"batch {batch_id} has ended and can't be canceled")
            batch.canceled_at = batch.canceled_at or datetime.now(UTC)
            return _body(batch, base_url)

    def results(self, batch_id: str) -> str:
        """The results as JSON lines, in an order of their own as the real ones are.

        Raises:
            ApiError: 404, there is no such batch or it is still in progress.
        """
        with self._lock:
            batch = self._settled(batch_id)
            if not batch.ended_at:
                raise ApiError(404, f"batch {batch_id} has no results yet")
            return "".join(
                json.dumps(line, ensure_ascii=False) + "\n" for line in reversed(batch.results)
            )

    def _find(self, batch_id: str) -> _Batch:
        if batch_id not in self._batches:
            raise ApiError(404, f"message batch {batch_id} not found")
        return self._batches[batch_id]

    def _settled(self, batch_id: str) -> _Batch:
        batch = self._find(batch_id)
        if batch.ended_at or (not batch.canceled_at and time.monotonic() < batch.due):
            return batch
        for custom_id, params in batch.entries:
            result = {"type": "canceled"} if batch.canceled_at else self._answer(params)
            if result is not None:
                batch.results.append({"custom_id": custom_id, "result": result})
        batch.ended_at = datetime.now(UTC)
        return batch


def _entries(body: object) -> list[tuple[str, object]]:
    requests = body.get("requests") if isinstance(body, dict) else None
    if not isinstance(requests, list) or not requests:
        raise ApiError(400, "requests: at least one request is required")
    entries: dict[str, object] = {}
    for index, entry in enumerate(requests):
        custom_id = entry.get("custom_id") if isinstance(entry, dict) else None
        if not isinstance(custom_id, str) or not _CUSTOM_ID.fullmatch(custom_id):
            raise ApiError(400, f"requests.{index}.custom_id: must match [A-Za-z0-9_-]{{1,64}}")
        if custom_id in entries:
            raise ApiError(400, f"requests.{index}.custom_id: {custom_id!r} stands twice")
        entries[custom_id] = entry.get("params")
    return list(entries.items())


def _body(batch: _Batch, base_url: str) -> dict[str, Any]:
    outcomes = Counter(line["result"]["type"] for line in batch.results)
    counts = {name: outcomes[name] for name in _OUTCOMES}
    status = "ended" if batch.ended_at else "canceling" if batch.canceled_at else "in_progress"
    results_url = f"{base_url}/v1/messages/batches/{batch.id}/results"
    processing = 0 if batch.ended_at else len(batch.entries)
    counts["errored"] += len(batch.entries) - processing - sum(counts.values())  # the forgotten
    return {
        "id": batch.id,
        "type": "message_batch",
        "processing_status": status,
        "request_counts": {"processing": processing, **counts},
        "created_at": batch.created_at.isoformat(),
        "expires_at": (batch.created_at + timedelta(hours=24)).isoformat(),
        "ended_at": batch.ended_at.isoformat() if batch.ended_at else None,
        "cancel_initiated_at": batch.canceled_at.isoformat() if batch.canceled_at else None,
        "archived_at": None,
        "results_url": results_url if batch.ended_at else None,
    }
