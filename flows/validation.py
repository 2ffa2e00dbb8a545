"""The validation stage, runnable on its own."""

from prefect import flow

from flows.behaviour import behaviour_in_force
from flows.form_fields import ConfigFile
from flows.passing import one_pass


@flow(name="validation", flow_run_name="validation of {config.stem}")
def validation(config: ConfigFile) -> None:
    """Have the answers coded, and weigh each wave; at the end, give every theme its verdict.

    The model is then shown what was understood of it, and the report is written. A follow-up's
    answers are coded and compared with the first ones.

    Args:
        config: The model's YAML file, such as configs/models/aster-1.yaml.
    """
    from tasks.validation.follow_up_task import compare_follow_up
    from tasks.validation.read_back import read_back
    from tasks.validation.report_task import write_report
    from tasks.validation.task import (  # numpy: 12 MB of every other pass
        code_answers,
        judge,
        judge_standings,
        open_code,
    )

    with one_pass(config) as current:
        code_answers(current.config, current.fence)
        judge_standings(current.config, current.fence)
        judge(current.config, current.fence)
        read_back(current.config, current.fence)
        write_report(current.config, current.fence, behaviour_in_force(current.config))
        open_code(current.config)
        compare_follow_up(current.config, current.fence)
