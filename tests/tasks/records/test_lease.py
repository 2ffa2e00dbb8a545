"""One writer a model."""

import os
import subprocess
import sys
from datetime import timedelta

import psutil
import pytest
from sqlmodel import Session

from tasks.kernel.errors import FenceLost, LeaseHeld
from tasks.records import Book
from tasks.records.lease import TERM, Holder, Lease
from tests.fakes.clock import FakeClock

NOW = FakeClock().now()


def _hold_as(book: Book, holder: Holder) -> None:
    with book.writing(NOW) as writing:
        lease = _lease(writing.session)
        lease.holder = holder.model_dump_json()
        writing.session.add(lease)


def _lease(session: Session) -> Lease:
    return session.get_one(Lease, "m")


def test_a_second_pass_is_turned_away_while_the_first_lives(book: Book) -> None:
    book.take_lease("m", "", NOW)
    with pytest.raises(LeaseHeld, match="another pass is under way"):
        book.take_lease("m", "", NOW)
    book.take_lease("other", "", NOW)


def test_a_freed_lease_is_taken_again_with_a_later_token(book: Book) -> None:
    first = book.take_lease("m", "", NOW).fence
    book.keep_lease(first, NOW, free=True)
    taken = book.take_lease("m", "", NOW)
    assert taken.fence.token == first.token + 1
    assert taken.died_run == ""


def test_an_expired_lease_is_taken_over_and_the_old_fence_writes_no_more(book: Book) -> None:
    first = book.take_lease("m", "run-1", NOW).fence
    later = NOW + TERM + timedelta(seconds=1)
    taken = book.take_lease("m", "run-2", later)
    assert taken.died_run == "run-1"
    with pytest.raises(FenceLost), book.writing(later, fence=first):
        pass
    with pytest.raises(FenceLost):
        book.keep_lease(first, later)
    with book.writing(later, fence=taken.fence):
        pass


def test_every_write_extends_the_lease(book: Book) -> None:
    fence = book.take_lease("m", "", NOW).fence
    later = NOW + TERM - timedelta(seconds=1)
    with book.writing(later, fence=fence):
        pass
    with pytest.raises(LeaseHeld):
        book.take_lease("m", "", later + timedelta(seconds=2))


def test_a_holder_whose_process_is_gone_is_followed_at_once(book: Book) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    here = Holder.me()
    holder = here.model_copy(
        update={"pid": child.pid, "started": psutil.Process(child.pid).create_time()}
    )
    book.take_lease("m", "run-1", NOW)
    _hold_as(book, holder)
    with pytest.raises(LeaseHeld):
        book.take_lease("m", "", NOW)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert holder.is_known_dead()  # a zombie writes nothing either
    child.communicate()
    assert book.take_lease("m", "", NOW).died_run == "run-1"


def test_another_machines_holder_is_waited_for(book: Book) -> None:
    book.take_lease("m", "", NOW)
    _hold_as(book, Holder.me().model_copy(update={"host": "elsewhere", "pid": 2**22 - 1}))
    with pytest.raises(LeaseHeld):
        book.take_lease("m", "", NOW)
