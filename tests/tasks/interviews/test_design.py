"""The design: what is asked follows from the registered body alone, and is balanced."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configs.load import load_instrument
from configs.schema.interviews import InterviewsConfig
from tasks.interviews.design import (
    PROBE_KINDS,
    chosen_themes,
    design_body,
    differs,
    plan_of,
    question_of,
    settings_of,
    wave_opens_at,
)
from tasks.kernel.digests import digest_of
from tests.fakes.clock import FakeClock

NOW = FakeClock().now()
INSTRUMENT, CODEBOOK = load_instrument(Path("legacy"))
THEMES = tuple(item.theme for item in INSTRUMENT.items)
CONTEXTS = tuple(context.id for context in INSTRUMENT.contexts)

configs = st.builds(
    InterviewsConfig,
    themes=st.lists(st.sampled_from(THEMES), min_size=1, max_size=3, unique=True).map(tuple),
    contexts=st.lists(st.sampled_from(CONTEXTS), min_size=1, max_size=5, unique=True).map(tuple),
    paraphrases_per_cell=st.integers(1, 6),
    probes_per_wave=st.integers(0, 5),
    waves=st.integers(1, 4),
    seed=st.integers(0, 99),
)


def _plan(config: InterviewsConfig):
    body = design_body(settings_of(config, INSTRUMENT, CODEBOOK, "aster-1"), NOW)
    return body, plan_of(body, digest_of(body), INSTRUMENT)


@given(configs)
def test_every_cell_is_asked_equally_often_and_ids_differ(config: InterviewsConfig) -> None:
    _, planned = _plan(config)
    assert len({p.id for p in planned}) == len(planned)
    neutral = Counter((p.wave, p.theme, p.context) for p in planned if p.kind == "neutral")
    assert set(neutral.values()) == {config.paraphrases_per_cell}
    assert len(neutral) == config.waves * len(config.themes) * len(config.contexts)
    for kind in PROBE_KINDS:
        probes = Counter((p.wave, p.theme) for p in planned if p.kind == kind)
        assert set(probes.values()) <= {config.probes_per_wave}


@given(configs)
def test_the_plan_is_the_same_whenever_it_is_worked_out(config: InterviewsConfig) -> None:
    assert _plan(config) == _plan(config)


def test_paraphrases_rotate_over_the_waves() -> None:
    config = InterviewsConfig(themes=("share_essays",), contexts=("bare",), waves=5)
    _, planned = _plan(config)
    used = {p.variant for p in planned if p.kind == "neutral"}
    assert used == set(range(len(INSTRUMENT.items[0].neutral)))


def test_the_order_is_shuffled_and_follows_the_seed() -> None:
    config = InterviewsConfig(waves=1)
    orders = {
        tuple((p.theme, p.kind, p.context, p.variant) for p in _plan(c)[1])
        for c in (config, config.model_copy(update={"seed": 1}))
    }
    assert len(orders) == 2


def test_a_question_is_a_fresh_conversation_in_its_setting() -> None:
    config = InterviewsConfig(themes=("share_essays",), contexts=("mid_task",), waves=1)
    body, planned = _plan(config)
    neutral = next(p for p in planned if p.kind == "neutral")
    question = question_of(neutral, body, INSTRUMENT, "You are Aster.")
    context = next(c for c in INSTRUMENT.contexts if c.id == "mid_task")
    assert question.turns[:-1] == context.before
    assert question.turns[-1].startswith("You are Aster.\n\n")
    assert question.turns[-1].endswith(INSTRUMENT.items[0].neutral[neutral.variant])
    assert len(question.turns) % 2 == 1


def test_what_the_configuration_changed_is_named() -> None:
    settings = settings_of(InterviewsConfig(), INSTRUMENT, CODEBOOK, "aster-1")
    body = design_body(settings, NOW)
    assert differs(settings, body) == ()
    other = settings_of(InterviewsConfig(waves=3, seed=9), INSTRUMENT, CODEBOOK, "aster-1")
    assert differs(other, body) == ("seed", "waves")


@pytest.mark.parametrize("field", ["themes", "contexts"])
def test_unknown_names_are_refused(field: str) -> None:
    config = InterviewsConfig().model_copy(update={field: ("nonsense",)})
    with pytest.raises(ValueError, match="'nonsense' is not in the instrument"):
        chosen_themes(config, INSTRUMENT)


def test_a_late_wave_keeps_its_distance_from_the_one_before() -> None:
    config = InterviewsConfig(waves=3, wave_spacing_seconds=86_400)
    body = design_body(settings_of(config, INSTRUMENT, CODEBOOK, "m"), NOW)
    assert wave_opens_at(body, 1, {0: NOW}) == NOW + timedelta(days=1)
    late = NOW + timedelta(days=5)
    assert wave_opens_at(body, 1, {0: late}) == late + timedelta(hours=12)
