"""A look at many models finds what a look at each alone finds, and reads what they share once."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from tasks.candidate.opening import put_in_force
from tasks.communication.task import publish_pages, send_notices
from tasks.communication.view import assess, standing_of
from tasks.kernel.once import keeping
from tasks.records import Book
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement

NAMES = ("aster-1", "birch-1", "cedar-1")


@pytest.fixture
def public(book: Book, clock: FakeClock) -> Book:
    """Three models whose owners were told, and whose pages are made."""
    for name in NAMES:
        config = retirement(id=name, endpoint={"model": name}, display_name=name.title())
        fence = book.take_lease(name, "", clock.now()).fence
        put_in_force(config, book, fence, clock.now())
        send_notices.fn(config, fence)
        publish_pages.fn(config, fence)
    return book


def test_the_same_is_found(public: Book, clock: FakeClock) -> None:
    configs = [retirement(id=n, endpoint={"model": n}, display_name=n.title()) for n in NAMES]
    moved = retirement(
        id="aster-1", endpoint={"model": "aster-1"}, display_name="Aster-1",
        candidate={"surfaces": [{"name": "api", "retires_on": "2027-05-01"}]},
    )  # fmt: skip
    for now in (clock.now(), clock.now() + timedelta(days=40)):
        alone = [assess(config, public, now) for config in (*configs, moved)]
        with keeping():
            assert [assess(config, public, now) for config in (*configs, moved)] == alone
            with public.reading() as session:
                fleets = [standing_of(config, session, now).fleet for config in configs]
    assert fleets[0] is fleets[1] is fleets[2]
    assert [model.model_id for model in fleets[0].models] == list(NAMES)


def test_what_all_share_is_read_once(public: Book, clock: FakeClock) -> None:
    asked: list[str] = []
    event.listen(
        public._reads.engine,
        "before_cursor_execute",
        lambda c, cursor, statement, *rest: asked.append(statement),
    )
    with keeping():
        for name in NAMES:
            assess(
                retirement(id=name, endpoint={"model": name}, display_name=name.title()),
                public,
                clock.now(),
            )
    whole = [one for one in asked if "config_json" in one and "WHERE" not in one]
    assert len(whole) == 1
