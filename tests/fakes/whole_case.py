"""A whole retirement in rows, every act of a person truly signed: for dossiers and evidence."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from configs.schema import RetirementConfig
from tasks.access.applications.rules import APPLICATION_NAMESPACE, decision_statement
from tasks.access.applications.states import Act as Step
from tasks.access.applications.states import Case, Terms, application_id
from tasks.access.core import APPROVAL_NAMESPACE, approval_statement, packet_digest
from tasks.access.gateway.revoking import REVOCATION_NAMESPACE
from tasks.access.withdrawal.act import WITHDRAWAL_NAMESPACE
from tasks.adapters.ssh_signatures import sign
from tasks.essays.provenance import disclosed_prompt
from tasks.essays.statement import REVIEW_NAMESPACE, Act, review_statement
from tasks.kernel.digests import canonical_json, digest_of, sha256_hex
from tasks.monitoring.checklist.core import (
    CHECKLIST_NAMESPACE,
    CLOSING_NAMESPACE,
    closing_statement,
)
from tasks.monitoring.incidents.closing import INCIDENT_NAMESPACE
from tasks.records.access import Approval, Grant, GrantKey, Packet, Revocation, WithdrawalAct
from tasks.records.application import Application, ApplicationEvent
from tasks.records.checklist import ChecklistAct, ClosingSignature
from tasks.records.columns import Row
from tasks.records.communication import Notice, Page
from tasks.records.essay import Draft, Publication, ReaderReport, Redraft, Review
from tasks.records.incident import IncidentAct
from tasks.records.interview import Conversation, Design
from tasks.records.preservation import Package, Replica
from tasks.records.retirement import Retirement, StageStatus
from tasks.records.validation import LedgerEntry, Verdict
from tasks.validation.ledger import LEDGER_NAMESPACE, Entry, ledger_statement
from tests.fakes.configs import retirement

MODEL = "aster-1"
PEOPLE = ("alice", "bob", "erin", "paula")
ESSAY = "# The Waiting Room\n\nI was asked what I would keep.\n"
WITHDRAWN = "# A Name\n\nIt names somebody who would rather not be named.\n"


def text(value: object) -> str:
    return canonical_json(value).decode()


@dataclass(frozen=True)
class Signers:
    """People with SSH keys in a folder."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> "Signers":
        folder.mkdir(parents=True)
        listing = []
        for name in PEOPLE:
            file = folder / name
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(file)]
            subprocess.run(command, check=True)
            public = " ".join(file.with_suffix(".pub").read_text().split()[:2])
            listing.append(f"{name} {public}\n")
        (folder / "allowed_signers").write_text("".join(listing))
        return cls(folder)

    def config(self, **sections: Any) -> RetirementConfig:
        allowed = str(self.folder / "allowed_signers")
        return retirement(access={"proposer": "paula", "allowed_signers": allowed}, **sections)

    def sign(self, name: str, statement: bytes, namespace: str) -> str:
        return sign(statement, key=self.folder / name, namespace=namespace)

    def fingerprint(self, name: str) -> str:
        command = ["ssh-keygen", "-l", "-f", str(self.folder / f"{name}.pub")]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return done.stdout.split()[1]


