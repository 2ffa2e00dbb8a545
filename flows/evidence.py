"""A dossier's evidence: gathered from the stages, looked over for secrets, packed in one zip."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session

from configs.schema import RetirementConfig
from flows.acts import config_in_force
from flows.signed_statements import signed_statements
from tasks import wiring
from tasks.essays.provenance import approved_files, essay_path, verify_commands, withdrawal_files
from tasks.essays.rows import slots_of
from tasks.essays.slot_record import SlotRecord
from tasks.kernel.digests import sha256_hex
from tasks.kernel.errors import PublicationRefused
from tasks.kernel.instants import to_utc
from tasks.monitoring.dossier.holdings import Dossier, hold
from tasks.monitoring.evidence.archive import write_new, zipped
from tasks.monitoring.evidence.bundle import packed
from tasks.monitoring.evidence.core import (
    SCRIPT,
    VERIFY,
    PackedPackage,
    Placed,
    package_files,
    placed,
    script_of,
    signature_files,
    with_sums,
)
from tasks.monitoring.evidence.ledger import HEAD, LEFT_OUT, ledger_files
from tasks.monitoring.evidence.secrets import named_secrets, refuse_secrets
from tasks.monitoring.render import fill
from tasks.monitoring.task import dossier_page
from tasks.monitoring.words import moment

_SUMMED = "sha256sum --check --quiet --strict SHA256SUMS"


@dataclass(frozen=True, slots=True)
class Packed:
    """What was packed: the zip's SHA-256, and what is wrong with the audit chain in it."""

    sha256: str
    problems: tuple[str, ...]


def pack_evidence(model_id: str, to: Path) -> Packed:
    """Pack a model's dossier with everything that verifies it.

    Adds no record. The same records make the same bytes. A broken chain is packed as it is, since
    that is evidence too; whoever packs is told.

    Args:
        model_id: the model.
        to: the zip to make; it must not be there.

    Raises:
        NotFound: no pass has opened this model's retirement.
        ConfigError: the list of people who may sign can't be used.
        EvidenceRefused: a file is there, can't be written, or would hold a secret.
    """
    config = config_in_force(model_id)
    held = hold(config, wiring.book())
    files = evidence_files(config, held)
    _, head = _head(files)
    data = zipped(files, f"{config.id}-evidence-{head[:12]}")
    write_new(to, data)
    return Packed(sha256_hex(data), held.audit.problems)


def evidence_files(config: RetirementConfig, held: Dossier) -> dict[str, bytes]:
    """Path -> bytes of everything that is packed. Reads only. Raises as `pack_evidence` does."""
    book, now = wiring.book(), wiring.clock().now()
    as_of = held.as_of or now
    with book.reading() as session:
        signed = placed(signed_statements(session, config.id))
        essays, published = _essays(session, config, as_of)
        ledger = ledger_files(session, config.id)
    packages = [packed(package) for package in held.packages]
    people = {f"people/{n}": data for n, data in wiring.people_files(config.access).items()}
    files = {
        "dossier.html": dossier_page(config, book, now, held).encode(),
        **people,
        **signature_files(signed),
        **_named(held),
        **_verdicts(held),
        **package_files(packages),
        **essays,
        **ledger,
    }
    shown = _shown(config, held, as_of, _head(ledger))
    shown |= {
        "signed": [_signed(one, files) for one in signed if one.signed.statement is not None],
        "unknown": [
            {"path": one.path, "about": one.signed.about, "person": one.signed.person}
            for one in signed
            if one.signed.statement is None
        ],
        "named": [_digest_line(path) for path in sorted(_named(held))],
        "verdicts": [
            {"path": path, "digest": sha256_hex(data)} for path, data in _verdicts(held).items()
        ],
        "packages": [_package(one) for one in packages],
        "essays": published,
        "revoked": "people/revoked_signers" in people,
    }
    files["verify_chain.py"] = fill("verify_chain.py.j2", model_id=config.id).encode()
    told = fill("VERIFY.md.j2", v=shown)
    files[VERIFY], files[SCRIPT] = told.encode(), script_of(told).encode()
    references = set(named_secrets(json.loads(config.model_dump_json())))
    refuse_secrets(files, wiring.secrets_at_hand(references))
    return with_sums(files)


