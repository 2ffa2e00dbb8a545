"""How long to wait before another try: what an endpoint asks for, else a growing pause."""

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar

from tasks.kernel.errors import EndpointBusy
from tasks.kernel.instants import to_minute, to_utc

_Result = TypeVar("_Result")

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 8.0
_YEAR = 366 * 86400.0
_PASSING = (408, 409, 429)
_LASTING = (501, 505)


class Passing(Exception):
    """A try failed with what another one may mend.

    Attributes:
        wait: seconds that the endpoint asks to wait; None where it says nothing.
    """

    def __init__(self, said: str, wait: float | None = None) -> None:
        super().__init__(said)
        self.wait = wait


class Patience:
    """The tries of all calls to one endpoint: what one of them is told, all of them heed."""

    def __init__(
        self, where: str, *, attempts: int, longest_wait: float, now: Callable[[], datetime]
    ) -> None:
        """Set up.

        Args:
            where: names the endpoint in errors.
            attempts: tries of one call.
            longest_wait: seconds that are sat out; what asks for more ends the call.
            now: the clock, for the instant that an error names.
        """
        self._where, self._attempts, self._longest = where, attempts, longest_wait
        self._now = now
        self._opens_at = 0.0
        self._random = random.Random(where)

    async def through(self, attempt: Callable[[], Awaitable[_Result]]) -> _Result:
        """Try until it succeeds.

        Args:
            attempt: one try; raises `Passing` for what another one may mend.

        Raises:
            EndpointBusy: all tries failed, or the endpoint asks for more patience than there is;
                with `until` where it named an instant beyond `longest_wait`.
        """
        for number in range(1, self._attempts + 1):
            await self._until_open()
            try:
                return await attempt()
            except Passing as failed:
                if failed.wait is not None:
                    self._opens_at = max(self._opens_at, time.monotonic() + failed.wait)
                    self._check_wait(failed.wait)
                if number == self._attempts:
                    raise EndpointBusy(f"{self._where}: {failed}; a later pass goes on") from None
                if failed.wait is None:
                    await asyncio.sleep(self._pause(number))
        raise AssertionError("there is at least one try")

    async def _until_open(self) -> None:
        while (wait := self._opens_at - time.monotonic()) > 0:
            self._check_wait(wait)
            await asyncio.sleep(wait)

    def _check_wait(self, wait: float) -> None:
        if wait > self._longest:
            until = self._now() + timedelta(seconds=wait)
            raise EndpointBusy(
                f"{self._where}: it asks not to be called before {to_minute(until)}; a pass after "
                "that goes on",
                until=until,
            )

    def _pause(self, number: int) -> float:
        pause = min(_FIRST_PAUSE * 2.0 ** (number - 1), _LONGEST_PAUSE)
        return pause * (
            1 - 0.25 * self._random.random()
        )  # apart, so that not all come back at once


def is_passing(status: int, headers: Mapping[str, str]) -> bool:
    """Whether another try may mend an answer with this status."""
    told = headers.get("x-should-retry")
    if told in ("true", "false"):
        return told == "true"
    return status in _PASSING or (status >= 500 and status not in _LASTING)


def asked_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that an endpoint asks to wait: `retry-after-ms`, or `retry-after` in either form.

    None where it asks for nothing that can be read. At most a year.
    """
    milliseconds = _seconds(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return min(milliseconds / 1000, _YEAR)
    told = headers.get("retry-after", "")
    seconds = _seconds(told)
    if seconds is None:
        try:
            seconds = (to_utc(parsedate_to_datetime(told)) - now).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 0.0), _YEAR)


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
