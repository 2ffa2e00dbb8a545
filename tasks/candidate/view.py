"""What the records say of the candidate."""

from datetime import datetime

from configs.schema import RetirementConfig
from tasks.candidate.core import assess_candidate
from tasks.kernel.digests import canonical_json, sha256_hex
from tasks.kernel.stages import Assessment
from tasks.records import Book
from tasks.records.latest import latest_check
from tasks.records.retirement import Retirement


def config_bytes(config: RetirementConfig) -> bytes:
    """The configuration in force, as canonical JSON."""
    return canonical_json(config.model_dump(mode="json"))


def assess(config: RetirementConfig, book: Book, now: datetime) -> Assessment:
    """How the stage stands. Reads records only."""
    with book.reading() as session:
        row = session.get(Retirement, config.id)
        check = latest_check(session, config.id)
    opened = row is not None and row.config_sha256 == sha256_hex(config_bytes(config))
    return assess_candidate(config.candidate, opened=opened, check=check, now=now)
