"""Trying what a package relies on before it is made: places, space, keys, the source."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from configs.home import under_home
from configs.schema import RetirementConfig
from configs.schema.preservation import PreservationConfig
from tasks import wiring
from tasks.kernel.errors import EmeritusError, RecordsAway, RecordsUnusable, told
from tasks.ports.checks import Check
from tasks.preservation.description import missing_topics
from tasks.preservation.description_files import exists
from tasks.preservation.golden_rows import all_failed, look
from tasks.records.latest import latest_package


def preflight(config: RetirementConfig) -> tuple[Check, ...]:
    """Try everything; writes and removes probes in the replicas' places, and nothing else."""
    preservation = config.preservation
    source, need = _source(preservation)
    checks = [source, _temporary_files(), *_keys(preservation), _described(config)]
    for replica in preservation.replicas:
        if replica.directory is not None:
            checks += _directory(replica.name, under_home(replica.directory), need)
        else:
            checks += wiring.bucket_checks(replica)
    checks += _apart(preservation)
    return tuple(checks)


def _source(config: PreservationConfig) -> tuple[Check, int]:
    """Whether it can be read, and its size in bytes."""
    if config.source_folder is None:
        return Check("source", "ok", "no weights are held: answers to golden prompts are kept"), 0
    try:
        files = wiring.source(config).files()
    except EmeritusError as error:
        return Check("source", "fail", str(error)), 0
    size = sum(file.size for file in files)
    return Check("source", "ok", f"{len(files)} files, {size} bytes"), size


def _temporary_files() -> Check:
    """Whether lists of a large model can stand where temporary files do."""
    try:
        with tempfile.TemporaryFile() as probe:
            probe.write(b"probe")
            probe.flush()
        folder = tempfile.gettempdir()
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Check("temporary files", "fail", f"{told(error)}; set TMPDIR to a folder with room")
    return Check("temporary files", "ok", f"{folder} can be written; {free} bytes free")


def _keys(config: PreservationConfig) -> Iterator[Check]:
    file = under_home(config.signing_key_file)
    if not file.exists():
        yield Check("signing key", "ok", f"{file} will be made on first use; keep a copy of it")
    else:
        try:
            yield Check("signing key", "ok", f"{file}, SHA-256 {wiring.signer(config).fingerprint}")
        except EmeritusError as error:
            yield Check("signing key", "fail", str(error))
    try:
        if wiring.cipher(config) is not None:
            yield Check("recipients", "ok", f"{len(config.recipients)} keys can decrypt")
        if wiring.decipher(config) is None:
            yield Check("identity", "ok", "no key to decrypt stands here")
        else:
            said = "a key to decrypt stands here: an encrypted replica can be opened from here"
            yield Check("identity", "warn", said)
    except EmeritusError as error:
        yield Check("age keys", "fail", str(error))


def _described(config: RetirementConfig) -> Check:
    missing = [*missing_topics(config, exists), *_failed_prompts(config)]
    if missing:
        return Check("description", "fail", "; ".join(missing))
    return Check("description", "ok", "all that is required is told")


def _failed_prompts(config: RetirementConfig) -> tuple[str, ...]:
    """See `golden_rows.all_failed`; nothing where a package was made, or no records stand."""
    try:
        with wiring.only_looking() as book, book.reading() as session:
            if latest_package(session, config.id) is None:
                return all_failed(config, look(config, session))
    except RecordsUnusable:  # which is told where the records are looked at
        pass
    except (RecordsAway, ValueError, TypeError):
        return ("what was recorded of golden prompts can't be read; try `emeritus audit verify`",)
    return ()


def _directory(name: str, folder: Path, need: int) -> Iterator[Check]:
    place = f"replica {name}"
    parent = _standing(folder)
    try:
        with tempfile.NamedTemporaryFile(dir=parent, prefix=".emeritus-probe-") as probe:
            probe.write(b"probe")
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        yield Check(place, "fail", f"{parent} can't be written: {error.strerror or error}")
        return
    if parent != folder:
        yield Check(place, "warn", f"{folder} is not there yet and will be made: is it mounted?")
    free = shutil.disk_usage(parent).free
    if free < need:
        yield Check(place, "fail", f"{folder} has {free} bytes free; the model has {need}")
    else:
        yield Check(place, "ok", f"{folder} can be written; {free} bytes free")


def _apart(config: PreservationConfig) -> Iterator[Check]:
    """Two replicas on one disk are lost together, however different their folders are."""
    disks: dict[int, list[str]] = {}
    for replica in config.replicas:
        if replica.directory is not None:
            device = _standing(under_home(replica.directory)).stat().st_dev
            disks.setdefault(device, []).append(replica.name)
    for *others, last in disks.values():
        if others:
            said = f"{', '.join(others)} and {last} are on one disk, and are lost together"
            yield Check("replicas apart", "warn", said)


def _standing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(place for place in (folder, *folder.parents) if place.exists())
