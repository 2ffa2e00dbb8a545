"""Whatever people, the clock and a forger do, in whatever order: what always holds.

No `research` grant without an acceptance that an allowed person signed, of this application, under
a decided packet; an appeal is never decided by who decided first; nobody decides on themselves.
Signatures are faked here, and as unforgeable as the test needs: `test_forged.py` uses real ones.
"""

import atexit
import hashlib
import itertools
import random
import shutil
import tempfile
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule
from sqlmodel import select

from tasks import wiring
from tasks.access.applications import task as applications_task
from tasks.access.applications.act import decide, statement_to_sign, take_step
from tasks.access.applications.cases import cases_of
from tasks.access.applications.receive import form_of, receive
from tasks.access.applications.rules import APPLICATION_NAMESPACE
from tasks.access.applications.states import STEPS, Act, Case, folded
from tasks.access.applications.task import advance_applications
from tasks.access.core import APPROVAL_NAMESPACE, approval_statement, packet_digest
from tasks.kernel.digests import canonical_json, stable_id
from tasks.kernel.errors import AuditBroken, DecisionRefused, EmeritusError, SignatureRefused
from tasks.ports.notifier import Message
from tasks.ports.signatures import Signer
from tasks.records import Book, open_book
from tasks.records.access import Approval, Grant, Packet
from tasks.records.application import Application, ApplicationEvent
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement
from tests.tasks.access.applications.scene import DECISIONS, REQUIRED, SAID

PEOPLE = ("alice", "bob", "carol")
APPLICANTS = ("Rosa Lind", "alice", "Tom Ash")
KEYS = {**{name: f"SHA256:{name}" for name in PEOPLE}, "mallory": "SHA256:mallory"}
FORGED = ("accepted", "declined", "appealed", "overturned", "upheld", "answered")


def made(statement: bytes, namespace: str, key: str) -> str:
    """A signature that only this function makes."""
    secret = hashlib.sha256(b"|".join((statement, namespace.encode(), key.encode(), b"secret")))
    return f"{key}:{secret.hexdigest()}"


class _Signatures:
    """Every person has one key; nobody else's counts."""

    def verify(
        self, statement: bytes, signature: str, *, namespace: str, person: str, at: datetime
    ) -> Signer:
        key = signature.partition(":")[0]
        if person not in PEOPLE or key != person or signature != made(statement, namespace, key):
            raise SignatureRefused(f"no signature by {person!r}")
        return Signer(person, KEYS[key])


class _Sink:
    def __init__(self) -> None:
        self.sent: list[Message] = []

    def send(self, message: Message) -> str:
        self.sent.append(message)
        return "ok"


#: So that no pass writes a page.
_NOT_ANNOUNCED = {
    "announced_on": "2029-01-01",
    "surfaces": [{"name": "api", "retires_on": "2029-06-01"}],
}
_MODELS = itertools.count(1)


@cache
def _book() -> Book:
    """One book for all lives: each is about a model of its own."""
    folder = tempfile.mkdtemp(prefix="emeritus-machine-")
    atexit.register(shutil.rmtree, folder)
    return open_book(f"sqlite:///{folder}/machine.sqlite")


