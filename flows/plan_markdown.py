"""A plan for a comment on a pull request: the sum first, each model folded.

What comes out of a file stands in code spans, so that no name of a model is read as markup, and
nobody is called by an @.
"""

import html
import re
from collections.abc import Iterator

from flows.plan_report import ModelPlan, PlanReport
from flows.plan_words import cost, headline, ordered, origin, taken, told, value

_LONGEST = 60_000  # characters; GitHub takes 65,536
_MARKUP = re.compile(r"([\\`*_{}\[\]()#+!|~-])")
_SIGNS = {0: "✅", 1: "❌", 2: "📝"}


def as_markdown(report: PlanReport) -> str:
    """The plan as GitHub's Markdown, in at most 65,536 characters."""
    parts = [
        "<!-- emeritus plan -->",
        f"### {_SIGNS[report.exit_status]} Retirements: {_plain(headline(report))}",
        "",
        _code(origin(report)),
    ]
    parts += [f"\n> ⚠️ {_code(warning)}" for warning in report.warnings]
    if said := cost(report):
        parts += ["", f"{_plain(said)}."]
    length, models = sum(map(len, parts)), ordered(report)
    for number, model in enumerate(models):
        section = "\n".join(_model(model))
        length += len(section) + 1
        if length > _LONGEST:
            parts += ["", f"{len(models) - number} more models: see the output of the job."]
            break
        parts.append(section)
    return "\n".join(parts) + "\n"


def _model(model: ModelPlan) -> Iterator[str]:
    word = {"invalid": "can't be used", "removed": "no file"}.get(model.state, model.state)
    opened = " open" if model.state in ("refused", "invalid") else ""
    moved = "; ".join(f"{d.surface}: {d.before or 'none'} → {d.now or 'none'}" for d in model.dates)
    yield ""
    yield (
        f"<details{opened}><summary><b>{word}</b> <code>{_escaped(model.id)}</code>"
        + (f" {_escaped(moved)}" if moved else "")
        + "</summary>\n"
    )
    for refusal in model.refusals:
        where = f"{_code(refusal.field)} " if refusal.field else ""
        yield from (f"- ❌ {where}{_code(one)} ({refusal.id})" for one in _lines(refusal.reason))
    if model.changes:
        yield "\n| Field | Before | Now |\n| --- | --- | --- |"
        for change in model.changes:
            cells = (change.field, value(change.before), value(change.now))
            yield "| " + " | ".join(_code(cell).replace("|", "\\|") for cell in cells) + " |"
        yield ""
    yield from (f"- ✉️ {_code(said)}" for said in told(model.notices))
    if model.interviews is not None:
        yield f"- 💬 {_code(f'interviews: {taken(model.interviews)}')}"
        if model.interviews.problem:
            yield f"- ❌ {_code(model.interviews.problem)}"
    yield from (f"- {_code(note)}" for note in model.notes)
    yield "\n</details>"


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def _code(text: str) -> str:
    """A code span, whatever it holds: its fence is longer than any run of backticks within."""
    flat = " ".join(text.split())
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", flat)), default=0))
    pad = " " if "`" in flat else ""
    return f"{fence}{pad}{flat}{pad}{fence}"


def _plain(text: str) -> str:
    return _MARKUP.sub(r"\\\1", html.escape(text, quote=False))


def _escaped(text: str) -> str:
    return html.escape(text).replace("@", "@\u200b")
