"""The quarterly report: as the records stood, and never otherwise."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.essays.slot_record import SlotRecord
from tasks.essays.transparency import Quarter, quarter_of, quarters_of, report_of
from tasks.records.essay import Draft, Publication, ReaderReport, Redraft, Review

Q4, Q1 = Quarter(2026, 4), Quarter(2027, 1)
OPENED = datetime(2026, 12, 28, 9, tzinfo=UTC)
LATER = datetime(2027, 1, 4, 9, tzinfo=UTC)
END = datetime(2027, 4, 1, tzinfo=UTC)


def draft(number: int = 1, outcome: str = "drafted", opened: datetime = OPENED) -> Draft:
    return Draft(
        slot_id=f"m-essay-{number:03d}",
        model_id="m",
        number=number,
        opens_at=opened,
        outcome=outcome,
        prompt="p",
        text="t",
        sha256=f"s{number}",
        findings='[{"check":"links"},{"check":"links"},{"check":"secrets"}]'
        if outcome == "drafted"
        else '[{"note":"no pass ran"}]',
        asked_at=opened,
        answered_at=opened + timedelta(minutes=1),
    )


def act(
    action: str, person: str, at: datetime, *, number: int = 1, reason: str = "", **fields: object
) -> Review:
    return Review(
        id=f"{action}-{person}-{number}",
        model_id="m",
        slot_id=f"m-essay-{number:03d}",
        draft_sha256=f"s{number}",
        action=action,
        reason=reason,
        person=person,
        fingerprint=person,
        signature="x",
        received_at=at,
        **fields,
    )


def slot(one: Draft, *reviews: Review, **fields: object) -> SlotRecord:
    return SlotRecord(one, END, reviews=reviews, **fields)  # type: ignore[arg-type]


def public(number: int, at: datetime, withdrawn_at: datetime | None = None) -> Publication:
    return Publication(
        slot_id=f"m-essay-{number:03d}",
        model_id="m",
        sha256=f"s{number}",
        location="x",
        published_at=at,
        withdrawn_at=withdrawn_at,
    )


def test_quarters_follow_one_another() -> None:
    assert quarter_of(OPENED) == Q4
    assert (Q4.next, Q4.end, str(Q4)) == (Q1, Q1.start, "2026-Q4")
    assert Q4.holds(Q4.start)
    assert not Q4.holds(Q4.end)


def test_a_report_comes_when_its_quarter_is_over() -> None:
    slots = [slot(draft())]
    assert quarters_of(slots, datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)) == ()
    assert quarters_of(slots, Q4.end) == (Q4,)
    assert quarters_of(slots, END) == (Q4, Q1)
    assert quarters_of([], END) == ()


def test_what_comes_later_stands_in_the_later_report() -> None:
    one = slot(
        draft(),
        act("hold", "ada", OPENED + timedelta(hours=2), reason="legal_review",
            until=OPENED + timedelta(days=30)),
        act("veto", "ada", LATER, reason="privacy"),
        act("veto", "bo", LATER + timedelta(hours=1), reason="security"),
    )  # fmt: skip
    first = report_of("m", [one], Q4)
    assert [(line.outcome, line.reasons) for line in first.opened] == [("held", ("legal_review",))]
    assert first.hours_to_decision is None
    assert first.counts["held"] == 1
    second = report_of("m", [one], Q1)
    assert second.opened == ()
    (line,) = second.decided_later
    assert line.outcome == "vetoed"
    assert line.reasons == ("legal_review", "privacy", "security")
    assert second.hours_to_decision == (line.hours_to_decision, line.hours_to_decision)
    assert line.hours_to_decision == pytest.approx(169.0, abs=0.1)
    assert second.reviewers == 2


def test_every_slot_has_one_line_with_its_reason() -> None:
    slots = [
        slot(draft(1), act("approve", "ada", OPENED + timedelta(hours=5)),
             publication=public(1, OPENED + timedelta(hours=6))),
        slot(draft(2, "missed")),
        slot(draft(3, "declined")),
        slot(draft(4)),
    ]  # fmt: skip
    report = report_of("m", slots, Q4)
    assert [line.outcome for line in report.opened] == [
        *("published", "missed", "declined", "pending")
    ]
    assert report.opened[0].pointed_at == {"links": 2, "secrets": 1}
    assert report.opened[0].hours_to_decision == pytest.approx(6.0, abs=0.1)
    assert report.opened[1].reasons == ("no pass ran",)
    assert sum(report.counts.values()) == len(report.opened)
    assert report.as_json()["automated_decisions"] == "never"


def test_reports_by_readers_and_their_redress() -> None:
    said = [
        ReaderReport(
            id=f"r{number}",
            model_id="m",
            slot_id=f"m-essay-{number:03d}",
            kind=kind,
            words="w",
            source="file",
            received_at=LATER,
        )
        for number, kind in ((1, "privacy"), (2, "privacy"), (3, "other"))
    ]
    done = {"approve": OPENED + timedelta(hours=1)}
    slots = [
        slot(draft(n), act("approve", "ada", done["approve"], number=n), *extra,
             publication=public(n, OPENED + timedelta(hours=2)), reports=(said[n - 1],))
        for n, extra in (
            (1, (act("keep", "bo", LATER, number=1, about="r1"),)),
            (2, (act("withdraw", "bo", LATER, number=2, reason="privacy"),
                 act("withdraw", "cy", LATER, number=2, reason="privacy"))),
            (3, ()),
        )
    ]  # fmt: skip
    report = report_of("m", slots, Q1)
    assert report.reports == {"other": 1, "privacy": 2}
    assert report.redress == {"kept": 1, "withdrawn": 1, "open": 1}
    assert [line.withdrawn for line in report.decided_later] == [False, True, False]
    assert report_of("m", slots, Q4).reports == {}


def test_requests_for_another_text_are_counted() -> None:
    request = act("change", "ada", OPENED + timedelta(hours=1), reason="privacy")
    second = Redraft(
        id="m-essay-001-2",
        slot_id="m-essay-001",
        model_id="m",
        number=2,
        review_id=request.id,
        outcome="drafted",
        prompt="p",
        text="u",
        sha256="s1b",
        asked_at=LATER,
        answered_at=LATER,
    )
    one = slot(draft(), request, redrafts=(second,))
    assert report_of("m", [one], Q4).opened[0].texts == 1
    assert report_of("m", [one], Q4).changes_asked == (1, 0)


@given(
    st.lists(st.sampled_from(["approve", "hold", "veto", "change"]), max_size=4),
    st.integers(0, 200),
)
def test_a_quarter_that_is_over_never_changes(actions: list[str], days: int) -> None:
    before = [act(a, f"p{i}", OPENED + timedelta(hours=i + 1), reason="privacy")
              for i, a in enumerate(actions)]  # fmt: skip
    after = act("veto", "late", Q4.end + timedelta(days=days), reason="unlawful")
    known = report_of("m", [slot(draft(), *before)], Q4)
    later = slot(draft(), *before, after, publication=public(1, Q4.end + timedelta(days=days)))
    assert report_of("m", [later], Q4) == known
