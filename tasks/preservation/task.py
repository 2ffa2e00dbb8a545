"""Prefect tasks of the preservation stage. Each is safe to repeat and to kill anywhere."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from prefect import task
from prefect.cache_policies import NO_CACHE

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.kernel.errors import MetadataMissing
from tasks.kernel.retry import is_transient
from tasks.preservation.core import sample_is_due
from tasks.preservation.making import make_bags, make_more
from tasks.preservation.mending import mend
from tasks.preservation.place_faults import telling_replica
from tasks.preservation.progress import shown_progress
from tasks.preservation.trust import verify_signature
from tasks.preservation.upkeep import check
from tasks.preservation.view import holdings_of
from tasks.preservation.workshop import Workshop
from tasks.records import Fence
from tasks.records.latest import latest_package
from tasks.records.preservation import Package


@task(
    name="preserve weights",
    task_run_name="preserve weights of {config.id}",
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=is_transient,
    cache_policy=NO_CACHE,
)
def preserve(config: RetirementConfig, fence: Fence) -> None:
    """Make every replica that is not there yet, and read all of them back.

    The first time the source is the configured folder, read once; after that a replica that
    verifies, so that a changed folder can't slip into an existing package. A package counts only
    when one of its bags reads back whole.

    Raises:
        MetadataMissing: the configuration requires what is not there; nothing was written.
        SourceRefused: see `write_payload`; no replica was marked good.
        ArchiveUnusable, OSError: a place can't be written; no replica was marked good.
        ReplicaDamaged: no bag reads back whole.
        ManifestSignatureRefused: the records were altered; nothing was read by them.
    """
    package = _package(config)
    with _opened(config, "preservation") as shop:
        if package is None:
            refuse_missing(config)
            make_bags(shop, fence, shop.places, shop.source)
            return
        verify_signature(package)
        standings = check(shop, fence, package, fraction=_due_fraction(config))
        there = {s.place.archive.name for s in standings if s.place.archive.exists(s.copy.bag)}
        absent = [place for place in shop.places if place.archive.name not in there]
        if absent:  # never made, or gone altogether: nothing can be lost by making it
            make_more(shop, fence, package, absent, standings)


@task(name="check fixity", task_run_name="check fixity of {config.id}", cache_policy=NO_CACHE)
def check_fixity(
    config: RetirementConfig, fence: Fence, *, fraction: float = 1.0, mending: bool = False
) -> Mapping[str, str]:
    """Read every replica back, or a random sample of each one's files, and record it.

    Args:
        config: the model's.
        fence: the pass's.
        fraction: share of each replica's files to hash; 1 for all.
        mending: mend what is damaged, see `mend`.

    Returns:
        Replica -> what was wrong with it; empty text when nothing was.

    Raises:
        ReplicaDamaged: it should be mended, and nothing holds the package.
        ManifestSignatureRefused: the records were altered; nothing was read by them.
    """
    package = _package(config)
    if package is None:
        return {}
    with _opened(config, "fixity") as shop:
        verify_signature(package)
        standings = check(shop, fence, package, fraction=fraction)
        found = {one.place.archive.name: one.problem for one in standings}
        if mending and any(found.values()):
            mend(shop, fence, package, standings if fraction >= 1 else ())
    return found


@task(name="repair replicas", task_run_name="repair replicas of {config.id}", cache_policy=NO_CACHE)
def repair(config: RetirementConfig, fence: Fence) -> tuple[str, ...]:
    """See `mend`; without a package there is nothing to mend."""
    package = _package(config)
    if package is None:
        return ()
    with _opened(config, "repair") as shop:
        return mend(shop, fence, package)


@contextmanager
def _opened(config: RetirementConfig, work: str) -> Iterator[Workshop]:
    """What the work needs, its progress shown, and its refused places told with their replicas."""
    with shown_progress(f"{work} of {config.id}") as progress:
        shop = Workshop.open(config, progress)
        with telling_replica([place.archive for place in shop.places]):
            yield shop


def _due_fraction(config: RetirementConfig) -> float:
    """The share of each replica's files that the schedule asks for now."""
    with wiring.book().reading() as session:
        replicas = holdings_of(config, session).replicas
    preservation = config.preservation
    sample = sample_is_due(preservation, replicas, wiring.clock().now())
    return preservation.sampled_fixity_fraction if sample else 1.0


def refuse_missing(config: RetirementConfig) -> None:
    """Raise `MetadataMissing` when a required topic is not told, or golden prompts not asked."""
    with wiring.book().reading() as session:
        found = holdings_of(config, session)
    if found.missing:
        raise MetadataMissing(f"preservation: {'; '.join(found.missing)}")
    if found.golden_left:
        raise MetadataMissing(
            f"{found.golden_left} answers to golden prompts are not there yet, and can't be asked "
            "once the model is gone; run a pass, which asks them first"
        )


def _package(config: RetirementConfig) -> Package | None:
    with wiring.book().reading() as session:
        return latest_package(session, config.id)
