"""All models that are public, as calendar and feed show them. Reads records only.

What other models tell is read from their notices, so a model's pass never tells a date that its
own owners were not told.
"""

import json
from collections import defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from configs.home import under_home
from configs.schema import RetirementConfig
from tasks.communication.public import PublicModel, Revisit, one_line, tellings
from tasks.kernel.instants import start_of, to_text
from tasks.kernel.once import once
from tasks.records.access import Grant, Packet
from tasks.records.candidate import LifecycleCheck
from tasks.records.communication import Notice
from tasks.records.interview import Conversation
from tasks.records.preservation import GoldenAnswer
from tasks.records.promises import Told, told_from
from tasks.records.retirement import Retirement

_TO_ALL_OF_A_KIND = ("paid_users", "research_api", "essay_channel")


@dataclass(frozen=True, slots=True)
class Fleet:
    """The public models that share one pages folder, by id; and who publishes.

    Attributes:
        models: see above.
        publisher: see above.
        key: names this fleet among those that are kept while many models are looked at; empty where
            it is this one model's view.
    """

    models: tuple[PublicModel, ...]
    publisher: str
    key: tuple[Hashable, ...] = field(default=(), compare=False)


def fleet_of(config: RetirementConfig, session: Session, now: datetime) -> Fleet:
    """All public models whose pages stand beside this one's.

    Args:
        config: stands for its own model, whatever the records hold of it.
        session: the records.
        now: whoever is announced later is not public yet.
    """
    recorded = once(("recorded fleet",), lambda: _recorded(session))
    own = config.model_dump(mode="json")
    folder = under_home(config.communication.pages_folder)
    if recorded.bodies.get(config.id) == own:  # the same for every model whose file is in force
        key = ("fleet", folder, config.communication.sender, now)
        return once(
            key,
            lambda: replace(_fleet_in(folder, config, recorded.bodies, recorded, now), key=key),
        )
    return _fleet_in(folder, config, {**recorded.bodies, config.id: own}, recorded, now)


@dataclass(frozen=True, slots=True)
class _Recorded:
    """What the records hold of all models, by id."""

    bodies: Mapping[str, dict[str, Any]]
    noted: Mapping[str, list[tuple[datetime, Told]]]
    simulated: set[str]
    revisits: Mapping[str, Revisit]


def _recorded(session: Session) -> _Recorded:
    rows = session.exec(select(Retirement.model_id, Retirement.config_json))
    bodies = {name: json.loads(text) for name, text in rows}
    return _Recorded(bodies, _noted(session), _simulated(session), _revisits(session))


def _fleet_in(
    folder: Path,
    config: RetirementConfig,
    loaded: Mapping[str, dict[str, Any]],
    recorded: _Recorded,
    now: datetime,
) -> Fleet:
    beside = {
        name: body
        for name, body in sorted(loaded.items())
        if under_home(Path(body["communication"]["pages_folder"])) == folder
    }
    found = (
        _public(
            body,
            noted=recorded.noted.get(name, []),
            simulated=name in recorded.simulated or bool(body["endpoint"].get("simulated")),
            revisit=recorded.revisits.get(name),
            now=now,
        )
        for name, body in beside.items()
    )
    models = tuple(model for model in found if model is not None)
    publishers = [body["communication"].get("publisher", "") for body in beside.values()]
    named = next(filter(None, publishers), "") or config.communication.sender.rpartition("@")[2]
    return Fleet(models, one_line(named))


def model_of(fleet: Fleet, model_id: str) -> PublicModel | None:
    """One model of the fleet; None while it is not public."""
    return next((model for model in fleet.models if model.model_id == model_id), None)


def _public(
    body: Mapping[str, Any],
    *,
    noted: list[tuple[datetime, Told]],
    simulated: bool,
    revisit: Revisit | None,
    now: datetime,
) -> PublicModel | None:
    candidate, communication = body["candidate"], body["communication"]
    dates = sorted((s["name"], s["retires_on"]) for s in candidate["surfaces"])
    told = tellings(Told(tuple(dates), candidate["legal_hold"]), noted)
    if not told or now < start_of(date.fromisoformat(candidate["announced_on"])):
        return None
    base, name = communication.get("pages_url", ""), body["id"]
    names = (body["endpoint"]["model"], *body["monitoring"]["model_names"])
    return PublicModel(
        model_id=name,
        display_name=one_line(body["display_name"]),
        simulated=simulated,
        names=tuple(dict.fromkeys(names)),
        announced_on=candidate["announced_on"],
        successor=one_line(candidate["successor"]),
        legal_hold=told[-1].told.legal_hold,
        contact=communication["sender"],
        help_url=f"{base.rstrip('/')}/{name}/help.html" if base else "",
        tellings=told,
        revisit=revisit,
    )


def _noted(session: Session) -> dict[str, list[tuple[datetime, Told]]]:
    """When which dates were told first in each event, by model.

    An event whose dates moved away and back has a kind of its own, so none is passed over.
    """
    first = func.min(Notice.intended_at)
    rows = session.exec(
        select(Notice.model_id, Notice.told, Notice.retires_on, first).group_by(
            Notice.model_id, Notice.told, Notice.retires_on, Notice.kind
        )
    )
    read: dict[str, Told] = {}
    found: dict[str, list[tuple[datetime, Told]]] = defaultdict(list)
    for model_id, text, retires_on, at in rows:
        key = text or retires_on
        if key not in read:
            read[key] = told_from(text, retires_on)
        found[model_id].append((at, read[key]))
    return found


def _simulated(session: Session) -> set[str]:
    """Models of which anything recorded is of a simulation; see `latest.is_simulated`."""
    latest: dict[str, tuple[datetime, bool]] = {}
    for check in session.exec(
        select(LifecycleCheck.model_id, LifecycleCheck.checked_at, LifecycleCheck.simulated)
    ):
        latest[check[0]] = max(latest.get(check[0], (check[1], False)), (check[1], check[2]))
    found = {name for name, (_, simulated) in latest.items() if simulated}
    for table in (Conversation, GoldenAnswer):
        rows = session.exec(select(table.model_id).where(col(table.simulated)).distinct())
        found.update(rows)
    return found


def _revisits(session: Session) -> dict[str, Revisit]:
    """Until when the grants of each model's latest decision hold."""
    packets = {p.digest: p.proposed_at for p in session.exec(select(Packet))}
    ends: dict[tuple[str, str], datetime] = {}
    starts: dict[tuple[str, str], datetime] = {}
    for grant in session.exec(select(Grant).where(col(Grant.kind).in_(_TO_ALL_OF_A_KIND))):
        if grant.revoked_at is not None:
            continue
        key = (grant.model_id, grant.packet_digest)
        ends[key] = max(ends.get(key, grant.ends_at), grant.ends_at)
        starts[key] = min(starts.get(key, grant.starts_at), grant.starts_at)
    found: dict[str, Revisit] = {}
    for (model_id, digest), _ in sorted(
        starts.items(), key=lambda item: (packets.get(item[0][1], item[1]), item[0])
    ):
        key = (model_id, digest)
        found[model_id] = Revisit(digest, to_text(starts[key]), ends[key].date().isoformat())
    return found
