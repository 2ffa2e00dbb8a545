"""A file that goes up in parts, at most two of them at once; takes up what a dead pass left."""

import errno
import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any

from tasks.adapters.s3_client import S3Bucket
from tasks.adapters.s3_faults import code_of, is_missing
from tasks.adapters.s3_objects import (
    Seen,
    base64_of,
    create_once,
    look,
    put,
    put_once,
)
from tasks.adapters.s3_reading import stream
from tasks.ports.archive import Bytes

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef, PartTypeDef

MIB = 1 << 20
LEAST_PART = 16 * MIB
_MOST_PARTS = 10_000
_MEMORY = 64 * MIB  # that parts may take; a part larger than half of it goes up alone
IN_FLIGHT = 2


def part_size(size: int) -> int:
    """Bytes of every part but the last of a file of so many bytes."""
    least = -(-size // _MOST_PARTS)
    return max(LEAST_PART, -(-least // MIB) * MIB)


class InFlight:
    """Uploads under way: few at once, so that memory stays bounded.

    The first failure is raised by the next call, and by every one after it.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="s3-upload")
        self._under_way: deque[Future[None]] = deque()
        self._failure: BaseException | None = None

    def start(self, work: Callable[[], None], most: int = IN_FLIGHT) -> None:
        """Start an upload; returns when no more than `most` are under way, itself among them."""
        self._settle(max(0, most - 1))
        self._under_way.append(self._threads.submit(work))
        self._settle(most)

    def wait(self) -> None:
        """Wait for all. Raises the first failure."""
        self._settle(0)

    def close(self) -> None:
        """Start nothing more, and wait for what is under way; its failures are dropped."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _settle(self, most: int) -> None:
        while len(self._under_way) > most:
            try:
                self._under_way.popleft().result()
            except BaseException as error:
                self._failure = self._failure or error
        if self._failure is not None:
            raise self._failure
