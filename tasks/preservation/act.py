"""A person takes a preserved model out again. Reads replicas; writes one event."""

from pathlib import Path

from configs.schema import RetirementConfig
from configs.schema.preservation import Form
from tasks import wiring
from tasks.kernel.errors import DecryptionRefused, RestoreRefused, told
from tasks.preservation import events
from tasks.preservation.progress import shown_progress
from tasks.preservation.restored_source import RestoredSource
from tasks.preservation.restoring import restore_into
from tasks.preservation.sizes import sizes_of
from tasks.preservation.stream import Progress
from tasks.preservation.upkeep import copies, verify_signature
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
    """Restore the model's files into a new folder, bit for bit, and tell from which replica.

    Args:
        config: the model's.
        dest: the folder to make; it must not exist, and appears whole or not at all.
        replica: name of the replica to take; empty for the first that gives the package.
        identity_file: age identity for encrypted replicas; the configuration's where left out.

    Raises:
        RestoreRefused: there is nothing to restore, or no replica gives it; `dest` was not made.
        ManifestSignatureRefused: the records don't agree with the package's signature.
        DecryptionRefused: the identity file can't be used.
    """
    with wiring.book().reading() as session:
        package = latest_package(session, config.id)
    if package is None:
        raise RestoreRefused(f"{config.id}: nothing is preserved yet; run a pass first")
    with shown_progress(f"restore of {config.id}") as progress:
        source = restore_package(
            config, package, dest, replica=replica, identity_file=identity_file, progress=progress
        )
    with wiring.book().writing(wiring.clock().now()) as writing:
        events.tell(
            writing,
            package,
            events.DISSEMINATION,
            events.SUCCESS,
            detail=f"restored, every file's SHA-256 as preserved, from replica {source}",
            replica=source,
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
) -> str:
    """As `restore`, without a record; returns the replica's name."""
    verify_signature(package)
    shop = Workshop.open(config, progress)
    found = copies(shop, package)
    names = [place.archive.name for place, _, _ in found]
    if replica and replica not in names:
        raise RestoreRefused(f"{replica!r}: no such replica; there is {', '.join(names)}")
    decipher = wiring.decipher(config.preservation, identity_file)
    problems = []
    for place, _, copy in found:
        name = place.archive.name
        if replica and name != replica:
            continue
        if copy.tags.form is Form.AGE and decipher is None:
            problems.append(f"{name} is encrypted: name a key with --identity")
            continue
        try:
            source = RestoredSource(copy, sizes_of(package, copy), decipher)
            restore_into(source, package, dest, progress=progress)
        except (RestoreRefused, DecryptionRefused, OSError) as error:
            if dest.exists():
                raise
            said = told(error) if isinstance(error, OSError) else str(error)
            problems.append(f"{name}: {said}")
            continue
        return name
    raise RestoreRefused(f"{config.id} was not restored: {'; '.join(problems)}")
