"""Writing a retrospective."""

import os
import tempfile
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from configs.errors import ConfigError
from configs.home import CHECKOUT, under_home
from configs.load import load_retirement
from configs.schema import RetirementConfig
from tasks import wiring
from tasks.adapters.files import write_atomically
from tasks.kernel.digests import canonical_json, digest_of, stable_id
from tasks.monitoring.render import fill
from tasks.monitoring.retrospective.core import body_of, patch_of, patched
from tasks.monitoring.retrospective.evidence import happened, settings_of
from tasks.monitoring.retrospective.rules import Proposal, notes_of, proposals_of
from tasks.monitoring.retrospective.view import period_of
from tasks.records import Fence
from tasks.records.latest import is_simulated
from tasks.records.monitoring import Retrospective


@task(name="look back", task_run_name="look back of {config.id}", cache_policy=NO_CACHE)
def look_back(
    config: RetirementConfig, fence: Fence, file: Path | None, *, again: bool = False
) -> str:
    """Write the retrospective that is due; returns its path, empty where none is due.

    Changes no configuration. Safe to repeat: within a period the same evidence makes one row.

    Args:
        config: the configuration in force.
        fence: the right to write.
        file: its YAML file, to which the patch applies; None leaves the patch out.
        again: True writes one now, also before it is due.

    Raises:
        OSError: the reports folder can't be written.
    """
    book, now = wiring.book(), wiring.clock().now()
    with book.reading() as session:
        since, at = period_of(config, session, now)
        if at > now and not again:
            return ""
        found = happened(config, session, since, now)
        simulated = is_simulated(session, config.id)
    proposals, notes = proposals_of(found, settings_of(config)), notes_of(found)
    patch, by_hand = _patch(file, proposals)
    body = body_of(
        proposals,
        notes,
        since=since,
        until=now,
        by_hand=by_hand,
        patch=patch,
        simulated=simulated,
    )
    folder = under_home(config.monitoring.reports_folder) / config.id
    text = fill("retrospective.md.j2", name=config.display_name, r=body)
    write_atomically(folder / "retrospective.patch", patch.encode())
    write_atomically(folder / "retrospective.md", text.encode())
    basis = digest_of({**body, "until": ""})
    row = Retrospective(
        id=stable_id(config.id, "retrospective", basis),
        model_id=config.id,
        basis=basis,
        body=canonical_json(body).decode(),
        location=str(folder / "retrospective.md"),
        made_at=now,
    )
    with book.writing(now, fence=fence) as writing:
        kept = writing.session.get(Retrospective, row.id)
        if kept is None:
            writing.put(row, "monitoring.looked_back")
        else:
            kept.made_at, kept.body = now, row.body
            writing.put(kept, "monitoring.looked_back_again")
    return row.location


def _patch(file: Path | None, proposals: tuple[Proposal, ...]) -> tuple[str, dict[str, str]]:
    if file is None or not proposals:
        return "", {}
    try:
        with file.open(encoding="utf-8", newline="") as opened:
            text = opened.read()
    except (OSError, UnicodeDecodeError):
        return "", {}

    with tempfile.TemporaryDirectory(prefix="emeritus-retrospective-") as folder:
        tried = Path(folder, file.name)

        def loads(new: str) -> bool:
            tried.write_text(new, encoding="utf-8", newline="")
            try:
                load_retirement(tried)
            except ConfigError:
                return False
            return True

        new, by_hand = patched(text, proposals, loads)
    return patch_of(text, new, _name_of(file)), by_hand


def _name_of(file: Path) -> str:
    """The file's path in its repository, or its name where it stands outside."""
    resolved = file.resolve()
    if resolved.is_relative_to(CHECKOUT):
        return str(resolved.relative_to(CHECKOUT))
    return next(
        (
            os.path.relpath(resolved, folder)
            for folder in resolved.parents
            if (folder / ".git").exists()
        ),
        file.name,
    )
