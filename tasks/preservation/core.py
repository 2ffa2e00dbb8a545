"""Which replica is whole, and what is due. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from configs.schema.preservation import PreservationConfig
from tasks.kernel.instants import to_minute
from tasks.kernel.stages import Assessment, blocked, done, due


@dataclass(frozen=True, slots=True)
class FixityReport:
    """How recomputed digests compare with a manifest; paths, sorted."""

    missing: tuple[str, ...]
    altered: tuple[str, ...]
    unlisted: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """True when every listed file is there, unaltered, and no other."""
        return not (self.missing or self.altered or self.unlisted)

    def __str__(self) -> str:
        parts = [("missing", self.missing), ("altered", self.altered), ("unlisted", self.unlisted)]
        return "; ".join(f"{what}: {', '.join(paths)}" for what, paths in parts if paths)


@dataclass(frozen=True, slots=True)
class ReplicaView:
    """One configured replica as the records and a look at the disk show it.

    Attributes:
        name: its name in the configuration.
        location: where it stands.
        state: `absent` (never made), `verified` or `damaged`.
        touched: whether sizes or times differ from those of the last read-back.
        verified_at: end of the last read-back; None when absent.
        problem: what the last read-back found.
    """

    name: str
    location: str
    state: str
    touched: bool = False
    verified_at: datetime | None = None
    problem: str = ""


def compare(manifest: Mapping[str, str], found: Mapping[str, str]) -> FixityReport:
    """Compare digests read back with those that the manifest lists (path -> SHA-256)."""
    return FixityReport(
        missing=tuple(sorted(manifest.keys() - found.keys())),
        altered=tuple(sorted(p for p in manifest.keys() & found if manifest[p] != found[p])),
        unlisted=tuple(sorted(found.keys() - manifest.keys())),
    )


def assess_preservation(
    config: PreservationConfig,
    *,
    model_id: str,
    package_id: str,
    replicas: Sequence[ReplicaView],
    now: datetime,
) -> Assessment:
    """How the stage stands; `package_id` is empty until the source was read."""
    if not package_id:
        return due(f"{config.source_folder} is to be preserved")
    absent = [replica.name for replica in replicas if replica.state == "absent"]
    if absent:
        return due(f"replica {', '.join(absent)} is to be made")
    touched = [replica.name for replica in replicas if replica.touched]
    if touched:
        return due(f"files of replica {', '.join(touched)} changed since they were last read")
    next_check = min(r.verified_at or now for r in replicas) + timedelta(
        hours=config.fixity_interval_hours
    )
    if next_check <= now:
        return due("fixity is to be checked")
    damaged = [replica for replica in replicas if replica.state == "damaged"]
    if damaged:
        return blocked(_damage(damaged, len(replicas)), f"emeritus repair {model_id}")
    names = ", ".join(replica.name for replica in replicas)
    return done(
        f"package {package_id[:12]} in {len(replicas)} verified replicas ({names}); "
        f"next fixity check {to_minute(next_check)}",
        next_check,
    )


def _damage(damaged: Sequence[ReplicaView], total: int) -> str:
    said = " | ".join(f"replica {r.name}: {r.problem} (in {r.location})" for r in damaged)
    if len(damaged) == total:
        return f"{said}; no replica verifies: bring back a copy from outside before anything else"
    return f"{said}; repair it from a replica that verifies"
