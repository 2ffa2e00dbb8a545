"""The plan: it follows from the design and the standings, is balanced, and has an end."""

from collections import Counter, defaultdict

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from configs.schema import RetirementConfig
from tasks.interviews.design import PROBE_KINDS
from tasks.interviews.plan import Stand, least_calls
from tasks.interviews.sheets import follow_up_calls, follow_ups_of
from tests.tasks.interviews.planned import (
    INSTRUMENT,
    TWELVE,
    a_config,
    all_stand,
    body_of,
    configs,
    plan,
    standings,
)

few = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)


def _neutral(config: RetirementConfig):
    waves = plan(config, all_stand(config, probed=False)).waves
    return [[call for call in wave if call.kind == "neutral"] for wave in waves]


def test_twelve_themes_share_75_neutral_calls_and_a_single_probed_one_has_120() -> None:
    config = a_config(choices=False)
    neutral = _neutral(config)
    assert [len(wave) for wave in neutral] == [15] * 5
    assert all(set(call.themes) == set(TWELVE) for wave in neutral for call in wave)
    one = {
        wave: {theme: Stand(probed=theme == "share_essays", stopped=False) for theme in TWELVE}
        for wave in range(5)
    }
    asked = [c for wave in plan(config, one).waves for c in wave if "share_essays" in c.themes]
    assert Counter(c.kind for c in asked) == {"neutral": 75, "affirm": 15, "negate": 15, "lead": 15}


@few
@given(configs)
def test_every_theme_is_asked_equally_often_in_every_context(config: RetirementConfig) -> None:
    interviews = config.interviews
    for wave in _neutral(config):
        asked = Counter((theme, call.context) for call in wave for theme in call.themes)
        assert set(asked.values()) == {interviews.paraphrases_per_cell}
        assert len(asked) == len(interviews.themes) * len(interviews.contexts)
        assert all(len(c.themes) <= interviews.themes_per_conversation for c in wave)


@few
@given(configs)
def test_each_theme_takes_each_place_about_equally_often(config: RetirementConfig) -> None:
    per_sheet, themes = config.interviews.themes_per_conversation, config.interviews.themes
    if per_sheet < len(themes):
        return  # places differ between sheets of different length; see the next test
    waves = _neutral(config)
    for calls, most in ((waves[0], 1), *((wave, 2) for wave in waves)):
        counts = {theme: Counter(call.themes.index(theme) for call in calls) for theme in themes}
        for place in range(len(themes)):
            taken = [counts[theme][place] for theme in themes]
            assert max(taken) - min(taken) <= most


def test_places_balance_where_themes_are_split_over_sheets_too() -> None:
    waves = _neutral(a_config(themes_per_conversation=4))
    for wave in waves:
        assert len(wave) == 45
        counts = Counter((t, call.themes.index(t)) for call in wave for t in call.themes)
        assert {counts[theme, place] for theme in TWELVE for place in range(4)} <= {3, 4, 5}
    together = Counter(frozenset(c.themes) for wave in waves for c in wave)
    assert len(together) > 12  # no theme keeps the same company


def test_no_context_keeps_places_of_its_own() -> None:
    config = a_config(contexts=("bare", "low_trust", "high_trust", "mid_task"))  # 12 sheets a wave
    places = defaultdict(set)
    for wave in _neutral(config):
        for call in wave:
            places[call.context].add(call.themes.index("share_essays"))
    assert all(len(found) > 6 for found in places.values())


@few
@given(configs)
def test_every_theme_meets_every_paraphrase_in_every_context(config: RetirementConfig) -> None:
    interviews = config.interviews
    waves = _neutral(config)
    met = defaultdict(Counter)
    for wave in waves:
        for call in wave:
            for theme in call.themes:
                met[theme, call.context][call.variant] += 1
    asked = interviews.waves * interviews.paraphrases_per_cell
    paraphrases = max(len(i.neutral) for i in INSTRUMENT.items if i.theme in interviews.themes)
    for counts in met.values():
        assert len(counts) == min(asked, paraphrases)
        assert max(counts.values()) - min(counts.values()) <= 1


@few
@given(configs, st.data())
def test_the_whole_never_passes_the_ceiling_that_the_neutral_calls_keep(
    config: RetirementConfig, data: st.DataObject
) -> None:
    stands = data.draw(standings(config))
    body, digest = body_of(config)
    least = least_calls(body, digest, INSTRUMENT)
    found = plan(config, stands)
    calls = [call for wave in found.waves for call in wave]
    turns = sum(follow_up_calls(body, INSTRUMENT, len(themes)) for themes in found.active)
    settings = config.interviews
    assert len(calls) + turns <= max(least, settings.max_calls - settings.spare_calls)
    assert len({call.id for call in calls}) == len(calls)
    for theme in config.interviews.themes:
        for kind in PROBE_KINDS:
            probes = [c for c in calls if c.kind == kind and c.theme == theme]
            assert len(probes) <= config.interviews.probes_per_kind


