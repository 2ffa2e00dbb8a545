"""Numbers for Prometheus: valid, labelled, and absent where nothing is known."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from configs.schema import RetirementConfig
from tasks.kernel.errors import FenceLost
from tasks.monitoring.incidents.task import tell_of_incidents, watch_signals
from tasks.monitoring.prometheus.exposition import exposition
from tasks.monitoring.prometheus.numbers import Kind, Number, numbers_of
from tasks.monitoring.prometheus.task import metrics_file, write_metrics
from tasks.records import Book, Fence
from tasks.records.retirement import StageStatus
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement
from tests.fakes.readings import SOURCES, put, reading, unsafe

CONFIG = retirement(
    monitoring={
        "alarms": {
            "contacts": ["ada@example.org"],
            "baseline_days": 28,
            "signals": ["unsafe", "cost"],
        },
        "sources": SOURCES,
    }
)
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(text: str) -> Samples:
    """By Prometheus' own parser: name and labels, without `model`, to the value."""
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        for one in family.samples:
            labels = {name: value for name, value in one.labels.items() if name != "model"}
            key = (one.name, tuple(sorted(labels.items())))
            assert key not in found, "a sample stands once"
            found[key] = one.value
    return found


def told(book: Book, config: RetirementConfig = CONFIG) -> Samples:
    with book.reading() as session:
        return samples(exposition({config.id: numbers_of(config, session)}).decode())


def names(found: Samples) -> set[str]:
    return {name for name, _ in found}


@pytest.fixture
def alarmed(book: Book, fence: Fence, clock: FakeClock) -> Book:
    """An unsafe rate that rose: an incident, and one message."""
    put(book, reading(unsafe(*[2] * 28, *[9] * 10), clock.now(), simulated=True))
    watch_signals.fn(CONFIG, fence)
    tell_of_incidents.fn(CONFIG, fence)
    return book


def test_what_is_not_known_is_absent_and_never_nought(book: Book, home: Path):
    found = told(book, retirement())
    assert names(found) == {"emeritus_retires_timestamp_seconds"}


def test_alarm_claim_and_messages_are_told_in_numbers(alarmed: Book):
    found = told(alarmed)
    signal = (("signal", "unsafe"), ("simulated", "true"), ("source", "gateway"))
    assert found["emeritus_signal_ratio", signal] == pytest.approx(9 / 200)
    low, high = (found[f"emeritus_signal_{end}_ratio", signal] for end in ("low", "high"))
    assert low < 9 / 200 < high
    assert found["emeritus_signal_cusum", signal] > found["emeritus_signal_cusum_threshold", signal]
    states = {
        dict(labels)["state"]: value
        for (name, labels), value in found.items()
        if name == "emeritus_signal_state"
    }
    assert states == {"learning": 0, "unlearnable": 0, "quiet": 0, "alarm": 1}
    plain = ("simulated", "true")  # an incident of a simulation
    assert found["emeritus_incidents_open", (("severity", "high"), plain)] == 1
    assert found["emeritus_incident_messages_sent_total", (plain,)] == 1
    raised = (("kind", "alarm"), ("severity", "high"), plain)
    assert found["emeritus_incidents_raised_total", raised] == 1
    assert "emeritus_signal_mean_usd" not in names(found), "no source tells of cost"


def test_no_label_names_a_person_or_an_address(alarmed: Book):
    with alarmed.reading() as session:
        text = exposition({"aster-1": numbers_of(CONFIG, session)}).decode()
    for word in ("@", "ada", "Search team", "search@example.org", "test-key"):
        assert word not in text


def test_each_stage_is_in_just_one_state(book: Book, clock: FakeClock):
    row = StageStatus(
        model_id="aster-1", stage="access", state="waiting", reason="-", since=clock.now()
    )
    with book.writing(clock.now()) as writing:
        writing.put(row, "x")
    states = [
        (dict(labels)["state"], value)
        for (name, labels), value in told(book).items()
        if name == "emeritus_stage_state"
    ]
    assert sorted(states) == [("blocked", 0), ("done", 0), ("due", 0), ("waiting", 1)]


def test_signals_are_absent_while_their_judgement_is_out_of_date(
    alarmed: Book, clock: FakeClock, fence: Fence
):
    clock.advance(seconds=1)
    put(alarmed, reading(unsafe(*[2] * 28, *[9] * 11), clock.now()))
    assert "emeritus_signal_cusum" not in names(told(alarmed))
    watch_signals.fn(CONFIG, fence)
    assert "emeritus_signal_cusum" in names(told(alarmed))


def test_the_file_is_written_whole_and_the_same_records_make_the_same_bytes(
    alarmed: Book, fence: Fence, clock: FakeClock, home: Path
):
    path = Path(write_metrics.fn(CONFIG, fence))
    assert path == metrics_file(CONFIG) == home / "reports" / "aster-1" / "emeritus.prom"
    assert samples(path.read_text()) == told(alarmed)
    was = path.stat().st_mtime_ns
    clock.advance(hours=3)
    write_metrics.fn(CONFIG, fence)
    assert path.stat().st_mtime_ns == was
    assert [one.name for one in path.parent.iterdir() if one.name.startswith(".")] == []


def test_the_file_can_stand_where_the_collector_looks(home: Path):
    config = retirement(monitoring={"alarms": {"prometheus_file": "textfile/aster-1.prom"}})
    assert metrics_file(config) == home / "textfile" / "aster-1.prom"


def test_a_pass_that_lost_its_lease_writes_no_file(alarmed: Book, fence: Fence, clock: FakeClock):
    clock.advance(minutes=5)
    alarmed.take_lease("aster-1", "", clock.now())
    with pytest.raises(FenceLost):
        write_metrics.fn(CONFIG, fence)
    assert not metrics_file(CONFIG).exists()


def test_several_models_share_a_family_and_keep_their_labels():
    one = Number("emeritus_x_total", "Help.", 1, (("a", "b"),), Kind.COUNTER)
    text = exposition({"m-1": [one], "m-2": [one]}).decode()
    assert text.count("# TYPE emeritus_x_total counter") == 1
    assert len([line for line in text.splitlines() if line.startswith("emeritus_x_total")]) == 2


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=20).filter(str.isprintable),
        st.floats(allow_nan=False, allow_infinity=False),
        max_size=5,
    )
)
def test_any_label_and_value_can_be_read_back(values: dict[str, float]):
    numbers = [
        Number("emeritus_x_ratio", 'Help with "quotes" and \\.', value, (("source", name),))
        for name, value in values.items()
    ]
    found = samples(exposition({"m": numbers}).decode())
    assert {dict(labels)["source"]: value for (_, labels), value in found.items()} == values


def test_a_day_later_the_last_day_of_the_source_is_later(
    alarmed: Book, clock: FakeClock, fence: Fence
):
    name = "emeritus_source_last_day_timestamp_seconds"
    key = (name, (("simulated", "true"), ("source", "gateway")))
    before = told(alarmed)[key]
    clock.advance(seconds=1)
    put(alarmed, reading(unsafe(*[2] * 28, *[9] * 11), clock.now(), simulated=True))
    assert told(alarmed)[key] - before == timedelta(days=1).total_seconds()
