"""Calendars, read back by two parsers that are not the writer's."""

from datetime import UTC, date, datetime, timedelta

import vobject
from hypothesis import example, given
from hypothesis import strategies as st

from tasks.communication.calendar import calendar_basis, calendar_bytes, entries_of
from tasks.communication.public import PublicModel, Revisit, last_days, one_line, tellings
from tasks.records.promises import Told

START = datetime(2026, 11, 1, tzinfo=UTC)


def told(*tellings_: dict[str, str], simulated: bool = False, **fields: str) -> PublicModel:
    noted = [
        (START + timedelta(days=n), Told(tuple(sorted(dates.items()))))
        for n, dates in enumerate(tellings_)
    ]
    values = {"display_name": "Aster 1", "successor": "aster-2", "help_url": "", **fields}
    return PublicModel(
        model_id="aster-1",
        simulated=simulated,
        names=("aster-1",),
        announced_on="2026-11-01",
        legal_hold=False,
        contact="retirements@example.org",
        tellings=tellings(noted[-1][1], noted),
        **values,
    )


def events(model: PublicModel) -> dict[str, vobject.base.Component]:
    """Parsed events by their summary; each is checked for what RFC 5545 requires."""
    data = calendar_bytes(entries_of(model), "Aster 1")
    parsed = vobject.readOne(data.decode())
    parsed.validate(raiseException=True)
    return {event.summary.value: event for event in parsed.vevent_list}


def test_every_surface_has_an_all_day_event():
    found = events(told({"api": "2027-03-01", "app": "2027-05-01"}))
    last = found["Aster 1: last day on api"]
    assert (last.dtstart.value, last.dtend.value) == (date(2027, 3, 1), date(2027, 3, 2))
    assert (last.sequence.value, last.status.value) == ("0", "CONFIRMED")
    assert set(found) == {
        "Aster 1: retirement announced",
        "Aster 1: last day on api",
        "Aster 1: last day on app",
    }


def test_a_moved_date_keeps_its_uid_and_raises_the_sequence():
    name = "Aster 1: last day on api"
    first = events(told({"api": "2027-03-01"}))[name]
    moved = events(told({"api": "2027-03-01"}, {"api": "2027-04-15"}))[name]
    back = events(told({"api": "2027-03-01"}, {"api": "2027-04-15"}, {"api": "2027-03-01"}))[name]
    assert first.uid.value == moved.uid.value == back.uid.value
    assert [one.sequence.value for one in (first, moved, back)] == ["0", "1", "2"]
    assert [one.dtstart.value.day for one in (first, moved, back)] == [1, 15, 1]
    stamps = [one.dtstamp.value for one in (first, moved, back)]
    assert stamps == [START + timedelta(days=n) for n in range(3)]


def test_a_surface_that_is_no_longer_listed_is_cancelled():
    both = {"api": "2027-03-01", "app": "2027-05-01"}
    app = events(told(both, {"api": "2027-03-01"}))["Aster 1: last day on app"]
    assert (app.status.value, app.sequence.value) == ("CANCELLED", "1")
    assert app.dtstart.value == date(2027, 5, 1)
    again = events(told(both, {"api": "2027-03-01"}, both))["Aster 1: last day on app"]
    assert (again.status.value, again.sequence.value) == ("CONFIRMED", "2")


def test_what_did_not_move_keeps_its_stamp():
    found = events(
        told({"api": "2027-03-01", "x": "2027-05-01"}, {"api": "2027-03-01", "x": "2027-06-01"})
    )
    assert found["Aster 1: last day on api"].dtstamp.value == START


WINDOW = ("2027-02-01T10:00:00.000000Z", "2027-02-01T10:10:00.000000Z")
LONGER = (WINDOW[0], "2027-02-01T11:00:00.000000Z")
BROWNOUT = "Aster 1: planned brownout"


def told_of(*brownouts: tuple[tuple[str, str], ...]) -> PublicModel:
    """Brownouts as they were told, one entry a telling."""
    noted = [
        (START + timedelta(days=n), Told((("api", "2027-03-01"),), brownouts=windows))
        for n, windows in enumerate(brownouts)
    ]
    model = told({"api": "2027-03-01"})
    values = {field: getattr(model, field) for field in model.__slots__}
    return PublicModel(**values | {"tellings": tellings(noted[-1][1], noted)})