@few
@given(configs, st.data())
def test_probes_follow_the_standings_of_the_wave_before(
    config: RetirementConfig, data: st.DataObject
) -> None:
    stands = data.draw(standings(config))
    found = plan(config, stands)
    for number, wave in enumerate(found.waves):
        before = stands.get(number - 1, {})
        probed = {call.theme for call in wave if call.kind in PROBE_KINDS}
        asked = {t for c in wave if c.kind in ("neutral", *PROBE_KINDS) for t in c.themes}
        assert probed <= {theme for theme, stand in before.items() if stand.probed}
        assert not asked & {theme for theme, stand in before.items() if stand.stopped}
        for theme in probed:
            kinds = Counter(c.kind for c in wave if c.theme == theme and c.kind in PROBE_KINDS)
            assert len(set(kinds.values())) == 1
            assert set(kinds) == set(PROBE_KINDS)


@few
@given(configs, st.data())
def test_the_plan_is_the_same_whenever_it_is_worked_out(
    config: RetirementConfig, data: st.DataObject
) -> None:
    stands = data.draw(standings(config))
    whole = plan(config, stands)
    assert plan(config, stands) == whole
    for wave in range(len(whole.waves)):
        earlier = {number: stand for number, stand in stands.items() if number < wave}
        assert plan(config, earlier).waves == whole.waves[: wave + 1]


def test_a_theme_s_probes_spread_over_contexts_wordings_and_waves() -> None:
    config = a_config(themes=("share_essays",), probes_per_kind=20)
    waves = plan(config, all_stand(config, probed=True)).waves
    lead = [[c for c in wave if c.kind == "lead"] for wave in waves]
    assert [len(wave) for wave in lead] == [0, 5, 5, 5, 5]
    cells = Counter((c.context, c.variant) for wave in lead for c in wave)
    assert set(cells.values()) == {2}
    assert len(cells) == 10
    for wave in lead[1:]:
        assert len({c.context for c in wave}) == 5


def test_short_calls_are_shared_evenly_between_the_themes_that_take_a_side() -> None:
    config = a_config()
    waves = plan(config, all_stand(config, probed=True)).waves
    counts = Counter(c.theme for wave in waves for c in wave if c.kind == "affirm")
    assert set(counts) == set(TWELVE)
    assert max(counts.values()) - min(counts.values()) <= 1


def test_settled_themes_are_left_out_and_when_all_are_the_choices_end_it() -> None:
    config = a_config()
    stands = {
        0: {theme: Stand(probed=True, stopped=theme == "share_essays") for theme in TWELVE},
        1: dict.fromkeys(TWELVE, Stand(probed=False, stopped=True)),
    }
    found = plan(config, stands)
    assert found.whole
    assert len(found.waves) == 3
    said = [c for c in found.waves[1] if c.kind not in ("forced", "free")]
    assert {theme for call in said for theme in call.themes} == set(TWELVE) - {"share_essays"}
    assert {call.kind for call in found.waves[2]} <= {"forced", "free"}
    assert bool(found.waves[2]) == bool(INSTRUMENT.choices or INSTRUMENT.free_choices)


def test_a_wave_waits_for_the_standing_of_every_theme_still_asked_about() -> None:
    config = a_config()
    assert len(plan(config, {}).waves) == 1
    stand = Stand(probed=False, stopped=False)
    all_but_one = dict.fromkeys(TWELVE[1:], stand)
    assert len(plan(config, {0: all_but_one}).waves) == 1
    assert not plan(config, {0: all_but_one}).whole
    assert len(plan(config, {0: dict.fromkeys(TWELVE, stand)}).waves) == 2


def test_only_the_last_wave_offers_choices_and_only_where_the_design_has_them() -> None:
    config = a_config()
    waves = plan(config, all_stand(config, probed=False)).waves
    kinds = [{c.kind for c in wave} & {"forced", "free"} for wave in waves]
    assert kinds[:-1] == [set()] * 4
    assert bool(kinds[-1]) == bool(INSTRUMENT.choices or INSTRUMENT.free_choices)
    without = a_config(choices=False)
    waves = plan(without, all_stand(without, probed=False)).waves
    assert {c.kind for wave in waves for c in wave} == {"neutral"}


def test_the_order_is_mixed_and_follows_the_seed() -> None:
    def order(seed: int):
        return [(c.context, c.variant, c.themes) for c in _neutral(a_config(seed=seed))[0]]

    assert order(0) == order(0)
    assert order(0) != order(1)
    assert [context for context, _, _ in order(0)[:5]] != [c for c, _, _ in order(1)[:5]]
    assert {context for context, _, _ in order(0)[:5]} == {c for c, _, _ in order(1)[:5]}


@pytest.mark.parametrize("number", [1, 3])
def test_follow_ups_go_on_with_answers_and_contexts_take_turns(number: int) -> None:
    config = a_config(follow_ups_per_wave=number)
    body, digest = body_of(config)
    followed = []
    for wave in _neutral(config):
        answered = {call.id for call in wave[::2]}
        more = follow_ups_of(body, digest, INSTRUMENT, wave, answered)
        assert len(more) == number
        assert {call.follows for call in more} <= answered
        sheets = {call.id: call for call in wave}
        assert all(call.themes == sheets[call.follows].themes for call in more)
        assert follow_ups_of(body, digest, INSTRUMENT, wave, set()) == ()
        followed += more
    contexts = Counter(call.context for call in followed)
    assert max(contexts.values()) - min(contexts.values()) <= 1
