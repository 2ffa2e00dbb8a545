"""What applying a commit, or the files as they stand, would change. Reads only, needs no Prefect.

Refusals, notices and estimates come from the functions that a pass uses, so that the plan and what
then happens can't differ.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sqlmodel import Session, col, select

from configs.errors import ConfigError, EmeritusError
from configs.schema import RetirementConfig
from flows.config_changes import assumed_told, refusals, refusals_against
from flows.fleet_files import FleetFiles, files_at, is_one_model
from flows.fleet_source import policy_says
from flows.plan_notices import planned_notices
from flows.plan_report import (
    Calls,
    ChangedField,
    Interviews,
    ModelPlan,
    MovedDate,
    PlanReport,
    Refused,
    Summary,
)
from flows.stages import assess_stage
from tasks import wiring
from tasks.access.gateway.claims import claimed_twice, names_in_force, refuse_shared_names
from tasks.access.gateway.names import gateway_names
from tasks.candidate.changes import field_changes, moved_dates
from tasks.communication.view import notices_of
from tasks.interviews.outlook import outlook
from tasks.interviews.view import look
from tasks.kernel.instants import to_text
from tasks.kernel.stages import StageState
from tasks.records import Book
from tasks.records.communication import Notice
from tasks.records.retirement import Retirement, config_of

_RECORDS = "records"
_TOLD_ANEW = (
    "the interviews are under way, and tell the model what changed of its situation from the next "
    "question on"
)


@dataclass(frozen=True, slots=True)
class _Before:
    """What holds before: by the records, or by another commit."""

    configs: Mapping[str, RetirementConfig]
    names: Mapping[str, str]  # of models that the records hold: id -> display name
    against: str
    book: Book

    @property
    def by_records(self) -> bool:
        return self.against == _RECORDS


def plan(models: Path, ref: str = "", against: str = "") -> PlanReport:
    """What applying would change.

    Args:
        models: a fleet's settings file, a folder with one YAML a model, or one model's YAML.
        ref: commit, branch or tag; empty for the files as they stand, or the settings' own ref.
        against: commit, branch or tag whose files stand for the configurations in force, where no
            records are at hand; empty to compare with the records.

    Raises:
        ConfigError, RepositoryUnusable: the files can't be read.
        RecordsUnusable: the records can't be.
    """
    alone = models.name if is_one_model(models) else ""
    models = models.parent if alone else models
    after = files_at(models, ref)
    if alone:
        after = _only(alone, after)
    with wiring.only_looking() as book:
        before = _before_of(models, against, book)
        twice = _claimed_twice(after, before)
        plans = [
            *(_of_model(one, after, before, twice) for one in sorted(after.loaded)),
            *(
                ModelPlan(
                    id=name,
                    file=file,
                    state="invalid",
                    refusals=(Refused(id="EM100", field="", reason=why),),
                )
                for name, (file, why) in sorted(after.invalid.items())
            ),
            *(() if alone else _removed(after, before)),
        ]
    return _report(after, before, plans, policy_says(models, ref))


def _only(name: str, files: FleetFiles) -> FleetFiles:
    """One file of a folder. Raises `ConfigError` where the folder has none of that name."""
    loaded = {key: one for key, one in files.loaded.items() if Path(one[0]).name == name}
    invalid = {key: one for key, one in files.invalid.items() if Path(one[0]).name == name}
    if not loaded and not invalid:
        raise ConfigError(f"{files.name}: has no {name} there; name a file that the commit holds")
    return replace(files, loaded=loaded, invalid=invalid)


def _before_of(models: Path, against: str, book: Book) -> _Before:
    if against:
        base = files_at(models, against)
        configs = {name: config for name, (_, config) in base.loaded.items()}
        return _Before(configs, {}, base.commit, book)
    configs, names = {}, {}
    with book.reading() as session:
        rows = session.exec(select(Retirement).order_by(col(Retirement.model_id))).all()
    for row in rows:
        names[row.model_id] = row.display_name
        try:
            configs[row.model_id] = config_of(row)
        except ConfigError:
            continue  # accepted by another version; told as changed, without its fields
    return _Before(configs, names, _RECORDS, book)


def _claimed_twice(after: FleetFiles, before: _Before) -> dict[str, str]:
    names = {name: gateway_names(config) for name, (_, config) in after.loaded.items()}
    if before.by_records:
        with before.book.reading() as session:
            in_force = names_in_force(session)
    else:
        in_force = {name: gateway_names(config) for name, config in before.configs.items()}
    return claimed_twice(names, in_force)


def _of_model(
    model: str, after: FleetFiles, before: _Before, twice: Mapping[str, str]
) -> ModelPlan:
    file, config = after.loaded[model]
    old, now = before.configs.get(model), wiring.clock().now()
    known = old is not None or model in before.names
    told = {"id": model, "display_name": config.display_name, "file": file}
    found = _refused(config, old, before)
    if model in twice:
        found = (*found, _as_refused(ConfigError(twice[model]), "access.gateway.model_names"))
    if old == config and not found:
        return ModelPlan(**told, state="unchanged")
    with before.book.reading() as session:
        notices = _notices(session, config, old, before)
        planned = planned_notices(config, old, notices, session, now)
    interviews, notes = _interviews(config, old, before)
    return ModelPlan(
        **told,
        state="refused" if found else "changed" if known else "new",
        changes=_changed_fields(old, config),
        dates=_moved(old, config),
        notices=() if found else planned.notices,
        refusals=found,
        interviews=interviews,
        notes=notes if found else (*planned.notes, *notes),
    )


def _refused(
    config: RetirementConfig, old: RetirementConfig | None, before: _Before
) -> tuple[Refused, ...]:
    now = wiring.clock().now()
    if not before.by_records:
        return tuple(
            Refused(id=one.id, field=one.field, reason=one.reason)
            for one in (refusals_against(config, old, now) if old is not None else ())
        )
    if old == config:
        return ()
    try:
        refuse_shared_names(config, before.book)
    except ConfigError as error:
        return (_as_refused(error, "access.gateway.model_names"),)
    with before.book.reading() as session:
        found = refusals(config, session, now)
    return tuple(Refused(id=one.id, field=one.field, reason=one.reason) for one in found)


def _as_refused(error: EmeritusError, field: str) -> Refused:
    return Refused(id=error.code, field=field, reason=str(error))


def _notices(
    session: Session, config: RetirementConfig, old: RetirementConfig | None, before: _Before
) -> list[Notice]:
    if before.by_records:
        return notices_of(session, config.id)
    return list(assumed_told(old, wiring.clock().now())) if old is not None else []


def _changed_fields(
    old: RetirementConfig | None, config: RetirementConfig
) -> tuple[ChangedField, ...]:
    if old is None:
        return ()
    found = field_changes(old.model_dump(mode="json"), config.model_dump(mode="json"))
    return tuple(ChangedField(field=one.field, before=one.before, now=one.now) for one in found)


def _moved(old: RetirementConfig | None, config: RetirementConfig) -> tuple[MovedDate, ...]:
    if old is None:
        return ()
    found = moved_dates(old.candidate, config.candidate)
    return tuple(MovedDate(surface=m.surface, before=m.before, now=m.now) for m in found)


def _interviews(
    config: RetirementConfig, old: RetirementConfig | None, before: _Before
) -> tuple[Interviews | None, tuple[str, ...]]:
    """What they take where they are still to begin, and what the change does to them."""
    now = wiring.clock().now()
    if old is not None and before.by_records:
        stage = "interviews"
        was, becomes = (assess_stage(stage, one, before.book, now) for one in (old, config))
        if becomes.state is StageState.BLOCKED and was.state is not StageState.BLOCKED:
            return None, (f"the interviews will stop: {becomes.reason}",)
        with before.book.reading() as session:
            if look(config, session, now).tells_anew:
                return None, (_TOLD_ANEW,)
    if old is not None:
        return None, ()
    try:
        found = outlook(config, before.book, now)
    except EmeritusError as error:
        return None, (f"the interviews can't be planned: {error}",)
    least, most = found["total"]["at_least"], found["total"]["at_most"]
    ceilings = found["ceilings"]
    return (
        Interviews(
            calls=_between(least, most, "calls"),
            input_tokens=_between(least, most, "input_tokens"),
            output_tokens=_between(least, most, "output_tokens"),
            usd=_between(least, most, "usd") if ceilings["priced"] else None,
            ceiling_calls=ceilings["max_calls"],
            ceiling_usd=ceilings["max_cost_usd"],
            problem=found["problem"],
        ),
        (),
    )


def _between(least: Mapping[str, float], most: Mapping[str, float], name: str) -> Calls:
    return Calls(least=least[name], most=most[name])


def _removed(after: FleetFiles, before: _Before) -> list[ModelPlan]:
    """Models without a file here. Nothing follows from that but that passes over them stop."""
    known = before.names or {name: c.display_name for name, c in before.configs.items()}
    note = (
        "has no file here: nothing is deleted, the model stays under retirement as recorded, and "
        "passes over it stop; put the file back to go on, or close the retirement first "
        "(`emeritus checklist show {name}`)"
    )
    return [
        ModelPlan(id=name, display_name=display, state="removed", notes=(note.format(name=name),))
        for name, display in sorted(known.items())
        if name not in after.loaded and name not in after.invalid
    ]


def _report(
    after: FleetFiles, before: _Before, plans: list[ModelPlan], warnings: tuple[str, ...]
) -> PlanReport:
    count = {state: sum(one.state == state for one in plans) for state in _STATES}
    new = [one.interviews for one in plans if one.interviews is not None]
    priced = [one.usd for one in new if one.usd is not None]
    summary = Summary(
        **count,
        calls=Calls(least=sum(n.calls.least for n in new), most=sum(n.calls.most for n in new)),
        usd=Calls(least=sum(n.least for n in priced), most=sum(n.most for n in priced)),
    )
    changes = count["new"] + count["changed"]
    if not before.by_records:
        changes += count["removed"]  # against the records, a missing file changes nothing
    bad = count["refused"] + count["invalid"]
    return PlanReport(
        source=after.name,
        commit=after.commit,
        against=before.against,
        at=to_text(wiring.clock().now()),
        exit_status=1 if bad else 2 if changes else 0,
        warnings=warnings,
        summary=summary,
        models=tuple(sorted(plans, key=lambda one: one.id)),
    )


_STATES = ("new", "changed", "unchanged", "refused", "invalid", "removed")


def as_json(report: PlanReport) -> str:
    """The report for programs."""
    return json.dumps(report.model_dump(mode="json"), indent=2, ensure_ascii=False)
