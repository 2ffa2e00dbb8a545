"""Each signature that must not count is refused with its own reason, however it is handed in."""

from pathlib import Path

import pytest
from sqlmodel import select

from configs.errors import ConfigError
from configs.schema import RetirementConfig
from tasks import wiring
from tasks.access.act import approve, open_packet
from tasks.access.core import APPROVAL_NAMESPACE, approval_statement
from tasks.access.task import grant, propose, take_in_signatures
from tasks.kernel.errors import DecisionRefused, EmeritusError, SignatureRefused
from tasks.kernel.stages import StageState
from tasks.records import Book, Fence
from tasks.records.access import Approval, Grant
from tests.fakes.clock import FakeClock
from tests.tasks.access.conftest import People, decided


@pytest.fixture
def proposed(judged: RetirementConfig, fence: Fence, people: People) -> RetirementConfig:
    people.revoked.write_text("# none yet\n")
    access = judged.access.model_copy(
        update={
            "signatures_folder": people.folder / "signatures",
            "revoked_signers": people.revoked,
        }
    )
    config = judged.model_copy(update={"access": access})
    propose.fn(config, fence)
    return config


def _digest(config: RetirementConfig, book: Book, clock: FakeClock) -> str:
    with book.reading() as session:
        return open_packet(session, config, clock.now()).digest


def _statement(config: RetirementConfig, book: Book, clock: FakeClock) -> bytes:
    return approval_statement("aster-1", _digest(config, book, clock))


def _hand_in(
    config: RetirementConfig, book: Book, clock: FakeClock, person: str, signature: str
) -> int:
    verifier = wiring.signatures(config.access)
    now = clock.now()
    return approve(config, book, verifier, person=person, signature=signature, now=now)[1]


def _approvals(book: Book) -> list[str]:
    with book.reading() as session:
        return sorted(row.person for row in session.exec(select(Approval)))


@pytest.mark.parametrize(
    ("person", "key", "namespace", "reason"),
    [
        ("alice", "bob", APPROVAL_NAMESPACE, "wrong signer: the key is that of 'bob'"),
        ("mallory", "alice", APPROVAL_NAMESPACE, "'mallory' is not listed"),
        ("alice", "stranger", APPROVAL_NAMESPACE, "unknown key"),
        ("alice", "alice", "emeritus-essay@v1", "another purpose"),
        ("paula", "paula", APPROVAL_NAMESPACE, "proposed this packet"),
        ("Paula", "paula", APPROVAL_NAMESPACE, "proposed this packet"),
    ],
)
def test_who_and_what_for(
    proposed: RetirementConfig,
    book: Book,
    clock: FakeClock,
    people: People,
    person: str,
    key: str,
    namespace: str,
    reason: str,
) -> None:
    people.make_key("stranger")
    signature = people.sign(key, _statement(proposed, book, clock), namespace)
    with pytest.raises((SignatureRefused, DecisionRefused), match=reason):
        _hand_in(proposed, book, clock, person, signature)
    assert _approvals(book) == []


def test_a_tampered_packet(
    proposed: RetirementConfig, book: Book, clock: FakeClock, people: People
) -> None:
    tampered = _statement(proposed, book, clock).replace(b"aster-1", b"aster-2")
    signature = people.sign("alice", tampered, APPROVAL_NAMESPACE)
    with pytest.raises(SignatureRefused, match="another text was signed"):
        _hand_in(proposed, book, clock, "alice", signature)


@pytest.mark.parametrize(
    ("dates", "reason"),
    [
        ('valid-before="20261130Z"', "expired: the key of 'dave' was valid before 2026-11-30"),
        ('valid-after="20270101Z"', "not yet valid: the key of 'dave' is valid from 2027-01-01"),
    ],
)
def test_a_key_out_of_its_dates(
    proposed: RetirementConfig,
    book: Book,
    clock: FakeClock,
    people: People,
    dates: str,
    reason: str,
) -> None:
    people.add("dave", options=dates)
    signature = people.sign("dave", _statement(proposed, book, clock), APPROVAL_NAMESPACE)
    with pytest.raises(SignatureRefused, match=reason):
        _hand_in(proposed, book, clock, "dave", signature)


def test_a_revoked_key_before_and_after_it_was_used(
    proposed: RetirementConfig, book: Book, fence: Fence, clock: FakeClock, people: People
) -> None:
    statement = _statement(proposed, book, clock)
    signatures = {n: people.sign(n, statement, APPROVAL_NAMESPACE) for n in ("alice", "bob")}
    people.revoked.write_text((people.folder / "alice.pub").read_text())
    with pytest.raises(SignatureRefused, match="revoked: the key of 'alice'"):
        _hand_in(proposed, book, clock, "alice", signatures["alice"])
    people.revoked.write_text("# none\n")
    for name, signature in signatures.items():
        _hand_in(proposed, book, clock, name, signature)
    people.revoked.write_text((people.folder / "alice.pub").read_text())
    grant.fn(proposed, fence)  # nothing is granted upon it
    assert decided(proposed, book, clock.now()).reason == "an access packet is to be proposed"
    with book.reading() as session:
        assert session.exec(select(Grant)).all() == []


