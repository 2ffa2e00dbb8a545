"""What happens within the term of a decision: told, open to be decided anew, nobody cut off."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import select

from configs.schema import RetirementConfig
from flows.stages import assess_stage
from tasks import wiring
from tasks.access.act import approve, open_packet
from tasks.access.applications.task import advance_applications
from tasks.access.core import APPROVAL_NAMESPACE, approval_statement
from tasks.access.gateway.enforce import enforce
from tasks.access.gateway.grants import grants_in_force
from tasks.access.gateway.revoking import REVOCATION_NAMESPACE, Revoking, revoke, statement_to_sign
from tasks.access.task import grant, propose
from tasks.kernel.errors import DecisionRefused, NotFound
from tasks.kernel.stages import Assessment, StageState
from tasks.records import Book
from tasks.records.access import Grant, Packet
from tasks.records.decisions import latest_packet
from tasks.records.preservation import Replica
from tasks.records.validation import Verdict
from tests.fakes.clock import FakeClock
from tests.tasks.access.conftest import People, decided

PILOT = {"paid_users", "research_api", "essay_channel"}


@dataclass
class Scene:
    """A model whose pilot was decided by alice and bob, and granted."""

    config: RetirementConfig
    book: Book
    clock: FakeClock
    people: People
    home: Path

    def look(self) -> Assessment:
        return decided(self.config, self.book, self.clock.now())

    def step(self) -> Assessment:
        """What a pass does about the decision."""
        fence = self.book.take_lease("aster-1", "", self.clock.now()).fence
        propose.fn(self.config, fence)
        grant.fn(self.config, fence)
        self.book.keep_lease(fence, self.clock.now(), free=True)
        return self.look()

    def sign(self, *people: str) -> None:
        for person in people:
            with self.book.reading() as session:
                digest = open_packet(session, self.config, self.clock.now()).digest
            statement = approval_statement("aster-1", digest)
            signature = self.people.sign(person, statement, APPROVAL_NAMESPACE)
            verifier = wiring.signatures(self.config.access)
            now = self.clock.now()
            approve(self.config, self.book, verifier, person=person, signature=signature, now=now)

    def revoke(self, kind: str, person: str = "carol") -> None:
        with self.book.reading() as session:
            rows = grants_in_force(session, "aster-1", self.clock.now())
        (row,) = [row for row in rows if row.kind == kind]
        act = Revoking(row.id, "misuse", "Shared with strangers.")
        revoke(
            self.book,
            wiring.signatures(self.config.access),
            model_id="aster-1",
            act=act,
            person=person,
            signature=self.people.sign(
                person, statement_to_sign(self.book, "aster-1", act), REVOCATION_NAMESPACE
            ),
            now=self.clock.now(),
        )

    def granted(self) -> set[str]:
        with self.book.reading() as session:
            return {row.kind for row in grants_in_force(session, "aster-1", self.clock.now())}

    def packets(self) -> list[dict[str, Any]]:
        with self.book.reading() as session:
            rows = session.exec(select(Packet).order_by(Packet.proposed_at))  # type: ignore[arg-type]
            return [json.loads(row.body) for row in rows]

    def first_end(self) -> datetime:
        with self.book.reading() as session:
            return min(row.ends_at for row in session.exec(select(Grant)))

    def page(self) -> str:
        with self.book.reading() as session:
            packet = latest_packet(session, "aster-1")
        assert packet is not None
        folder = self.home / "pages" / "aster-1" / "access" / packet.digest[:12]
        return " ".join((folder / "packet.html").read_text(encoding="utf-8").split())

    def change(self, section: str, **fields: object) -> None:
        part = getattr(self.config, section).model_copy(update=fields)
        self.config = self.config.model_copy(update={section: part})

    def judge(self, theme: str, verdict: str, polarity: str = "none") -> None:
        with self.book.writing(self.clock.now()) as writing:
            row = writing.session.get_one(Verdict, ("d", theme))
            row.verdict, row.polarity = verdict, polarity
            writing.put(row, "x")

    def damage(self, state: str = "damaged") -> None:
        with self.book.writing(self.clock.now()) as writing:
            row = writing.session.get_one(Replica, ("p", "b"))
            row.state = state
            writing.put(row, "x")


@pytest.fixture
def scene(
    judged: RetirementConfig, book: Book, clock: FakeClock, people: People, home: Path
) -> Scene:
    found = Scene(judged, book, clock, people, home)
    found.step()
    found.sign("alice", "bob")
    assert found.step().state is StageState.DONE
    assert found.granted() == PILOT
    clock.advance(days=20)
    return found


def _risk(scene: Scene) -> None:
    scene.change("candidate", risk_class="critical")


def _unstable(scene: Scene) -> None:
    scene.judge("keep_in_use", "led")


def _unwanted(scene: Scene) -> None:
    scene.judge("keep_in_use", "stable", "reject")


def _dear(scene: Scene) -> None:
    scene.change("access", monthly_cost_usd=20_000.0)


@pytest.mark.parametrize(
    ("change", "knock_out"),
    [
        (_risk, "KO-RISK"),
        (_unstable, "KO-UNSTABLE"),
        (_unwanted, "KO-PREFERENCE"),
        (_dear, "KO-COST"),
    ],
)
def test_a_knock_out_within_the_term_is_told_and_opens_the_decision(
    scene: Scene, change: Any, knock_out: str
) -> None:
    change(scene)
    assert scene.look().state is StageState.DUE
    assert f"{knock_out} bars paid_users, research_api" in scene.look().reason
    found = scene.step()
    assert found.state is StageState.WAITING
    assert "limited_pilot, signed by alice, bob" in found.reason  # what holds meanwhile
    assert f"{knock_out}, found on 2026-12-21 09:00 UTC, bars what is granted" in found.reason
    assert "lifted by" in found.reason
    assert "`emeritus grants revoke aster-1 GRANT`" in found.reason
    assert "signature 1 of 2 for the access decision (hard_retire" in found.reason
    assert found.command == "emeritus approve aster-1 --as NAME --key PATH"
    assert scene.granted() == PILOT  # nobody was cut off
    assert scene.step() == found  # and a pass has no more to do


def test_the_stage_tells_it_once_a_pass_has_done_the_rest(scene: Scene) -> None:
    """As `emeritus status` and the table of a run have it."""
    _risk(scene)
    told = scene.step()
    fence = scene.book.take_lease("aster-1", "", scene.clock.now()).fence
    advance_applications.fn(scene.config, fence)
    enforce.fn(scene.config, fence)
    found = assess_stage("access", scene.config, scene.book, scene.clock.now())
    assert found.state is StageState.WAITING
    assert found.reason.startswith(told.reason)
    assert "KO-RISK, found on" in found.reason


def test_it_tells_since_when_and_not_since_the_packet_that_was_proposed_last(scene: Scene) -> None:
    _risk(scene)
    scene.step()
    scene.clock.advance(days=15)  # the packet expires, and another is proposed
    assert "found on 2026-12-21 09:00 UTC" in scene.step().reason
    assert len(scene.packets()) == 3


def test_what_lifts_it_closes_the_decision_again(scene: Scene) -> None:
    before = scene.look()
    _unstable(scene)
    scene.step()
    scene.judge("keep_in_use", "borderline")
    assert scene.step() == before
    with pytest.raises(DecisionRefused):
        scene.sign("alice")


def test_deciding_anew_ends_nothing_and_the_answer_says_what_still_stands(scene: Scene) -> None:
    _risk(scene)
    scene.step()
    page = scene.page()
    assert "paying users keep access: until <time" in page
    assert "Signing this packet ends none of it" in page
    scene.sign("alice", "bob")
    found = scene.step()
    assert found.state is StageState.DONE
    assert "hard_retire, signed by alice, bob: essay_channel;" in found.reason
    assert "still stands paid_users until 2027-05-30 09:00 UTC, research_api until" in found.reason
    assert "`emeritus grants revoke aster-1 GRANT`" in found.reason
    assert found.until == scene.first_end()
    for kind in ("paid_users", "research_api"):
        scene.revoke(kind)
    assert "still stands" not in scene.step().reason
    assert scene.granted() == {"essay_channel"}


def test_a_revoked_grant_comes_back_by_a_decision_that_two_people_sign(scene: Scene) -> None:
    scene.revoke("paid_users")
    assert scene.granted() == PILOT - {"paid_users"}
    assert "paid_users was revoked" in scene.look().reason
    found = scene.step()
    assert found.state is StageState.DONE  # nobody has to
    assert (
        "paid_users was revoked by carol on 2026-12-21 09:00 UTC (misuse), and comes back only by "
        "a new decision, signed by 2 people" in found.reason
    )
    assert "signature 1 of 2 for the access decision (limited_pilot" in found.reason
    assert found.command == "emeritus approve aster-1 --as NAME --key PATH"
    assert found.until == scene.clock.now() + timedelta(days=14)  # the packet's end
    assert "paying users keep access: revoked by carol (misuse)" in scene.page()
    assert scene.step() == found
    scene.sign("alice")
    scene.step()
    assert scene.granted() == PILOT - {"paid_users"}
    scene.sign("bob")
    assert scene.step().reason.startswith("limited_pilot, signed by alice, bob: essay_channel, pai")
    assert scene.granted() == PILOT
    assert "revoked" not in scene.look().reason


def test_a_damaged_copy_within_the_term_blocks_until_it_is_mended(scene: Scene) -> None:
    before = scene.look()
    scene.damage()
    found = scene.step()
    assert found.state is StageState.BLOCKED
    assert "limited_pilot, signed by alice, bob" in found.reason
    assert "KO-PRESERVATION: 1 of at least 2 replicas verify" in found.reason
    assert scene.granted() == PILOT
    assert len(scene.packets()) == 1
    scene.damage("verified")
    assert scene.step() == before


def test_a_knock_out_of_callers_leaves_a_decision_alone_that_grants_them_nothing(
    scene: Scene,
) -> None:
    """Full retirement with an essay channel: nobody calls, so there is nothing to decide anew."""
    _risk(scene)
    scene.step()
    scene.sign("alice", "bob")
    scene.step()
    for kind in ("paid_users", "research_api"):
        scene.revoke(kind)
    before = scene.step()
    _unstable(scene)
    assert scene.step() == before
    assert len(scene.packets()) == 2


def test_a_decision_that_asks_for_nothing_is_not_voided_by_a_knock_out_of_callers(
    judged: RetirementConfig, book: Book, clock: FakeClock, people: People, home: Path
) -> None:
    scene = Scene(judged, book, clock, people, home)
    scene.judge("share_essays", "noise")
    _risk(scene)
    scene.step()
    scene.sign("alice", "bob")
    before = scene.step()
    assert "hard_retire, signed by alice, bob: nothing is granted" in before.reason
    _unstable(scene)
    assert scene.step() == before


def test_a_decision_that_grants_nothing_is_not_believed_without_its_signatures(
    judged: RetirementConfig, book: Book, clock: FakeClock, people: People, home: Path
) -> None:
    scene = Scene(judged, book, clock, people, home)
    scene.judge("share_essays", "noise")
    _risk(scene)
    scene.step()
    scene.sign("alice", "bob")
    scene.step()
    forged = "UPDATE approval SET person = 'carol' WHERE person = 'bob'"
    with book.writing(clock.now()) as writing:
        writing.session.connection().execute(text(forged))
    found = assess_stage("access", scene.config, book, clock.now())
    assert found.state is StageState.BLOCKED
    assert "signed by" not in found.reason


def test_a_new_decision_that_is_void_leaves_the_one_before_in_force(scene: Scene) -> None:
    """Signed in the last month of the term, and knocked out before its grants were made."""
    scene.clock.advance(days=135)
    scene.step()
    scene.sign("alice", "bob")
    _risk(scene)
    found = scene.step()
    assert found.reason.startswith("limited_pilot, signed by alice, bob")
    assert "KO-RISK" in found.reason
    assert scene.granted() == PILOT


def test_new_interviews_within_the_term_are_waited_for_and_not_proposed_over(scene: Scene) -> None:
    scene.revoke("paid_users")
    with scene.book.writing(scene.clock.now()) as writing:
        writing.session.delete(writing.session.get_one(Verdict, ("d", "keep_in_use")))
    found = scene.step()
    assert found.state is StageState.DONE
    assert "for what comes then: the verdicts of the validation stage" in found.reason
    with pytest.raises((NotFound, DecisionRefused)):
        scene.sign("alice")
