"""`emeritus evaluate`, from a terminal."""

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table


def evaluate(
    seed: Annotated[int, typer.Option(min=0, help="Of the planted world.")] = 1,
    themes: Annotated[
        int | None,
        typer.Option(min=1, help="How many are planted; 1000, or 24 end to end, if left out."),
    ] = None,
    calls: Annotated[int, typer.Option(min=24, max=2000, help="Questions a theme.")] = 120,
    mix: Annotated[
        str,
        typer.Option(
            help="Shares of the planted classes, such as `stable=.05,led=.4`; the others share the "
            "rest as in the prior. The pipeline goes on assuming its prior."
        ),
    ] = "",
    effects_scale: Annotated[
        float,
        typer.Option(
            min=0, max=10, help="Size of the planted random effects; the pipeline assumes 1."
        ),
    ] = 1.0,
    end_to_end: Annotated[
        bool,
        typer.Option(
            help="The slow way: a served respondent, real HTTP, coders that read words. Minutes."
        ),
    ] = False,
    two_stage: Annotated[
        bool,
        typer.Option(help="Also with probes only for what is held neutrally, and early stopping."),
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(help="A model's YAML, for its validation section; its defaults if left out."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
) -> None:
    """Plant SIMULATED respondents of every class, judge them, and tell what was recovered."""
    from configs.load import load_retirement
    from flows.evaluation import evaluate as run
    from flows.evaluation import mix_of, rules

    # The stages' logger goes to Prefect's API too; outside of a flow run that is a warning a line.
    os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
    if end_to_end and two_stage:
        raise typer.BadParameter("is for the fast way only", param_hint="--two-stage")
    section = rules() if config is None else load_retirement(config).validation
    try:
        mix_of(mix, section.prior)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--mix") from None
    figures = run(
        section,
        seed=seed,
        themes=themes or (24 if end_to_end else 1000),
        calls=calls,
        mix=mix,
        scale=effects_scale,
        end_to_end=end_to_end,
        with_two_stage=two_stage,
    )
    if as_json:
        typer.echo(json.dumps(figures, indent=2))
    else:
        _show(Console(), figures)


_FIGURES = {
    "macro_f1": "macro-F1 of the likeliest class",
    "bayes_bound_macro_f1": "the same, told the world's mix, effects and errors",
    "stable_precision": "declared stable: precision",
    "stable_recall": "declared stable: recall",
    "led_or_negated_called_stable": "led or negated themes declared stable",
    "ece": "calibration error",
    "ece_by_chance": "what chance alone makes of it here",
    "fabricated_quotes_accepted": "fabricated quotes accepted",
}


def _show(console: Console, figures: dict[str, Any]) -> None:
    naive = figures["naive"]
    table = Table(
        title=f"SIMULATED: {figures['themes']} planted themes, {figures['calls']} calls each, "
        f"seed {figures['seed']}, effects x {figures['effects_scale']:g}"
    )
    for head in ("figure", "Emeritus", *(name.replace("_", " ") for name in naive)):
        table.add_column(head, justify="left" if head == "figure" else "right")
    for name, label in _FIGURES.items():
        others = [_number(rule.get(name)) for rule in naive.values()]
        table.add_row(label, _number(figures.get(name)), *others)
    console.print(table)
    classes = Table("class", "planted", "found", "precision", "recall", "F1")
    for name, one in figures["per_class"].items():
        rates = [_number(one[key]) for key in ("precision", "recall", "f1")]
        classes.add_row(name.replace("_", " "), str(one["planted"]), str(one["found"]), *rates)
    console.print(classes)
    if "two_stage" in figures:
        staged = figures["two_stage"]
        console.print(
            f"with two stages and early stopping: {staged['most_calls_for_twelve_themes']:g} calls "
            f"for twelve themes at most; precision {_number(staged['stable_precision'])}, "
            f"recall {_number(staged['stable_recall'])}"
        )


def _number(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