def test_one_key_under_two_names(
    proposed: RetirementConfig, book: Book, clock: FakeClock, people: People
) -> None:
    signature = people.sign("alice", _statement(proposed, book, clock), APPROVAL_NAMESPACE)
    _hand_in(proposed, book, clock, "alice", signature)
    people.add("alina", key="alice")
    with pytest.raises(ConfigError, match="share one key"):
        _hand_in(proposed, book, clock, "alina", signature)
    # the list was edited in between: the key itself is compared, too
    listing = people.allowed.read_text().splitlines()
    people.allowed.write_text("\n".join(line for line in listing if "alice " not in line) + "\n")
    with pytest.raises(DecisionRefused, match="two people need two keys"):
        _hand_in(proposed, book, clock, "alina", signature)


def test_replayed_and_moved_and_after_the_packet_changed(
    proposed: RetirementConfig, book: Book, fence: Fence, clock: FakeClock, people: People
) -> None:
    first = _digest(proposed, book, clock)
    old = people.sign("alice", approval_statement("aster-1", first), APPROVAL_NAMESPACE)
    assert _hand_in(proposed, book, clock, "alice", old) == 1
    assert _hand_in(proposed, book, clock, "alice", old) == 1  # a replay is one approval
    with pytest.raises(SignatureRefused, match="wrong signer"):
        _hand_in(proposed, book, clock, "bob", old)
    access = proposed.access.model_copy(update={"pilot_days": 30})
    changed = proposed.model_copy(update={"access": access})
    clock.advance(seconds=1)
    propose.fn(changed, fence)
    with pytest.raises(SignatureRefused, match=f"under another packet, {first[:12]} of aster-1"):
        _hand_in(changed, book, clock, "alice", old)
    other = approval_statement("aster-2", _digest(changed, book, clock))
    moved = people.sign("alice", other, APPROVAL_NAMESPACE)
    with pytest.raises(SignatureRefused, match="another text was signed"):
        _hand_in(changed, book, clock, "alice", moved)
    assert "signature 1 of 2" in decided(changed, book, clock.now()).reason


def test_a_third_signature_comes_too_late(
    proposed: RetirementConfig, book: Book, clock: FakeClock, people: People
) -> None:
    statement = _statement(proposed, book, clock)
    for name in ("alice", "bob"):
        _hand_in(proposed, book, clock, name, people.sign(name, statement, APPROVAL_NAMESPACE))
    signature = people.sign("carol", statement, APPROVAL_NAMESPACE)
    with pytest.raises(DecisionRefused, match="decided already"):
        _hand_in(proposed, book, clock, "carol", signature)


def _commit(config: RetirementConfig, people: People, digest: str, person: str, text: str) -> Path:
    folder = config.access.signatures_folder / "aster-1"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{digest[:12]}-{person}.sig"
    file.write_text(text)
    return file


def test_committed_signature_files_decide_too(
    proposed: RetirementConfig, book: Book, clock: FakeClock, people: People
) -> None:
    digest = _digest(proposed, book, clock)
    for name in ("alice", "bob"):
        signature = people.sign(name, approval_statement("aster-1", digest), APPROVAL_NAMESPACE)
        _commit(proposed, people, digest, name, signature)
    found = decided(proposed, book, clock.now())
    assert found.state is StageState.DUE
    assert f"{digest[:12]}-alice.sig" in found.reason
    take_in_signatures.fn(proposed)
    take_in_signatures.fn(proposed)
    assert _approvals(book) == ["alice", "bob"]
    assert "grants are to be made" in decided(proposed, book, clock.now()).reason


def test_a_committed_file_that_does_not_count_is_told_and_keeps_nobody_back(
    proposed: RetirementConfig, book: Book, clock: FakeClock, people: People
) -> None:
    digest = _digest(proposed, book, clock)
    statement = approval_statement("aster-1", digest)
    wrong = people.sign("bob", statement, APPROVAL_NAMESPACE)
    _commit(proposed, people, digest, "alice", wrong)
    _commit(proposed, people, digest, "carol", people.sign("carol", statement, APPROVAL_NAMESPACE))
    _commit(proposed, people, digest, "paula", people.sign("paula", statement, APPROVAL_NAMESPACE))
    _commit(proposed, people, "0" * 64, "bob", wrong)  # for another packet: not looked at
    take_in_signatures.fn(proposed)
    assert _approvals(book) == ["carol"]
    found = decided(proposed, book, clock.now())
    assert found.state is StageState.WAITING
    assert "alice.sig does not count: wrong signer" in found.reason
    assert "paula.sig does not count: 'paula' proposed this packet" in found.reason


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"x" * 100_000], ids=["empty", "not UTF-8", "long"]
)
def test_a_committed_file_that_is_no_signature_is_one_sentence(
    proposed: RetirementConfig, book: Book, clock: FakeClock, people: People, content: bytes
) -> None:
    file = _commit(proposed, people, _digest(proposed, book, clock), "alice", "")
    file.write_bytes(content)
    take_in_signatures.fn(proposed)
    assert "is not an SSH signature" in decided(proposed, book, clock.now()).reason


def test_every_refusal_has_a_code_and_one_line(
    proposed: RetirementConfig, book: Book, clock: FakeClock
) -> None:
    with pytest.raises(EmeritusError) as caught:
        _hand_in(proposed, book, clock, "alice", "nonsense")
    assert (caught.value.code, caught.value.exit_status) == ("EM400", 3)
    assert "\n" not in str(caught.value)
