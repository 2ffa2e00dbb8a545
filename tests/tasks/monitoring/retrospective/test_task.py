"""A retrospective is written on its schedule, from the records, and changes nothing."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlmodel import select

from configs.schema import RetirementConfig
from tasks.candidate.opening import put_in_force
from tasks.monitoring.retrospective.task import look_back
from tasks.monitoring.retrospective.view import assess_retrospective
from tasks.records import Book, Fence
from tasks.records.application import Application, ApplicationEvent
from tasks.records.communication import Notice
from tasks.records.essay import Draft
from tasks.records.incident import Incident, IncidentAct
from tasks.records.monitoring import Retrospective
from tasks.records.preservation import PreservationEvent
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement
from tests.tasks.monitoring.checklist.conftest import put


@pytest.fixture
def config(book: Book, fence: Fence, clock: FakeClock) -> RetirementConfig:
    found = retirement(monitoring={"alarms": {}})
    put_in_force(found, book, fence, clock.now())
    return found


@pytest.fixture
def file(config: RetirementConfig, tmp_path: Path) -> Path:
    place = tmp_path / "repo" / "aster-1.yaml"
    (place.parent / ".git").mkdir(parents=True)
    values = config.model_dump(mode="json", exclude_defaults=True)
    place.write_text("# ours\n" + yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    return place


def _happens(book: Book, clock: FakeClock) -> None:
    now = clock.now()
    told: dict[str, Any] = {"model_id": "aster-1"}
    rows: list[Any] = [
        PreservationEvent(
            id="damage",
            package_id="p",
            kind="fixity check",
            outcome="failure",
            agent="emeritus",
            at=now,
            **told,
        ),
        Notice(
            id="n",
            kind="T-30",
            owner="Search team",
            contact="s@example.org",
            retires_on="2027-03-01",
            intended_at=now,
            outcome="refused",
            said="no such mailbox | 550",
            **told,
        ),
    ]
    for n in range(4):
        rows.append(
            Draft(
                slot_id=f"slot-{n}",
                number=n + 1,
                opens_at=now,
                outcome="missed",
                prompt="",
                asked_at=now,
                **told,
            )
        )
        rows.append(
            Application(
                id=f"a{n}",
                applicant="Lab",
                contact="lab@example.org",
                affiliation="U",
                affiliation_public=True,
                purpose="p",
                data_handling="d",
                study_days=30,
                source="cli",
                entered_by="alice",
                terms="{}",
                received_at=now - timedelta(days=20),
                **told,
            )
        )
        rows.append(
            ApplicationEvent(
                id=f"e{n}",
                application_id=f"a{n}",
                kind="declined",
                person="alice",
                at=now,
                **told,
            )
        )
    for n in range(2):
        rows.append(
            Incident(
                id=f"i{n}",
                kind="alarm",
                subject="unsafe",
                severity="high",
                summary="s",
                evidence="{}",
                simulated=False,
                raised_at=now,
                closed_at=now,
                **told,
            )
        )
        rows.append(
            IncidentAct(
                id=f"c{n}",
                incident_id=f"i{n}",
                action="close",
                reason="false_alarm",
                person="alice",
                fingerprint="f",
                words="w",
                statement="s",
                signature="s",
                received_at=now,
                **told,
            )
        )
    put(book, now, *rows)


def _rows(book: Book) -> list[Retrospective]:
    with book.reading() as session:
        return list(session.exec(select(Retrospective)))


def _due(config: RetirementConfig, book: Book, clock: FakeClock) -> bool:
    with book.reading() as session:
        return assess_retrospective(config, session, clock.now()) is not None


def test_it_is_written_when_it_is_due_and_then_not_again(
    config: RetirementConfig, book: Book, fence: Fence, clock: FakeClock
) -> None:
    assert not _due(config, book, clock)
    assert look_back.fn(config, fence, None) == ""
    clock.advance(days=91)
    fence = book.take_lease("aster-1", "", clock.now()).fence
    assert _due(config, book, clock)
    location = look_back.fn(config, fence, None)
    assert "What happened speaks for none." in Path(location).read_text()
    assert not _due(config, book, clock)
    assert look_back.fn(config, fence, None) == ""
    assert len(_rows(book)) == 1


def test_what_it_proposes_is_a_patch_with_its_evidence(
    config: RetirementConfig, book: Book, fence: Fence, clock: FakeClock, file: Path
) -> None:
    clock.advance(seconds=1)
    _happens(book, clock)
    before = file.read_bytes()
    location = Path(look_back.fn(config, fence, file, again=True))
    assert file.read_bytes() == before, "nothing changes by itself"
    (row,) = _rows(book)
    body = json.loads(row.body)
    found = {one["path"]: (one["before"], one["after"]) for one in body["proposals"]}
    assert found == {
        "preservation.fixity_interval_hours": (168.0, 84.0),
        "essays.cadence.every_weeks": (1, 2),
        "access.applications.answer_within_days": (14, 20),
        "monitoring.alarms.yearly_false_alarms": (0.05, 0.025),
    }
    by_hand = {one["path"] for one in body["proposals"] if one["by_hand"]}
    assert by_hand == {"monitoring.alarms.yearly_false_alarms"}  # `alarms: {}` has no line for it
    text = location.read_text()
    assert "damage" in text
    assert "no such mailbox \\| 550" in text
    patch = location.with_suffix(".patch").read_text()
    assert patch.startswith("--- a/aster-1.yaml\n+++ b/aster-1.yaml\n")
    assert "+    answer_within_days: 20\n" in patch
    assert "+  fixity_interval_hours: 84\n" in patch
    look_back.fn(config, fence, file, again=True)
    assert len(_rows(book)) <= 2
    assert book.verify_audit().problems == ()
