"""Ending a command on Ctrl-C, SIGTERM or a closed terminal: in order, and with a sentence."""

import contextlib
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

_STATUS_OF_SIGNALS = 128  # a shell's way to tell by its status what ended a command
_CAUGHT = (signal.SIGTERM, signal.SIGHUP)
_SAID = {
    _STATUS_OF_SIGNALS + signal.SIGINT: "by Ctrl-C",
    _STATUS_OF_SIGNALS + signal.SIGTERM: "by SIGTERM",
    _STATUS_OF_SIGNALS + signal.SIGHUP: "since its terminal was closed",
}


@contextlib.contextmanager
def stopping_in_order() -> Iterator[None]:
    """End the block by an exception on SIGTERM and SIGHUP too, and tell how it was ended.

    So leases are freed and background programs stopped, as on Ctrl-C. A second signal ends the
    process at once. A signal that whoever started us had ignored (`nohup`) stays ignored.

    Raises:
        SystemExit: a signal came; with 128 and the signal's number.
    """
    before = {
        one: signal.signal(one, _stop) for one in _CAUGHT if signal.getsignal(one) is signal.SIG_DFL
    }
    try:
        yield
    except KeyboardInterrupt:
        _tell(_STATUS_OF_SIGNALS + signal.SIGINT)
        raise SystemExit(_STATUS_OF_SIGNALS + signal.SIGINT) from None
    except SystemExit as ended:  # Typer's end on Ctrl-C is one too
        _tell(ended.code)
        raise
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _stop(number: int, _: FrameType | None) -> NoReturn:
    raise SystemExit(_STATUS_OF_SIGNALS + number)


def _tell(status: object) -> None:
    if status not in _SAID:
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # as the others are again: at once, from now on
    with contextlib.suppress(OSError):  # the terminal may be gone
        sys.stderr.write(
            f"stopped {_SAID[status]}: what was recorded stands, and the same command goes on\n"
        )
        sys.stderr.flush()
