"""The restore drill as a Prefect task: restored, run, compared, recorded. Safe to repeat."""

import shutil
import tempfile
from datetime import datetime
from pathlib import Path

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from sqlmodel import select

from configs.home import home
from configs.schema import RetirementConfig
from configs.schema.drill import DrillConfig
from tasks import wiring
from tasks.kernel.errors import DrillFailed, RestoreRefused
from tasks.kernel.labels import artifact_key
from tasks.preservation import drill_words, events
from tasks.preservation.act import restore_package
from tasks.preservation.core import drill_is_due
from tasks.preservation.drill import DrillReport, Ran, report
from tasks.preservation.drill_golden import Kept, kept_golden
from tasks.preservation.drill_runners import run_endpoint, run_numpy
from tasks.preservation.progress import shown_progress
from tasks.preservation.view import holdings_of
from tasks.records import Book, Fence
from tasks.records.latest import latest_package
from tasks.records.preservation import GoldenAnswer, Package


def is_due(config: RetirementConfig, book: Book, now: datetime) -> bool:
    """Whether the package is whole, and to be restored and tried now."""
    with book.reading() as session:
        holdings = holdings_of(config, session)
    whole = holdings.replicas and all(r.state == "verified" for r in holdings.replicas)
    return bool(whole) and drill_is_due(config.preservation, holdings.drill, now)


@task(name="restore drill", task_run_name="restore drill of {config.id}", cache_policy=NO_CACHE)
def drill(config: RetirementConfig, fence: Fence) -> tuple[bool, str]:
    """Restore the package into a temporary folder, replay golden prompts, and record the outcome.

    What is replayed and compared with is what the package keeps; see `drill_golden`.

    Returns:
        Whether it passed, and one line that says what was found.

    Raises:
        DrillFailed: there is nothing to try, or it can't be tried here; that too is recorded where
            a package stands.
        EndpointFault: the endpoint can't be asked; nothing is recorded.
        ManifestSignatureRefused: the records don't agree with what was signed; likewise.
    """
    settings, golden_config = config.preservation.drill, config.preservation.golden_prompts
    with wiring.book().reading() as session:
        package = latest_package(session, config.id)
    if settings is None or golden_config is None:
        raise DrillFailed(f"{config.id}: preservation.drill is not configured")
    if package is None:
        raise DrillFailed(f"{config.id}: nothing is preserved yet; run a pass first")
    try:
        kept = kept_golden(config, golden_config, package)
        found = report(
            kept.golden,
            _run(config, settings, package, kept),
            settings.minimum_agreement,
            file_changed=kept.file_changed,
        )
    except (DrillFailed, RestoreRefused) as error:
        _record(fence, package, passed=False, said=str(error))
        raise DrillFailed(str(error)) from None
    _tell(config, found)
    said = drill_words.summary(found)
    _record(fence, package, passed=found.passed, said=said)
    return found.passed, said


def _run(
    config: RetirementConfig,
    settings: DrillConfig,
    package: Package,
    kept: Kept,
) -> Ran:
    if settings.endpoint is not None:
        return run_endpoint(settings.endpoint, kept.golden, _answers(config, kept.digest))
    folder = home() / "drills"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in folder.glob(f"{config.id}~*"):  # of a drill that was killed; the lease is ours
        shutil.rmtree(left)
    with tempfile.TemporaryDirectory(dir=folder, prefix=f"{config.id}~") as room:
        with shown_progress(f"restore of {config.id}") as progress:
            restore_package(config, package, Path(room) / "model", progress=progress)
        return run_numpy(Path(room) / "model", kept.golden)


def _answers(config: RetirementConfig, digest: str) -> dict[str, list[str]]:
    query = select(GoldenAnswer).where(
        GoldenAnswer.model_id == config.id, GoldenAnswer.prompts_sha256 == digest
    )
    answers: dict[str, list[str]] = {}
    with wiring.book().reading() as session:
        for row in session.exec(query):
            if row.outcome in ("answered", "truncated"):
                answers.setdefault(row.prompt, []).append(row.text)
    return answers


def _tell(config: RetirementConfig, found: DrillReport) -> None:
    create_markdown_artifact(drill_words.markdown(found), key=artifact_key("drill", config.id))


def _record(fence: Fence, package: Package, *, passed: bool, said: str) -> None:
    with wiring.book().writing(wiring.clock().now(), fence=fence) as writing:
        outcome = events.SUCCESS if passed else events.FAILURE
        events.tell(writing, package, events.DRILL, outcome, detail=said)
