"""Processes that write the same records at once, as passes and people's acts do.

Run as `python -m tests.operation.writer URL ROUNDS NAME...`: a process for each name, forked from
one that has imported everything. Each tells what it wrote as a line of JSON.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy.exc import IntegrityError

from tasks.kernel.errors import LeaseHeld, RecordsAway
from tasks.records import Book, Fence, open_book
from tasks.records.access import Approval
from tasks.records.retirement import Retirement

SHARED = "shared"


def main(url: str, rounds: int, names: list[str]) -> None:
    """Fork, and wait for all; raises when one did not end well."""
    children = []
    for name in names:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                write(url, name, rounds)
                status = 0
            finally:
                sys.stdout.flush()
                os._exit(status)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * len(children)


def write(url: str, name: str, rounds: int) -> None:
    """Count up a row of its own, one that all share, a serial; sign alone, and in a race."""
    book, told = open_book(url), Counter[str]()
    fence = book.take_lease(name, "", _now()).fence
    for turn in range(rounds):
        written = {
            "own": lambda: count_up(book, name, fence),
            "shared": lambda: _pass_over_shared(book),
            "serial": lambda: book.next_serial(SHARED) > 0,
            "act": lambda turn=turn: _sign(book, f"{name}-{turn}", name),
            "won": lambda turn=turn: _sign(book, f"race-{turn}", name),
        }
        for what, write in written.items():
            told[what] += _until_written(write, told)  # type: ignore[arg-type]
    os.write(1, (json.dumps({"name": name, **told}) + "\n").encode())  # one write: lines stay whole


def count_up(book: Book, model: str, fence: Fence) -> bool:
    """Read a figure and write the next one, as no database does by itself."""
    with book.writing(_now(), fence=fence) as writing:
        row = writing.session.get_one(Retirement, model)
        row.display_name = str(int(row.display_name) + 1)
        writing.put(row, "counted")
    return True


def _pass_over_shared(book: Book) -> bool:
    try:
        fence = book.take_lease(SHARED, "", _now()).fence
    except LeaseHeld:
        return False
    count_up(book, SHARED, fence)
    book.keep_lease(fence, _now(), free=True)
    return True


def _sign(book: Book, packet: str, person: str) -> bool:
    row = Approval(
        id=f"{packet}-{person}",
        model_id=SHARED,
        packet_digest=packet,
        person="alice" if packet.startswith("race") else person,
        fingerprint=person,
        signature="",
        received_at=_now(),
    )
    try:
        with book.writing(_now(), actor=person) as writing:
            writing.put(row, "approved")
    except IntegrityError:
        return False
    return True


def _until_written(write: Callable[[], bool], told: Counter[str]) -> bool:
    """Try again what the database ended, as a task does; never to be heard is a fault."""
    for _ in range(50):
        try:
            return write()
        except RecordsAway as away:
            told["away"] += 1
            told[str(away)] += 1
    raise AssertionError(told)


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
