"""A picture of long work, which must never stop it."""

import errno
import io
import os
import sys
import threading
from contextlib import suppress
from uuid import UUID, uuid4

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


@pytest.mark.parametrize("fails", [False, True])
def test_the_artifact_says_how_the_work_ended(monkeypatch: pytest.MonkeyPatch, fails: bool) -> None:
    """The last picture that stood while it ran would say forever that it is under way."""
    pictures: list[tuple[float, str]] = []
    drawn, number = threading.Event(), uuid4()

    def create(percent: float, *, description: str) -> UUID:
        pictures.append((percent, description))
        drawn.set()
        return number

    def update(artifact: UUID, percent: float, *, description: str) -> None:
        assert artifact == number
        pictures.append((percent, description))

    monkeypatch.setattr(progress, "_QUIET_SECONDS", 0)
    monkeypatch.setattr(progress, "_TERMINAL_SECONDS", 0.01)
    monkeypatch.setattr("prefect.artifacts.create_progress_artifact", create)
    monkeypatch.setattr("prefect.artifacts.update_progress_artifact", update)
    monkeypatch.setattr("prefect.context.TaskRunContext.get", lambda: "a task run")
    with suppress(ZeroDivisionError), progress.shown_progress("preservation of aster-1") as shown:
        shown("weights.bin", 1, 2)
        assert drawn.wait(20)
        if fails:
            raise ZeroDivisionError
    percent, said = pictures[-1]
    assert percent == (50 if fails else 100)
    assert said.startswith("preservation of aster-1: " + ("stopped after" if fails else "done in"))