def test_a_brownout_has_its_own_time_and_follows_what_was_told():
    first = events(told_of((WINDOW,)))[BROWNOUT]
    assert first.dtstart.value == datetime(2027, 2, 1, 10, tzinfo=UTC)
    assert first.dtend.value == datetime(2027, 2, 1, 10, 10, tzinfo=UTC)
    assert (first.sequence.value, first.status.value) == ("0", "CONFIRMED")
    assert "Calls without a grant are refused meanwhile" in first.description.value
    longer = events(told_of((WINDOW,), (LONGER,)))[BROWNOUT]
    off = events(told_of((WINDOW,), (LONGER,), ()))[BROWNOUT]
    on = events(told_of((WINDOW,), (LONGER,), (), (WINDOW,)))[BROWNOUT]
    assert first.uid.value == longer.uid.value == off.uid.value == on.uid.value
    assert [one.sequence.value for one in (longer, off, on)] == ["1", "2", "3"]
    assert [one.status.value for one in (longer, off, on)] == [
        "CONFIRMED",
        "CANCELLED",
        "CONFIRMED",
    ]
    assert (off.dtend.value.hour, on.dtend.value.minute) == (11, 10)


def test_one_that_was_never_told_stands_nowhere_and_another_moves_no_last_day():
    assert BROWNOUT not in events(told_of(()))
    last = events(told_of((), (WINDOW,)))["Aster 1: last day on api"]
    assert (last.sequence.value, last.dtstamp.value) == ("0", START)
    added = events(told_of((), (WINDOW,)))[BROWNOUT]
    assert (added.sequence.value, added.dtstamp.value) == ("0", START + timedelta(days=1))


def test_access_is_revisited_on_its_last_day():
    model = told({"api": "2027-03-01"})
    revisit = Revisit("d" * 64, "2026-12-01T00:00:00Z", "2027-08-28")
    found = events(
        PublicModel(**{f: getattr(model, f) for f in model.__slots__} | {"revisit": revisit})
    )
    assert found["Aster 1: access ends or is decided anew"].dtstart.value == date(2027, 8, 28)


def test_a_simulation_says_so():
    assert all(
        name.startswith("[SIMULATED] ")
        for name in events(told({"api": "2027-03-01"}, simulated=True))
    )


def test_the_same_records_give_the_same_bytes():
    one, other = (entries_of(told({"api": "2027-03-01"})) for _ in range(2))
    assert calendar_bytes(one, "n") == calendar_bytes(other, "n")
    assert calendar_basis(one, "n") == calendar_basis(other, "n")


WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60)


@example(name=r"\N;,\n", surface=r"a\\;", successor=r"\N")
@given(name=WORDS, surface=WORDS, successor=st.text(max_size=120))
def test_any_words_survive_and_lines_are_folded(name: str, surface: str, successor: str):
    model = told(
        {surface: "2027-03-01"}, display_name=one_line(name), successor=one_line(successor)
    )
    entries = entries_of(model)
    data = calendar_bytes(entries, "Calendar")
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
    assert b"\n" not in data.replace(b"\r\n", b"")
    events = vobject.readOne(data.decode()).vevent_list
    assert sorted(e.summary.value for e in events) == sorted(entry.summary for entry in entries)
    assert {e.description.value for e in events} == {entry.description for entry in entries}


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(("api", "app", "cloud")),
            st.sampled_from(("2027-03-01", "2027-04-01", "2027-05-01")),
            min_size=1,
        ),
        min_size=1,
        max_size=8,
    )
)
def test_the_sequence_never_falls_and_rises_with_each_change(history: list[dict[str, str]]):
    before: dict[str, tuple[int, str, bool]] = {}
    for end in range(1, len(history) + 1):
        now = {d.surface: (d.sequence, d.day, d.dropped) for d in last_days(told(*history[:end]))}
        for surface, (sequence, day, dropped) in before.items():
            assert now[surface][0] == sequence + (now[surface][1:] != (day, dropped))
        before = now
