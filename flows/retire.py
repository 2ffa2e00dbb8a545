"""One pass over one model: every stage in order, what is due now, and nothing twice.

The records are the truth and this flow run is one look at them: it can be killed anywhere and run
again, by anybody, at any time. It never sleeps and never waits for a person.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.states import Completed

from configs.home import home
from configs.load import load_retirement
from configs.schema import RetirementConfig
from flows import pages
from flows.access import access
from flows.candidate import candidate
from flows.communication import communication
from flows.environment import as_prefect_fault
from flows.essays import essays
from flows.form_fields import ConfigFile
from flows.form_links import form_address
from flows.interviews import interviews
from flows.monitoring import monitoring
from flows.pages import pages_of
from flows.passing import one_pass, whose
from flows.preservation import preservation
from flows.stages import STAGES, assess_all, assess_stage, is_told, tells, trouble
from flows.standing import Ways, standing_page
from flows.validation import validation
from tasks import wiring
from tasks.kernel.errors import (
    EmeritusError,
    EndpointBusy,
    FenceLost,
    LeaseHeld,
    RecordsAway,
    TargetBusy,
)
from tasks.kernel.labels import artifact_key, labelled
from tasks.kernel.stages import Assessment, StageState, blocked, waiting
from tasks.monitoring.prometheus.task import write_metrics_file
from tasks.monitoring.task import write_dossier
from tasks.records import Fence
from tasks.records.latest import is_simulated
from tasks.records.retirement import StageStatus

_log = logging.getLogger("emeritus")  # on the terminal, and among the run's logs

ADVANCE: dict[str, Callable[[Path], object]] = {
    "candidate": candidate,
    "preservation": preservation,
    "interviews": interviews,
    "validation": validation,
    "access": access,
    "essays": essays,
    "communication": communication,
    "monitoring": monitoring,
}


@flow(name="retire", flow_run_name="{config.stem}")
def retire(config: ConfigFile) -> State[dict[str, str]]:
    """One pass over one model's retirement.

    Does everything that is due now, records it, and leaves a page of what each stage waits for and
    what to do about it. Safe to run at any time, as often as you like.

    Args:
        config: The model's YAML file, such as configs/models/aster-1.yaml.
    """
    loaded = load_retirement(config)
    now = wiring.clock().now()
    before = assess_all(loaded, wiring.book(), now)
    if is_told(loaded.id, before, wiring.book()):
        return _conclude(loaded, before)
    try:
        return _advance_all(config, loaded)
    except LeaseHeld as error:
        return Completed(name="Skipped", message=str(error), data={})


def _advance_all(path: Path, config: RetirementConfig) -> State[dict[str, str]]:
    """Everything within the lease, to the last word: whoever takes it next closes a dead run."""
    # a subflow's own heartbeat would cost a second each; the pass has one, and its lease
    with one_pass(config) as current, temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        after = {name: _advance(name, path, config) for name in STAGES}
        after = {name: _looked_at_again(name, config, one) for name, one in after.items()}
        _record(config.id, current.fence, after)
        after["monitoring"] = _with_dossier(config, after["monitoring"])
        _record(config.id, current.fence, after)
        faults = [outcome.fault for outcome in after.values() if outcome.fault]
        if faults:
            raise faults[0]
        return _conclude(config, {name: outcome.found for name, outcome in after.items()})


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How a stage stands after the pass.

    Attributes:
        found: the assessment.
        failed: whether a try at what was due failed.
        fault: an error of ours; it ends the run as failed, after all stages had their turn.
    """

    found: Assessment
    failed: bool = False
    fault: Exception | None = None


def _advance(name: str, path: Path, config: RetirementConfig) -> _Outcome:
    """Do what is due in one stage; a stage's trouble is told, and stops no other stage."""
    book, clock = wiring.book(), wiring.clock()
    found = assess_stage(name, config, book, clock.now())
    if found.state is not StageState.DUE:
        return _Outcome(found)
    _log.info("%s%s: %s", whose(config.id), name, found.reason)
    try:
        ADVANCE[name](path)
    except EndpointBusy as error:
        return _Outcome(waiting(str(error), error.until), failed=True)
    except TargetBusy as error:
        return _Outcome(waiting(str(error)), failed=True)
    except (FenceLost, LeaseHeld, RecordsAway):
        raise
    except (EmeritusError, OSError) as error:
        return _Outcome(trouble(error, name), failed=True)
    except Exception as error:
        if away := as_prefect_fault(error):  # no run of a stage can be made without a server
            raise away from None
        said = f"an error of Emeritus itself ({type(error).__name__}); the run's log tells it"
        return _Outcome(blocked(said), failed=True, fault=error)
    return _Outcome(_as_left(name, config))


def _looked_at_again(name: str, config: RetirementConfig, outcome: _Outcome) -> _Outcome:
    """How a stage stands once the stages after it had their turn: they may be what it waits for."""
    return outcome if outcome.failed else _Outcome(_as_left(name, config))


def _as_left(name: str, config: RetirementConfig) -> Assessment:
    """How a stage stands at the end of a pass; what is due by now is the next pass's."""
    now = wiring.clock().now()
    found = assess_stage(name, config, wiring.book(), now)
    if found.state is StageState.DUE:
        return waiting(f"the next pass: {found.reason}", now)
    return found


def _with_dossier(config: RetirementConfig, monitoring: _Outcome) -> _Outcome:
    """Write dossier and metrics, which tell what was just recorded; else say what kept it."""
    try:
        write_dossier(config, wiring.book(), wiring.clock().now())
        if config.monitoring.alarms is not None:
            write_metrics_file(config, wiring.book())
    except (EmeritusError, OSError) as error:
        return _Outcome(trouble(error, "the dossier"), failed=True)
    return monitoring


def _record(model_id: str, fence: Fence, outcomes: dict[str, _Outcome]) -> None:
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        for name, outcome in outcomes.items():
            found = outcome.found
            row = writing.session.get(StageStatus, (model_id, name))
            if row is not None and tells(row, found) and row.failed == outcome.failed:
                continue
            row = row or StageStatus(model_id=model_id, stage=name, state="", reason="", since=now)
            if row.state != found.state.value:
                row.since = now
            row.state, row.reason, row.until = found.state.value, found.reason, found.until
            row.failed = outcome.failed
            writing.put(row, f"stage.{found.state.value}")


def _conclude(config: RetirementConfig, found: dict[str, Assessment]) -> State[dict[str, str]]:
    """The page, and a final state whose name tells an operator whether to look."""
    with wiring.book().reading() as session:
        simulated = is_simulated(session, config.id)
    create_markdown_artifact(
        key=artifact_key("stages", config.id),
        markdown=standing_page(
            config.display_name, found, pages_of(config), _ways(), simulated=simulated
        ),
        description=labelled(
            f"Retirement of {config.display_name}: every stage and what it waits for", simulated
        ),
    )
    states = {one.state for one in found.values()}
    worst = next((s for s in (StageState.BLOCKED, StageState.WAITING) if s in states), None)
    about = next((f"{n}: {a.reason}" for n, a in found.items() if a.state is worst), "all is done")
    return Completed(
        name=(worst or StageState.DONE).value.capitalize(),
        message=labelled(about, simulated),
        data={name: one.state.value for name, one in found.items()},
    )


def _ways() -> Ways:
    return Ways(form=form_address, page=pages.address_of, home=home())
