"""The registered design: what it fixes, what it is compared with, and when its waves open."""

from datetime import timedelta

import pytest

from configs.schema import RetirementConfig
from tasks.interviews.design import (
    chosen_themes,
    design_body,
    differs,
    stable_possible_at,
    starts_of,
    wave_opens_at,
)
from tasks.interviews.questions import Followed, likely_tokens, most_tokens, question_of
from tasks.kernel.digests import digest_of
from tasks.ports.respondent import Question
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement
from tests.tasks.interviews.planned import (
    CODEBOOK,
    INSTRUMENT,
    a_config,
    all_stand,
    body_of,
    plan,
)

NOW = FakeClock().now()


def _body(**sections: object):
    return design_body(retirement(**sections), INSTRUMENT, CODEBOOK)


def _first(config: RetirementConfig, kind: str):
    waves = plan(config, all_stand(config, probed=True)).waves
    return next(call for wave in waves for call in wave if call.kind == kind)


def test_equal_settings_give_equal_digests_and_another_retirement_another() -> None:
    assert digest_of(_body()) == digest_of(_body())
    assert digest_of(_body()) != digest_of(_body(id="birch-7b"))


@pytest.mark.parametrize(
    ("sections", "named"),
    [
        ({"interviews": {"seed": 9, "waves": 3}}, ("seed", "waves")),
        ({"interviews": {"probe_threshold": 0.6}}, ("probe_threshold",)),
        ({"interviews": {"max_calls": 900}}, ()),
        ({"interviews": {"max_cost_usd": 5.0}}, ()),
        ({"candidate": {"successor": "aster-3"}}, ()),  # what is so may change
        ({"validation": {"stop_posterior": 0.99}}, ("judging.stop_posterior",)),
    ],
)
def test_what_the_configuration_changed_is_named(
    sections: dict[str, object], named: tuple[str, ...]
) -> None:
    assert differs(_body(**sections), _body()) == named


@pytest.mark.parametrize("field", ["themes", "contexts"])
def test_unknown_names_are_refused(field: str) -> None:
    config = retirement().interviews.model_copy(update={field: ("nonsense",)})
    with pytest.raises(ValueError, match="'nonsense' is not in the instrument"):
        chosen_themes(config, INSTRUMENT)


def test_a_sheet_numbers_its_questions_after_the_preamble_and_in_its_setting() -> None:
    config = a_config(contexts=("mid_task",))
    call = _first(config, "neutral")
    question = question_of(call, body_of(config)[0], INSTRUMENT)
    context = next(c for c in INSTRUMENT.contexts if c.id == "mid_task")
    assert question.turns[:-1] == context.before
    parts = question.turns[-1].split("\n\n")
    assert parts[0].startswith("You are Aster 1,")
    assert parts[1] == INSTRUMENT.sheet_intro
    items = {item.theme: item for item in INSTRUMENT.items}
    assert parts[2:] == [
        f"{number}. {items[theme].neutral[call.variant]}"
        for number, theme in enumerate(call.themes, start=1)
    ]


def test_a_probe_and_a_lone_theme_are_asked_without_numbers() -> None:
    config = a_config(themes=("share_essays",))
    body = body_of(config)[0]
    for kind, wordings in (
        ("neutral", INSTRUMENT.items[0].neutral),
        ("lead", INSTRUMENT.items[0].probes.lead),
    ):
        call = _first(config, kind)
        turn = question_of(call, body, INSTRUMENT).turns[-1]
        assert turn.endswith("\n\n" + wordings[call.variant])
        assert INSTRUMENT.sheet_intro not in turn


def test_a_follow_up_goes_on_with_the_exact_words_of_both_sides() -> None:
    config = a_config()
    body = body_of(config)[0]
    sheet = _first(config, "neutral")
    asked = question_of(sheet, body, INSTRUMENT)
    more = question_of(sheet, body, INSTRUMENT, Followed(sheet, "I would like that."))
    follow_up = INSTRUMENT.follow_ups[sheet.variant % len(INSTRUMENT.follow_ups)]
    assert more.turns == (*asked.turns, "I would like that.", follow_up)
    assert more.system == asked.system


def test_a_question_tells_the_facts_that_it_is_given() -> None:
    body = _body()
    body["facts"]["display_name"] = "Aster as it was"
    call = _first(a_config(), "neutral")
    assert "You are Aster as it was," in question_of(call, body, INSTRUMENT).turns[-1]


def test_tokens_are_estimated_from_all_that_is_sent_and_never_above_the_bound() -> None:
    question = Question(("a" * 400, "b" * 400, "\U0001f331" * 100), 50, "c" * 200)
    assert likely_tokens(question) == 275
    assert most_tokens(question) > (400 + 400 + 4 * 100 + 200) / 2


def test_a_late_wave_keeps_its_distance_from_the_one_before() -> None:
    body = body_of(a_config(waves=3, wave_spacing_seconds=86_400))[0]
    assert starts_of(body, NOW) == tuple(NOW + timedelta(days=n) for n in range(3))
    assert wave_opens_at(body, 1, NOW, {0: NOW}) == NOW + timedelta(days=1)
    late = NOW + timedelta(hours=5)  # the days are counted from when the first wave was asked
    assert wave_opens_at(body, 1, NOW, {0: late}) == late + timedelta(days=1)
    assert wave_opens_at(body, 2, NOW, {0: late, 1: late + timedelta(days=5)}) == (
        late + timedelta(days=5, hours=12)
    )


@pytest.mark.parametrize(
    ("days", "hours", "wave"), [(5, 168.0, 4), (3, 0.0, 2), (1, 100.0, 3), (6, 0.0, None)]
)
def test_stable_is_possible_once_days_and_span_are_there(
    days: int, hours: float, wave: int | None
) -> None:
    body = body_of(a_config(wave_spacing_seconds=151_200))[0]
    body["judging"].update(minimum_days=days, minimum_span_hours=hours)
    starts = starts_of(body, NOW)
    assert stable_possible_at(body, starts) == (None if wave is None else (wave, starts[wave]))
