"""Uploads under way at once: few, so that memory stays bounded."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

MOST = 2


class InFlight:
    """Starts uploads in threads. The first failure is raised by the next call and all after it."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(MOST, thread_name_prefix="s3-upload")
        self._under_way: deque[Future[None]] = deque()
        self._failure: BaseException | None = None

    def start(self, work: Callable[[], None], most: int = MOST) -> None:
        """Start an upload; returns once no more than `most` are under way."""
        self._under_way.append(self._threads.submit(work))
        self._settle(most)

    def wait(self) -> None:
        """Wait for all that were started."""
        self._settle(0)

    def close(self) -> None:
        """Start nothing more and wait for what runs; a failure that was not raised is dropped."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _settle(self, most: int) -> None:
        while len(self._under_way) > most:
            try:
                self._under_way.popleft().result()
            except BaseException as error:
                self._failure = self._failure or error
        if self._failure is not None:
            raise self._failure
