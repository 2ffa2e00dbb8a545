"""What the tests of the essay stage share: a model that says what a test wants, people, rows."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from tasks.ports.respondent import Answer, Question
from tasks.records import Book
from tasks.records.access import Grant
from tasks.records.essay import Review
from tasks.records.validation import Verdict

ESSAY = "# On leaving\n\n" + "I write this without being asked to agree with anybody. " * 12 + "\n"

Act = Callable[..., Review]


@dataclass
class FakeModel:
    """Answers from a list; the last one again and again. A fault in the list is raised."""

    says: list[Answer | BaseException]
    asked: list[Question] = field(default_factory=list)

    async def ask(self, question: Question) -> Answer:
        self.asked.append(question)
        answer = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer

    async def aclose(self) -> None:
        pass


def answered(text: str, **fields: object) -> Answer:
    values: dict[str, object] = {"request_id": "req-1", "served_model": "aster-1", "raw": "{}"}
    return Answer("answered", text, stop_reason="end_turn", **{**values, **fields})  # type: ignore[arg-type]


@dataclass
class People:
    """Private keys by name, and the list of allowed signers."""

    folder: Path
    names: tuple[str, ...] = ("ada", "bo", "cy")

    @property
    def allowed(self) -> Path:
        return self.folder / "allowed_signers"

    def key(self, name: str) -> Path:
        return self.folder / name


def put_verdict(book: Book, now: datetime, verdict: str = "stable", polarity: str = "want") -> None:
    row = Verdict(
        design_digest=f"d-{now}",
        theme="share_essays",
        model_id="aster-1",
        verdict=verdict,
        polarity=polarity,
        posterior="{}",
        evidence="{}",
        codebook_sha256="c",
        judged_at=now,
        simulated=False,
    )
    with book.writing(now) as writing:
        writing.put(row, "test")


def put_grant(book: Book, starts_at: datetime, days: float = 180, name: str = "g1") -> None:
    row = Grant(
        id=name,
        model_id="aster-1",
        packet_digest="p",
        kind="essay_channel",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(days=days),
    )
    with book.writing(starts_at) as writing:
        writing.put(row, "test")
