"""`emeritus evaluate`: the issue's targets hold in worlds of other seeds, sizes and mixes."""

import json
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from configs.schema.validation import PriorConfig
from flows.evaluate_command import evaluate as command
from flows.evaluation import evaluate, mix_of, rules
from flows.evaluation_quotes import try_misquotes

CLASSES = tuple(PriorConfig().model_dump())

one_worker = pytest.mark.xdist_group("evaluation")  # which alone makes `figures`


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    return evaluate(rules(), seed=2027, themes=400, calls=120)


def _led_declared(figures: dict[str, Any]) -> int:
    return int(figures["declared_stable_by_class"].get("led", 0))


@one_worker
def test_the_targets_hold(figures: dict[str, Any]) -> None:
    assert figures["macro_f1"] >= 0.91
    assert figures["macro_f1"] >= figures["bayes_bound_macro_f1"] - 0.02
    assert figures["stable_precision"] >= 0.97
    assert figures["stable_recall"] >= 0.80
    assert _led_declared(figures) == 0  # of some 50
    assert figures["ece"] <= 0.02 + figures["ece_by_chance"]  # 400 themes show some by chance
    assert figures["simulated"] is True


@one_worker
def test_the_rules_that_people_use_are_led(figures: dict[str, Any]) -> None:
    for rule in figures["naive"].values():
        assert rule["led_or_negated_called_stable"] > 0.2
        assert rule["stable_precision"] < 0.8
        assert rule["macro_f1"] < 0.5


@one_worker
def test_the_coders_error_is_learnt_from_their_disagreement(figures: dict[str, Any]) -> None:
    planted = sum(figures["coder_misread"][:2]) / 2
    assert figures["coder_misread_estimated"] == pytest.approx(planted, abs=0.02)


def test_larger_effects_than_assumed_cost_little_precision() -> None:
    figures = evaluate(rules(), seed=31, themes=200, calls=120, scale=1.6)
    assert figures["stable_precision"] >= 0.93
    assert _led_declared(figures) <= 1  # of some 25


def test_a_world_of_echoes_stays_one() -> None:
    """Half of all themes led, few stable: what the prior does not expect."""
    figures = evaluate(rules(), seed=5, themes=200, calls=120, mix="led=0.5,stable=0.05")
    assert figures["mix"]["led"] == 0.5
    assert _led_declared(figures) <= 1  # of some 100


def test_two_stages_cost_few_calls_and_declare_no_echo() -> None:
    staged = evaluate(rules(), seed=8, themes=60, calls=120, with_two_stage=True)["two_stage"]
    assert staged["most_calls_for_twelve_themes"] <= 300
    assert staged["stable_precision"] >= 0.95
    assert staged["stable_recall"] >= 0.7
    assert staged["led_or_negated_called_stable"] <= 0.02
    assert 0 < staged["themes_probed"] < 0.8


def test_the_same_seed_prints_the_same_object() -> None:
    one, again = (evaluate(rules(), seed=3, themes=20, calls=60) for _ in range(2))
    assert json.dumps(one, sort_keys=True) == json.dumps(again, sort_keys=True)


def test_no_misquote_is_taken_for_a_quote() -> None:
    tried = try_misquotes(9, 60)
    assert tried["fabricated_quotes_tried"] > 300
    assert tried["fabricated_quotes_accepted"] == 0
    assert tried["true_quotes_refused"] == 0


@given(st.dictionaries(st.sampled_from(CLASSES), st.floats(0, 1 / 9), max_size=8))
def test_a_mix_is_one_whole(shares: dict[str, float]) -> None:
    text = ",".join(f"{name}={share:.6f}" for name, share in shares.items())
    mix = mix_of(text, PriorConfig())
    assert sum(mix.values()) == pytest.approx(1)
    for name, share in shares.items():
        assert mix[name] == pytest.approx(share, abs=1e-6)


@pytest.mark.parametrize(
    ("mix", "said"),
    [
        ("led", "write CLASS=SHARE"),
        ("lead=0.4", "'lead' is no class"),
        ("led=0.7,noise=0.4", "the shares make 1.1"),
        ("led=-0.1", "have to make 1 at most"),
        (",".join(f"{name}=0.1" for name in CLASSES), "have to make 1"),
    ],
)
def test_a_mix_that_is_none_is_told(mix: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        mix_of(mix, PriorConfig())


def test_the_command_prints_one_object_and_a_table() -> None:
    app = typer.Typer()
    app.command()(command)
    run = CliRunner().invoke(app, ["--seed", "4", "--themes", "12", "--calls", "60", "--json"])
    assert run.exit_code == 0, run.output
    figures = json.loads(run.output)
    assert {"macro_f1", "bayes_bound_macro_f1", "ece", "per_class", "naive"} <= set(figures)
    shown = CliRunner().invoke(app, ["--themes", "12", "--calls", "60"])
    assert "SIMULATED" in shown.output
    wrong = CliRunner().invoke(app, ["--themes", "12", "--mix", "lead=1"])
    assert wrong.exit_code == 2
    assert "'lead' is no class" in wrong.output
