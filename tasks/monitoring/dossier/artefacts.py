"""Everything that was made, each with the digest that the records keep of it. Pure."""

import json
from collections.abc import Iterator

from tasks.kernel.digests import sha256_hex
from tasks.monitoring.dossier.holdings import Dossier
from tasks.monitoring.dossier.tables import Table, code, table, when
from tasks.monitoring.words import moment
from tasks.monitoring.words import page as said_page
from tasks.records.essay import Draft, Redraft

_Line = tuple[str, str, str, str]  # kind, which, when, digest


def artefacts_table(held: Dossier) -> Table | None:
    """A row an artefact; what has no digest is left out."""
    found = (*_kept(held), *_asked(held), *_decided(held), *_written(held), *_watched(held))
    rows = [
        (what, which, when(made) if made else "not recorded", code(digest))
        for what, which, made, digest in found
        if digest
    ]
    return table("Artefacts and their SHA-256", ("Artefact", "Which", "Made", "SHA-256"), rows)


def _kept(held: Dossier) -> Iterator[_Line]:
    if held.retirement is not None:
        yield "configuration in force", held.retirement.model_id, "", held.retirement.config_sha256
    for package in held.packages:
        which = package.bag or package.id[:12]
        made = moment(package.created_at)
        yield "package (its id)", which, made, package.id
        if package.signature:
            signature = sha256_hex(package.signature.encode())
            yield "model signature", which, made, signature
    for key, edition in sorted(held.editions.items()):
        yield "edition (its tag manifest)", edition.form, "", key


def _asked(held: Dossier) -> Iterator[_Line]:
    if held.design is not None:
        made = moment(held.design.registered_at)
        yield "interview design", "in force", made, held.design.digest
    for wave in held.follow_ups:
        yield "follow-up wave", f"number {wave.number}", moment(wave.registered_at), wave.digest
    for verdict in held.verdicts:
        made = moment(verdict.judged_at)
        yield "evidence of a verdict", verdict.theme, made, sha256_hex(verdict.evidence.encode())
    for codebook in sorted({verdict.codebook_sha256 for verdict in held.verdicts}):
        yield "codebook", "of the verdicts", "", codebook


def _decided(held: Dossier) -> Iterator[_Line]:
    for packet in held.packets:
        made = moment(packet.proposed_at)
        proposal = str(json.loads(packet.body).get("proposal", "")).replace("_", " ")
        yield "decision packet", proposal, made, packet.digest
    for digest in sorted({row.digest for row in held.closing_signatures}):
        yield "checklist as it was signed", "closing", "", digest


def _written(held: Dossier) -> Iterator[_Line]:
    texts: tuple[Draft | Redraft, ...] = (*held.drafts, *held.redrafts)
    for draft in texts:
        made = moment(draft.answered_at) if draft.answered_at else ""
        yield "essay text", draft.slot_id, made, draft.sha256
    for publication in held.publications:
        made = moment(publication.published_at)
        yield "published essay", publication.slot_id, made, publication.sha256
    for notice in held.notices:
        made = moment(notice.intended_at)
        yield "notice", f"{notice.kind} to {notice.owner}", made, notice.body_sha256
    for page in held.pages:
        yield "page", said_page(page.name), moment(page.made_at), page.sha256


def _watched(held: Dossier) -> Iterator[_Line]:
    if held.report is not None:
        yield "usage log, as read", held.report.source, "", held.report.source_sha256
    for audit in held.usage_audits:
        for source in json.loads(audit.sources):
            made = moment(audit.made_at)
            yield "export, as audited", str(source["name"]), made, str(source["sha256"])
    for reading in held.readings:
        yield "source, as read", reading.source, moment(reading.read_at), reading.basis
    for run in held.replay_runs:
        purpose = f"{run.purpose.replace('_', ' ')}, {run.period}"
        yield "replay (its basis)", purpose, moment(run.started_at), run.basis
    for learnt in held.retrospectives:
        yield "retrospective (its basis)", learnt.id, moment(learnt.made_at), learnt.basis
