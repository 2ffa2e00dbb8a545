"""How far long work is, for people: bytes, rate and time left, on the terminal and in Prefect."""

import contextlib
import contextvars
import logging
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tasks.preservation.terms import Progress

_log = logging.getLogger("emeritus")

_QUIET_SECONDS = 2.0  # shorter work tells nothing
_TERMINAL_SECONDS = 0.5
_ARTIFACT_SECONDS = 3.0
_LOG_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How far a piece of work is.

    Attributes:
        done: so far.
        total: in all.
        unit: `bytes` or `files`.
        seconds: since it began.
    """

    done: int
    total: int
    unit: str
    seconds: float

    @property
    def percent(self) -> float:
        """0 to 100."""
        return 100.0 * self.done / self.total if self.total else 0.0

    def __str__(self) -> str:
        rate = self.done / self.seconds if self.seconds > 0 else 0.0
        left = (self.total - self.done) / rate if rate > 0 else None
        said = f"{_amount(self.done, self.unit)} of {_amount(self.total, self.unit)}"
        said += f", {_amount(round(rate), self.unit)}/s"
        return said + (f", {_duration(left)} left" if left is not None else "")


def _amount(number: int, unit: str) -> str:
    if unit != "bytes":
        return f"{number} {unit}"
    size = float(number)
    for name in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {name}" if size < 100 else f"{size:.0f} {name}"
        size /= 1000
    return f"{size:.3g} TB"


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


class _Shown:
    """What the work told last; one thread shows it."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._lock = threading.Lock()
        self._told: tuple[str, int, int, str] | None = None
        self._began = time.monotonic()
        self._over = threading.Event()
        self._artifact: Any = None
        self._started = self._began
        self._next_artifact = self._began + _QUIET_SECONDS
        self._next_log = self._began + _LOG_SECONDS
        self._wrote_line = False

    def __call__(self, path: str, done: int, total: int, unit: str = "bytes") -> None:
        """See `Progress`."""
        with self._lock:
            if self._told is not None and (self._told[2:] != (total, unit) or done < self._told[1]):
                self._began = time.monotonic()  # another step of the same work
            self._told = (path, done, total, unit)

    def run(self) -> None:
        """Show what is told until `stop`."""
        while not self._over.wait(_TERMINAL_SECONDS):
            self._show()

    def stop(self) -> None:
        """End the line on the terminal."""
        self._over.set()
        if self._wrote_line:
            _write("")

    def settle(self, *, whole: bool) -> None:
        """Leave an artifact that says how the work ended. Call once nothing else shows it.

        Args:
            whole: whether it came to its end.
        """
        if not isinstance(self._artifact, UUID) or self._told is None:
            return
        took = _duration(time.monotonic() - self._started)
        percent = Pace(self._told[1], self._told[2], self._told[3], 0.0).percent
        end = f"done in {took}" if whole else f"stopped after {took}, at {percent:.0f} %"
        with contextlib.suppress(Exception):  # a picture of the work must never stop it
            self._to_prefect(100.0 if whole else percent, end)

    def _show(self) -> None:
        with self._lock:
            told, began = self._told, self._began
        now = time.monotonic()
        if told is None or now - began < _QUIET_SECONDS:
            return
        pace = Pace(told[1], told[2], told[3], now - began)
        if sys.stderr.isatty():
            line = f"{self._label}: {pace.percent:.0f} %, {pace} ({told[0]})"
            _write(line[:118])
            self._wrote_line = True
        elif now >= self._next_log:
            self._next_log = now + _LOG_SECONDS
            _log.info("%s: %.0f %%, %s", self._label, pace.percent, pace)
        if now >= self._next_artifact:
            self._next_artifact = now + _ARTIFACT_SECONDS
            with contextlib.suppress(Exception):  # a picture of the work must never stop it
                self._to_prefect(pace.percent, str(pace))

    def _to_prefect(self, percent: float, said: str) -> None:
        from prefect.artifacts import create_progress_artifact, update_progress_artifact
        from prefect.context import TaskRunContext

        if TaskRunContext.get() is None:
            return
        description = f"{self._label}: {said}"
        if not isinstance(self._artifact, UUID):
            self._artifact = create_progress_artifact(percent, description=description)
        else:
            update_progress_artifact(self._artifact, percent, description=description)


def _write(line: str) -> None:
    """Put a line in place of the last one; a terminal that is gone stops no work."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"\r\x1b[K{line}")
        sys.stderr.flush()


@contextlib.contextmanager
def shown_progress(label: str) -> Iterator[Progress]:
    """Show what the block tells: on the terminal, or in the log, and as a Prefect artifact.

    Work of less than two seconds shows nothing.

    Args:
        label: what the work is, such as `preservation of aster-1`.
    """
    shown = _Shown(label)
    context = contextvars.copy_context()  # the artifact belongs to the task run that is under way
    thread = threading.Thread(target=context.run, args=(shown.run,), daemon=True)
    thread.start()
    whole = False
    try:
        yield shown
        whole = True
    finally:
        shown.stop()
        thread.join(timeout=_ARTIFACT_SECONDS)
        shown.settle(whole=whole)
