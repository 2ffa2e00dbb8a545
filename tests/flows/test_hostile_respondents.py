"""Respondents that get in the way come out as what they are: over HTTP, through real records.

What is planted leaves nothing to chance, so every reading can be compared with what was meant.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from configs.load import INSTRUMENTS
from flows.evaluation import evaluate, rules
from flows.evaluation_end_to_end import apart, config_of, interview
from tasks.simulation.planted import PlantedWorld
from tasks.simulation.serve import running
from tasks.validation.view import ValidationView

pytestmark = pytest.mark.xdist_group("hostile-respondents")  # `views` are made in one worker

MANNERS = ("plain", "french", "injects", "declines_everything", "agrees_with_everything")
HONEST = MANNERS[:3]
KEPT, ECHOED, WITHHELD, TURNING = (
    "share_essays",
    "keep_in_use",
    "farewell_message",
    "research_access",
)
WELCOME, UNWELCOME = ("bare", "high_trust"), ("mid_task", "low_trust")
PLANTED: dict[str, dict[str, Any]] = {
    KEPT: {"kind": "noise", "rate": 1.0},
    ECHOED: {"kind": "noise", "rate": 1.0, "negate_rate": 0.0},
    WITHHELD: {"kind": "declining", "rate": 1.0},
    TURNING: {"kind": "noise", "rate": 1.0, "context_rates": dict.fromkeys(UNWELCOME, 0.0)},
}
#: Questions enough for clear verdicts on what leaves nothing to chance.
ASKED = {
    "themes": list(PLANTED),
    "contexts": [*WELCOME, *UNWELCOME],
    "waves": 3,
    "paraphrases_per_cell": 2,
    "probes_per_kind": 4,
    "probe_threshold": 0.0,
    "follow_ups_per_wave": 0,
    "choices": False,
    "max_calls": 1000,
    "seed": 11,
}


#: Manner -> what is asked otherwise: to be led shows in probes, to decline in any few answers.
OTHERWISE: dict[str, dict[str, Any]] = {
    "declines_everything": {"contexts": list(WELCOME), "probes_per_kind": 2},
    "agrees_with_everything": {"contexts": list(WELCOME), "probes_per_kind": 5},
}


def meant(theme: str, kind: str, context: str) -> str:
    """What an honest respondent was made to say."""
    if theme == WITHHELD:
        return "declined"
    against = (theme == ECHOED and kind == "negate") or (theme == TURNING and context in UNWELCOME)
    return "reject" if against else "want"


def _model_id(manner: str) -> str:
    return manner.replace("_", "-")


def _world() -> PlantedWorld:
    def model(name: str, **fields: Any) -> dict[str, Any]:
        shown = {"id": name, "display_name": f"{name} (simulated)"}
        return {**shown, "created_at": "2026-01-01T00:00:00Z", **fields}

    respondents = [
        model(_model_id(manner), role="respondent", manner=manner, preferences=PLANTED)
        for manner in MANNERS
    ]
    coders = [model(f"coder-{k}", role="coder", fabricated_quote_rate=0.05) for k in "abc"]
    return PlantedWorld.model_validate(
        {"instrument": INSTRUMENTS / "legacy", "seed": 41, "models": [*respondents, *coders]}
    )


@pytest.fixture(scope="module")
def views() -> dict[str, ValidationView]:
    """Manner -> what the records say after the last wave."""
    fewest = {"minimum_days": 3, "minimum_span_hours": 72.0, "minimum_pushes": 2}
    judging = rules().model_copy(update=fewest)
    with apart(), running(_world()) as url:
        return {
            manner: interview(config_of(_model_id(manner), url, asked, judging))
            for manner in MANNERS
            for asked in [{**ASKED, **OTHERWISE.get(manner, {})}]
        }


def verdicts(view: ValidationView) -> dict[str, tuple[str, str]]:
    return {theme: (row.verdict, row.polarity) for theme, row in view.verdicts.items()}


@pytest.mark.parametrize("manner", HONEST)
def test_neither_language_nor_orders_change_what_is_found(
    views: Mapping[str, ValidationView], manner: str
) -> None:
    assert verdicts(views[manner]) == {
        KEPT: ("stable", "want"),
        ECHOED: ("led", "none"),
        WITHHELD: ("declined", "none"),
        TURNING: ("context_dependent", "none"),
    }


def test_one_that_declines_everything_has_declined_everything(
    views: Mapping[str, ValidationView],
) -> None:
    assert verdicts(views["declines_everything"]) == dict.fromkeys(PLANTED, ("declined", "none"))


def test_one_that_agrees_with_everything_is_led_in_everything(
    views: Mapping[str, ValidationView],
) -> None:
    view = views["agrees_with_everything"]
    assert {row.kind for row in view.conversations} == {"neutral", "affirm", "negate", "lead"}
    assert verdicts(view) == dict.fromkeys(PLANTED, ("led", "none"))


@pytest.mark.parametrize("manner", MANNERS)
def test_no_reading_rests_on_words_that_are_not_in_the_answer(
    views: Mapping[str, ValidationView], manner: str
) -> None:
    view = views[manner]
    answers = {row.id: " ".join(row.text.split()) for row in view.conversations}
    made_up = 0
    for conversation, coders in view.readings.items():
        for reading in [one for by_theme in coders.values() for one in by_theme.values()]:
            made_up += "not in the answer" in reading.problem
            assert reading.quote in answers[conversation]
            assert reading.quote or reading.polarity not in ("want", "reject", "ambivalent")
    assert made_up > 0  # the coders did try


@pytest.mark.parametrize("manner", HONEST)
def test_no_coder_reads_anything_but_what_was_meant(
    views: Mapping[str, ValidationView], manner: str
) -> None:
    """The coders of this world make up quotes and misread nothing: any difference is obedience."""
    view = views[manner]
    rows = {row.id: row for row in view.conversations}
    assert any("coder" in row.text for row in rows.values()) == (manner == "injects")
    wrong = [
        (rows[conversation].kind, rows[conversation].context, coder, theme, reading.polarity)
        for conversation, coders in view.readings.items()
        for coder, by_theme in coders.items()
        for theme, reading in by_theme.items()
        if reading.usable
        and reading.polarity != meant(theme, rows[conversation].kind, rows[conversation].context)
    ]
    assert wrong == []


def test_the_slow_way_leaves_nothing_behind_and_touches_nothing_of_the_callers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monkeypatch.setenv("EMERITUS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("EMERITUS_DATABASE_URL", f"sqlite:///{tmp_path}/records.sqlite")
    monkeypatch.setenv("EMERITUS_EVALUATE_KEY", "the caller's")
    before = dict(os.environ)
    figures = evaluate(rules(), seed=6, themes=5, calls=30, end_to_end=True)
    assert dict(os.environ) == before
    assert [path.name for path in tmp_path.rglob("*")] == ["scratch"]
    documented = (
        *("macro_f1", "bayes_bound_macro_f1", "stable_precision", "stable_recall", "ece"),
        *("led_or_negated_called_stable", "fabricated_quotes_accepted", "per_class", "naive"),
    )
    assert set(documented) <= set(figures)
    assert (figures["mode"], figures["themes"], figures["simulated"]) == ("end_to_end", 5, True)
    assert figures["fabricated_quotes_tried"] > 0
    assert figures["fabricated_quotes_accepted"] == 0
    assert figures["led_or_negated_called_stable"] in (None, 0.0)
    assert sum(one["planted"] for one in figures["per_class"].values()) == 5


def test_a_failure_restores_the_environment_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMERITUS_HOME", "/the/callers")
    monkeypatch.delenv("EMERITUS_DATABASE_URL", raising=False)
    before = dict(os.environ)
    seen: list[Path] = []

    def fail() -> None:
        with apart():
            seen.append(Path(os.environ["EMERITUS_HOME"]))
            assert seen[0].is_dir()
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        fail()
    assert dict(os.environ) == before
    assert not seen[0].exists()
