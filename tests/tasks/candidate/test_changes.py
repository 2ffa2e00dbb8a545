"""Which changes of a configuration are refused, and how a change is told."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configs.schema.candidate import CandidateConfig
from tasks.candidate.changes import (
    DESIGN,
    FLOOR,
    HOLD,
    NOTICE,
    FieldChange,
    Known,
    field_changes,
    moved_dates,
    refused_changes,
)
from tasks.records.communication import Notice
from tasks.records.promises import told_now
from tests.fakes.configs import retirement

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
BEFORE = retirement().candidate  # told on 2026-11-01 that the api ends on 2027-03-01; floor 60 days


def changed(before: CandidateConfig = BEFORE, **fields: Any) -> CandidateConfig:
    return retirement(candidate={**before.model_dump(mode="json"), **fields}).candidate


def api(day: str) -> list[dict[str, str]]:
    return [{"name": "api", "retires_on": day}]


def told(candidate: CandidateConfig = BEFORE, days_ago: int = 30) -> Notice:
    at = NOW - timedelta(days=days_ago)
    owner = candidate.owners[0]
    return Notice(
        id="n", model_id="aster-1", kind="announcement", owner=owner.name, contact=owner.contact,
        retires_on=told_now(candidate).on(""), told=told_now(candidate).text, channel="email",
        intended_at=at, tried_at=at, sent_at=at, receipt="250 ok",
    )  # fmt: skip


def ids(after: CandidateConfig, before: CandidateConfig = BEFORE, **known: Any) -> list[str]:
    found = refused_changes("aster-1", before, after, Known(now=NOW, **known))
    return [one.id for one in found]


def test_an_unchanged_configuration_is_never_refused() -> None:
    assert ids(BEFORE, notices=[told()], departed=("seed",), departs=("seed",)) == []


def test_a_later_date_is_not_refused() -> None:
    assert ids(changed(surfaces=api("2027-06-01")), notices=[told()]) == []


def test_a_promised_date_is_not_cut_short_within_the_floor() -> None:
    after = changed(surfaces=api("2027-01-15"))
    assert ids(after, notices=[told()]) == [NOTICE]
    (one,) = refused_changes("aster-1", BEFORE, after, Known(now=NOW, notices=[told()]))
    assert "2027-01-30 or later" in one.reason, "the soonest day is named"
    assert ids(changed(surfaces=api("2027-02-15")), notices=[told()]) == []


def test_a_date_nobody_was_told_of_is_not_moved_within_the_floor_either() -> None:
    assert ids(changed(surfaces=api("2027-01-15"))) == [NOTICE]
    assert ids(changed(surfaces=api("2027-02-15"))) == []


def test_lowering_the_floor_does_not_open_the_way() -> None:
    """One commit that lowers the floor, or drops the owner, and moves the date."""
    lower = changed(surfaces=api("2027-01-15"), notice_floor_days=10)
    assert ids(lower, notices=[told()]) == [FLOOR, NOTICE]
    assert ids(changed(notice_floor_days=10), notices=[told()]) == [FLOOR]
    assert ids(changed(notice_floor_days=10)) == [], "nobody counts on it yet"
    other = [{"name": "Others", "contact": "others@example.org"}]
    dropped = changed(surfaces=api("2027-01-15"), owners=other)
    assert ids(dropped, notices=[told()]) == [NOTICE]


def test_a_surface_that_is_taken_away_cuts_it_short() -> None:
    both = changed(surfaces=[*api("2027-01-15"), {"name": "app", "retires_on": "2027-06-01"}])
    assert ids(changed(surfaces=api("2027-01-15")), both, notices=[told(both)]) == [NOTICE]


def test_a_hold_is_lifted_by_a_signature_alone() -> None:
    held = changed(legal_hold=True)
    assert ids(BEFORE, held, notices=[told(held)]) == [HOLD]
    assert ids(BEFORE, held, notices=[told(held)], lifted=True) == []
    assert ids(held, BEFORE) == [], "placing one needs nobody"


def test_a_hold_that_outlasted_its_date_needs_a_new_date_too() -> None:
    held = changed(announced_on="2026-06-01", surfaces=api("2026-11-20"), legal_hold=True)
    after = changed(held, legal_hold=False)
    assert ids(after, held, notices=[told(held)], lifted=True) == [NOTICE]
    later = changed(held, legal_hold=False, surfaces=api("2027-02-01"))
    assert ids(later, held, notices=[told(held)], lifted=True) == []


def test_a_registered_design_stays() -> None:
    departs = ("instrument.sha256", "judging.prior", "model", "seed")
    (one,) = refused_changes("aster-1", BEFORE, BEFORE, Known(now=NOW, departs=departs))
    assert one.id == DESIGN
    assert one.field == (
        "interviews.instrument_folder, validation.prior, endpoint.model, interviews.seed"
    )
    assert ids(BEFORE, departs=("seed",), departed=("seed",)) == [], "it departed before"


@given(
    days=st.integers(-20, 400), floor=st.integers(0, 120), was_told=st.booleans(),
    told_ago=st.integers(0, 90),
)  # fmt: skip
def test_what_is_allowed_leaves_owners_the_floor(
    days: int, floor: int, was_told: bool, told_ago: int
) -> None:
    """Whatever is put in force, no owner has less notice than the floor, or than was promised."""
    before = changed(announced_on="2026-01-01", notice_floor_days=floor)
    day = NOW.date() + timedelta(days=days)
    after = changed(before, surfaces=api(day.isoformat()))
    notices = [told(before, told_ago)] if was_told else []
    if not ids(after, before, notices=notices):
        assert day >= before.first_retires_on or days >= floor


def test_fields_are_named_by_their_entries_names() -> None:
    x, y, z = ({"name": name, "v": value} for name, value in (("x", 1), ("y", 2), ("z", 4)))
    before = {"a": {"list": [x, y], "plain": [1, 2]}, "c": 0}
    now = {"a": {"list": [{**y, "v": 3}, z], "plain": [2]}, "c": 0}
    assert field_changes(before, now) == (
        FieldChange("a.list[y].v", 2, 3),
        FieldChange("a.list[z]", None, {"name": "z", "v": 4}),
        FieldChange("a.list[x]", {"name": "x", "v": 1}, None),
        FieldChange("a.plain", [1, 2], [2]),
    )


json_values = st.recursive(
    st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.fixed_dictionaries({"name": st.sampled_from("xyz"), "v": inner})
    ),
    max_leaves=8,
)


@given(json_values, json_values)
def test_what_is_the_same_has_no_change_and_what_differs_has_one(before: Any, now: Any) -> None:
    assert field_changes({"x": before}, {"x": before}) == ()
    if before != now:
        assert field_changes({"x": before}, {"x": now})


def test_moved_dates_are_told_by_surface() -> None:
    after = changed(surfaces=[*api("2027-04-01"), {"name": "app", "retires_on": "2027-05-01"}])
    found = {(one.surface, one.before, one.now) for one in moved_dates(BEFORE, after)}
    assert found == {("api", "2027-03-01", "2027-04-01"), ("app", "", "2027-05-01")}


@pytest.mark.parametrize("field", ["risk_class", "successor"])
def test_other_fields_may_change(field: str) -> None:
    after = changed(**{field: "high" if field == "risk_class" else "other"})
    assert ids(after, notices=[told()]) == []
