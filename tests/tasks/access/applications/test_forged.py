"""A row written behind our back leads to no grant and to no message."""

import pytest
from sqlalchemy import text

from tasks.kernel.errors import AuditBroken, SignatureRefused
from tasks.records.access import Grant
from tasks.records.application import Application, ApplicationEvent
from tests.tasks.access.applications.scene import REQUIRED, Scene


def _forge(scene: Scene, statement: str, **values: object) -> None:
    with scene.book.writing(scene.clock.now()) as writing:
        run = writing.session.connection().execute(text(statement), values)
        assert run.rowcount > 0


def _event(scene: Scene, row: Application, **fields: object) -> None:
    values = {
        "id": f"forged-{len(scene.case(row.id).events)}",
        "model_id": "aster-1",
        "application_id": row.id,
        "kind": "accepted",
        "person": "alice",
        "reasons": ",".join(REQUIRED),
        "at": scene.clock.now(),
    }
    with scene.book.writing(scene.clock.now()) as writing:
        writing.put(ApplicationEvent.model_validate({**values, **fields}), "x")


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE application SET study_days = 170",
        "UPDATE application SET applicant = 'Mallory'",
        "UPDATE application SET contact = 'mallory@evil.example'",
        "UPDATE application SET terms = replace(terms, '\"required\"', '\"weighed\"')",
        "UPDATE application SET received_at = '2026-01-01T00:00:00.000000Z'",
        "UPDATE application_event SET person = 'bob'",
        "UPDATE application_event SET words = 'For ever.'",
        "UPDATE application_event SET reasons = 'C-PURPOSE'",
        "UPDATE application_event SET fingerprint = 'SHA256:other'",
        "UPDATE application_event SET at = '2026-12-01T08:00:00.000000Z', id = 'x'",
    ],
)
def test_a_changed_row_grants_nothing_and_tells_nothing(scene: Scene, tampering: str) -> None:
    scene.open_programme()
    row = scene.submit()
    scene.decide(row.id, "accept")
    _forge(scene, tampering)
    with pytest.raises((SignatureRefused, AuditBroken)):
        scene.run_pass()
    assert scene.grants() == []
    assert scene.subjects() == []
    assert scene.subjects("mallory@evil.example") == []


def test_a_changed_application_is_told_to_nobody_before_anything_is_signed(scene: Scene) -> None:
    scene.submit()
    _forge(scene, "UPDATE application SET contact = 'mallory@evil.example'")
    with pytest.raises(AuditBroken, match="is not the one that was received"):
        scene.run_pass()
    assert scene.subjects("mallory@evil.example") == []


def test_an_added_acceptance_grants_nothing_and_holds_no_other_back(scene: Scene) -> None:
    packet = scene.open_programme()
    first = scene.submit()
    other = scene.submit(applicant="Tom Ash", contact="tom@uni.example")
    scene.decide(other.id, "accept")
    _event(scene, first, packet_digest=packet)
    with pytest.raises(SignatureRefused, match=f"application {first.id[:12]} was not accepted"):
        scene.run_pass()
    assert [grant.application_id for grant in scene.grants()] == [other.id]
    assert scene.subjects() == []


def test_another_s_acceptance_copied_over_grants_nothing(scene: Scene) -> None:
    scene.open_programme()
    first = scene.submit()
    other = scene.submit(applicant="Tom Ash", contact="tom@uni.example")
    signed = scene.decide(other.id, "accept")
    _event(
        scene,
        first,
        signature=signed.signature,
        fingerprint=signed.fingerprint,
        words=signed.words,
        packet_digest=signed.packet_digest,
        at=signed.at,
    )
    with pytest.raises(SignatureRefused):
        scene.run_pass()
    assert [grant.application_id for grant in scene.grants()] == [other.id]


def test_an_appeal_made_up_to_turn_a_decline_over_grants_nothing(scene: Scene) -> None:
    """The one who declined signs the acceptance as well, past our own check."""
    packet = scene.open_programme()
    row = scene.submit()
    scene.decide(row.id, "accept")
    _forge(scene, "UPDATE application_event SET kind = 'overturned'")
    with pytest.raises((SignatureRefused, AuditBroken)):
        scene.run_pass()
    _forge(scene, "UPDATE application_event SET kind = 'accepted'")
    _forge(scene, "DELETE FROM approval WHERE packet_digest = :packet", packet=packet)
    with pytest.raises(AuditBroken, match="lacks the signatures"):
        scene.run_pass()
    assert scene.grants() == []


def test_a_decision_that_nobody_took_gives_no_programme(scene: Scene) -> None:
    scene.open_programme(signers=("alice",))
    row = scene.submit()
    scene.decide(row.id, "accept")
    with pytest.raises(AuditBroken, match="lacks the signatures of 2 different people"):
        scene.run_pass()
    assert scene.grants() == []


def test_research_access_added_to_a_decision_that_did_not_grant_it(scene: Scene) -> None:
    packet = scene.open_programme()
    _forge(scene, "UPDATE packet SET body = replace(body, ',\"research_api\"', '')")
    row = scene.submit()
    scene.decide(row.id, "accept")
    with pytest.raises(AuditBroken, match=f"no access decision {packet[:12]} grants research"):
        scene.run_pass()
    assert scene.grants() == []


def test_a_forged_decline_is_not_told(scene: Scene) -> None:
    scene.open_programme()
    row = scene.submit()
    scene.run_pass()
    scene.clock.advance(days=1)
    _event(scene, row, kind="declined", reasons="C-HARM", words="Never.")
    with pytest.raises(SignatureRefused):
        scene.run_pass()
    assert scene.subjects() == ["Your application for Aster 1 has arrived"]


def test_what_was_granted_needs_no_proof_to_be_reminded_of(scene: Scene) -> None:
    """A signer who left the list later takes nobody's reminder away."""
    scene.open_programme()
    row = scene.submit()
    scene.decide(row.id, "accept")
    scene.run_pass()
    lines = scene.people.allowed.read_text().splitlines(keepends=True)
    scene.people.allowed.write_text("".join(one for one in lines if not one.startswith("alice ")))
    scene.clock.advance(days=31)
    scene.run_pass()
    assert scene.subjects()[-1].startswith("Your access to Aster 1 ends on")
    with scene.book.reading() as session:
        assert session.get(Grant, scene.grants()[0].id) is not None
