"""From readings to signals: what is missing is never read as nothing."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from configs.schema.alarms import AlarmsConfig
from tasks.monitoring.incidents.signals import Restart, Signal, judge, mixes
from tasks.monitoring.incidents.words import mix_body, signal_body
from tasks.monitoring.sources.rows import Reading
from tests.fakes.readings import FIRST, daily, reading, unsafe

AT = datetime(2026, 12, 1, tzinfo=UTC)
CONFIG = AlarmsConfig(baseline_days=28)


def read(days: list[dict[str, Any]], **settings: Any) -> Reading:
    return Reading.of(reading(days, AT, **settings))


def signals(config: AlarmsConfig = CONFIG, **readings: Reading) -> dict[str, Signal]:
    return {one.series.subject: one for one in judge(config, readings, {})}


def says(signal: Signal) -> str:
    return str(signal_body(signal)["says"])


def test_a_doubled_unsafe_rate_is_an_alarm_and_later_a_claim():
    days = unsafe(*[2, 1, 3, 2] * 7, *[5] * 40)
    found = signals(gateway=read(days))["unsafe:gateway"]
    assert found.crossing is not None
    assert found.crossing.onset == FIRST + timedelta(28)
    assert found.claim is not None
    assert found.claim.day is not None
    assert found.crossing.day < found.claim.day, "the alarm comes first"
    assert "claim: it is above" in says(found)


def test_an_alarm_without_enough_evidence_says_that_it_claims_nothing():
    days = unsafe(*[2] * 28, *[9, 9, 9, 9])
    body = signal_body(signals(gateway=read(days))["unsafe:gateway"])
    assert body["state"] == "alarm"
    assert body["claim"]["made_on"] is None
    assert "not yet a claim" in body["says"]


def test_the_usual_level_raises_nothing():
    found = signals(gateway=read(unsafe(*[2] * 60)))["unsafe:gateway"]
    assert signal_body(found)["state"] == "quiet"
    assert says(found).endswith("no alarm")


def test_until_the_baseline_is_whole_nothing_is_watched():
    body = signal_body(signals(gateway=read(unsafe(*[2] * 20)))["unsafe:gateway"])
    assert (body["state"], body["chart"], body["claim"]) == ("learning", None, None)
    assert "20 of 28 days" in body["says"]


def test_days_without_figures_are_no_days():
    days = unsafe(*[2] * 60)
    with_gap = [*days[:10], *days[20:]]
    found = signals(gateway=read(with_gap))["unsafe:gateway"]
    assert found.baseline == (FIRST, FIRST + timedelta(37)), "28 days with figures"
    unknown = [{**day, "unsafe": None} for day in days[10:20]]
    same = signals(gateway=read([*days[:10], *unknown, *days[20:]]))["unsafe:gateway"]
    assert same.series.figures == found.series.figures


def test_a_source_that_can_not_be_used_gives_no_signal_and_a_late_one_does():
    days = unsafe(*[2] * 60)
    assert signals(gateway=read(days, state="unusable")) == {}
    assert "unsafe:gateway" in signals(gateway=read(days, state="late"))


def test_only_what_is_configured_is_watched():
    config = AlarmsConfig(signals=("refused",))
    assert signals(config, gateway=read(unsafe(2, 2))) == {}


def test_the_watch_can_begin_on_a_day_of_ones_choice():
    config = AlarmsConfig(baseline_days=28, watch_from=FIRST + timedelta(40))
    found = signals(config, gateway=read(unsafe(*[2] * 60)))["unsafe:gateway"]
    assert found.baseline == (FIRST + timedelta(12), FIRST + timedelta(39))
    assert found.path is not None
    assert found.path.levels[0][0] == FIRST + timedelta(40)


def test_after_a_closing_the_cusum_begins_anew():
    days = unsafe(*[2] * 28, *[9] * 10, *[2] * 20)
    readings = {"gateway": read(days)}
    settled = Restart(FIRST + timedelta(37))
    (found,) = judge(CONFIG, readings, {"unsafe:gateway": settled})
    assert found.crossing is None
    assert found.baseline == (FIRST, FIRST + timedelta(27)), "the usual level stays"


def test_an_accepted_level_becomes_the_usual_one():
    days = unsafe(*[2] * 28, *[6] * 60)
    day = FIRST + timedelta(35)
    (found,) = judge(CONFIG, {"gateway": read(days)}, {"unsafe:gateway": Restart(day, day)})
    assert found.watch is not None
    assert found.watch.before == pytest.approx(0.03, rel=0.05)
    assert found.crossing is None


def test_satisfaction_alarms_for_a_fall_and_is_told_as_satisfaction():
    rng = np.random.default_rng(1)
    scores = [20] * 90
    sums = [float(20 * m + d) for m, d in zip([0.8] * 40 + [0.6] * 50, rng.normal(0, 0.5, 90))]  # noqa: B905
    squares = [s * 0.8 for s in sums]
    days = daily(scores=scores, score_sum=sums, score_squares=squares)
    body = signal_body(signals(survey=read(days))["satisfaction:survey"])
    assert body["state"] == "alarm"
    assert body["baseline"]["rate"]["share"] == pytest.approx(0.8, abs=0.02)
    assert body["rate"]["low"] < body["rate"]["share"] < body["rate"]["high"]
    assert body["chart"]["after"] < body["chart"]["before"]
    assert "it is below" in body["says"]
    better = daily(scores=[20] * 60, score_sum=[16.0] * 30 + [19.0] * 30)
    assert signals(survey=read(better))["satisfaction:survey"].crossing is None


def test_tickets_count_by_call_where_calls_are_known_and_else_by_day():
    days = daily(tickets=[2] * 40)
    alone = signals(desk=read(days))["tickets:desk"]
    assert alone.series.unit == "days"
    calls = read(daily(calls=[200] * 40))
    both = signals(desk=read(days), gateway=calls)["tickets:desk"]
    assert both.series.unit == "calls"
    assert says(both).startswith("support tickets (desk)")


def test_a_day_whose_cost_is_known_in_part_is_no_day():
    known = [200] * 39 + [20]
    days = daily(calls=[200] * 40, cost_usd=[1.0] * 40, cost_known=known)
    assert len(signals(gateway=read(days))["cost:gateway"].series.figures) == 39
    body = signal_body(signals(gateway=read(days))["cost:gateway"])
    assert (body["rate"], body["claim"]) == (None, None)
    assert "1.00 USD a day" in body["says"]


def test_a_changed_mix_is_told_and_the_rate_says_so():
    days = daily(calls=[200] * 112, unsafe=[2] * 84 + [9] * 28, unsafe_of=[200] * 112)
    monday = date(2026, 8, 3)
    mix = [
        {
            "week_of": (monday + timedelta(7 * week)).isoformat(),
            "by": "owner",
            "groups": {"Search": 1_000 - jump, "": 400 + jump},
        }
        for week in range(15)
        for jump in [600 if week > 10 else week % 3]
    ]
    config = AlarmsConfig(baseline_days=84)
    reading_ = read(days, mix=mix)
    (found,) = mixes(config, {"gateway": reading_})
    body = mix_body(found)
    assert body["changed"]
    assert body["movers"][0]["group"] in ("Search", "")
    (signal,) = judge(
        AlarmsConfig(baseline_days=84, signals=("unsafe",)), {"gateway": reading_}, {}
    )
    assert signal_body(signal, [found])["says"].endswith("which alone can move a rate")


def test_of_a_day_that_is_there_in_part_only_the_shares_are_read():
    days = daily(
        calls=[200] * 40,
        cost_usd=[1.0] * 40,
        tickets=[2] * 40,
        unsafe=[2] * 40,
        unsafe_of=[200] * 40,
        part=[False] * 39 + [True],
    )
    found = signals(gateway=read(days))
    counted = {name: len(one.series.figures) for name, one in found.items()}
    assert counted == {"unsafe:gateway": 40, "tickets:gateway": 39, "cost:gateway": 39}
