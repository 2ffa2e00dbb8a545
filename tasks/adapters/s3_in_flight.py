"""Uploads under way at once: few, so that memory stays bounded."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from io import BytesIO

MOST = 2  # bodies that one writer holds: while one is filled the other is sent, then both are
BUDGET = 24 << 20  # bytes of bodies that all writers of this process hold together


class InFlight:
    """Starts uploads in threads. The first failure is raised by the next call and all after it.

    Bodies are used again: what is freed and taken anew for each would leave holes in memory.
    """

    _open = 0  # writers of this process that share the budget
    _counting = threading.Lock()

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(MOST, thread_name_prefix="s3-upload")
        self._under_way: deque[Future[None]] = deque()
        self._spare: deque[BytesIO] = deque()
        self._failure: BaseException | None = None
        self._closed = False
        self._count(1)

    def body(self) -> BytesIO:
        """Memory to fill from its start, for `start`; what it held before may stand behind."""
        body = self._spare.popleft() if self._spare else BytesIO()
        body.seek(0)
        return body

    def spare(self, body: BytesIO) -> None:
        """Take back a body that is not needed."""
        self._spare.append(body)

    def start(self, work: Callable[[BytesIO], None], body: BytesIO) -> None:
        """Start an upload of what was written to a body, which is gone for the caller.

        Returns once another body of that size has room in the budget; every writer has room for
        one, so that none waits for another.
        """
        body.truncate()
        share = BUDGET // InFlight._open // max(body.tell(), 1)
        self._under_way.append(self._threads.submit(self._run, work, body))
        self._settle(min(MOST, max(share, 1)) - 1)

    def wait(self) -> None:
        """Wait for all that were started."""
        self._settle(0)

    def close(self) -> None:
        """Start nothing more and wait for what runs; a failure that was not raised is dropped."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        if not self._closed:
            self._closed = True
            self._count(-1)

    def _run(self, work: Callable[[BytesIO], None], body: BytesIO) -> None:
        work(body)
        self.spare(body)

    def _settle(self, most: int) -> None:
        while len(self._under_way) > most:
            try:
                self._under_way.popleft().result()
            except BaseException as error:
                self._failure = self._failure or error
        if self._failure is not None:
            raise self._failure

    @classmethod
    def _count(cls, more: int) -> None:
        with cls._counting:
            InFlight._open += more
