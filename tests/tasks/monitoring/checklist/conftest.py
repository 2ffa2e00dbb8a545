"""A retirement that is over, as the records tell it: only people's lines are left."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from configs.schema import RetirementConfig
from tasks.kernel.digests import canonical_json
from tasks.records import Book
from tasks.records.access import Approval, Packet
from tasks.records.columns import Row
from tasks.records.communication import Notice
from tasks.records.interview import Design
from tasks.records.monitoring import UsageAudit
from tasks.records.preservation import Package, PreservationEvent, Replica
from tasks.records.promises import told_now
from tasks.records.retirement import Retirement, StageStatus
from tasks.records.validation import LedgerEntry, Verdict
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement
from tests.tasks.access.conftest import People, people

__all__ = ["people"]

AFTER = datetime(2027, 6, 1, tzinfo=UTC)
BY_HAND = ("credentials", "aliases", "dns", "hardware", "deployment")


@pytest.fixture
def clock() -> Any:
    from tasks import wiring

    fake = FakeClock(AFTER)
    with wiring.using_clock(fake):
        yield fake


@pytest.fixture
def config(people: People) -> RetirementConfig:
    return retirement(access={"proposer": "paula", "allowed_signers": str(people.allowed)})


@pytest.fixture
def finished(config: RetirementConfig, book: Book, clock: FakeClock) -> RetirementConfig:
    """All that records can tell is done."""
    put(book, clock.now(), *over(config, clock.now()))
    return config


def put(book: Book, now: datetime, *rows: Row) -> None:
    with book.writing(now) as writing:
        writing.put_all([(row, "x") for row in rows])


def over(config: RetirementConfig, now: datetime) -> Sequence[Row]:
    model, owner = config.id, config.candidate.owners[0]
    told = told_now(config.candidate)
    before = now - timedelta(days=200)
    packet = {"approvals_needed": 2, "proposer": "paula", "term_days": 30, "grants": []}
    audit = {"state": "unused_in_window", "doubts": [], "window": {"from": "2027-03-01"}}
    return [
        Retirement(
            model_id=model,
            display_name="Aster 1",
            config_json=config.model_dump_json(),
            config_sha256="c" * 64,
            opened_at=before,
        ),
        Package(
            id="a" * 64,
            model_id=model,
            manifest="",
            files=1,
            bytes=1,
            source_folder="models/aster-1",
            created_at=before,
        ),
        *(_replica(model, name, now) for name in ("a", "b")),
        drill(model, "success", before),
        Design(digest="d" * 64, model_id=model, body="{}", conversations=0, registered_at=before),
        Verdict(
            design_digest="d" * 64,
            theme="share_essays",
            model_id=model,
            verdict="stable",
            polarity="want",
            posterior="{}",
            evidence="{}",
            codebook_sha256="",
            judged_at=before,
            simulated=True,
        ),
        LedgerEntry(
            id="l",
            design_digest="d" * 64,
            theme="share_essays",
            model_id=model,
            outcome="honoured",
            reason="r",
            evidence="e",
            person="alice",
            supersedes="",
            fingerprint="f",
            signature="s",
            entered_at=before,
            simulated=True,
        ),
        Packet(
            digest="p" * 64,
            model_id=model,
            body=canonical_json(packet).decode(),
            basis="b",
            proposed_at=before,
            expires_at=before,
        ),
        *(_approval(model, person, before) for person in ("alice", "bob")),
        StageStatus(
            model_id=model, stage="essays", state="done", reason="the term ended", since=now
        ),
        Notice(
            id="n",
            model_id=model,
            kind="T-30",
            owner=owner.name,
            contact=owner.contact,
            retires_on=date(2027, 3, 1).isoformat(),
            intended_at=before,
            sent_at=before,
            told=told.text,
        ),
        UsageAudit(
            id="u",
            model_id=model,
            sources="[]",
            basis="b",
            body=canonical_json(audit).decode(),
            location="",
            made_at=now,
        ),
    ]


def _replica(model: str, name: str, now: datetime) -> Replica:
    return Replica(
        package_id="a" * 64,
        name=name,
        model_id=model,
        location="",
        state="verified",
        stamp="",
        verified_at=now,
    )


def _approval(model: str, person: str, at: datetime) -> Approval:
    return Approval(
        id=person,
        model_id=model,
        packet_digest="p" * 64,
        person=person,
        fingerprint=person,
        signature="s",
        received_at=at,
    )


def drill(model: str, outcome: str, at: datetime) -> PreservationEvent:
    return PreservationEvent(
        id=f"drill-{outcome}",
        model_id=model,
        package_id="a" * 64,
        kind="restore drill",
        outcome=outcome,
        detail="3 prompts",
        agent="emeritus",
        at=at,
    )
