"""What the questions of a design tell the model of its own situation, and since when.

It stands in the registered design, and may change while waves are left: a date moves, a successor
is named. A model is told what is so when it is asked; each change is recorded before the first
question that tells it, so that the words of every question can be made again.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from sqlmodel import Session, col, select

from tasks.kernel.digests import canonical_json, digest_of
from tasks.kernel.instants import to_text
from tasks.records.interview import Design, DesignAmendment

Facts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """What is told from an instant on.

    Attributes:
        since: from when on.
        facts: value by placeholder of the instrument's preamble.
    """

    since: datetime
    facts: Facts


def told_of(session: Session, design: Design) -> tuple[Told, ...]:
    """The registered facts, and each change since, oldest first."""
    rows = session.exec(
        select(DesignAmendment)
        .where(DesignAmendment.design_digest == design.digest)
        .order_by(col(DesignAmendment.amended_at), col(DesignAmendment.id))
    ).all()
    registered = json.loads(design.body).get("facts", {})
    return (
        Told(design.registered_at, registered),
        *(Told(row.amended_at, json.loads(row.facts)) for row in rows),
    )


def amendment(design: str, model: str, facts: Facts, now: datetime) -> DesignAmendment:
    """The row that says what the questions of a design, named by its digest, tell from now on."""
    known = {"design": design, "facts": dict(facts), "amended_at": to_text(now)}
    return DesignAmendment(
        id=digest_of(known),
        design_digest=design,
        model_id=model,
        facts=canonical_json(dict(facts)).decode(),
        amended_at=now,
    )


def facts_at(told: Sequence[Told], at: datetime) -> Facts:
    """What a question told that was asked at an instant. Pure.

    Args:
        told: the registered facts, then each change, oldest first.
        at: when it was asked.
    """
    past = [one for one in told if one.since <= at]
    return past[-1].facts if past else told[0].facts


def changed_facts(told: Sequence[Told]) -> tuple[tuple[datetime, str], ...]:
    """When what was told changed, and how, as a person reads it. Pure."""
    return tuple(
        (after.since, _difference(before.facts, after.facts)) for before, after in pairwise(told)
    )


def _difference(before: Facts, now: Facts) -> str:
    return "; ".join(
        f"{name.replace('_', ' ')} {now.get(name, 'not told')} (before: "
        f"{before.get(name, 'not told')})"
        for name in sorted(before.keys() | now.keys())
        if before.get(name) != now.get(name)
    )
