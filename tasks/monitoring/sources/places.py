"""Which files a source means, and what shows cheaply that they changed."""

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from configs.home import under_home
from configs.schema.monitoring_sources import FileSourceConfig
from tasks.kernel.errors import UsageLogUnusable
from tasks.monitoring.usage import stamp_of
from tasks.ports.exports import Exports, Listed

#: What is read of a folder; a pattern may name any file.
SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet", ".pq")


@dataclass(frozen=True, slots=True)
class Found:
    """One file of a source.

    Attributes:
        name: where a person finds it.
        path: where its bytes are on this machine.
        stamp: size and time, or what a bucket gives instead; empty where there is no such file.
    """

    name: str
    path: Path
    stamp: str


def files_of(source: FileSourceConfig) -> tuple[Found, ...]:
    """The files that a source's path means, by name; the path itself where there is none."""
    assert source.path is not None, "a bucket is listed, not globbed"
    path = under_home(source.path)
    if path.is_dir():
        names = sorted(one for one in path.iterdir() if is_export(one.name))
    elif path.is_file() or not glob.has_magic(str(path)):
        names = [path]
    else:
        fitting = glob.glob(str(path), recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
        names = sorted(one for one in map(Path, fitting) if one.is_file())
    return tuple(Found(str(one), one, stamp_of(one)) for one in names)


def is_export(name: str) -> bool:
    """Whether a file of a folder is read; hidden ones may be half written."""
    return not name.startswith(".") and name.lower().endswith(SUFFIXES)


def fetched(
    exports: Exports, listed: Sequence[Listed], folder: Path, most_megabytes: int
) -> tuple[Found, ...]:
    """Bring what a bucket holds into a folder.

    Args:
        exports: the bucket.
        listed: what it holds.
        folder: where files are made.
        most_megabytes: of 10^6 bytes, in all.

    Raises:
        UsageLogUnusable: it is more than may be fetched; nothing was.
        OSError: it can't be read, or there is no room for it.
    """
    size = sum(one.size for one in listed)
    if size > most_megabytes * 1_000_000:
        raise UsageLogUnusable(
            f"{listed[0].name} and what stands beside it are {size / 1e6:,.0f} MB, more than "
            f"most_megabytes ({most_megabytes:,}); raise it, or narrow the pattern"
        )
    found = []
    for number, one in enumerate(listed):
        path = folder / f"{number}"
        exports.fetch(one, path)
        found.append(Found(one.name, path, one.stamp))
    return tuple(found)
