"""A retirement lived through once, with what stood where along the way."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.flows.place import SPACING, Place, copy_home

Dump = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Station:
    """What stood at one point of the story.

    Attributes:
        home: a copy of the home as it was.
        now: the clock.
        told: each stage's status as the last pass told it.
        dump: all rows.
        said: what the last act of a person answered.
    """

    home: Path
    now: datetime
    told: dict[str, dict[str, Any]]
    dump: Dump
    said: str = ""


@dataclass
class Story:
    """All stations, and the place where the story ended.

    Attributes:
        place: where it ended; to be looked at, not passed over again.
        start: the clock at its start.
        stations: by name.
        again: (rows before, rows after) of passes that had nothing to do, by station.
    """

    place: Place
    start: datetime
    stations: dict[str, Station] = field(default_factory=dict)
    again: dict[str, tuple[Dump, Dump]] = field(default_factory=dict)


def live_through(place: Place, folder: Path) -> Story:
    """Three waves, two signatures, one essay; at some stations a second pass with nothing due."""
    story = Story(place, place.clock.now())

    def stop(name: str, said: str = "", *, again: bool = False) -> None:
        known = bool(list(place.home.glob("*.sqlite")))
        copy_home(place.home, folder / name)
        now = place.clock.now()
        told, dump = (place.told(), place.dump()) if known else ({}, {})
        story.stations[name] = Station(folder / name, now, told, dump, said)
        if again:
            place.run_pass()
            story.again[name] = dump, place.dump()

    stop("new")
    place.run_pass()
    stop("wave 1", again=True)
    for name in ("wave 2", "packet open"):
        place.clock.advance(seconds=SPACING.total_seconds())
        place.run_pass()
        stop(name)
    stop("signed once", place.approve("alice"))
    stop("decided", place.approve("bob"))
    place.run_pass()
    stop("in review", again=True)
    place.clock.advance(seconds=60)
    stop("approved", place.review("erin"))
    place.run_pass()
    stop("published", again=True)
    return story
