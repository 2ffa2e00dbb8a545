"""A person takes a preserved model out again. Reads replicas; writes one event."""

from pathlib import Path

from configs.schema import RetirementConfig
from configs.schema.preservation import Form
from tasks import wiring
from tasks.kernel.errors import RestoreRefused, told
from tasks.ports.source import Source
from tasks.preservation import events
from tasks.preservation.progress import shown_progress
from tasks.preservation.restored_folder import appearing
from tasks.preservation.restored_source import RestoredSource
from tasks.preservation.restoring import restore_into
from tasks.preservation.sizes import sizes_of
from tasks.preservation.terms import Progress
from tasks.preservation.trust import verify_signature
from tasks.preservation.upkeep import copies
from tasks.preservation.workshop import Workshop
from tasks.records.latest import latest_package
from tasks.records.preservation import Package


def restore(
    config: RetirementConfig,
    dest: Path,
    *,
    replica: str = "",
    identity_file: Path | None = None,
) -> str:
    """Restore the model's files into a new folder, bit for bit, and tell from which replicas.

    Args:
        config: the model's.
        dest: the folder to make; it must not exist, and appears whole or not at all.
        replica: name of the replica to take; empty to take each file from the first in which it is
            whole.
        identity_file: age identity for encrypted replicas; the configuration's where left out.

    Returns:
        The replica's name; of several, also how many files each gave.

    Raises:
        RestoreRefused: there is nothing to restore, no replica gives some file, which is named, or
            `dest` can't be made; it was not.
        ManifestSignatureRefused: the records don't agree with the package's signature.
        DecryptionRefused: the identity file can't be used.
    """
    with wiring.book().reading() as session:
        package = latest_package(session, config.id)
    if package is None:
        raise RestoreRefused(f"{config.id}: nothing is preserved yet; run a pass first")
    with shown_progress(f"restore of {config.id}") as progress:
        given = restore_package(
            config, package, dest, replica=replica, identity_file=identity_file, progress=progress
        )
    alone = next(iter(given)) if len(given) == 1 else ""
    source = alone or ", ".join(
        f"{name} ({number} file{'s' if number > 1 else ''})" for name, number in given.items()
    )
    with wiring.book().writing(wiring.clock().now()) as writing:
        events.tell(
            writing,
            package,
            events.DISSEMINATION,
            events.SUCCESS,
            detail=f"restored, every file's SHA-256 as preserved, from replica {source}",
            replica=alone,
        )
    return source


def restore_package(
    config: RetirementConfig,
    package: Package,
    dest: Path,
    *,
    progress: Progress,
    replica: str = "",
    identity_file: Path | None = None,
) -> dict[str, int]:
    """As `restore`, without a record."""
    verify_signature(package)
    shop = Workshop.open(config, progress)
    found = {place.archive.name: copy for place, _, copy in copies(shop, package)}
    if replica and replica not in found:
        raise RestoreRefused(f"{replica!r}: no such replica; there is {', '.join(found)}")
    decipher = wiring.decipher(config.preservation, identity_file)
    sources: dict[str, Source] = {}
    problems = []
    for name, copy in found.items():
        if replica and name != replica:
            continue
        if copy.tags.form is Form.AGE and decipher is None:
            problems.append(f"{name} is encrypted: name a key with --identity")
            continue
        try:
            sources[name] = RestoredSource(copy, sizes_of(package, copy), decipher)
        except OSError as error:  # of a time when sizes were not recorded
            problems.append(f"{name}: {told(error)}")
    with appearing(dest) as part:
        try:
            if sources:
                return restore_into(sources, package, part, progress=progress)
        except RestoreRefused as error:
            problems.insert(0, str(error))
        raise RestoreRefused(f"{config.id} was not restored: {'; '.join(problems)}")
