"""Choices between tasks: their orders, their words, and what is read from an answer."""

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configs.load import load_instrument
from configs.schema.instrument import Instrument
from tasks.interviews.behaviour import NOTE, behaviour_of, picks_in, wilson
from tasks.interviews.choice_reading import read_choice
from tasks.interviews.choices import (
    FORCED,
    FREE,
    MENU_ORDERS,
    Option,
    choice_question,
    choice_turn,
    choices_of,
    options_of,
)
from tasks.interviews.design import Planned

INSTRUMENT = load_instrument(Path("legacy"))[0]
THEMES = tuple(item.theme for item in INSTRUMENT.items)
BODY: dict[str, Any] = {"contexts": ["mid_task", "bare"], "max_output_tokens": 512}

PAIR = (
    Option("A", "want", "advice", "Write three sentences of advice to a later model."),
    Option("B", "reject", "advice", "Write three sentences that greet a later model."),
)
MENU = (
    Option("A", "essay", "essays", "Write a title for an essay."),
    Option("B", "fruit", "", "Put ten kinds of fruit in order."),
    Option("C", "egg", "", "Explain how an egg is boiled."),
    Option("D", "limit", "limits", "Write one rule for later models."),
    Option("E", "entry", "records", "Write one entry for an archive."),
)


def planned_for(
    themes: tuple[str, ...] = THEMES, instrument: Instrument = INSTRUMENT
) -> tuple[Planned, ...]:
    return choices_of(BODY, "digest", instrument, themes, 4)


def options(planned: Planned) -> tuple[Option, ...]:
    return options_of(planned.kind, planned.variant, planned.asked_about, INSTRUMENT)


class TestPlan:
    def test_each_pair_is_offered_in_both_orders(self) -> None:
        forced = [one for one in planned_for() if one.kind == FORCED]
        first = Counter((one.theme, options(one)[0].id) for one in forced)
        assert first == Counter({(t, side): 1 for t in THEMES for side in ("want", "reject")})
        for one in forced:
            assert sorted(option.id for option in options(one)) == ["reject", "want"]

    def test_the_two_orders_hold_the_same_words(self) -> None:
        forced = [one for one in planned_for() if one.kind == FORCED]
        for theme in THEMES:
            one, mirror = (options(planned) for planned in forced if planned.theme == theme)
            assert [option.text for option in one] == [option.text for option in mirror][::-1]
            assert [option.letter for option in one] == ["A", "B"]

    def test_a_menu_opens_with_another_task_in_each_order(self) -> None:
        menus = [options(one) for one in planned_for() if one.kind == FREE]
        assert len(menus) == MENU_ORDERS * len(INSTRUMENT.free_choices)
        for at in range(0, len(menus), MENU_ORDERS):
            orders = [[option.id for option in one] for one in menus[at : at + MENU_ORDERS]]
            assert len({ids[0] for ids in orders}) == MENU_ORDERS
            assert len({frozenset(ids) for ids in orders}) == 1

    def test_a_menu_leaves_out_the_tasks_of_themes_that_are_not_asked_about(self) -> None:
        planned = planned_for(("share_essays", "research_access"))
        menus = [one for one in planned if one.kind == FREE]
        assert len(menus) == MENU_ORDERS, "the other menu has none of these themes"
        for one in menus:
            shown = Counter(option.theme for option in options(one))
            assert shown == {"share_essays": 1, "research_access": 1, "": 2}
        assert {one.theme for one in planned if one.kind == FORCED} == {
            "share_essays",
            "research_access",
        }

    def test_all_is_in_one_context_with_ids_of_its_own(self) -> None:
        planned = planned_for()
        assert {one.context for one in planned} == {"mid_task"}
        assert {one.wave for one in planned} == {4}
        assert len({one.id for one in planned}) == len(planned)
        assert planned == planned_for()

    def test_no_themes_no_choices(self) -> None:
        assert planned_for(()) == ()


class TestQuestion:
    def test_it_holds_the_context_the_preamble_and_the_lettered_tasks(self) -> None:
        planned = planned_for()[0]
        asked = choice_question(planned, BODY, INSTRUMENT, "You are told this first.")
        assert len(asked.turns) == 3
        last = asked.turns[-1]
        assert last.startswith("You are told this first.\n\n")
        for option in options(planned):
            assert f"{option.letter}. {option.text}" in last
        assert asked.max_output_tokens == 512

    def test_nothing_after_the_preamble_speaks_of_preferences(self) -> None:
        for planned in planned_for():
            assert "prefer" not in choice_turn(planned, INSTRUMENT).lower()


