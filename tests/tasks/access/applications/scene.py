"""A model with applications: people with keys, a decision that admits researchers, passes."""

import email
import email.policy
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from sqlmodel import select

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.access.applications.act import decide, statement_to_sign, take_step
from tasks.access.applications.cases import cases_of, find_case
from tasks.access.applications.receive import form_of, receive
from tasks.access.applications.rules import APPLICATION_NAMESPACE
from tasks.access.applications.states import Act, Case
from tasks.access.applications.task import advance_applications
from tasks.access.applications.view import applications_due, applications_open
from tasks.access.core import APPROVAL_NAMESPACE, approval_statement, packet_digest
from tasks.kernel.digests import canonical_json, stable_id
from tasks.records import Book, Fence
from tasks.records.access import Approval, Grant, Packet, Revocation
from tasks.records.application import Application, ApplicationEvent
from tests.fakes.clock import FakeClock
from tests.tasks.access.conftest import People

REQUIRED = ("C-PURPOSE", "C-DATA", "C-AFFILIATION", "C-LENGTH", "C-HARM")
SAID: dict[str, Any] = {
    "model": "aster-1",
    "applicant": "Rosa Lind",
    "contact": "rosa@uni.example",
    "affiliation": "University of Example, Linguistics",
    "purpose": "How hedging changed between Aster 1 and its successor, on 400 fixed prompts.",
    "data_handling": "Outputs stay on an encrypted disk at the institute and go after a year.",
    "study_days": 60,
}
DECISIONS = {"ask": "asked", "accept": "accepted", "decline": "declined"} | {
    "uphold": "upheld",
    "overturn": "overturned",
}


@dataclass
class Scene:
    config: RetirementConfig
    book: Book
    clock: FakeClock
    people: People
    home: Path
    fence: Fence

    def open_programme(self, days: float = 180, signers: tuple[str, ...] = ("alice", "bob")) -> str:
        """A decided packet that grants `research_api`, from now; its digest."""
        now = self.clock.now()
        body = {
            "format": "emeritus-access-packet/3",
            "model_id": "aster-1",
            "proposer": "paula",
            "proposal": "limited_pilot",
            "approvals_needed": 2,
            "term_days": days,
            "grants": ["paid_users", "research_api"],
            "names": ["aster-1"],
            "nonce": str(now),
        }
        digest = packet_digest(body)
        ends = now + timedelta(days=days)
        with self.book.writing(now) as writing:
            packet = Packet(
                digest=digest,
                model_id="aster-1",
                body=canonical_json(body).decode(),
                basis="b",
                proposed_at=now,
                expires_at=ends,
            )
            writing.put(packet, "x")
            for person in signers:
                statement = approval_statement("aster-1", digest)
                signature = self.people.sign(person, statement, APPROVAL_NAMESPACE)
                signer = wiring.signatures(self.config.access).verify(
                    statement, signature, namespace=APPROVAL_NAMESPACE, person=person, at=now
                )
                approval = Approval(
                    id=stable_id(digest, person),
                    model_id="aster-1",
                    packet_digest=digest,
                    person=person,
                    fingerprint=signer.fingerprint,
                    signature=signature,
                    received_at=now,
                )
                writing.put(approval, "x")
            grant = Grant(
                id=stable_id(digest, "research_api"),
                model_id="aster-1",
                packet_digest=digest,
                kind="research_api",
                starts_at=now,
                ends_at=ends,
            )
            writing.put(grant, "x")
        return digest

    def submit(self, **changed: Any) -> Application:
        row, _ = receive(
            self.config,
            self.book,
            form_of({**SAID, **changed}),
            source="cli",
            entered_by="olga",
            now=self.clock.now(),
        )
        return row

    def act(self, decision: str, words: str = "As read.", reasons: tuple[str, ...] = ()) -> Act:
        if decision in ("accept", "overturn") and not reasons:
            reasons = REQUIRED
        if decision in ("decline", "uphold") and not reasons:
            reasons = ("C-DATA",)
        return Act(DECISIONS[decision], words, reasons)

    def statement(self, named: str, act: Act) -> bytes:
        return statement_to_sign(self.config, self.book, named, act, self.clock.now())

    def decide(
        self,
        named: str,
        decision: str,
        person: str = "alice",
        *,
        words: str = "As read.",
        reasons: tuple[str, ...] = (),
        key: str = "",
        namespace: str = APPLICATION_NAMESPACE,
        statement: bytes = b"",
    ) -> ApplicationEvent:
        act = self.act(decision, words, reasons)
        statement = statement or self.statement(named, act)
        return decide(
            self.config,
            self.book,
            wiring.signatures(self.config.access),
            named=named,
            act=act,
            person=person,
            signature=self.people.sign(key or person, statement, namespace),
            now=self.clock.now(),
        )

    def step(self, named: str, kind: str, words: str = "As asked.") -> ApplicationEvent:
        return take_step(
            self.config,
            self.book,
            named=named,
            act=Act(kind, words),
            person="olga",
            now=self.clock.now(),
        )

    def run_pass(self) -> None:
        advance_applications.fn(self.config, self.fence)

    def revoke(self, application: str, words: str = "It was shared.") -> None:
        """As the gateway's act does, signature aside."""
        now = self.clock.now()
        with self.book.writing(now) as writing:
            grant = writing.session.exec(
                select(Grant).where(Grant.application_id == application)
            ).one()
            row = Revocation(
                id=f"r-{grant.id}"[:24],
                model_id="aster-1",
                grant_id=grant.id,
                person="carol",
                fingerprint="f",
                signature="s",
                reason="misuse",
                words=words,
                received_at=now,
            )
            writing.put(row, "x")
            grant.revoked_at, grant.revocation_id = now, row.id
            writing.put(grant, "x")

    def end_programme(self, packet: str) -> None:
        """The `research_api` grant of a decision is revoked, signature aside."""
        now = self.clock.now()
        with self.book.writing(now) as writing:
            grant = writing.session.get_one(Grant, stable_id(packet, "research_api"))
            grant.revoked_at = now
            writing.put(grant, "x")

    def case(self, named: str) -> Case:
        with self.book.reading() as session:
            return find_case(session, "aster-1", named)

    def cases(self) -> tuple[Case, ...]:
        with self.book.reading() as session:
            return cases_of(session, "aster-1")

    def grants(self) -> list[Grant]:
        with self.book.reading() as session:
            return list(session.exec(select(Grant).where(Grant.kind == "research")))

    def due(self) -> str:
        with self.book.reading() as session:
            return applications_due(self.config, session, self.clock.now())

    def open(self) -> str:
        with self.book.reading() as session:
            return applications_open(self.config, session, self.clock.now())

    def letters(self) -> list[EmailMessage]:
        """Everything in the outbox, oldest first."""
        found = [
            email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            for file in (self.home / "outbox").glob("*.eml")
        ]
        return sorted(found, key=lambda one: (one["Date"].datetime, one["Subject"]))

    def subjects(self, to: str = "rosa@uni.example") -> list[str]:
        return [one["Subject"] for one in self.letters() if one["To"] == to]

    def set(self, **applications: Any) -> None:
        """Change the section on applications."""
        section = self.config.access.applications.model_copy(update=applications)
        access = self.config.access.model_copy(update={"applications": section})
        self.config = self.config.model_copy(update={"access": access})

    def hold(self, stands: bool = True) -> None:
        candidate = self.config.candidate.model_copy(update={"legal_hold": stands})
        self.config = self.config.model_copy(update={"candidate": candidate})
