"""A picture of long work, which must never stop it."""

import errno
import io
import os
import sys
import threading

import pytest

from tasks.preservation import progress


class _GoneTerminal(io.StringIO):
    """A terminal that was closed: all that is written to it fails."""

    def __init__(self) -> None:
        super().__init__()
        self.tried = threading.Event()

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.tried.set()
        raise OSError(errno.EIO, os.strerror(errno.EIO))


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_work_goes_on_when_its_terminal_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _GoneTerminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(progress, "_QUIET_SECONDS", 0)
    monkeypatch.setattr(progress, "_TERMINAL_SECONDS", 0.01)
    with progress.shown_progress("preservation of aster-1") as shown:
        shown("weights.bin", 1, 2)
        assert terminal.tried.wait(20)
        terminal.tried.clear()
        assert terminal.tried.wait(20), "it is tried again"