class Life(RuleBasedStateMachine):
    """Three applicants, one of them a signer; three signers; a forger."""

    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.book, self.clock, self.sink = _book(), FakeClock(), _Sink()
        self.model = f"aster-{next(_MODELS)}"
        self.config = retirement(id=self.model, candidate=_NOT_ANNOUNCED)
        self.verifier = _Signatures()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(wiring, "book", lambda: self.book)
        self.patch.setattr(wiring, "clock", lambda: self.clock)
        self.patch.setattr(wiring, "signatures", lambda _: self.verifier)
        self.patch.setattr(wiring, "notifier", lambda _: self.sink)
        self.patch.setattr(applications_task, "letter_text", lambda *_, **__: ("s", "b"))
        self.fence = self.book.take_lease(self.model, "", self.clock.now()).fence
        self.signed: dict[str, tuple[str, Act]] = {}  # event id -> who really signed what

    def teardown(self) -> None:
        self.patch.undo()

    @initialize(
        days=st.sampled_from((40, 200)), proper=st.sampled_from((True, True, True, True, False))
    )
    def programme(self, days: int, proper: bool) -> None:
        """A decision on research access; one that too few people signed opens nothing."""
        now = self.clock.now()
        body = {
            "model_id": self.model,
            "proposer": "paula",
            "approvals_needed": 2,
            "term_days": days,
            "grants": ["research_api"],
        }
        digest = packet_digest(body)
        ends = now + timedelta(days=days)
        self.proper, self.programme_ends = proper, ends
        with self.book.writing(now) as writing:
            values: dict[str, Any] = {"model_id": self.model, "packet_digest": digest}
            packet = Packet(
                digest=digest,
                model_id=self.model,
                body=canonical_json(body).decode(),
                basis="b",
                proposed_at=now,
                expires_at=ends,
            )
            writing.put(packet, "x")
            for person in ("alice", "bob") if proper else ("alice",):
                statement = approval_statement(self.model, digest)
                row = Approval(
                    id=stable_id(digest, person),
                    person=person,
                    fingerprint=KEYS[person],
                    signature=made(statement, APPROVAL_NAMESPACE, person),
                    received_at=now,
                    **values,
                )
                writing.put(row, "x")
            grant = Grant(
                id=stable_id(digest), kind="research_api", starts_at=now, ends_at=ends, **values
            )
            writing.put(grant, "x")

    @initialize(target=ids)
    def first(self) -> Any:
        return multiple(*(self.submit(who, 60) for who in APPLICANTS))

    @rule(target=ids, who=st.sampled_from(APPLICANTS), days=st.sampled_from((10, 60)))
    def submit(self, who: str, days: int) -> str:
        form = form_of({**SAID, "model": self.model, "applicant": who, "study_days": days})
        row, _ = receive(
            self.config, self.book, form, source="cli", entered_by="o", now=self.clock.now()
        )
        return row.id

    @rule(
        named=ids,
        decision=st.sampled_from(sorted(DECISIONS)),
        person=st.sampled_from((*PEOPLE, "mallory")),
        key=st.sampled_from((*PEOPLE, "mallory")),
        reasons=st.sampled_from((REQUIRED, REQUIRED[1:], ("C-DATA",), ())),
        swapped=st.booleans(),
    )
    def decide(
        self,
        named: str,
        decision: str,
        person: str,
        key: str,
        reasons: tuple[str, ...],
        swapped: bool,
    ) -> None:
        if decision == "ask":
            reasons = ()
        act = Act(DECISIONS[decision], "As read.", reasons)
        try:
            statement = statement_to_sign(self.config, self.book, named, act, self.clock.now())
            signature = made(
                statement, "emeritus-access@v1" if swapped else APPLICATION_NAMESPACE, key
            )
            row = decide(
                self.config,
                self.book,
                self.verifier,
                named=named,
                act=act,
                person=person,
                signature=signature,
                now=self.clock.now(),
            )
        except (DecisionRefused, SignatureRefused):
            return
        assert key == person
        assert not swapped
        self.signed[row.id] = (person, act)

    @rule(
        named=ids,
        people=st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=4),
        choice=st.randoms(use_true_random=False),
    )
    def go_on(self, named: str, people: list[str], choice: random.Random) -> None:
        """Steps that are possible, by people who sign properly; then a pass."""
        for person in people:
            steps = STEPS[self._case(named).state]
            possible = [name for name, kind in sorted(DECISIONS.items()) if kind in steps]
            likely = [one for one in possible if one in ("accept", "overturn")]
            if possible:
                decision = choice.choice(possible + likely)
                reasons = REQUIRED if decision in ("accept", "overturn") else ("C-DATA",)
                self.decide(named, decision, person, person, reasons, swapped=False)
            for kind in ("answered", "appealed"):
                if kind in steps:
                    self.step(named, kind)
        self.run_pass()

    @rule(named=ids, kind=st.sampled_from(("answered", "appealed", "withdrawn", "accepted")))
    def step(self, named: str, kind: str) -> None:
        try:
            take_step(
                self.config,
                self.book,
                named=named,
                act=Act(kind, "As asked."),
                person="o",
                now=self.clock.now(),
            )
        except DecisionRefused:
            assert kind == "accepted" or self._case(named).state != {"appealed": "declined"}.get(
                kind, "asked"
            )

    @rule(named=ids, kind=st.sampled_from(FORGED), data=st.data())
    def forge(self, named: str, kind: str, data: st.DataObject) -> None:
        """A row of the forger's own, or one with a real signature from elsewhere."""
        rows = [event for case in self._cases() for event in case.history if event.signature]
        copied = data.draw(st.sampled_from([None, *rows]))
        row = ApplicationEvent(
            id=stable_id("forged", named, len(self._case(named).events)),
            model_id=self.model,
            application_id=named,
            kind=kind,
            person=copied.person if copied else "bob",
            fingerprint=copied.fingerprint if copied else KEYS["bob"],
            signature=copied.signature if copied else made(b"anything", "x", "bob"),
            packet_digest=copied.packet_digest if copied else "",
            reasons=copied.reasons if copied else ",".join(REQUIRED),
            words=copied.words if copied else "",
            at=self.clock.advance(seconds=1),
        )
        with self.book.writing(self.clock.now()) as writing:
            writing.put(row, "x")

    @rule(hours=st.sampled_from((1, 30, 24 * 8, 24 * 31)))
    def wait(self, hours: int) -> None:
        self.clock.advance(hours=hours)
        self.run_pass()

    def run_pass(self) -> None:
        try:
            advance_applications.fn(self.config, self.fence)
        except (SignatureRefused, AuditBroken):
            pass
        except EmeritusError as error:
            raise AssertionError("a pass fails for nothing else") from error

    @invariant()
    def every_grant_rests_on_a_signed_acceptance(self) -> None:
        query = select(Grant).where(Grant.model_id == self.model, Grant.kind == "research")
        with self.book.reading() as session:
            grants = list(session.exec(query))
        assert len({grant.application_id for grant in grants}) == len(grants)
        for grant in grants:
            assert self.proper
            assert grant.starts_at < grant.ends_at <= self.programme_ends
            case = self._case(grant.application_id)
            assert grant.ends_at - grant.starts_at <= timedelta(days=case.application.study_days)
            self._rests_on(case, grant)

    def _rests_on(self, case: Case, grant: Grant) -> None:
        kinds = ("accepted", "overturned")
        real = [e for e in case.history if e.kind in kinds and e.id in self.signed]
        assert real, "nobody signed an acceptance"
        person, act = self.signed[real[0].id]
        assert set(REQUIRED) <= set(act.reasons)
        assert folded(person) != folded(case.application.applicant)
        if act.kind == "overturned":
            first = next(e for e in case.history if e.kind == "declined" and e.id in self.signed)
            assert self.signed[first.id][0] != person
        assert real[0].at < grant.starts_at + timedelta(seconds=1)

    @invariant()
    def nobody_decides_twice_or_on_themselves(self) -> None:
        for case in self._cases():
            deciders = [
                self.signed[event.id][0]
                for event in case.history
                if event.id in self.signed
                and event.kind in ("accepted", "declined", "upheld", "overturned")
            ]
            assert len(set(deciders)) == len(deciders)
            assert folded(case.application.applicant) not in deciders

    def _cases(self) -> tuple[Case, ...]:
        with self.book.reading() as session:
            return cases_of(session, self.model)

    def _case(self, named: str) -> Case:
        return next(case for case in self._cases() if case.application.id == named)


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=25,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def test_the_machine_does_reach_grants_and_overturned_declines() -> None:
    """By hand, so that what always holds does not hold of nothing."""
    life = Life()
    try:
        life.programme(days=100, proper=True)
        first, second = life.submit("Rosa Lind", 60), life.submit("Tom Ash", 60)
        sign: dict[str, Any] = {"reasons": REQUIRED, "swapped": False}
        life.decide(first, "accept", person="alice", key="alice", **sign)
        life.decide(second, "decline", person="alice", key="alice", **sign)
        life.step(second, "appealed")
        life.decide(second, "overturn", person="alice", key="alice", **sign)
        life.decide(second, "overturn", person="bob", key="bob", **sign)
        life.run_pass()
        life.every_grant_rests_on_a_signed_acceptance()
        states = [(case.state, case.grant is not None) for case in life._cases()]
        assert sorted(states) == [("accepted", True), ("overturned", True)]
        with life.book.reading() as session:
            assert session.get(Application, first) is not None
    finally:
        life.teardown()
