"""A channel that is open, people with keys, and a model that says what a test wants."""

import subprocess
from typing import Any

import pytest

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.adapters.ssh_signatures import sign
from tasks.essays.act import review, statement_to_sign
from tasks.essays.statement import REVIEW_NAMESPACE
from tasks.essays.statement import Act as Words
from tasks.records import Book
from tasks.records.essay import Review
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement
from tests.tasks.essays.scene import ESSAY, Act, FakeModel, People, answered, put_grant, put_verdict


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    found = People(tmp_path_factory.mktemp("people"))
    lines = []
    for name in found.names:
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name]
        subprocess.run([*command, "-f", found.key(name)], check=True)
        lines.append(f"{name} {found.key(name).with_suffix('.pub').read_text()}")
    found.allowed.write_text("".join(lines))
    return found


@pytest.fixture
def config(people: People) -> RetirementConfig:
    access = {"proposer": "paula", "allowed_signers": str(people.allowed)}
    return retirement(access=access, essays={"cadence": {"opens_on": "tuesday"}})


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> FakeModel:
    fake = FakeModel([answered(ESSAY)])
    monkeypatch.setattr(wiring, "respondent", lambda _: fake)
    return fake


@pytest.fixture
def channel(book: Book, clock: FakeClock) -> None:
    """Asked for, and granted from now on."""
    put_verdict(book, clock.now())
    put_grant(book, clock.now())


@pytest.fixture
def act(config: RetirementConfig, book: Book, clock: FakeClock, people: People) -> Act:
    """Sign and hand in an act, as the command line does; a second passes."""

    def hand_in(action: str, person: str, *, key: str = "", slot: str = "", **words: Any) -> Review:
        clock.advance(seconds=1)
        decided = Words(action, **words)
        statement = statement_to_sign(config, book, decided, slot_id=slot, now=clock.now())
        signature = sign(statement, key=people.key(key or person), namespace=REVIEW_NAMESPACE)
        return review(
            config,
            book,
            wiring.signatures(config.access),
            decided,
            slot_id=slot,
            person=person,
            signature=signature,
            now=clock.now(),
        )

    return hand_in
