"""The scoreboard of a model's records: what is measured, and where nothing is."""

import json
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from tasks.monitoring.core import wilson_95
from tasks.monitoring.dossier.holdings import hold
from tasks.monitoring.scoreboard.core import KEEP, PILOT, RETIRE, WAYS, Ground, Scoreboard
from tasks.monitoring.scoreboard.shown import as_json, markdown, sources_of
from tasks.monitoring.scoreboard.view import scoreboard_of
from tasks.records import Book
from tasks.records.access import Approval, Packet
from tasks.records.candidate import LifecycleCheck
from tasks.records.validation import LedgerEntry, Verdict
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement
from tests.fakes.watched_rows import incidents, learnt, reading, usage_days

CONFIG = retirement()
LAST = date(2027, 3, 1)
MODEL = {"model_id": "aster-1"}
Put = Callable[..., None]


@pytest.fixture
def put(book: Book, clock: FakeClock) -> Put:
    def record(*rows, days: float = 0) -> None:
        now = clock.now() + timedelta(days=days)
        with book.writing(now) as writing:
            for row in rows:
                writing.put(row, "test.put")

    return record


@pytest.fixture
def board(book: Book, clock: FakeClock) -> Callable[[], Scoreboard]:
    return lambda: scoreboard_of(CONFIG, hold(CONFIG, book), clock.now())


def of(board: Scoreboard, line: str, way: str):
    return next(one for one in board.lines if one.id == line).ways[way]


def packet(now, signatures: int = 2):
    ways = [
        {
            "id": way,
            "monthly_usd": [usd] * 12,
            "total_usd": usd * 12,
            "low_usd": usd * 11,
            "high_usd": usd * 13,
            "worth": {"preferences": 0.0 if way == "hard_retire" else 1.0},
        }
        for way, usd in (
            ("hard_retire", 15.0),
            ("limited_pilot", 200.0),
            ("keep_everything", 900.0),
        )
    ]
    body = {
        "proposal": "limited_pilot",
        "approvals_needed": 2,
        "scenarios": ways,
        "assumptions": ["Calls fall by 5 % a month."],
        "preferences": [{"theme": "keep_in_use", "verdict": "stable", "polarity": "want"}],
    }
    yield Packet(
        **MODEL,
        digest="d" * 64,
        body=json.dumps(body),
        basis="b",
        proposed_at=now,
        expires_at=now + timedelta(days=30),
    )
    for number in range(signatures):
        yield Approval(
            **MODEL,
            id=f"a{number}",
            packet_digest="d" * 64,
            person=f"p{number}",
            fingerprint=f"SHA256:{number}",
            signature="s",
            received_at=now,
        )


def later(now):
    """Something recorded after the last day, so that it has passed as of the records."""
    return LifecycleCheck(
        id="late",
        **MODEL,
        lifecycle="retired",
        endpoint_model="aster-1",
        retires_at=None,
        note="",
        simulated=True,
        checked_at=now,
    )


def test_without_records_every_way_says_so_and_no_figure_stands(board):
    found = board()
    assert found.decided == "not decided yet"
    for line in found.lines:
        assert {one.ground for one in line.ways[PILOT]} == {Ground.NONE}
    measured = [
        one
        for line in found.lines
        for way in WAYS
        for one in line.ways[way]
        if one.ground in (Ground.MEASURED, Ground.MODELLED)
    ]
    assert measured == []
    assert sources_of(found) == ()


def test_before_the_last_day_the_ways_are_the_same(board, put: Put, clock: FakeClock):
    put(*packet(clock.now()), reading(clock.now(), days=usage_days(date(2026, 11, 1), 20)))
    found = board()
    (unsafe,) = of(found, "unsafe_rate", PILOT)
    assert unsafe.ground is Ground.NONE
    assert "1 Mar 2027, has not passed" in unsafe.says
    (kept,) = of(found, "unsafe_rate", KEEP)
    assert (kept.hits, kept.of) == (30, sum(200 - day for day in range(20)))


def test_after_the_last_day_the_pilot_is_measured_with_window_source_and_interval(
    board, put: Put, clock: FakeClock
):
    days = usage_days(LAST - timedelta(days=9), 30, calls=100)
    row = reading(clock.now(), days=days)
    put(*packet(clock.now()), row)
    put(later(clock.now() + timedelta(days=130)), days=130)
    (unsafe,) = of(board(), "unsafe_rate", PILOT)
    after = [day for day in days if day["day"] > LAST.isoformat()]
    hits, looked = sum(d["unsafe"] for d in after), sum(d["unsafe_of"] for d in after)
    assert (unsafe.hits, unsafe.of) == (hits, looked)
    assert (unsafe.low, unsafe.high) == pytest.approx(wilson_95(hits, looked))
    assert unsafe.source.sha256 == row.basis
    assert unsafe.source.window == "2 Mar 2027 to 21 Mar 2027"
    assert "sum(unsafe) / sum(unsafe_of) over 20 days" in unsafe.source.query
    (served,) = of(board(), "calls_served", PILOT)
    assert served.value == sum(day["calls"] for day in after)


def test_a_source_that_stopped_says_nothing_of_later_days(board, put: Put, clock: FakeClock):
    put(*packet(clock.now()), reading(clock.now(), days=usage_days(date(2026, 11, 1), 20)))
    put(later(clock.now() + timedelta(days=130)), days=130)
    (served,) = of(board(), "calls_served", PILOT)
    assert served.ground is Ground.NONE
    assert served.value is None
    assert "no source covers a day after 1 Mar 2027" in served.says


