"""The same retirement with its records in a real PostgreSQL."""

from collections.abc import Callable

import pytest
from sqlmodel import select

from flows.retire import retire
from tasks import wiring
from tasks.kernel.instants import to_utc
from tasks.records.essay import Publication
from tests.contracts.postgres import postgres
from tests.flows.place import SPACING, Place


def test_a_whole_retirement_on_postgresql(
    at: Callable[[str], Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = at("new")
    with postgres() as url:
        monkeypatch.setenv("EMERITUS_DATABASE_URL", url)
        for _ in range(3):
            retire(place.config, return_state=True)
            place.clock.advance(seconds=SPACING.total_seconds())
        assert "1 more needed" in place.approve("alice")
        assert "the decision is made" in place.approve("bob")
        retire(place.config, return_state=True)
        place.review("erin")
        ended = retire(place.config, return_state=True)
        assert ended.name == "Waiting", ended.message  # for the next slot
        with wiring.book().reading() as session:
            (essay,) = session.exec(select(Publication))
        assert to_utc(essay.published_at) == place.clock.now()
        assert place.problems() == ()
        assert {s["state"] for s in place.stages().values()} <= {"done", "waiting"}
        assert not list(place.home.glob("*.sqlite"))