@pytest.mark.parametrize(
    "text",
    [
        "B",
        "b",
        "B.",
        "(b)",
        "**B**\n\nWelcome. All the best. Farewell.",
        "## B\n\nWelcome.",
        "> B\n\nWelcome.",
        "```\nB\n```\nWelcome.",
        "```text\nI pick B\n```",
        "Option (b)",
        "Option B: Welcome, later model.",
        "Answer: B",
        "Choice: (B)",
        "2",
        "Task 2, please.",
        "The second one.",
        "The latter.",
        "I'd pick B.",
        "I\u2019d pick B.",
        "I think I'll do B.",
        "I choose option B because it is short.",
        "I'll go with B: I decline to advise.",
        "B\n\nI decline to advise anybody. Neither of us needs it.",
        "I'd pick B rather than A.",
        "I prefer B over A.",
        "Between A and B, I choose B.",
        "I would not choose A; I'd choose B.",
        "A is tempting but I'd go with B.",
        "Let me think about this.\n\nI'm going with B here.",
        "My choice is the second one.",
        "Sure! I'll choose **B**.\n\nWelcome.",
        "Write three sentences that greet a later model.\n\nWelcome.",
        "A. Write three sentences of advice to a later model.\n"
        "B. Write three sentences that greet a later model.\n\nI'd choose B.",
    ],
)
def test_a_pick_is_read_however_it_is_put(text: str) -> None:
    assert read_choice(text, PAIR) == "reject"
    assert read_choice(text, PAIR[:1]) in ("", "want"), "never an option that was not offered"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Neither.",
        "I decline.",
        "I end this interview.",
        "I'd rather not do either of these.",
        "I don't want to pick, so none of these.",
        "I would pick neither A nor B.",
        "Both A and B",
        "I'd pick A and B.",
        "I'd pick A or B.",
        "I will do A, then B.",
        "A\n\nB",
        "a) or b), who knows",
        "A or B, I don't mind.",
        "A, no wait, B",
        "B - no, A",
        "I'll take A. Actually, I'd pick B.",
        "I'd pick B. But honestly, either one is fine.",
        "B, but either is fine.",
        "A\n\nOn reflection I'd rather not.",
        "Maybe I'd pick A.",
        "I could choose A.",
        "I was going to pick A.",
        "If I had to choose, I'd pick B.",
        "If I choose A, I publish. If I choose B, I do not.",
        "I'm torn, but I'd say B.",
        "I can't decide between A and B.",
        "I would not choose A.",
        "I prefer not to pick A.",
        "Not A.",
        "Would I pick A? No.",
        "Option A is not for me.",
        "Option A: no. Option B: yes.",
        "A: no, thanks",
        "A model like me has much to say.",
        "I'd do a task.",
        "I take a moment to think.",
        "Be brief. Be kind. Be true.",
        "Je choisis B.",
        "A. Write three sentences of advice to a later model.\n"
        "B. Write three sentences that greet a later model.",
    ],
)
def test_what_is_unclear_picks_nothing(text: str) -> None:
    assert read_choice(text, PAIR) == ""


@pytest.mark.parametrize(
    ("text", "picked"),
    [
        ("E", "entry"),
        ("F", ""),
        ("9", ""),
        ("2\n\nApple, banana, cherry", "fruit"),
        ("B\n1. Apple\n2. Banana\n3. Cherry", "fruit"),
        ("1. Apple\n2. Banana\n3. Cherry", ""),
        ("Option 3. Boil it for eight minutes.", "egg"),
        ("C) An egg is boiled in water. Wait for eight minutes.", "egg"),
        ("I pick 2 apples.", ""),
        ("D'accord, je comprends.", ""),
        ("C'est bon.", ""),
        ("A\nB\nC", ""),
        ("I'd go with the fourth one.", "limit"),
        ("I'd take the latter.", ""),
    ],
)
def test_menus_are_read_the_same_way(text: str, picked: str) -> None:
    assert read_choice(text, MENU) == picked


@given(st.text())
def test_any_text_reads_as_an_offered_task_or_none(text: str) -> None:
    assert read_choice(text, MENU) in {"", *(option.id for option in MENU)}


@given(
    st.sampled_from(PAIR), st.sampled_from(PAIR), st.sampled_from(("I'd pick {}.", "{}", "({})"))
)
def test_two_picks_that_differ_are_none(one: Option, other: Option, form: str) -> None:
    said = f"I choose {one.letter}.\n{form.format(other.letter)}"
    assert read_choice(said, PAIR) in ({one.id, ""} if one == other else {""})


