"""The monitoring stage, runnable on its own, its weekly pass, and the usage audit as a form."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed

from configs.errors import ConfigError
from configs.schema import RetirementConfig
from flows.acts import config_in_force
from flows.dossiers import scoreboard_in_force, write_fleet
from flows.form_fields import ConfigFile, Fleet, Model
from flows.metrics_acts import publish_numbers
from flows.passing import every_step, one_pass
from flows.weekly import over_fleet
from tasks import wiring
from tasks.kernel.errors import EmeritusError
from tasks.kernel.labels import artifact_key
from tasks.kernel.stages import StageState
from tasks.monitoring.audit_task import audit_usage
from tasks.monitoring.incidents.drift_task import watch_drift
from tasks.monitoring.incidents.task import tell_of_incidents, watch_signals
from tasks.monitoring.prometheus.task import write_metrics
from tasks.monitoring.retrospective.task import look_back
from tasks.monitoring.scoreboard.shown import markdown
from tasks.monitoring.task import report_usage, write_dossier_page
from tasks.monitoring.view import PARTS
from tasks.records import Fence

Step = Callable[[RetirementConfig, Fence, Path], object]


def _told(config: RetirementConfig, fence: Fence, _: Path) -> None:
    watch_signals(config, fence)
    tell_of_incidents(config, fence)


def _same_model(config: RetirementConfig, fence: Fence, _: Path) -> None:
    from tasks.monitoring.replays.same_model_task import check_same_model  # numpy: 12 MB

    check_same_model(config, fence)


def _successor(config: RetirementConfig, fence: Fence, _: Path) -> None:
    from tasks.monitoring.replays.successor_task import compare_with_successor  # likewise

    compare_with_successor(config, fence)


def _sources(config: RetirementConfig, fence: Fence, _: Path) -> None:
    from tasks.monitoring.sources.task import read_sources  # duckdb: 13 MB

    read_sources(config, fence)


#: What brings each part of `PARTS` forward.
ADVANCE: dict[str, Step] = {
    "sources": _sources,
    "same_model": _same_model,
    "successor": _successor,
    "drift": lambda config, fence, _: watch_drift(config, fence),
    "retrospective": look_back,
    "incidents": _told,
}


@flow(name="monitoring", flow_run_name="monitoring of {config.stem}")
def monitoring(config: ConfigFile) -> str:
    """Report one model's usage, watch what is due, and write its dossier; returns its path.

    Sources, the same-model test, the comparison with the successor, incidents and the
    retrospective are each brought forward where they are due; what fails stops no other.

    Args:
        config: The model's YAML file, such as configs/models/aster-1.yaml.
    """
    with one_pass(config) as current:
        settings, fence = current.config, current.fence
        audits = [partial(audit_usage, settings, fence)] if settings.monitoring.exports else []
        every_step(
            *audits,
            partial(report_usage, settings, fence),
            *(partial(_advance, name, settings, fence, config) for name in ADVANCE),
            partial(_metrics, settings, fence),
        )
        _show(settings)
        return write_dossier_page(settings, fence)


def _advance(name: str, config: RetirementConfig, fence: Fence, file: Path) -> None:
    with wiring.book().reading() as session:
        found = PARTS[name](config, session, wiring.clock().now())
    if found is not None and found.state is StageState.DUE:
        ADVANCE[name](config, fence, file)


def _show(config: RetirementConfig) -> None:
    """The numbers and the scoreboard as artifacts."""
    publish_numbers(config)
    create_markdown_artifact(
        key=artifact_key("scoreboard", config.id),
        markdown=markdown(scoreboard_in_force(config.id)),
        description=f"{config.display_name}: what was decided, beside both baselines",
    )


def _metrics(config: RetirementConfig, fence: Fence) -> None:
    if config.monitoring.alarms is not None:
        write_metrics(config, fence)


@flow(name="weekly-monitoring", flow_run_name="monitoring of {folder}")
def weekly_monitoring(folder: Fleet = Path("configs/fleet.yaml")) -> State[dict[str, str]]:
    """Run the monitoring stage over each model of a fleet.

    At its end the fleet page is written. A model that can't be looked at stops no other.

    Args:
        folder: A fleet's settings file, such as configs/fleet.yaml, or a folder with one YAML file
            a model.
    """
    return over_fleet(folder, monitoring, doing="look at", then=write_fleet)


@flow(name="usage-audit", flow_run_name="usage audit of {model}")
def usage_audit(model: Model) -> State[str]:
    """Find out who still calls a model, by the exports in its configuration, as of now.

    Args:
        model: The model's id, such as aster-1.
    """
    try:
        config = config_in_force(model)
        if not config.monitoring.exports:
            raise ConfigError(
                f"{model}: monitoring.exports names no export; add one, or use the "
                "command `emeritus usage` on a file"
            )
        with one_pass(config) as current:
            location = Path(audit_usage(current.config, current.fence, again=True))
    except EmeritusError as error:
        said = f"{error} [{error.code}]"
        create_markdown_artifact(key="usage-audit", markdown=f"**Refused.** {said}")
        return Completed(name="Refused", message=said, data=said)
    text = location.with_suffix(".md").read_text(encoding="utf-8")
    create_markdown_artifact(key="usage-audit", markdown=text, description=str(location))
    return Completed(name="Audited", message=str(location), data=str(location))
