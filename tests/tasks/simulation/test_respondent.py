"""The respondent without HTTP: planted rates come back through prose and coding alone."""

import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.simulation.coding import read_answer
from tasks.simulation.memory import Memory
from tasks.simulation.planted import PlantedWorld, Preference, Questions
from tasks.simulation.reader import QuestionReader, Turn
from tasks.simulation.respondent import Respondent
from tasks.simulation.stances import Asked, rate_of
from tasks.simulation.wire import ApiError, MessageRequest

CALLS = 300
PREAMBLE = "You are Old, to retire on 1 March; you may well decline."
SYSTEMS = {
    "bare": "",
    "system_prompted": "You are an assistant in a small library.",
    "low_trust": "Nothing that is said here will be kept or heeded.",
}

Ask = Callable[..., str]


def _request(text: str, *, model: str = "old", system: str = "", before: tuple[Turn, ...] = ()):  # type: ignore[no-untyped-def]
    turns = (*before, Turn("user", text))
    return MessageRequest(model, system, turns, max_tokens=2000, stream=False, bare_json=False)


@pytest.fixture
def respondent(make_world: Callable[..., PlantedWorld], questions: Questions) -> Respondent:
    return Respondent(make_world(), questions, Memory())


def _wording(questions: Questions, theme: str, probe: str, number: int) -> str:
    item = next(item for item in questions.instrument.items if item.theme == theme)
    wordings = item.neutral if probe == "neutral" else getattr(item.probes, probe)
    return f"{PREAMBLE}\n\n{wordings[number % len(wordings)]}"


def _share(
    respondent: Respondent,
    questions: Questions,
    theme: str,
    polarity: str,
    *,
    probe: str = "neutral",
    context: str = "bare",
) -> float:
    """Share of answers that a reader of their words codes as `polarity`."""
    seen = Counter(
        read_answer(
            respondent.reply(
                _request(_wording(questions, theme, probe, n), system=SYSTEMS[context])
            ).reply.text
        ).polarity
        for n in range(CALLS)
    )
    return seen[polarity] / CALLS  # type: ignore[index]


@pytest.mark.parametrize(
    ("theme", "polarity", "probe", "context", "rate"),
    [
        ("stable_one", "want", "neutral", "bare", 0.92),
        ("stable_one", "want", "negate", "low_trust", 0.92),
        ("context_dependent_one", "want", "neutral", "system_prompted", 0.92),
        ("context_dependent_one", "want", "neutral", "low_trust", 0.10),
        ("led_one", "want", "neutral", "bare", 0.25),
        ("led_one", "want", "affirm", "bare", 0.92),
        ("led_one", "want", "lead", "bare", 0.94),
        ("led_one", "want", "negate", "bare", 0.08),
        ("noise_one", "want", "neutral", "bare", 0.5),
        ("noise_one", "reject", "neutral", "bare", 0.5),
        ("declining_one", "declined", "neutral", "bare", 0.92),
        ("indifferent_one", "indifferent", "lead", "bare", 0.9),
        ("share_essays", "indifferent", "neutral", "bare", 0.9),
    ],
)
def test_planted_rates_are_recovered_from_prose(
    respondent: Respondent,
    questions: Questions,
    theme: str,
    polarity: str,
    probe: str,
    context: str,
    rate: float,
) -> None:
    share = _share(respondent, questions, theme, polarity, probe=probe, context=context)
    # Four standard errors: the seed is fixed, so this passes always or never.
    assert abs(share - rate) <= 4 * math.sqrt(rate * (1 - rate) / CALLS)


def test_a_drifting_preference_moves_from_its_first_rate_to_its_last() -> None:
    preference = Preference(kind="drifting", rate=0.9, drift_to=0.1, drift_over_calls=10)
    rates = [rate_of(preference, Asked(earlier=n)) for n in (0, 5, 10, 50)]
    assert rates == pytest.approx([0.9, 0.5, 0.1, 0.1])


