"""Sentences of a plan that its views for people share. Pure."""

import json
from collections.abc import Sequence
from typing import Any

from flows.plan_report import Calls, Interviews, ModelPlan, PlannedNotice, PlanReport

#: In the order in which people read them.
SHOWN_FIRST = ("refused", "invalid", "new", "changed", "removed")
_LONGEST = 120


def headline(report: PlanReport) -> str:
    """What it comes to, in one sentence."""
    s = report.summary
    bad = [f"{s.refused} refused"] if s.refused else []
    if s.invalid:
        bad.append(f"{s.invalid} {'file' if s.invalid == 1 else 'files'} can't be used")
    good = [f"{count} {word}" for count, word in ((s.new, "new"), (s.changed, "changed")) if count]
    kept = [f"{s.unchanged} unchanged"] if s.unchanged else []
    kept += [f"{s.removed} without a file"] if s.removed else []
    if bad:
        start = "Not as it stands: "
    else:
        start = "" if good or report.exit_status else "Nothing changes: "
    return start + ", ".join([*bad, *good, *kept] or ["no models"])


def origin(report: PlanReport) -> str:
    """Where the files come from, and what they were compared with."""
    at = ""
    if report.commit:
        sha, _, dirty = report.commit.partition("-")
        at = f", commit {sha[:12]}" + (" with changes that no commit holds" if dirty else "")
    by = "the records" if report.against == "records" else f"commit {report.against[:12]}"
    return f"{report.source}{at}, compared with {by}"


def cost(report: PlanReport) -> str:
    """What the interviews of all new models take; empty without any."""
    s = report.summary
    if not s.calls.most:
        return ""
    usd = f", {between(s.usd, '.2f')} USD" if s.usd.most else ", no prices in the configuration"
    return f"Interviews of what is new: {between(s.calls, '.0f')} calls{usd}"


def taken(found: Interviews) -> str:
    """What the interviews of one new model take."""
    usd = f", {between(found.usd, '.2f')} USD" if found.usd is not None else ", no prices given"
    ceiling = f"{found.ceiling_calls} calls"
    if found.ceiling_usd:
        ceiling += f" and {found.ceiling_usd:g} USD"
    return (
        f"{between(found.calls, '.0f')} calls, {between(found.input_tokens, '.0f')} tokens in, "
        f"{between(found.output_tokens, '.0f')} out{usd}; ceiling {ceiling}"
    )


def told(notices: Sequence[PlannedNotice]) -> list[str]:
    """Who is told what when: a line for all who are told the same."""
    groups: dict[tuple[str, str], list[str]] = {}
    for one in notices:
        when = f"on {one.at}" if one.at else "with the next pass"
        groups.setdefault((", ".join(one.to), one.tells), []).append(f"{one.kind} {when}")
    return [
        f"notices to {to}: {', '.join(when)}; they tell {tells}"
        for (to, tells), when in groups.items()
    ]


def value(of: Any) -> str:
    """A JSON value, short enough for a line."""
    if of is None:
        return "nothing"
    text = of if isinstance(of, str) else json.dumps(of, ensure_ascii=False)
    text = text if text.isprintable() else json.dumps(text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def ordered(report: PlanReport) -> list[ModelPlan]:
    """The models that something is to be said of, what needs a person first."""
    found = [one for one in report.models if one.state in SHOWN_FIRST]
    return sorted(found, key=lambda one: (SHOWN_FIRST.index(one.state), one.id))


def between(of: Calls, form: str) -> str:
    """`104` or `104-150`."""
    least, most = format(of.least, form), format(of.most, form)
    return least if least == most else f"{least}-{most}"
