"""What happened to packages and replicas, in the event types of PREMIS 3. Pure but for records."""

from importlib.metadata import version

from tasks.kernel.digests import stable_id
from tasks.kernel.instants import to_text
from tasks.records.book import Writing
from tasks.records.preservation import Package, PreservationEvent

INGESTION = "ingestion"
DIGEST = "message digest calculation"
SIGNING = "digital signature generation"
ENCRYPTION = "encryption"
REPLICATION = "replication"
FIXITY = "fixity check"
REPAIR = "recovery"
DISSEMINATION = "dissemination"
DRILL = "restore drill"  # PREMIS has no such type; its list is open

SUCCESS, FAILURE = "success", "failure"
AGENT = f"Emeritus {version('emeritus')}"


def tell(
    writing: Writing,
    package: Package,
    kind: str,
    outcome: str,
    *,
    detail: str,
    replica: str = "",
) -> None:
    """Record one event, at the transaction's instant.

    Args:
        writing: the transaction.
        package: what it happened to.
        kind: PREMIS event type (id.loc.gov/vocabulary/preservation/eventType).
        outcome: `success` or `failure`.
        detail: a sentence.
        replica: the replica, or empty for the whole package.
    """
    event = PreservationEvent(
        id=stable_id(package.id, replica, kind, to_text(writing.now), detail),
        model_id=package.model_id,
        package_id=package.id,
        replica=replica,
        kind=kind,
        outcome=outcome,
        detail=detail,
        agent=AGENT,
        at=writing.now,
    )
    writing.put(writing.session.merge(event), f"preservation.{kind.replace(' ', '_')}")
