"""Proof that two people signed rests on the signatures alone: names and rows prove nothing."""

from datetime import UTC, datetime

import pytest

from tasks import wiring
from tasks.access.core import packet_digest
from tasks.access.proof import prove
from tasks.kernel.digests import canonical_json
from tasks.kernel.errors import AuditBroken
from tasks.ports.signatures import Signer
from tasks.records.access import Approval, Packet
from tests.fakes.configs import retirement

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
BODY = {"model_id": "aster-1", "proposer": "paula", "approvals_needed": 2, "grants": []}
PACKET = Packet(
    digest=packet_digest(BODY),
    model_id="aster-1",
    body=canonical_json(BODY).decode(),
    basis="b",
    proposed_at=NOW,
    expires_at=NOW,
)


class _Believing:
    """Takes every signature for good: its text is the fingerprint of the key that made it."""

    def verify(
        self, statement: bytes, signature: str, *, namespace: str, person: str, at: datetime
    ) -> Signer:
        return Signer(person, fingerprint=signature)


def _prove(monkeypatch: pytest.MonkeyPatch, *signed: tuple[str, str]) -> None:
    monkeypatch.setattr(wiring, "signatures", lambda _: _Believing())
    approvals = [
        Approval(
            id=str(number),
            model_id="aster-1",
            packet_digest=PACKET.digest,
            person=person,
            fingerprint=key,
            signature=key,
            received_at=NOW,
        )
        for number, (person, key) in enumerate(signed)
    ]
    prove(retirement(), PACKET, approvals)


def test_two_people_with_two_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    _prove(monkeypatch, ("alice", "SHA256:a"), ("bob", "SHA256:b"))


@pytest.mark.parametrize(
    "signed",
    [
        [("alice", "SHA256:a"), ("bob", "SHA256:a")],  # one key under two names
        [("alice", "SHA256:a"), ("alice", "SHA256:b")],  # two keys of one person
        [("alice", "SHA256:a"), ("alice", "SHA256:a")],
        [("alice", "SHA256:a")],
        [],
    ],
    ids=["one key", "one person", "twice", "once", "never"],
)
def test_fewer_than_two_people_with_two_keys(
    monkeypatch: pytest.MonkeyPatch, signed: list[tuple[str, str]]
) -> None:
    with pytest.raises(AuditBroken, match="lacks the signatures of 2 different people"):
        _prove(monkeypatch, *signed)


@pytest.mark.parametrize("name", ["paula", "Paula"])
def test_the_proposer_is_none_of_them(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with pytest.raises(AuditBroken, match="was altered"):
        _prove(monkeypatch, ("alice", "SHA256:a"), (name, "SHA256:p"))
