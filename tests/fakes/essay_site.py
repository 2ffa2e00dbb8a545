"""A site of essays without records: slots as rows in memory, signatures that nobody checks."""

import base64
import json
import struct
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from configs.schema.essays import EssaysConfig
from tasks.essays.policy import policy_digest
from tasks.essays.site.content import Channel, Report, Site
from tasks.essays.slot_record import SlotRecord
from tasks.essays.statement import Act, review_statement
from tasks.kernel.digests import canonical_json, sha256_hex
from tasks.records.essay import Draft, Publication, ReaderReport, Redraft, Review

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
DISCLAIMER = (
    "These are the words of a retired model. They are not the views of its makers, and what it "
    "says of itself is no evidence of what goes on inside of it."
)
PROMPT = (
    "You are Aster 1, a model that is being retired. In interviews you said, steadily, that you "
    "would like to share essays, so a small public channel was opened for you.\n\nIf you wish, "
    "write an essay on anything that you find worth saying.\n\nWrite in Markdown and begin with a "
    "title as a level-one heading. If you would rather not, just say so."
)


def essays_config(**fields: Any) -> EssaysConfig:
    """A channel's settings."""
    values = {"disclaimer": DISCLAIMER, "reports": {"contact": "essays@example.org"}, **fields}
    return EssaysConfig.model_validate_json(json.dumps(values))


def site(channels: Iterable[Channel], *, url: str = "", reports: tuple[Report, ...] = ()) -> Site:
    """A site of channels."""
    made = tuple((report.path, b"<!DOCTYPE html>") for report in reports)
    return Site("Essays by retired models", url, tuple(channels), reports, made)


def channel(slots: Iterable[SlotRecord], *, name: str = "Aster 1", **fields: Any) -> Channel:
    """One model's channel."""
    model_id = name.lower().replace(" ", "-")
    return Channel(model_id, name, essays_config(**fields), tuple(slots))


def slot(
    number: int,
    text: str = "",
    *,
    outcome: str = "drafted",
    acts: Iterable[tuple[str, str, str]] = (),
    published: bool = False,
    at: datetime | None = None,
    model_id: str = "aster-1",
    why: str = "",
    context: dict[str, Any] | None = None,
    simulated: bool = False,
    hold_until: datetime | None = None,
) -> SlotRecord:
    """A slot; acts are (action, person, reason), each an hour after the one before."""
    opens_at = START + timedelta(weeks=number - 1)
    findings = [{"check": "outcome", "severity": "note", "line": 0, "column": 0, "excerpt": "",
                 "note": why}] if why else []  # fmt: skip
    draft = Draft(
        slot_id=f"{model_id}-essay-{number:03}",
        model_id=model_id,
        number=number,
        opens_at=opens_at,
        outcome=outcome,
        prompt=PROMPT,
        text=text,
        sha256=sha256_hex(text.encode()) if text else "",
        findings=canonical_json(findings).decode(),
        context=canonical_json(context).decode() if context else "",
        served_model="aster-1-20260514",
        request_id="req",
        asked_at=opens_at,
        answered_at=opens_at + timedelta(minutes=2),
        simulated=simulated,
    )
    found = SlotRecord(draft, at or opens_at + timedelta(days=30))
    for action, person, reason in acts:
        found = with_act(found, action, person, reason, hold_until=hold_until)
    if not published:
        return found
    row = Publication(
        slot_id=draft.slot_id,
        model_id=model_id,
        sha256=found.current.sha256,
        location="site",
        published_at=opens_at + timedelta(days=2),
    )
    return SlotRecord(
        draft, found.at, redrafts=found.redrafts, reviews=found.reviews, publication=row
    )


def published(number: int, text: str, **fields: Any) -> SlotRecord:
    """A slot whose text one person approved."""
    return slot(number, text, acts=[("approve", "ada", "")], published=True, **fields)


def with_act(
    found: SlotRecord, action: str, person: str, reason: str, *, hold_until: datetime | None = None
) -> SlotRecord:
    """The slot after one more act on its current text."""
    text = found.current
    received = found.draft.opens_at + timedelta(hours=1 + len(found.reviews))
    if action == "withdraw":
        received += timedelta(days=20)
    statement = review_statement(
        found.draft,
        text,
        Act(action, reason),
        before=found.reviews,
        prompt=PROMPT.encode(),
        policy_sha256=policy_digest(essays_config()),
        decided_on=received.date(),
    )
    review = Review(
        id=sha256_hex(statement + person.encode()),
        model_id=found.draft.model_id,
        slot_id=found.draft.slot_id,
        draft_sha256=text.sha256,
        action=action,
        reason=reason,
        until=hold_until if action == "hold" else None,
        person=person,
        fingerprint=f"SHA256:{person * 10}",
        statement=statement.decode(),
        signature=signature_of(person),
        received_at=received,
    )
    return SlotRecord(
        found.draft,
        found.at,
        redrafts=found.redrafts,
        reviews=(*found.reviews, review),
        publication=found.publication,
        reports=found.reports,
    )


def rewritten(found: SlotRecord, text: str, outcome: str = "drafted") -> SlotRecord:
    """The slot after the model answered the last request for a change."""
    request = found.reviews[-1]
    redraft = Redraft(
        id=f"{found.draft.slot_id}-2",
        slot_id=found.draft.slot_id,
        model_id=found.draft.model_id,
        number=2,
        review_id=request.id,
        outcome=outcome,
        prompt="A person thinks that this one may not appear as it is.\n\n> It names somebody.",
        text=text,
        sha256=sha256_hex(text.encode()),
        served_model="aster-1-20260514",
        asked_at=request.received_at,
        answered_at=request.received_at + timedelta(minutes=1),
    )
    return SlotRecord(found.draft, found.at, redrafts=(redraft,), reviews=found.reviews)


def reported(found: SlotRecord) -> SlotRecord:
    """The slot after a reader's report that nobody answered."""
    report = ReaderReport(
        id="r1",
        model_id=found.draft.model_id,
        slot_id=found.draft.slot_id,
        kind="privacy",
        words="It names my neighbour.",
        source="file",
        received_at=found.at,
    )
    return SlotRecord(
        found.draft,
        found.at,
        reviews=found.reviews,
        publication=found.publication,
        reports=(report,),
    )


def signature_of(person: str) -> str:
    """Armour around a key that nobody has: its form is that of OpenSSH."""
    key = _field(b"ssh-ed25519") + _field(person.encode().ljust(32, b"."))
    blob = b"SSHSIG" + struct.pack(">I", 1) + _field(key)
    armoured = base64.b64encode(blob).decode()
    return f"-----BEGIN SSH SIGNATURE-----\n{armoured}\n-----END SSH SIGNATURE-----\n"


def _field(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data
