"""Every pass over a model, whole or of one stage, first puts its configuration in force."""

from datetime import datetime

from configs.schema import RetirementConfig
from tasks.candidate.view import config_bytes
from tasks.kernel.digests import sha256_hex
from tasks.records import Book, Fence
from tasks.records.retirement import Retirement


def put_in_force(config: RetirementConfig, book: Book, fence: Fence, now: datetime) -> None:
    """Open the retirement, or record a changed configuration. The same one writes nothing."""
    body = config_bytes(config)
    digest = sha256_hex(body)
    with book.writing(now, fence=fence) as writing:
        row = writing.session.get(Retirement, config.id)
        if row is not None and row.config_sha256 == digest:
            return
        action = "retirement.opened" if row is None else "retirement.reconfigured"
        row = row or Retirement(
            model_id=config.id, display_name="", config_json="", config_sha256="", opened_at=now
        )
        row.display_name = config.display_name
        row.config_json, row.config_sha256 = body.decode(), digest
        row.config_commit = fence.config_commit
        writing.put(row, action)
