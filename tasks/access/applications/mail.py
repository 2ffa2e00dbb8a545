"""The words of a message about an application, from configs/templates/access/."""

import textwrap
from collections.abc import Sequence
from datetime import datetime, timedelta

from configs.plain_text import visible
from configs.schema import RetirementConfig
from configs.templating import fill, template_path
from tasks.access.applications.clock import running_clock
from tasks.access.applications.letters import Letter
from tasks.access.applications.page import contact_of
from tasks.access.applications.states import NO_PROGRAMME, Case, beside, replaced_by
from tasks.kernel.errors import ConfigError
from tasks.kernel.instants import to_minute
from tasks.kernel.labels import labelled
from tasks.records.access import Grant

_WIDTH = 76


class _Lines(str):
    """Text that keeps its line breaks, since each of its lines is marked."""

    __slots__ = ()


def letter_text(
    config: RetirementConfig,
    case: Case,
    letter: Letter,
    *,
    programme: Grant | None,
    page: str,
    cases: Sequence[Case] = (),
    sent_at: datetime,
) -> tuple[str, str]:
    """A message's subject and body; the template's first line is the subject.

    Args:
        config: the model's.
        case: the application.
        letter: what it is about.
        programme: the grant under which researchers are admitted now.
        page: address of the published criteria; empty while no address leads there.
        cases: every application for the model.
        sent_at: from which the days to appeal count.

    Raises:
        ConfigError: the template can't be used.
    """
    name = f"application_{letter.template}.txt.j2"
    values = {
        **_values(config, case, letter, sent_at),
        "page": page,
        "others": _named(beside(case, cases)),
        "replaced": _named(replaced_by(case, cases)),
        "open_until": to_minute(programme.ends_at) if programme else "",
    }
    filters = {"quoted": _quoted, "wrapped": _wrapped}
    text = fill("access", name, values, filters=filters, finalize=_one_line)
    subject, _, body = text.partition("\n")
    if not subject.startswith("Subject: ") or not body.strip():
        raise ConfigError(
            f"{template_path('access', name)}:1: the first line must be 'Subject: ...', with the "
            "message below it"
        )
    subject = labelled(subject.removeprefix("Subject: "), case.application.simulated)
    return subject, body.strip() + "\n"


def _named(cases: Sequence[Case]) -> list[tuple[str, str]]:
    return [(one.application.id, to_minute(one.application.received_at)) for one in cases]


def _values(
    config: RetirementConfig, case: Case, letter: Letter, sent_at: datetime
) -> dict[str, object]:
    application, terms = case.application, case.terms
    last = case.history[-1] if case.history else None
    clock = running_clock(case, sent_at)
    first = case.decided
    texts = {criterion["id"]: criterion["text"] for criterion in terms.criteria}
    texts[NO_PROGRAMME] = "No access decision grants research access to this model."
    reasons = [one for one in (last.reasons if last else "").split(",") if one]
    appeal_until = sent_at + timedelta(days=terms.appeal_within_days)
    return {
        "display_name": config.display_name,
        "model_id": config.id,
        "application": application,
        "id": application.id,
        "simulated": application.simulated,
        "state": case.state,
        "criteria": terms.criteria,
        "terms": terms,
        "reminder": letter.is_reminder,
        "words": last.words if last else "",
        "reasons": [(one, texts.get(one, "")) for one in reasons],
        "declined_for": first.reasons.replace(",", ", ") if first else "",
        "due": to_minute(clock.due_at) if clock and clock.due_at else "",
        "overdue": clock.overdue if clock else False,
        "question_until": to_minute(case.question_until) if case.question_until else "",
        "appeal_until": to_minute(appeal_until),
        "starts": to_minute(case.grant.starts_at) if case.grant else "",
        "ends": to_minute(case.ends_at) if case.ends_at else "",
        "revocation": case.revocation,
        "held": config.candidate.legal_hold,
        "contact": contact_of(config),
    }


def _quoted(text: str) -> _Lines:
    """A person's words, each line marked, so that they can't pass for ours."""
    lines = [part for line in visible(text).splitlines() for part in _wrap(line, _WIDTH - 2)]
    return _Lines("\n".join(f"> {line}".rstrip() for line in lines))


def _wrapped(text: str, indent: int = 0) -> _Lines:
    """One paragraph, its lines after the first indented."""
    return _Lines(f"\n{' ' * indent}".join(_wrap(" ".join(text.split()), _WIDTH - indent)))


def _wrap(line: str, width: int) -> list[str]:
    return textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False) or [""]


def _one_line(value: object) -> object:
    """No value brings lines of its own: it can't add to a subject, or forge a part of a message."""
    return visible(" ".join(value.split())) if type(value) is str else value
