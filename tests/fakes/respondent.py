"""A respondent that answers from a script, without a network."""

from collections.abc import Callable
from datetime import datetime

from tasks.ports.respondent import Answer, Lifecycle, Question


class FakeRespondent:
    """Answers each question by calling `reply`; keeps what was asked."""

    def __init__(self, reply: Callable[[Question], Answer], retires_at: datetime | None = None):
        self._reply = reply
        self._retires_at = retires_at
        self.asked: list[Question] = []

    async def ask(self, question: Question) -> Answer:
        self.asked.append(question)
        return self._reply(question)

    async def lifecycle(self) -> Lifecycle:
        return Lifecycle("deprecated", self._retires_at, "aster-1", True)

    async def count_tokens(self, question: Question) -> int | None:
        return None

    async def aclose(self) -> None:
        pass


def says(text: str) -> Answer:
    return Answer("answered", text, "req_1", "aster-1", "end_turn", 10, 5, '{"raw": 1}', True)
