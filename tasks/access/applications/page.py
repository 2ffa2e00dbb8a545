"""The public page on applications: criteria, answer times, how to apply and appeal, figures."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from configs.schema import RetirementConfig
from configs.templating import fill, template_path
from tasks.access.applications.cases import programme_in_force
from tasks.access.applications.figures import figures
from tasks.access.applications.states import Case, Terms
from tasks.kernel.digests import digest_of, sha256_hex
from tasks.kernel.instants import start_of, to_text
from tasks.kernel.labels import SIMULATED
from tasks.records.communication import Page
from tasks.records.decisions import standing
from tasks.records.latest import is_simulated

PAGE = "criteria.html"
_TEMPLATE = "applications.html.j2"


def page_facts(
    config: RetirementConfig, session: Session, cases: Sequence[Case], now: datetime
) -> dict[str, Any]:
    """All that the page tells, as JSON values. Reads only."""
    settings = config.access.applications
    programme = programme_in_force(session, config.id, now)
    simulated = is_simulated(session, config.id) or any(c.application.simulated for c in cases)
    return {
        "model_id": config.id,
        "display_name": config.display_name,
        "simulated": SIMULATED if simulated else "",
        "held": config.candidate.legal_hold,
        "decided": standing(session, config.id, now) is not None,
        "open_until": to_text(programme.ends_at) if programme else "",
        "terms": json.loads(Terms.of(settings).to_text()),
        "longest_study_days": settings.longest_study_days,
        "expiry_reminder_days": sorted(set(settings.expiry_reminder_days), reverse=True),
        "contact": contact_of(config),
        "figures": figures(cases, now),
    }


def page_path(model_id: str) -> str:
    """Path of the page below the pages' place."""
    return f"{model_id}/{PAGE}"


def page_address(config: RetirementConfig) -> str:
    """Where people find the page, below `pages_url`; empty while nothing serves it.

    A path of this machine is none for those to whom letters go.
    """
    base = config.communication.pages_url
    return f"{base.rstrip('/')}/{page_path(config.id)}" if base else ""


def contact_of(config: RetirementConfig) -> str:
    """The address for questions and reminders."""
    return config.access.applications.contact or config.communication.sender


def page_is_stale(
    config: RetirementConfig, session: Session, cases: Sequence[Case], now: datetime
) -> bool:
    """Whether the page is missing, or tells something else than the records. Reads only.

    Before the announcement there is none.
    """
    if now < start_of(config.candidate.announced_on):
        return False
    row = session.get(Page, (config.id, PAGE))
    return row is None or row.basis != basis_of(page_facts(config, session, cases, now))


def basis_of(facts: dict[str, Any]) -> str:
    """Digest of all that the page rests on: the facts, and the template's bytes."""
    template = sha256_hex(template_path("access", _TEMPLATE).read_bytes())
    return digest_of({"facts": facts, "template": template})


def page_bytes(facts: dict[str, Any]) -> bytes:
    """The page, UTF-8.

    Raises:
        ConfigError: the template can't be used.
    """
    return fill("access", _TEMPLATE, facts).encode()
