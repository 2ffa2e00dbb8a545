"""A whole case and a bare one in records of their own, and their pages, for judges."""

from datetime import date
from pathlib import Path

from flows.dossiers import write_fleet, write_model
from tasks import wiring
from tasks.kernel.digests import canonical_json
from tasks.records.retirement import Retirement
from tests.fakes.configs import retirement
from tests.fakes.watched_rows import incidents, learnt, sources
from tests.fakes.whole_case import Signers, WholeCase


def write_sample(keys: Path) -> Path:
    """Write the pages; returns the folder of reports. Needs EMERITUS_HOME and a clock."""
    now = wiring.clock().now()
    signers = Signers.make(keys)
    case = WholeCase(signers, signers.config(), now)
    bare = retirement().model_copy(update={"id": "birch-7b", "display_name": "Birch 7B"})
    body = canonical_json(bare.model_dump(mode="json")).decode()
    watched = (*sources(now, date(2026, 9, 1), 60), *incidents(now), *learnt(now))
    with wiring.book().writing(now) as writing:
        for row in (*case.rows(), *watched):
            writing.put(row, "test.put")
        opened = Retirement(
            model_id=bare.id,
            display_name=bare.display_name,
            config_json=body,
            config_sha256="b" * 64,
            opened_at=now,
        )
        writing.put(opened, "test.put")
    for model in ("aster-1", "birch-7b"):
        write_model(model)
    return write_fleet().parent