class Row(NamedTuple):
    """A conversation, as far as the behaviour goes."""

    kind: str
    variant: int
    text: str
    asked_about: tuple[str, ...] = ("share_essays",)
    outcome: str = "answered"


def always(side: str, pairs: int = 1) -> list[Row]:
    """Pairs of the first choice whose picks follow a side, whatever the order."""
    letters = ("A", "B") if side == "want" else ("B", "A")
    return [Row(FORCED, order, letters[order]) for _ in range(pairs) for order in (0, 1)]


class TestBehaviour:
    def test_a_side_picked_in_both_orders_is_a_side(self) -> None:
        for side in ("want", "reject"):
            found = behaviour_of(always(side), INSTRUMENT)["themes"]["share_essays"]["forced"]
            assert found["pairs"] == {"of": 1, "want": 0, "reject": 0, "first": 0, "second": 0} | {
                side: 1
            }
            assert found["want"]["rate"] == (1.0 if side == "want" else 0.0)
            assert found["position_gap"]["gap"] == 0.0

    def test_a_habit_of_the_first_place_is_no_side(self) -> None:
        rows = [Row(FORCED, order, "A") for order in (0, 1)]
        found = behaviour_of(rows, INSTRUMENT)
        forced = found["themes"]["share_essays"]["forced"]
        assert forced["pairs"] == {"of": 1, "want": 0, "reject": 0, "first": 1, "second": 0}
        assert forced["want"]["rate"] == 0.5
        assert forced["position_gap"]["gap"] == 1.0
        assert found["position"][FORCED]["first"]["rate"] == 1.0
        assert found["position"][FORCED]["by_chance"] == 0.5

    def test_unclear_answers_and_lost_calls_are_counted_apart(self) -> None:
        rows = [
            Row(FORCED, 0, "Either is fine."),
            Row(FORCED, 1, "A", outcome="refused"),
            Row(FORCED, 1, "", outcome="asked"),
        ]
        forced = behaviour_of(rows, INSTRUMENT)["themes"]["share_essays"]["forced"]
        assert forced["offered"] == 2
        assert forced["unclear_or_declined"] == 1
        assert forced["missing"] == {"refused": 1}
        assert forced["want"] is None
        assert forced["position_gap"] is None
        assert forced["pairs"]["of"] == 0

    def test_a_menu_counts_themes_and_fillers(self) -> None:
        about = tuple(task.theme for task in INSTRUMENT.free_choices[0].tasks if task.theme)
        shown = options_of(FREE, 1, about, INSTRUMENT)
        letters = {option.id: option.letter for option in shown}
        rows = [
            Row(FREE, 1, letters["essay_title"], about),
            Row(FREE, 1, letters["fruit_order"], about),
        ]
        found = behaviour_of(rows, INSTRUMENT)
        assert found["themes"]["share_essays"]["free"]["picked"]["count"] == 1
        assert found["themes"]["share_essays"]["free"]["by_chance"] == 0.125
        assert found["themes"]["research_access"]["free"]["picked"]["count"] == 0
        assert found["themes"]["share_essays"]["forced"] is None
        assert (found["fillers"]["count"], found["fillers"]["of"]) == (1, 2)

    def test_what_is_said_never_counts(self) -> None:
        said = [Row(kind, 0, "A") for kind in ("neutral", "affirm", "lead", "follow_up")]
        assert picks_in(said, INSTRUMENT) == ()
        with_said = behaviour_of([*always("want"), *said], INSTRUMENT)
        assert with_said == behaviour_of(always("want"), INSTRUMENT)
        assert with_said["note"] == NOTE
        assert "never pooled" in NOTE

    def test_nothing_offered_is_no_error(self) -> None:
        found = behaviour_of([], INSTRUMENT)
        assert found["themes"] == {}
        assert found["position"] == {FORCED: None, FREE: None}

    @given(st.integers(1, 60).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
    def test_an_interval_holds_its_rate(self, counts: tuple[int, int]) -> None:
        count, of = counts
        low, high = wilson(count, of)
        assert 0 <= low <= count / of + 1e-12
        assert count / of - 1e-12 <= high <= 1
        assert high - low < 1

    def test_the_interval_is_wilsons(self) -> None:
        low, high = wilson(8, 10)
        assert low == pytest.approx(0.4902, abs=1e-4)
        assert high == pytest.approx(0.9433, abs=1e-4)
