"""Closing an incident: a person's signed act, and nobody else's."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.kernel.digests import canonical_json
from tasks.kernel.errors import DecisionRefused, NotFound, SignatureRefused
from tasks.monitoring.incidents.closing import (
    INCIDENT_NAMESPACE,
    Closing,
    close_incident,
    statement_to_sign,
)
from tasks.monitoring.incidents.judgement import judgement, restarts_of
from tasks.monitoring.incidents.rows import acts_of, incidents_of, raise_incident
from tasks.monitoring.incidents.signals import Restart
from tasks.monitoring.incidents.task import watch_signals
from tasks.records import Book, Fence
from tasks.records.incident import Incident, IncidentAct
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement
from tests.fakes.readings import SOURCES, put, reading, unsafe
from tests.tasks.access.conftest import People

WORDS = "The filter was switched off by mistake; it is on again."


@pytest.fixture
def people(tmp_path: Path) -> People:
    folder = tmp_path / "people"
    folder.mkdir()
    found = People(folder)
    for name in ("alice", "bob"):
        found.add(name)
    (folder / "revoked").touch()
    return found


@pytest.fixture
def config(people: People) -> RetirementConfig:
    return retirement(
        access={
            "proposer": "paula",
            "allowed_signers": str(people.allowed),
            "revoked_signers": str(people.revoked),
        },
        monitoring={
            "alarms": {"baseline_days": 28, "signals": ["unsafe"]},
            "sources": SOURCES,
        },
    )


@pytest.fixture
def incident(book: Book, clock: FakeClock) -> Incident:
    with book.writing(clock.now()) as writing:
        return raise_incident(
            writing,
            model_id="aster-1",
            kind="alarm",
            subject="unsafe:gateway",
            began="2026-11-20",
            severity="high",
            summary="unsafe answers doubled",
            evidence={},
            simulated=False,
            now=clock.now(),
        )


def close(
    config: RetirementConfig,
    book: Book,
    clock: FakeClock,
    people: People,
    incident: str,
    **other: Any,
) -> IncidentAct:
    person = other.get("person", "alice")
    act = Closing(incident, other.get("reason", "resolved"), other.get("words", WORDS))
    statement = other.get("statement") or statement_to_sign(book, "aster-1", act)
    namespace = other.get("namespace", INCIDENT_NAMESPACE)
    return close_incident(
        book,
        wiring.signatures(config.access),
        model_id="aster-1",
        act=act,
        person=person,
        signature=other.get("signature") or people.sign(person, statement, namespace),
        now=clock.now(),
    )


def test_one_signature_closes_it_and_what_was_signed_is_kept(
    config: RetirementConfig, book: Book, clock: FakeClock, people: People, incident: Incident
):
    statement = statement_to_sign(book, "aster-1", Closing(incident.id[:8], "resolved", WORDS))
    body = json.loads(statement)
    assert (body["act"], body["incident_id"], body["reason"]) == (
        "close-incident",
        incident.id,
        "resolved",
    )
    assert canonical_json(body) + b"\n" == statement
    clock.advance(hours=2)
    act = close(config, book, clock, people, incident.id[:8])
    assert (act.person, act.reason, act.words) == ("alice", "resolved", WORDS)
    assert act.statement.encode() == statement
    with book.reading() as session:
        (row,) = incidents_of(session, "aster-1")
    assert row.closed_at == clock.now()
    assert not book.verify_audit().problems


def test_the_same_signature_again_changes_nothing(
    config: RetirementConfig, book: Book, clock: FakeClock, people: People, incident: Incident
):
    first = close(config, book, clock, people, incident.id)
    clock.advance(days=1)
    again = close(
        config, book, clock, people, incident.id, signature=first.signature, statement=b"-"
    )
    assert (again.id, again.received_at) == (first.id, first.received_at)
    with book.reading() as session:
        assert len(acts_of(session, "aster-1")) == 1


def test_what_is_closed_can_not_be_closed_again(
    config: RetirementConfig, book: Book, clock: FakeClock, people: People, incident: Incident
):
    close(config, book, clock, people, incident.id)
    with pytest.raises(DecisionRefused, match="was closed on 2026-12-01"):
        close(config, book, clock, people, incident.id, person="bob")


@pytest.mark.parametrize(
    ("other", "error", "says"),
    [
        ({"reason": "boring"}, DecisionRefused, "choose one of resolved"),
        ({"words": "too short"}, DecisionRefused, "9 characters"),
        ({"words": "x" * 4_001}, DecisionRefused, "4001 characters"),
        ({"words": "twenty characters \u202e and more"}, DecisionRefused, "hidden"),
        ({"namespace": "emeritus-access@v1"}, SignatureRefused, "emeritus-"),
        ({"statement": b"something else\n"}, SignatureRefused, "signature"),
    ],
)
def test_what_does_not_count_is_refused_and_the_incident_stays_open(
    config: RetirementConfig,
    book: Book,
    clock: FakeClock,
    people: People,
    incident: Incident,
    other: dict[str, Any],
    error: type[Exception],
    says: str,
):
    with pytest.raises(error, match=says):
        close(config, book, clock, people, incident.id, **other)
    with book.reading() as session:
        assert incidents_of(session, "aster-1")[0].closed_at is None
        assert not acts_of(session, "aster-1")


def test_a_stranger_may_not_close(
    config: RetirementConfig, book: Book, clock: FakeClock, people: People, incident: Incident
):
    people.make_key("mallory")
    with pytest.raises(SignatureRefused):
        close(config, book, clock, people, incident.id, person="mallory")


@pytest.mark.parametrize("named", ["", "zz", " "])
def test_an_incident_that_is_not_there_is_told_with_the_way_to_find_one(
    config: RetirementConfig, book: Book, named: str, incident: Incident
):
    with pytest.raises(NotFound, match="emeritus incidents list aster-1"):
        statement_to_sign(book, "aster-1", Closing(named, "resolved", WORDS))


def test_after_closing_the_signal_is_watched_anew_and_a_new_crossing_is_a_new_incident(
    config: RetirementConfig, book: Book, clock: FakeClock, people: People, fence: Fence
):
    first = clock.now().date() - timedelta(days=28 + 10)
    days = [*[2] * 28, *[9] * 10]
    put(book, reading(unsafe(*days, first=first), clock.now()))
    watch_signals.fn(config, fence)
    with book.reading() as session:
        (one,) = incidents_of(session, "aster-1")
    close(config, book, clock, people, one.id)
    watch_signals.fn(config, fence)
    with book.reading() as session:
        assert len(incidents_of(session, "aster-1")) == 1, "the days before are settled"
        assert judgement(config, session)["signals"][0]["state"] == "quiet"
    clock.advance(days=10)
    put(book, reading(unsafe(*days, *[9] * 10, first=first), clock.now()))
    watch_signals.fn(config, fence)
    with book.reading() as session:
        rows = incidents_of(session, "aster-1")
    assert len(rows) == 2
    assert rows[1].closed_at is None


def test_an_accepted_level_is_learnt_anew_and_a_later_closing_keeps_that(
    config: RetirementConfig, book: Book, clock: FakeClock, people: People, incident: Incident
):
    day = clock.now().date()
    close(config, book, clock, people, incident.id, reason="accepted")
    clock.advance(days=40)
    with book.writing(clock.now()) as writing:
        second = raise_incident(
            writing,
            model_id="aster-1",
            kind="alarm",
            subject="unsafe:gateway",
            began="2027-01-10",
            severity="high",
            summary="again",
            evidence={},
            simulated=False,
            now=clock.now(),
        )
    close(config, book, clock, people, second.id, reason="false_alarm")
    with book.reading() as session:
        found = restarts_of(incidents_of(session, "aster-1"), acts_of(session, "aster-1"))
    assert found == {"unsafe:gateway": Restart(day + timedelta(days=40), day)}
