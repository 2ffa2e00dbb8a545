"""The same retirement with its records in a real PostgreSQL."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest
from sqlmodel import select

from flows import acts
from flows.decisions import enter_ledger_entry
from flows.retire import retire
from tasks import wiring
from tasks.kernel.errors import EmeritusError
from tasks.kernel.instants import to_utc
from tasks.records.essay import Publication
from tasks.validation.ledger import LEDGER_NAMESPACE
from tests.contracts.postgres import postgres
from tests.flows.place import MODEL, SPACING, Place


def _at_once(place: Place) -> list[str]:
    """Erin approves and Bob holds the same text in the same moment; what became of each."""
    config, start = acts.config_in_force(MODEL), threading.Barrier(2)
    decided = {"erin": acts.Act("approve"), "bob": acts.Act("hold", "fact_check_needed", "", 1)}
    signed = {
        person: place.sign(acts.essay_statement(config, act), acts.REVIEW_NAMESPACE, person)
        for person, act in decided.items()
    }

    def decide(person: str) -> str:
        start.wait()
        try:
            acts.review_essay(config, person, decided[person], signed[person])
        except EmeritusError:
            return "refused"
        return "recorded"

    with ThreadPoolExecutor(2) as pool:
        found = [pool.submit(copy_context().run, decide, person) for person in decided]
        outcome = [one.result() for one in found]
    if outcome[0] == "refused":  # the hold was first: it ends by its day, and then she signs anew
        place.clock.advance(days=2)
        place.review("erin")
    return sorted(outcome)


def _enter_the_preference(place: Place) -> None:
    """As the form does: first for the words to sign, then with the signature."""
    config, person = acts.config_in_force(MODEL), "alice"
    entry = acts.Entry("share_essays", "honoured", "It has its channel.", "the essays' page")
    (before,) = acts.ledger_in_force(config).open
    assert before == entry.theme
    fields = (MODEL, person, entry.theme, entry.outcome, entry.reason, entry.evidence)
    asked = enter_ledger_entry(*fields, return_state=True)
    assert "sign" in asked.message
    signed = place.sign(acts.ledger_statement(config, entry), LEDGER_NAMESPACE, person)
    entered = enter_ledger_entry(*fields, signed, return_state=True)
    assert entered.is_completed(), entered.message
    assert acts.ledger_in_force(config).open == ()
    other = enter_ledger_entry(MODEL, person, "nonsense", *fields[3:], signed, return_state=True)
    assert other.name == "Refused", other.message


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
        assert _at_once(place) == ["recorded", "refused"]
        ended = retire(place.config, return_state=True)
        assert ended.name == "Waiting", ended.message  # for the next slot
        with wiring.book().reading() as session:
            (essay,) = session.exec(select(Publication))
        assert to_utc(essay.published_at) == place.clock.now()
        _enter_the_preference(place)
        assert place.problems() == ()
        assert {s["state"] for s in place.stages().values()} <= {"done", "waiting"}
        assert not list(place.home.glob("*.sqlite"))
