"""Whatever a channel answers, nobody is told again after a receipt, and nobody for ever."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tasks.monitoring.incidents.telling import Owed, begin, end, given_up, may_be_tried, owed
from tasks.ports.notifier import ChannelDown, PerhapsDelivered, RefusedForGood, TryLater
from tasks.records.incident import Incident, IncidentTelling
from tests.fakes.configs import retirement

NOW = datetime(2026, 12, 1, tzinfo=UTC)
CONFIG = retirement(
    monitoring={"alarms": {"contacts": ["ada@example.org"]}},
    communication={"channels": {"smtp": {"host": "127.0.0.1", "security": "none"}}},
)
INCIDENT = Incident(
    id="i",
    model_id="aster-1",
    kind="alarm",
    subject="s",
    severity="low",
    summary="-",
    evidence="{}",
    simulated=False,
    raised_at=NOW,
)
ANSWERS = st.sampled_from(
    [
        "receipt",
        "killed",
        RefusedForGood("550"),
        PerhapsDelivered("cut"),
        TryLater("451", timedelta(hours=3)),
        ChannelDown("down"),
        OSError("disk full"),
    ]
)


@given(st.lists(ANSWERS, max_size=12), st.lists(st.integers(0, 60), min_size=12, max_size=12))
def test_every_sequence_of_answers_keeps_the_promise(
    answers: list[str | Exception], hours: list[int]
):
    row = IncidentTelling(
        incident_id="i",
        contact="ada@example.org",
        model_id="aster-1",
        channel="email",
        intended_at=NOW,
    )
    now, perhaps = NOW, 0
    for answer, wait in zip(answers, hours, strict=False):
        now += timedelta(hours=wait)
        todo = owed(CONFIG, [INCIDENT], [row])
        if row.sent_at is not None:
            assert todo == (), "a receipt ends it"
            return
        (one,) = todo
        if not may_be_tried(one, now):
            assert given_up(row) or (row.again_at is not None and row.again_at > now)
            continue
        begin(row, "email", now)
        perhaps += answer == "killed" or isinstance(answer, PerhapsDelivered)
        if answer != "killed":
            end(row, answer, now)
            later = row.again_at is not None and row.again_at > now
            assert row.sent_at is not None or given_up(row) or later, "a pass that tried is done"
        assert perhaps <= 3, "no more than three mails may have arrived"


def test_each_contact_has_a_message_of_its_own_and_each_try_the_same():
    first, again = (Owed(INCIDENT, "ada@example.org", "email", None).message_id for _ in range(2))
    assert first == again != Owed(INCIDENT, "bo@example.org", "email", None).message_id
