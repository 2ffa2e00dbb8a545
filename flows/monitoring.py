"""The monitoring stage, runnable on its own."""

from pathlib import Path

from prefect import flow

from flows.passing import one_pass
from tasks.monitoring.task import report_usage, write_dossier_page


@flow(name="monitoring", flow_run_name="monitoring of {config.stem}")
def monitoring(config: Path) -> str:
    """Report one model's usage and write its dossier; returns the dossier's path."""
    with one_pass(config) as current:
        report_usage(current.config, current.fence)
        return write_dossier_page(current.config, current.fence)
