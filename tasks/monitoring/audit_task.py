"""The Prefect task of the usage audit."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.kernel.digests import canonical_json, digest_of, stable_id
from tasks.kernel.errors import UsageLogUnusable
from tasks.monitoring.audit_pages import write_audit
from tasks.monitoring.audit_view import audit_due
from tasks.monitoring.auditing import Audited, audit, audit_folder, basis_of, settings_of
from tasks.records import Fence
from tasks.records.latest import is_simulated
from tasks.records.monitoring import UsageAudit


@task(name="audit usage", task_run_name="audit usage of {config.id}", cache_policy=NO_CACHE)
def audit_usage(config: RetirementConfig, fence: Fence, again: bool = False) -> str:
    """Audit the configured exports, where they or their settings changed; returns the location.

    Safe to repeat: the same files and settings change their row and add none. A file that can't be
    used is told of in the audit, and stands as told until it, or its settings, change.

    Args:
        config: the model's.
        fence: the pass's right to write.
        again: audit also where nothing changed, so that the window ends now.

    Returns:
        Where `audit.json` stands; empty when nothing was due.

    Raises:
        ConfigError: an export names an unknown surface, or a template can't be used.
        UsageLogUnusable: a file changed while it was read; nothing was written.
        OSError: the reports' folder can't be written.
    """
    book, now = wiring.book(), wiring.clock().now()
    if not config.monitoring.exports:
        return ""
    with book.reading() as session:
        reason, simulated = audit_due(config, session), is_simulated(session, config.id)
    if not reason and not again:
        return ""
    basis = basis_of(config)
    found = audit(config, now, exports=config.monitoring.exports, simulated=simulated)
    if basis_of(config) != basis:
        raise UsageLogUnusable(
            f"{config.id}: a usage export changed while it was read; the next pass reads it again"
        )
    book.keep_lease(fence, now)  # a pass that lost its lease writes no page either
    location = write_audit(audit_folder(config), found.body, found.uses)
    sources = _sources(found)
    row = UsageAudit(
        id=stable_id(config.id, digest_of([settings_of(config), sources])),
        model_id=config.id,
        sources=canonical_json(sources).decode(),
        basis=basis,
        body=canonical_json(found.body).decode(),
        location=str(location),
        made_at=now,
    )
    _record(row, fence)
    return str(location)


def _record(row: UsageAudit, fence: Fence) -> None:
    """Put the row; the same bytes audited again change their row, so that it is the latest."""
    with wiring.book().writing(row.made_at, fence=fence) as writing:
        known = writing.session.get(UsageAudit, row.id)
        if known is None:
            writing.put(row, "monitoring.usage_audited")
            return
        for name, value in row.model_dump().items():
            setattr(known, name, value)
        writing.put(known, "monitoring.usage_audited_again")


def _sources(found: Audited) -> list[dict[str, object]]:
    return [
        {"name": one.export, "file": one.path.name, "sha256": one.sha256, "bytes": one.size}
        for one in found.files
    ]
