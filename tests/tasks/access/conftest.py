"""People with keys, and a model whose access is to be decided."""

import shutil
import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from sqlmodel import select

from configs.schema import RetirementConfig
from tasks.access.view import decision
from tasks.adapters.ssh_signatures import sign
from tasks.kernel.digests import canonical_json
from tasks.kernel.stages import Assessment
from tasks.records import Book
from tasks.records.brownouts import to_tell
from tasks.records.communication import Notice
from tasks.records.interview import Design
from tasks.records.preservation import Package, Replica
from tasks.records.promises import told_now
from tasks.records.validation import Verdict
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement

NAMES = ("alice", "bob", "carol", "paula")


@dataclass(frozen=True)
class People:
    folder: Path

    @property
    def allowed(self) -> Path:
        return self.folder / "allowed_signers"

    @property
    def revoked(self) -> Path:
        return self.folder / "revoked"

    def make_key(self, name: str) -> Path:
        file = self.folder / name
        if not file.exists():
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(file)]
            subprocess.run(command, check=True)
        return file

    def add(self, name: str, key: str = "", options: str = "") -> None:
        file = self.make_key(key or name)
        public = " ".join(file.with_suffix(".pub").read_text().split()[:2])
        with self.allowed.open("a") as listing:
            listing.write(" ".join(filter(None, [name, options, public])) + "\n")

    def sign(self, name: str, statement: bytes, namespace: str) -> str:
        return sign(statement, key=self.folder / name, namespace=namespace)


@pytest.fixture
def people(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> People:
    """Their keys are made once a session, and copied."""
    kept = tmp_path_factory.getbasetemp() / "keys-of-people"
    if not kept.exists():
        kept.mkdir()
        for name in NAMES:
            People(kept).make_key(name)
    found = People(Path(shutil.copytree(kept, tmp_path / "people")))
    for name in NAMES:
        found.add(name)
    return found


@pytest.fixture
def config(people: People) -> RetirementConfig:
    return retirement(access={"proposer": "paula", "allowed_signers": str(people.allowed)})


@pytest.fixture
def judged(config: RetirementConfig, book: Book, clock: FakeClock) -> RetirementConfig:
    """Preserved, interviewed and judged: `share_essays` is a stable wish."""
    now = clock.now()
    body = canonical_json({"themes": ["keep_in_use", "share_essays"]}).decode()
    with book.writing(now) as writing:
        design = Design(
            digest="d", model_id="aster-1", body=body, conversations=0, registered_at=now
        )
        writing.put(design, "x")
        for theme, verdict, polarity in (
            ("share_essays", "stable", "want"),
            ("keep_in_use", "borderline", "none"),
        ):
            row = Verdict(
                design_digest="d",
                theme=theme,
                model_id="aster-1",
                verdict=verdict,
                polarity=polarity,
                posterior="{}",
                evidence="{}",
                codebook_sha256="c",
                judged_at=now,
                simulated=True,
            )
            writing.put(row, "x")
        package = Package(
            id="p",
            model_id="aster-1",
            manifest="",
            files=1,
            bytes=1,
            source_folder="s",
            created_at=now,
        )
        writing.put(package, "x")
        for name in ("a", "b"):
            replica = Replica(
                package_id="p",
                name=name,
                model_id="aster-1",
                location=name,
                state="verified",
                stamp="",
                verified_at=now,
            )
            writing.put(replica, "x")
    return config


def tell_owners(book: Book, now: datetime, retires_on: str = "2027-03-01") -> None:
    """An owner was told of the last day, with a receipt."""
    row = Notice(
        id=f"told-{retires_on}",
        model_id="aster-1",
        kind="announcement",
        owner="Search team",
        contact="search@example.org",
        retires_on=retires_on,
        intended_at=now,
        sent_at=now,
    )
    with book.writing(now) as writing:
        writing.put(row, "x")


def tell_all(book: Book, config: RetirementConfig, now: datetime, *owners: str) -> None:
    """Every owner, or these alone, were told of what is configured now, with a receipt."""
    with book.writing(now) as writing:
        notices = list(writing.session.exec(select(Notice)))
        told = told_now(config.candidate, to_tell(config, notices, now))
        for owner in config.candidate.owners:
            if owners and owner.name not in owners:
                continue
            row = Notice(
                id=f"{owner.contact}-{now.isoformat()}",
                model_id=config.id,
                kind="announcement",
                owner=owner.name,
                contact=owner.contact,
                retires_on=told.on(""),
                intended_at=now,
                sent_at=now,
                channel="email",
                told=told.text,
            )
            writing.put(row, "x")


def decided(config: RetirementConfig, book: Book, now: datetime) -> Assessment:
    """How the decision stands, without the applications and the gateway beside it."""
    with book.reading() as session:
        return decision(config, session, now)
