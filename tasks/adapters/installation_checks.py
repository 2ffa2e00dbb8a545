"""What an installation itself relies on: Python, packages, programs, its home, time zones."""

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from configs.home import CHECKOUT, home
from tasks.adapters.files import nearest
from tasks.ports.checks import Check

_OLDEST_PYTHON = (3, 11)
_LITTLE_SPACE = 1 << 30  # records, pages and logs of a few models fit into it for a while
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
#: What holds secrets, or what nobody else may write: below the home, as patterns.
_PRIVATE = ("emeritus.sqlite*", "keys", "keys/*", "keys-to-hand-over", "prefect", "reader-reports")
_PROGRAMS = (
    ("ssh-keygen", "fail", "people's signatures can't be made or checked; install openssh-client"),
    ("git", "warn", "retirements can't be taken from a repository; install git"),
    (
        "age",
        "warn",
        "not needed by Emeritus; a person who restores by hand needs it: install age",
    ),
)


def installation_checks() -> Iterator[Check]:
    """Try the program's own ground. Writes one probe into the home, and removes it."""
    yield _python()
    yield _packages()
    yield from _programs()
    yield _time_zones()


def home_checks() -> Iterator[Check]:
    """Whether the home can be written, has room, and keeps its secrets to itself."""
    folder = home()
    there = nearest(folder)
    named = f"{folder}" if there == folder else f"{folder} (will be made in {there})"
    try:
        with tempfile.NamedTemporaryFile(dir=there, prefix=".emeritus-probe-") as probe:
            probe.write(b"probe")
    except OSError as error:
        said = f"{named} can't be written: {error.strerror}; set EMERITUS_HOME to a folder of yours"
        yield Check("home", "fail", said)
        return
    free = shutil.disk_usage(there).free
    room = f"{free / (1 << 30):.1f} GiB free"
    if free < _LITTLE_SPACE:
        yield Check("home", "warn", f"{named} has {room}; make room, or move EMERITUS_HOME")
    else:
        yield Check("home", "ok", f"{named} can be written; {room}")
    if there == folder:
        yield from _modes(folder)


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < _OLDEST_PYTHON:
        return Check("Python", "fail", f"{version} is too old; install 3.11 or later")
    return Check("Python", "ok", f"{version} at {sys.executable}")


def _packages() -> Check:
    from packaging.requirements import Requirement

    try:
        asked = [Requirement(line) for line in metadata.requires("emeritus") or ()]
        own = metadata.version("emeritus")
    except metadata.PackageNotFoundError:
        return Check("packages", "warn", "emeritus is not installed as a package; run `make setup`")
    wrong = [
        said
        for one in asked
        if one.marker is None or one.marker.evaluate({"extra": ""})
        if (said := _wrong(one.name, one.specifier.contains, str(one.specifier)))
    ]
    if wrong:
        return Check("packages", "fail", f"{'; '.join(wrong)}; run `make setup`")
    prefect = metadata.version("prefect")
    return Check("packages", "ok", f"emeritus {own} from {CHECKOUT}, Prefect {prefect}, all there")


def _wrong(name: str, fits: object, asked: str) -> str:
    try:
        found = metadata.version(name)
    except metadata.PackageNotFoundError:
        return f"{name} is missing"
    assert callable(fits)
    return "" if fits(found, prereleases=True) else f"{name} is {found}, asked for is {asked}"


def _programs() -> Iterator[Check]:
    for name, state, without in _PROGRAMS:
        place = shutil.which(name)
        if place:
            yield Check(name, "ok", place)
        elif state == "fail":
            yield Check(name, "fail", f"not found on PATH: {without}")
        else:
            yield Check(name, "warn", f"not found on PATH: {without}")


def _time_zones() -> Check:
    try:
        ZoneInfo("Europe/Berlin")
    except ZoneInfoNotFoundError:
        said = "there is no time zone data, so slots of essays can't be placed; install tzdata"
        return Check("time zones", "fail", said)
    return Check("time zones", "ok", "the data is there")


def _modes(folder: Path) -> Iterator[Check]:
    """Who else can get at what nobody else should."""
    if folder.stat().st_mode & stat.S_IWOTH:
        said = f"everybody can write into {folder}; run `chmod o-w {folder}`"
        yield Check("file modes", "fail", said)
    open_ = [
        str(path.relative_to(folder))
        for pattern in _PRIVATE
        for path in sorted(folder.glob(pattern))
        if _is_open(path)
    ]
    if open_:
        shown = ", ".join(open_[:5]) + (f" and {len(open_) - 5} more" if len(open_) > 5 else "")
        places = " ".join(open_[:5])
        said = f"others can read {shown}; run `cd {folder} && chmod -R go= {places}`"
        yield Check("file modes", "warn", said)
    else:
        yield Check("file modes", "ok", "records and keys are readable by their owner alone")


def _is_open(path: Path) -> bool:
    seen = path.lstat()
    public = path.suffix == ".pub" or stat.S_ISLNK(seen.st_mode)
    # what stands in a folder that nobody else may enter is out of reach
    shut = not os.stat(path.parent).st_mode & _OTHERS  # noqa: PTH116 - of the folder itself
    return bool(seen.st_mode & _OTHERS) and not public and not shut
