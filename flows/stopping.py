"""Ending a command on Ctrl-C, SIGTERM or a closed terminal: in order, and with a sentence."""

import contextlib
import signal
import sys
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import NoReturn

from configs.error_chain import chain_of

_STATUS_OF_SIGNALS = 128  # a shell's way to tell by its status what ended a command
_SAID: dict[int, str] = {
    signal.SIGINT: "by Ctrl-C",
    signal.SIGTERM: "by SIGTERM",
    signal.SIGHUP: "since its terminal was closed",
}


@contextlib.contextmanager
def stopping_in_order() -> Iterator[None]:
    """End the block by an exception on SIGTERM and SIGHUP too, and tell how it was ended.

    So leases are freed and background programs stopped, as on Ctrl-C. Libraries on the way may take
    the exception for a fault of their own, or raise another one while they clean up: what counts is
    that a signal came. A second signal ends the process at once. A signal that whoever started us
    had ignored (`nohup`) stays ignored.

    Raises:
        SystemExit: a signal came; with 128 and the signal's number.
    """
    came: list[int] = []

    def stop(number: int, _: FrameType | None) -> NoReturn:
        came.append(number)
        for one in before:
            signal.signal(one, signal.SIG_DFL)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(_STATUS_OF_SIGNALS + number)

    before = {one: signal.getsignal(one) for one in _SAID}
    before = {one: at for one, at in before.items() if at is not signal.SIG_IGN}
    for one in before:
        signal.signal(one, stop)
    try:
        yield
    except BaseException as error:
        _end_as(came or _signals_in(error))
        raise
    else:
        _end_as(came)
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _signals_in(error: BaseException) -> list[int]:
    """Signals that Prefect took: while a flow runs it has a handler of its own for SIGTERM.

    What it raises then may come out beneath another error, or in a group of them.
    """
    for one in chain_of(error):
        number = getattr(one, "signal", None)
        if type(one).__name__ == "TerminationSignal" and number in _SAID:
            return [int(number)]
    return []


def _end_as(came: Sequence[int]) -> None:
    if not came:
        return
    with contextlib.suppress(OSError):  # the terminal may be gone
        sys.stderr.write(
            f"stopped {_SAID[came[0]]}: what was recorded stands, and the same command goes on\n"
        )
        sys.stderr.flush()
    raise SystemExit(_STATUS_OF_SIGNALS + came[0]) from None
