from datetime import UTC, date, datetime, timedelta

from configs.schema import RetirementConfig
from configs.schema.candidate import CandidateConfig, Owner
from configs.schema.communication import CommunicationConfig
from tasks.communication.core import DueNotice, assess_communication, due_notices, schedule
from tasks.kernel.stages import StageState
from tasks.records.communication import Notice
from tasks.records.promises import Change
from tests.fakes.configs import retirement

CONFIG = retirement()
CANDIDATE = CONFIG.candidate  # announced 2026-11-01, retires 2027-03-01: 120 days
PLAN = CommunicationConfig()


def at(day: str, hour: int = 9) -> datetime:
    return datetime.fromisoformat(day).replace(hour=hour, tzinfo=UTC)


def sent(notice: DueNotice, when: datetime) -> Notice:
    return Notice(
        id=notice.id,
        model_id="aster-1",
        kind=notice.kind,
        owner=notice.owner,
        contact=notice.contact,
        retires_on=notice.retires_on,
        intended_at=when,
        sent_at=when,
        channel=notice.channel,
        told=notice.told.text,
        tried_at=when,
        outcome="sent",
    )


def configured(
    candidate: CandidateConfig = CANDIDATE, plan: CommunicationConfig = PLAN
) -> RetirementConfig:
    return CONFIG.model_copy(update={"candidate": candidate, "communication": plan})


def due(notices: list[Notice], now: datetime, candidate: CandidateConfig = CANDIDATE):
    return due_notices(configured(candidate), notices, now)


def moved(day: str) -> CandidateConfig:
    surface = CANDIDATE.surfaces[0].model_copy(update={"retires_on": date.fromisoformat(day)})
    return CANDIDATE.model_copy(update={"surfaces": (surface,)})


def test_an_offset_before_the_announcement_is_part_of_it():
    kinds = [event.kind for event in schedule(CANDIDATE, PLAN)]
    assert kinds == ["announcement", "T-90", "T-60", "T-30", "T-7", "T-1", "T-0", "T+30"]


def test_nothing_is_due_before_the_announcement():
    before = at("2026-10-31")
    assert due([], before) == ()
    answer = assess_communication(configured(), notices=[], stale_pages=["help.html"], now=before)
    assert (answer.state, answer.until) == (StageState.WAITING, at("2026-11-01", 0))


def test_each_event_is_told_once_in_its_time():
    notices: list[Notice] = []
    kinds = []
    now = at("2026-11-01", 0)
    while now < at("2027-04-30"):
        for notice in due(notices, now):
            kinds.append((notice.kind, now.date().isoformat()))
            notices.append(sent(notice, now))
        now += timedelta(hours=12)
    assert kinds == [
        ("announcement", "2026-11-01"),
        ("T-90", "2026-12-01"),
        ("T-60", "2026-12-31"),
        ("T-30", "2027-01-30"),
        ("T-7", "2027-02-22"),
        ("T-1", "2027-02-28"),
        ("T-0", "2027-03-01"),
        ("T+30", "2027-03-31"),
    ]
    answer = assess_communication(configured(), notices=notices, stale_pages=[], now=now)
    assert (answer.state, answer.reason) == (StageState.DONE, "8 notices sent; none left to send")


def test_a_late_start_is_one_message():
    (notice,) = due([], at("2027-02-10"))
    assert notice.kind == "T-30"
    assert due([sent(notice, at("2027-02-10"))], at("2027-02-21")) == ()


def test_an_outage_over_several_events_is_one_message():
    first = due([], at("2026-11-01"))[0]
    (notice,) = due([sent(first, at("2026-11-01"))], at("2027-02-25"))
    assert notice.kind == "T-7"


def test_an_intent_without_receipt_is_due_again_under_its_id():
    (notice,) = due([], at("2026-12-01"))
    intent = sent(notice, at("2026-12-01"))
    intent.sent_at, intent.tried_at, intent.outcome = None, None, ""
    assert due([intent], at("2026-12-02")) == (notice,)


def test_a_moved_date_is_told_under_a_new_id():
    (first,) = due([], at("2026-12-01"))
    notices = [sent(first, at("2026-12-01"))]
    (second,) = due(notices, at("2026-12-01", 10), moved("2027-04-15"))
    assert second.id != first.id
    assert second.changes == (Change("api", "2027-03-01", "2027-04-15"),)
    assert second.retires_on == "2027-04-15"


def test_a_date_moved_away_and_back_is_told_twice():
    now, notices = at("2026-12-01"), []
    told = []
    for candidate in (CANDIDATE, moved("2027-04-15"), CANDIDATE):
        (notice,) = due(notices, now, candidate)
        told.append(notice)
        notices.append(sent(notice, now))
        now += timedelta(hours=1)
        assert due(notices, now, candidate) == ()
    assert told[2].retires_on == told[0].retires_on
    assert len({notice.id for notice in told}) == 3


def test_a_notice_that_never_left_before_the_date_moved_away_and_back_gets_a_new_row():
    now, ids, rows = at("2026-12-01"), [], []
    for candidate in (CANDIDATE, moved("2027-04-15"), CANDIDATE):
        for _ in range(2):  # each try is of the same row
            (notice,) = due(rows, now, candidate)
            ids.append(notice.id)
            if notice.id not in {row.id for row in rows}:
                rows.append(sent(notice, now))
                rows[-1].sent_at, rows[-1].outcome = None, "later"
        now += timedelta(hours=1)
    assert ids[0::2] == ids[1::2]
    assert len(set(ids)) == 3


def test_owners_are_told_apart_and_one_contact_once():
    owners = (
        Owner(name="Search", contact="search@example.org"),
        Owner(name="Search again", contact="search@example.org"),
        Owner(name="Mail", contact="mail@example.org"),
    )
    notices = due([], at("2026-12-01"), CANDIDATE.model_copy(update={"owners": owners}))
    assert [n.contact for n in notices] == ["search@example.org", "mail@example.org"]
    assert len({n.id for n in notices}) == 2


def test_an_offset_taken_out_of_the_config_makes_no_message():
    (notice,) = due([], at("2026-12-01"))
    fewer = CommunicationConfig(notice_days_before=(30,))
    notices = [sent(notice, at("2026-12-01"))]
    assert due_notices(configured(plan=fewer), notices, at("2026-12-02")) == ()


def test_done_names_the_next_notice():
    (notice,) = due([], at("2027-01-05"))
    answer = assess_communication(
        configured(),
        notices=[sent(notice, at("2027-01-05"))],
        stale_pages=[],
        now=at("2027-01-06"),
    )
    assert answer.reason == "1 notice sent; next T-30 on 2027-01-30"
    assert answer.until == at("2027-01-30", 0)
