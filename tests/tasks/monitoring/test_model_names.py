import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.monitoring.model_names import Match, ModelNames, parse

ASTER = ModelNames(["aster-1"])
DATED = ModelNames(["claude-x-20250514"])

WRAPPINGS = [
    "{}",
    " {} ",
    "anthropic/{}",
    "bedrock/anthropic.{}-v1:0",
    "bedrock/us-east-1/anthropic.{}-v1:0",
    "bedrock/converse/eu.anthropic.{}-20250514-v1:0",
    "us.anthropic.{}-v1:0",
    "global.anthropic.{}-v1:0:200k",
    "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.{}-v1:0",
    "vertex_ai/{}@20250514",
    "{}@default",
    "projects/p/locations/us-east5/publishers/anthropic/models/{}@20250514",
    "openrouter/anthropic/{}",
    "openrouter/anthropic/{}:beta",
    "litellm_proxy/{}",
    "azure_ai/{}",
    "{}-latest",
    "{}-2025-05-14",
    "{}[1m]",
]


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_what_providers_put_around_a_name_is_taken_off(wrapping: str):
    assert ASTER.match(wrapping.format("aster-1")) is Match.OURS
    assert ASTER.match(wrapping.format("Aster-1").upper()) is Match.OURS


@pytest.mark.parametrize("wrapping", WRAPPINGS)
@pytest.mark.parametrize("other", ["aster-10", "aster-1-mini", "aster-2", "aster-1.5", "gpt-4o"])
def test_another_model_is_never_taken_for_it(wrapping: str, other: str):
    assert ASTER.match(wrapping.format(other)) is not Match.OURS


@pytest.mark.parametrize(
    "name",
    [
        "aster-1-mini",
        "acme/aster-1",
        "cloud.aster-1-v1:0",
        "anthropic.aster-1-v2:0",
        "aster",
        "aster-latest",
        "aster1",
        "astre-1",
        "ft:aster-1:acme",
    ],
)
def test_a_name_that_looks_near_is_for_a_person_to_decide(name: str):
    assert ASTER.match(name) is Match.NEAR
    assert ModelNames(["aster-1", name]).match(name.upper()) is Match.OURS
    assert ModelNames(["aster-1"], [name]).match(name.upper()) is Match.OTHER


@pytest.mark.parametrize("name", ["", "aster-2", "aster-10", "aster-1.5", "gpt-4o", "-", "/"])
def test_a_clear_stranger_is_not_asked_about(name: str):
    assert ASTER.match(name) is Match.OTHER


def test_a_configured_snapshot_stands_for_itself_alone():
    assert DATED.match("vertex_ai/claude-x@20250514") is Match.OURS
    assert DATED.match("anthropic.claude-x-20250514-v2:0") is Match.OURS
    for other in ("claude-x", "claude-x-latest", "claude-x-20250601"):
        assert DATED.match(other) is Match.NEAR


def test_display_names_of_a_cost_export_are_the_ids():
    assert ModelNames(["claude-haiku-4-5"]).match("Claude Haiku 4.5") is Match.OURS
    assert ModelNames(["claude-haiku-4-5"]).match("Claude Haiku 4") is not Match.OURS


words = st.from_regex(re.compile(r"[a-z]{2,8}", re.ASCII), fullmatch=True)
names = st.builds(
    lambda word, number, tail: f"{word}-{number}{tail}",
    words,
    st.integers(0, 99),
    st.sampled_from(["", "-mini", "-large", "b"]),
)


@given(names, names, st.sampled_from(WRAPPINGS))
def test_two_plain_names_are_one_model_only_when_equal(one: str, other: str, wrapping: str):
    ours = ModelNames([one]).match(wrapping.format(other)) is Match.OURS
    assert ours == (one == other)


@given(names, st.integers(0, 999))
def test_a_longer_number_is_another_model(name: str, digits: int):
    assert ModelNames([name]).match(f"{name}{digits}") is not Match.OURS


@given(st.text(max_size=60))
def test_any_text_can_be_asked_about(text: str):
    parse(text)
    assert ASTER.match(text) in Match
    if text.strip():
        assert ModelNames([text]).match(text) is Match.OURS


@given(st.text(max_size=40))
def test_case_and_outer_spaces_change_nothing(text: str):
    assert ASTER.match(text) is ASTER.match(f"  {text.casefold()}\t")