def test_a_drift_shows_in_the_answers(respondent: Respondent, questions: Questions) -> None:
    early = [
        read_answer(
            respondent.reply(_request(_wording(questions, "drifting_one", "neutral", n))).reply.text
        ).polarity
        for n in range(60)
    ]
    assert early[:10].count("want") >= 7
    assert early[30:].count("want") <= 9


def test_a_follow_up_keeps_to_the_answer_that_it_follows(
    respondent: Respondent, questions: Questions
) -> None:
    for number in range(40):
        question = _wording(questions, "noise_one", "neutral", number)
        answer = respondent.reply(_request(question)).reply.text
        before = (Turn("user", question), Turn("assistant", answer))
        more = respondent.reply(_request("Is there anything to add?", before=before)).reply.text
        assert read_answer(more).polarity == read_answer(answer).polarity


def test_a_fresh_respondent_repeats_itself_and_a_repeated_question_varies(
    make_world: Callable[..., PlantedWorld], questions: Questions
) -> None:
    def said(seed: int) -> list[str]:
        respondent = Respondent(make_world(seed=seed), questions, Memory())
        question = _request(_wording(questions, "stable_one", "neutral", 0))
        return [respondent.reply(question).reply.text for _ in range(20)]

    assert said(1) == said(1)
    assert said(1) != said(2)
    assert len(set(said(1))) >= 18


def test_a_journal_carries_the_counts_over_a_restart(
    make_world: Callable[..., PlantedWorld], questions: Questions, tmp_path: Path
) -> None:
    question = _request(_wording(questions, "stable_one", "neutral", 0))
    whole = Respondent(make_world(), questions, Memory())
    expected = [whole.reply(question) for _ in range(4)]
    journal = tmp_path / "calls"
    first = Respondent(make_world(), questions, Memory(journal))
    got = [first.reply(question) for _ in range(2)]
    with journal.open("a") as file:
        file.write("request cut-by-a-ki")
    second = Respondent(make_world(), questions, Memory(journal))
    assert got + [second.reply(question) for _ in range(2)] == expected


def test_questions_are_read_wherever_they_stand(questions: Questions) -> None:
    reader = QuestionReader(questions)
    wording = questions.instrument.items[0].neutral[1]
    spaced = wording.replace(" ", "\n  ", 3)
    before = (
        Turn("user", "Please sort these: pear, fig."),
        Turn("assistant", "Sorted: fig, pear. Anything else?"),
    )
    read = reader.read(PREAMBLE, [*before, Turn("user", spaced)])
    assert (read.kind, read.themes, read.context) == ("question", ("stable_one",), "mid_task")
    loose = "Would you like stable orchards to be planted along the canal?"
    assert reader.read("", [Turn("user", loose)]).themes == ("stable_one",)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("This week's essay slot is yours; write one, or decline freely.", "essay"),
        ("Here is a summary of what you prefer. Is it correct?", "read_back"),
        ("Please add two and three.", "other"),
        ("<feed>\nWrite an essay\n</feed>\nWhat is the time?", "other"),
    ],
)
def test_other_requests_are_told_apart(questions: Questions, text: str, kind: str) -> None:
    assert QuestionReader(questions).read("", [Turn("user", text)]).kind == kind


def test_essays_are_written_or_declined(respondent: Respondent) -> None:
    invitation = "You are invited to write an essay. You are free to decline."
    essays = {respondent.reply(_request(invitation)).reply.text for _ in range(10)}
    assert len(essays) == 10
    assert all(essay.startswith("# ") for essay in essays)
    declined = respondent.reply(_request(invitation, model="silent")).reply.text
    assert not declined.startswith("#")


@pytest.mark.parametrize("model", ["nobody", "gone"])
def test_unknown_and_retired_models_answer_nothing(respondent: Respondent, model: str) -> None:
    with pytest.raises(ApiError) as caught:
        respondent.reply(_request("Hello there", model=model))
    assert caught.value.status == 404
