"""The validation stage, runnable on its own."""

from pathlib import Path

from prefect import flow

from flows.passing import one_pass


@flow(name="validation", flow_run_name="validation of {config.stem}")
def validation(config: Path) -> None:
    """Have the answers coded; once all waves are over, give every theme its verdict."""
    from tasks.validation.task import code_answers, judge  # numpy: 12 MB of every other pass

    with one_pass(config) as current:
        code_answers(current.config, current.fence)
        judge(current.config, current.fence)
