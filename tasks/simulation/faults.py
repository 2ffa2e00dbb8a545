"""Faults played on request, and the log of calls that tests count by."""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Literal

from tasks.simulation.planted import Fault

Call = Literal["answer", "entry", "other"]

_INSIDE_ANSWERS = ("truncated", "empty", "refusal")
_OF_ENTRIES = ("expired", "errored", "forgotten")


class Faults:
    """The faults that are active; safe to share between threads."""

    def __init__(
        self, planted: Iterable[Fault] = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Start with the faults that the world plants.

        Args:
            planted: Active from the start.
            clock: Seconds that only grow.
        """
        self._lock = threading.Lock()
        self._clock = clock
        self._active: list[tuple[Fault, int | None, float | None]] = []
        for fault in planted:
            self.add(fault)

    def add(self, fault: Fault) -> None:
        """Activate a fault; one with neither `times` nor `for_seconds` strikes once."""
        until = None if fault.for_seconds is None else self._clock() + fault.for_seconds
        times = 1 if fault.times is None and until is None else fault.times
        with self._lock:
            self._active.append((fault, times, until))

    def clear(self) -> None:
        """End all faults."""
        with self._lock:
            self._active.clear()

    def strike(self, model: str, call: Call) -> Fault | None:
        """The fault that strikes this call, if any, and count it.

        Args:
            model: Model that the call names, or empty.
            call: Whether it asks for an `answer`, is an `entry` of a batch, or something else;
                faults inside an answer spare the rest, and an entry is no call of its own.
        """
        with self._lock:
            now = self._clock()
            self._active = [
                entry
                for entry in self._active
                if entry[1] != 0 and (entry[2] is None or now < entry[2])
            ]
            for index, (fault, times, until) in enumerate(self._active):
                if fault.model in (None, model) and _strikes(fault, call):
                    left = None if times is None else times - 1
                    self._active[index] = (fault, left, until)
                    return fault
        return None


def _strikes(fault: Fault, call: Call) -> bool:
    if call == "entry" or fault.kind in _OF_ENTRIES:
        return call == "entry" and fault.kind in _OF_ENTRIES
    return call == "answer" or fault.kind not in _INSIDE_ANSWERS


class CallLog:
    """How many calls came, by route and model, and how many of them a fault struck."""

    def __init__(self) -> None:
        """Start from nothing."""
        self._lock = threading.Lock()
        self._calls: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._struck: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def note(self, route: str, model: str, *, struck: bool) -> None:
        """Count one call to a route, such as `POST /v1/messages`."""
        with self._lock:
            self._calls[route][model or "-"] += 1
            if struck:
                self._struck[route][model or "-"] += 1

    def snapshot(self) -> dict[str, dict[str, dict[str, int]]]:
        """`{"calls": {route: {model: n}}, "struck": {route: {model: n}}}`; `-` names no model."""
        with self._lock:
            return {
                "calls": {route: dict(counts) for route, counts in self._calls.items()},
                "struck": {route: dict(counts) for route, counts in self._struck.items()},
            }
