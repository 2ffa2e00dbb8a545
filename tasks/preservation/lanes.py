"""Threads that each do their work in order, and memory that goes round between them."""

import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar

_T = TypeVar("_T")
_LOOK_SECONDS = 0.2
_NICER = 10  # a tenth of the weight of a thread that does not give way


class Stopped(Exception):
    """Another thread failed; this one has nothing more to do."""


class Lanes:
    """Lanes that stop together: after the first failure none begins anything more.

    Leaving the block waits for what is under way, and raises the first failure.

    Args:
        first: name of the lane that the others leave a processor to; empty where none takes the
            longest. With as many busy lanes as cores or more, the scheduler is fair to all, and the
            slowest would get less than the whole of one.
    """

    def __init__(self, first: str = "") -> None:
        self._first = first
        self._failure: BaseException | None = None
        self._lock = threading.Lock()
        self._lanes: list[Lane] = []

    @classmethod
    @contextmanager
    def open(cls, first: str = "") -> Iterator["Lanes"]:
        """Lanes for one piece of work."""
        lanes = cls(first)
        try:
            yield lanes
        except Stopped:
            pass
        except BaseException as error:
            lanes.fail(error)  # so that no lane waits for memory that none will give back
            raise
        finally:
            for lane in lanes._lanes:
                lane.close()
        lanes.check()

    def lane(self, name: str) -> "Lane":
        """A new lane."""
        lane = Lane(self, name, gives_way=self._first not in {"", name})
        self._lanes.append(lane)
        return lane

    def fail(self, error: BaseException) -> None:
        """Keep the first failure."""
        with self._lock:
            if self._failure is None and not isinstance(error, Stopped):
                self._failure = error

    def wait(self, future: Future[_T]) -> _T:
        """A lane's answer. Raises `Stopped` when a lane failed meanwhile, so that none may come."""
        while True:
            try:
                return future.result(timeout=_LOOK_SECONDS)
            except TimeoutError:
                if self.failed:
                    raise Stopped from None

    @property
    def failed(self) -> bool:
        """Whether a lane failed."""
        return self._failure is not None

    def check(self) -> None:
        """Raise the first failure, if there is one."""
        if self._failure is not None:
            raise self._failure


class Lane:
    """One thread; what it is given is done in that order.

    Much lighter than an executor: a model passes through it in slices of a mebibyte.
    """

    def __init__(self, lanes: Lanes, name: str, *, gives_way: bool = False) -> None:
        self._lanes, self._gives_way = lanes, gives_way
        self._queue: queue.SimpleQueue[tuple[Callable[[], object], Lent | None] | None] = (
            queue.SimpleQueue()
        )
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def do(self, work: Callable[[], object], lent: "Lent | None" = None) -> None:
        """Queue work; `lent` is held until it is done."""
        if lent is not None:
            lent.hold()
        self._queue.put((work, lent))

    def ask(self, work: Callable[[], _T]) -> Future[_T]:
        """Queue work whose result is wanted; after a failure the future ends with `Stopped`."""
        future: Future[_T] = Future()

        def answer() -> None:
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)
                raise

        self._queue.put((answer, None))
        return future

    def close(self) -> None:
        """Wait for what was queued; after a failure it is dropped."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        if self._gives_way and sys.platform == "linux":  # elsewhere threads have no id of this kind
            thread = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, thread, os.nice(0) + _NICER)
        while (given := self._queue.get()) is not None:
            work, lent = given
            try:
                if not self._lanes.failed:
                    work()
            except BaseException as error:
                self._lanes.fail(error)
            finally:
                if lent is not None:
                    lent.release()


class Lent:
    """Memory on loan; it goes back when nobody holds it any more.

    Attributes:
        memory: what may be written to.
        place: where it stands in the memory that it is a part of.
    """

    def __init__(self, buffers: "Buffers", place: slice) -> None:
        self._buffers, self.place = buffers, place
        self.memory = buffers.memory[place]
        self._holders = 1
        self._lock = threading.Lock()

    def hold(self) -> None:
        """One more holder."""
        with self._lock:
            self._holders += 1

    def release(self) -> None:
        """One holder less."""
        with self._lock:
            self._holders -= 1
            free = self._holders == 0
        if free:
            self._buffers.give_back(self.place)


class Buffers:
    """A fixed number of equal parts of a memory: what bounds how much is under way at once.

    Args:
        lanes: whose failure ends the waiting.
        memory: the whole.
        size: of one part, in bytes.
        start: of the first one.
        count: of parts.
    """

    def __init__(
        self, lanes: Lanes, memory: memoryview, size: int, *, start: int, count: int
    ) -> None:
        self.memory = memory
        self._lanes = lanes
        self._free: queue.SimpleQueue[slice] = queue.SimpleQueue()
        for number in range(count):
            begin = start + number * size
            self._free.put(slice(begin, begin + size))

    def take(self) -> Lent:
        """Wait for one that is free; the taker holds it.

        Raises:
            Stopped: a lane failed meanwhile, so that none may ever be free.
        """
        while True:
            if self._lanes.failed:
                raise Stopped
            try:
                return Lent(self, self._free.get(timeout=_LOOK_SECONDS))
            except queue.Empty:
                continue

    def give_back(self, place: slice) -> None:
        """Called by `Lent`."""
        self._free.put(place)