def _head(files: Mapping[str, bytes]) -> tuple[str, str]:
    """Number and digest of the chain's last entry, as it is packed."""
    number, digest = files[HEAD].decode().split()
    return number, digest


def _shown(
    config: RetirementConfig, held: Dossier, as_of: datetime, head: tuple[str, str]
) -> dict[str, Any]:
    return {
        "simulated": held.simulated,
        "model_id": config.id,
        "display_name": config.display_name,
        "as_of": moment(as_of),
        "head": head[1],
        "entries": head[0],
        "left_out": [(table.__tablename__, why) for table, why in LEFT_OUT],
    }


def _named(held: Dossier) -> dict[str, bytes]:
    """What bears its digest as its name, as the records hold it."""
    files = {f"packets/{row.digest}.json": row.body.encode() for row in held.packets}
    if held.design is not None:
        files[f"designs/{held.design.digest}.json"] = held.design.body.encode()
    files |= {f"designs/{row.digest}.json": row.body.encode() for row in held.follow_ups}
    files |= {f"closing/{row.digest}.json": row.body.encode() for row in held.closing_signatures}
    return files


def _digest_line(path: str) -> dict[str, str]:
    return {"path": path, "digest": Path(path).stem}


def _verdicts(held: Dossier) -> dict[str, bytes]:
    return {f"verdicts/{row.theme}.json": row.evidence.encode() for row in held.verdicts}


def _signed(one: Placed, files: dict[str, bytes]) -> dict[str, Any]:
    signed, revoked = one.signed, "people/revoked_signers" in files
    command = (
        f"ssh-keygen -Y verify -f people/allowed_signers -I {shlex.quote(signed.person)} "
        f"-n {signed.namespace} -O verify-time={to_utc(signed.at):%Y%m%d%H%M%SZ} "
        f"{'-r people/revoked_signers ' if revoked else ''}"
        f"-s {one.path}.json.sig < {one.path}.json"
    )
    named = [
        line
        for path, digest in signed.names
        if path in files
        for line in (
            f"grep -q -F {shlex.quote(digest)} {one.path}.json",
            f"echo {shlex.quote(f'{digest}  {path}')} | sha256sum --check --quiet",
        )
    ]
    about = f"{signed.person} {signed.about}, {moment(signed.at)}"
    return {"about": " ".join(about.split()), "command": command, "named": named}


def _package(one: PackedPackage) -> dict[str, Any]:
    return {
        "id": one.id,
        "folder": f"packages/{one.id}",
        "has_signature": bool(one.signature),
        "signed": one.signed is not None and bool(one.hash_name),
        "hash_name": one.hash_name,
    }


def _essays(
    session: Session, config: RetirementConfig, as_of: datetime
) -> tuple[dict[str, bytes], list[dict[str, Any]]]:
    """Bytes and proof of published essays, and how a stranger checks each."""
    files: dict[str, bytes] = {}
    told: list[dict[str, Any]] = []
    for slot in slots_of(session, config.id, as_of):
        if slot.publication is None:
            continue
        found, why = _essay(slot)
        files |= found
        approval, slot_id = slot.approval, slot.draft.slot_id
        commands: list[str] = []
        if not why and approval is not None:
            commands = [_SUMMED, *verify_commands(approval.person)]
        told.append({"slot": slot_id, "commands": commands, "why": why})
    return files, told


def _essay(slot: SlotRecord) -> tuple[dict[str, bytes], str]:
    """A published essay's files, and why it can't be checked as one; empty where it can."""
    publication, slot_id = slot.publication, slot.draft.slot_id
    if publication is not None and publication.withdrawn_at is not None:
        proof = withdrawal_files(slot)
        return proof, "was withdrawn: its text is not packed; who withdrew it stands beside."
    try:
        return approved_files(slot), ""
    except PublicationRefused as error:
        text = slot.current.text.encode()
        return {essay_path(slot_id, "index.md"): text}, f"DOES NOT HOLD: {error}"