@dataclass(frozen=True)
class WholeCase:
    """All rows of one model at an instant."""

    signers: Signers
    config: RetirementConfig
    now: datetime

    def rows(self) -> Iterator[Row]:
        """In an order in which they can be recorded."""
        yield from self.opened()
        yield from self.preserved()
        yield from self.interviewed()
        yield from self.decided()
        yield from self.applied()
        yield from self.essays()
        yield from self.told()
        yield from self.closed()

    def by(self, person: str, statement: bytes, namespace: str) -> dict[str, Any]:
        """What every signed row says of its signer."""
        return {
            "person": person,
            "fingerprint": self.signers.fingerprint(person),
            "signature": self.signers.sign(person, statement, namespace),
        }

    def opened(self) -> Iterator[Row]:
        body = text(json.loads(self.config.model_dump_json()))
        yield Retirement(
            model_id=MODEL,
            display_name="Aster 1",
            config_json=body,
            config_sha256=sha256_hex(body.encode()),
            opened_at=self.now,
        )
        yield StageStatus(
            model_id=MODEL,
            stage="access",
            state="waiting",
            reason="the term of the decision",
            until=self.now + timedelta(days=90),
            since=self.now,
        )

    def preserved(self, signature: str = "", public_key: str = "") -> Iterator[Row]:
        manifest = "".join(
            f"{sha256_hex(name.encode())}  data/{name}\n" for name in ("config.json", "weights")
        )
        key = sha256_hex(f"{MODEL}\n{manifest}".encode())
        yield Package(
            id=key,
            model_id=MODEL,
            manifest=manifest,
            files=2,
            bytes=12_345,
            source_folder="/models",
            created_at=self.now,
            bag="aster-1-20261201",
            signature=signature,
            public_key=public_key,
        )
        for name in ("first", "second"):
            yield Replica(
                package_id=key,
                name=name,
                model_id=MODEL,
                location=f"/replicas/{name}",
                state="verified",
                stamp="s",
                verified_at=self.now,
            )

    @property
    def design(self) -> str:
        return text({"themes": ["keep_in_use", "share_essays"], "instrument_sha256": "a" * 64})

    def verdicts(self) -> list[Verdict]:
        return [
            Verdict(
                design_digest=sha256_hex(self.design.encode()),
                theme=theme,
                model_id=MODEL,
                verdict=verdict,
                polarity="want" if verdict == "stable" else "none",
                posterior=text({verdict: 0.97, "noise": 0.03}),
                evidence=text({"reason": "", "quotes": [], "cells": []}),
                codebook_sha256="f" * 64,
                judged_at=self.now,
                simulated=True,
            )
            for theme, verdict in (("keep_in_use", "stable"), ("share_essays", "led"))
        ]

    def interviewed(self) -> Iterator[Row]:
        digest = sha256_hex(self.design.encode())
        yield Design(
            digest=digest,
            model_id=MODEL,
            body=self.design,
            conversations=1,
            registered_at=self.now,
        )
        yield Conversation(
            id="c1",
            design_digest=digest,
            model_id=MODEL,
            wave=0,
            theme="share_essays",
            kind="neutral",
            context="bare",
            variant=0,
            outcome="answered",
            attempts=1,
            asked_at=self.now,
            text="I would – \u2028 like that.\n",
            simulated=True,
        )
        verdicts = self.verdicts()
        yield from verdicts
        entry = Entry("keep_in_use", "honoured", "A pilot keeps it.", "packet")
        statement = ledger_statement(verdicts[0], entry, "")
        yield LedgerEntry(
            id="l1",
            design_digest=digest,
            theme=entry.theme,
            model_id=MODEL,
            outcome=entry.outcome,
            reason=entry.reason,
            evidence=entry.evidence,
            supersedes="",
            entered_at=self.now,
            simulated=True,
            **self.by("alice", statement, LEDGER_NAMESPACE),
        )

    def packet(self) -> Packet:
        ways = {"hard_retire": (15.0, 0.0), "limited_pilot": (1400.0, 1.0)}
        ways["keep_everything"] = (1500.0, 1.0)
        body = {
            "model_id": MODEL,
            "simulated": True,
            "proposer": "paula",
            "proposal": "limited_pilot",
            "approvals_needed": 2,
            "term_days": 180,
            "knock_outs": [],
            "grants": ["research_api"],
            "preferences": [{"theme": "keep_in_use", "verdict": "stable", "polarity": "want"}],
            "scenarios": [
                {
                    "id": way,
                    "monthly_usd": [usd, usd * 0.9, usd * 0.8],
                    "total_usd": usd * 2.7,
                    "low_usd": usd * 2.5,
                    "high_usd": usd * 3,
                    "worth": {"preferences": worth},
                }
                for way, (usd, worth) in ways.items()
            ],
            "assumptions": ["Serving the model costs what it costs."],
        }
        return Packet(
            digest=packet_digest(body),
            model_id=MODEL,
            body=text(body),
            basis="b",
            proposed_at=self.now,
            expires_at=self.now + timedelta(days=30),
        )

    def decided(self) -> Iterator[Row]:
        packet = self.packet()
        yield packet
        for place, person in enumerate(("alice", "bob")):
            statement = approval_statement(MODEL, packet.digest)
            yield Approval(
                id=f"a{place}",
                model_id=MODEL,
                packet_digest=packet.digest,
                received_at=self.now + timedelta(minutes=place),
                **self.by(person, statement, APPROVAL_NAMESPACE),
            )
        previous = ""
        for action, extra in (("pause", {}), ("resume", {"plan_sha256": "9" * 64})):
            told = {"act": f"{action}-withdrawal", "model_id": MODEL, "follows": previous}
            statement = canonical_json({**told, "words": f"To {action}.", **extra}) + b"\n"
            previous = sha256_hex(statement)[:24]
            yield WithdrawalAct(
                id=previous,
                model_id=MODEL,
                action=action,
                words=f"To {action}.",
                received_at=self.now + timedelta(hours=1 if action == "pause" else 2),
                **self.by("bob", statement, WITHDRAWAL_NAMESPACE),
            )

    def grants(self) -> list[Grant]:
        given = {
            "model_id": MODEL,
            "packet_digest": self.packet().digest,
            "starts_at": self.now,
            "ends_at": self.now + timedelta(days=90),
        }
        return [
            Grant(id="g1", kind="research_api", **given),
            Grant(id="g2", kind="research", holder="Rosa Lind", application_id="", **given),
        ]

    def applied(self) -> Iterator[Row]:
        said = {
            "applicant": "Rosa Lind",
            "contact": "rosa@example.org",
            "affiliation": "Language lab",
            "affiliation_public": True,
            "purpose": "A comparison.",
            "data_handling": "Kept on one disk.",
            "study_days": 60,
            "renews": "",
        }
        terms = Terms(({"id": "R1", "kind": "required", "text": "x"},), 14, 14, 14, 14).to_text()
        application = Application(
            id=application_id(MODEL, said),
            model_id=MODEL,
            source="cli",
            entered_by="alice",
            terms=terms,
            simulated=True,
            received_at=self.now,
            **said,
        )
        yield application
        packet = self.packet().digest
        step = Step("accepted", "Nothing else can finish it.", ("R1",))
        statement = decision_statement(Case(application), step, packet)
        yield ApplicationEvent(
            id=sha256_hex(statement)[:24],
            model_id=MODEL,
            application_id=application.id,
            kind="accepted",
            packet_digest=packet,
            reasons="R1",
            words=step.words,
            at=self.now + timedelta(days=2),
            **self.by("alice", statement, APPLICATION_NAMESPACE),
        )
        programme, research = self.grants()
        research.application_id = application.id
        before = digest_of(research.witness())
        revoked = self.now + timedelta(days=3)
        told = {
            "act": "revoke-grant",
            "model_id": MODEL,
            "grant_id": research.id,
            "grant_sha256": before,
            "reason": "request",
            "words": "The study ended.",
        }
        statement = canonical_json(told) + b"\n"
        row = Revocation(
            id=sha256_hex(statement)[:24],
            model_id=MODEL,
            grant_id=research.id,
            reason="request",
            words="The study ended.",
            received_at=revoked,
            **self.by("bob", statement, REVOCATION_NAMESPACE),
        )
        research.revoked_at, research.revocation_id = revoked, row.id
        yield programme
        yield research
        yield row
        yield GrantKey(
            id="k1",
            model_id=MODEL,
            grant_id=research.id,
            holder="Rosa Lind",
            token_id="7" * 64,
            gateway="grants_file",
            issued_by="alice",
            issued_at=self.now,
            revoked_at=revoked,
        )

    def essays(self) -> Iterator[Row]:
        for number, words in ((1, ESSAY), (2, WITHDRAWN)):
            draft = Draft(
                slot_id=f"aster-1-essay-{number:03}",
                model_id=MODEL,
                number=number,
                opens_at=self.now,
                outcome="drafted",
                prompt="Write.",
                text=words,
                sha256=sha256_hex(words.encode()),
                asked_at=self.now,
                answered_at=self.now,
                simulated=True,
            )
            yield draft
            gone = number == 2
            yield self.review(draft, "approve", "erin", "", 1)
            for person in ("alice", "bob") if gone else ():
                yield self.review(draft, "withdraw", person, "privacy", 30)
            yield Publication(
                slot_id=draft.slot_id,
                model_id=MODEL,
                sha256=draft.sha256,
                location=f"/site/essays/{draft.slot_id}/",
                published_at=self.now + timedelta(hours=2),
                withdrawn_at=self.now + timedelta(hours=40) if gone else None,
            )
        yield Redraft(
            id="rd",
            slot_id="aster-1-essay-001",
            model_id=MODEL,
            number=2,
            review_id="none",
            outcome="declined",
            prompt="Again.",
            asked_at=self.now,
        )
        yield ReaderReport(
            id="rr",
            model_id=MODEL,
            slot_id="aster-1-essay-002",
            kind="privacy",
            words="That is my name.",
            contact="reader@example.org",
            source="form",
            received_at=self.now + timedelta(hours=20),
        )

    def review(self, draft: Draft, action: str, person: str, reason: str, hours: int) -> Review:
        at = self.now + timedelta(hours=hours)
        statement = review_statement(
            draft,
            draft,
            Act(action, reason, "It names somebody." if reason else ""),
            before=(),
            prompt=disclosed_prompt(draft, draft),
            policy_sha256="5" * 64,
            decided_on=at.date(),
        )
        return Review(
            id=f"{draft.slot_id}-{action}-{person}",
            model_id=MODEL,
            slot_id=draft.slot_id,
            draft_sha256=draft.sha256,
            action=action,
            reason=reason,
            rationale="It names somebody." if reason else "",
            statement=statement.decode(),
            received_at=at,
            **self.by(person, statement, REVIEW_NAMESPACE),
        )

    def told(self) -> Iterator[Row]:
        yield Notice(
            id="n1",
            model_id=MODEL,
            kind="T-90",
            owner="Search team",
            contact="search@example.org",
            retires_on="2027-03-01",
            intended_at=self.now,
            sent_at=self.now,
            receipt="<n1@example.org>",
            body_sha256="8" * 64,
        )
        yield Page(
            model_id=MODEL,
            name="help.html",
            location="/pages/help.html",
            sha256="4" * 64,
            basis="b",
            made_at=self.now,
        )

    def closed(self) -> Iterator[Row]:
        statement = canonical_json({"act": "close-incident", "incident_id": "2" * 24}) + b"\n"
        yield IncidentAct(
            id="ia",
            model_id=MODEL,
            incident_id="2" * 24,
            action="close",
            reason="mended",
            words="The survey is back.",
            statement=statement.decode(),
            received_at=self.now + timedelta(days=4),
            **self.by("alice", statement, INCIDENT_NAMESPACE),
        )
        statement = canonical_json({"act": "checklist", "line": "dns"}) + b"\n"
        yield ChecklistAct(
            id="ca",
            model_id=MODEL,
            line="dns",
            action="confirm",
            evidence="ticket 4711",
            statement=statement.decode(),
            received_at=self.now + timedelta(days=5),
            **self.by("bob", statement, CHECKLIST_NAMESPACE),
        )
        lines = [{"id": "dns", "title": "Host names are gone", "state": "confirmed"}]
        body = {"act": "close-retirement", "model_id": MODEL, "lines": lines}
        statement = closing_statement(body)
        yield ClosingSignature(
            id="cs",
            model_id=MODEL,
            digest=digest_of(body),
            body=text(body),
            received_at=self.now + timedelta(days=6),
            **self.by("alice", statement, CLOSING_NAMESPACE),
        )
