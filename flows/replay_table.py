"""Replays on a terminal. Answers are foreign text: no markup, no control characters."""

import re
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tasks.kernel.labels import labelled

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_PURPOSES = {
    "same_model": "same model",
    "successor": "successor",
    "predecessor": "old model, for comparison",
}
_OUTCOMES = {
    "same": "no difference found",
    "differs": "the answers differ",
    "better": "better",
    "no_difference": "no difference that matters",
    "worse": "worse",
    "not_enough": "not enough to say",
}


def show_runs(console: Console, runs: list[dict[str, Any]]) -> None:
    """Print a line a run."""
    if not runs:
        console.print("no recorded prompts were asked again yet; a pass does, where configured")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("run", "what", "of", "asked", "found"):
        table.add_column(name, overflow="fold")
    for run in runs:
        table.add_row(
            run["id"][:12],
            _PURPOSES.get(run["purpose"], run["purpose"]),
            plain(run["period"]),
            plain(run["subject"]),
            Text(labelled(_found(run), run["simulated"])),
        )
    console.print(table)


def show_run(console: Console, run: dict[str, Any]) -> None:
    """Print one run's figures."""
    title = f"{_PURPOSES.get(run['purpose'], run['purpose'])} {run['period']}: {_found(run)}"
    console.print(Text(labelled(plain(title).plain, run["simulated"]), style="bold"))
    console.print(plain(f"{run['subject']}; {run['answers']} answers, {run['calls']} calls"))
    if run["location"]:
        console.print(plain(run["location"]))
    body = run["body"]
    if "kernels" in body:
        _show_test(console, body)
    for row in body.get("comparisons", ()):
        ends = f"{100 * row['low']:+.0f} to {100 * row['high']:+.0f}"
        console.print(
            plain(
                f"  {row['says']}: {100 * row['difference']:+.0f} points ({ends}) over "
                f"{row['prompts']} prompts; {_OUTCOMES[row['finding']]}"
            )
        )
    for one in body.get("moved", ()):
        if one["worse"]:
            console.print(plain(f"  worse: {one['prompt']}"))


def show_answers(console: Console, found: dict[str, Any]) -> None:
    """Print answers of both sides, one after the other."""
    for side, words in (("before", "before"), ("now", f"now ({found['subject']})")):
        heading = labelled(f"{found['prompt']}, {words}:", found["simulated"])
        console.print(Text(plain(heading).plain, style="bold"))
        for answer in found[side] or [{"outcome": "none", "text": ""}]:
            if answer["outcome"] != "answered":
                console.print(plain(f"[{answer['outcome']}]"))
            console.print(plain(answer["text"]))
            console.print()


def plain(text: str) -> Text:
    """Foreign text as it may stand on a terminal."""
    return Text(_CONTROLS.sub("\ufffd", text))


def _show_test(console: Console, body: dict[str, Any]) -> None:
    alphas = f"fails at {body['weekly_alpha']:g}, an incident at {body['incident_alpha']:.2g}"
    console.print(
        plain(
            f"p = {body['p_value']:.2g} over {body['permutations']} permutations ({alphas}); "
            f"{body['frozen']} frozen and {body['fresh']} fresh answers"
        )
    )
    for name, value in body["kernels"].items():
        console.print(plain(f"  {name}: {value:+.1f} standard deviations"))
    most = ", ".join(f"{one['prompt']} ({one['excess']:+.1f})" for one in body["prompts"][:5])
    console.print(plain(f"  most on: {most}"))
    beside = body["beside"]
    if beside["new_names"]:
        console.print(plain(f"  names not seen before: {', '.join(beside['new_names'])}"))
    for side, rate in beside["refused"].items():
        if rate is not None:
            console.print(plain(f"  refused, {side}: {rate['hits']} of {rate['of']}"))


def _found(run: dict[str, Any]) -> str:
    if run["state"] == "asking":
        return "under way"
    said = _OUTCOMES.get(run["outcome"], "")
    if run["p_value"] is not None:
        said += f" (p = {run['p_value']:.2g})"
    return said or run["reason"] or "asked"
