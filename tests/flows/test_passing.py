"""What a pass asks of the records while it has its lease."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from flows.passing import one_pass
from tasks.records import Book
from tests.fakes.configs import retirement


@pytest.mark.usefixtures("clock")
def test_a_pass_waits_for_records_that_are_away_and_a_command_does_not(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting: list[bool] = []

    @contextmanager
    def patient(_: Book) -> Iterator[None]:
        waiting.append(True)
        yield
        waiting.pop()

    monkeypatch.setattr(Book, "patient", patient)
    config = retirement()
    with one_pass(config):
        assert waiting == [True]
        with one_pass(config):
            assert waiting == [True], "a stage within a pass shares it"
    assert waiting == []