@pytest.mark.parametrize("state", ["unusable", "empty"])
def test_a_source_that_tells_nothing_is_never_zero(board, put: Put, clock: FakeClock, state: str):
    put(*packet(clock.now()), reading(clock.now(), state=state))
    put(later(clock.now() + timedelta(days=130)), days=130)
    for line in ("calls_served", "unsafe_rate", "spent"):
        (one,) = of(board(), line, PILOT)
        assert (one.ground, one.value) == (Ground.NONE, None)


def test_a_figure_that_a_source_cant_tell_is_left_out(board, put: Put, clock: FakeClock):
    days = [{"day": (LAST + timedelta(days=n)).isoformat(), "calls": 5} for n in range(1, 4)]
    put(*packet(clock.now()), reading(clock.now(), days=days))
    put(later(clock.now() + timedelta(days=130)), days=130)
    assert of(board(), "calls_served", PILOT)[0].value == 15
    (unsafe,) = of(board(), "unsafe_rate", PILOT)
    assert "no source tells unsafe answers" in unsafe.says


def test_two_sources_are_told_apart_and_never_added(board, put: Put, clock: FakeClock):
    first = LAST + timedelta(days=1)
    put(
        *packet(clock.now()),
        reading(clock.now(), days=usage_days(first, 3)),
        reading(clock.now(), source="billing", days=usage_days(first, 3)),
    )
    put(later(clock.now() + timedelta(days=130)), days=130)
    found = of(board(), "calls_served", PILOT)
    assert [one.source.name for one in found] == ["billing", "gateway"]
    assert {one.value for one in found} == {597.0}


def test_a_projection_is_quoted_from_a_signed_packet_only(board, put: Put, clock: FakeClock):
    put(*packet(clock.now(), signatures=1))
    for way in WAYS:
        (one,) = of(board(), "projected_cost", way)
        assert one.ground is Ground.NONE
    put(*list(packet(clock.now()))[2:])
    for way, usd in ((RETIRE, 180.0), (PILOT, 2400.0), (KEEP, 10_800.0)):
        (one,) = of(board(), "projected_cost", way)
        assert (one.ground, one.value) == (Ground.MODELLED, usd)
        assert one.low < one.value < one.high
        assert one.source.sha256 == "d" * 64
        assert "Calls fall by 5 % a month." in one.source.query


def test_preferences_are_counted_from_signed_entries(board, put: Put, clock: FakeClock):
    now = clock.now()
    for theme in ("keep_in_use", "share_essays"):
        put(
            Verdict(
                **MODEL,
                design_digest="e" * 64,
                theme=theme,
                verdict="stable",
                polarity="want",
                posterior="{}",
                evidence="{}",
                codebook_sha256="f",
                judged_at=now,
                simulated=True,
            )
        )
    from tasks.records.interview import Design

    put(Design(**MODEL, digest="e" * 64, body="{}", conversations=0, registered_at=now))
    (none,) = of(board(), "preferences_honoured", PILOT)
    assert none.says == "none of 2 stable preferences is entered in the ledger"
    put(
        LedgerEntry(
            **MODEL,
            id="l",
            design_digest="e" * 64,
            theme="keep_in_use",
            outcome="honoured",
            reason="r",
            evidence="e",
            person="ada",
            supersedes="",
            fingerprint="f",
            signature="s",
            entered_at=now,
            simulated=True,
        )
    )
    (found,) = of(board(), "preferences_honoured", PILOT)
    assert found.says == "of 2: 1 honoured, 1 open (a complete count)"
    assert (found.value, found.low) == (0.5, None)


def test_retiring_hard_is_never_said_to_be_measured_but_for_what_owners_move_to(
    board, put: Put, clock: FakeClock
):
    put(*packet(clock.now()), *incidents(clock.now()), *learnt(clock.now()))
    put(reading(clock.now(), days=usage_days(LAST, 9)))
    for line in board().lines:
        grounds = {one.ground for one in line.ways[RETIRE]}
        assert Ground.MEASURED not in grounds or line.id == "owners_no_worse_off"


def test_owners_and_drift_are_rates_with_intervals(board, put: Put, clock: FakeClock):
    put(*learnt(clock.now()))
    (owners,) = of(board(), "owners_no_worse_off", PILOT)
    assert (owners.hits, owners.of) == (1, 2)
    (drift,) = of(board(), "preferences_after", PILOT)
    assert (drift.hits, drift.of) == (1, 2)


def test_nothing_watched_is_not_a_clean_record(board, put: Put, clock: FakeClock):
    (one,) = of(board(), "incidents", PILOT)
    assert one.says.startswith("nothing was watched yet")
    put(reading(clock.now(), days=usage_days(LAST, 1)))
    (one,) = of(board(), "incidents", PILOT)
    assert (one.ground, one.value, one.says) == (Ground.MEASURED, 0.0, "0 raised, 0 open")


def test_no_grade_and_no_total_is_in_it(board, put: Put, clock: FakeClock):
    put(*packet(clock.now()), *incidents(clock.now()))
    body = json.dumps(as_json(board()))
    assert not {"grade", "total_score", "score", "rank"} & set(as_json(board()))
    assert "No total is given" in markdown(board())
    assert json.loads(body)["evidence"][PILOT]["no evidence"] > 0


def test_foreign_words_stay_within_their_cell_of_the_markdown(board, put: Put, clock: FakeClock):
    put(reading(clock.now(), source="a|b <i>", days=usage_days(date(2026, 11, 1), 2)))
    said = markdown(board())
    assert "a\\|b &lt;i>" in said
    assert "<i>" not in said.replace("&lt;i>", "")
    assert said.startswith("**SIMULATED")
