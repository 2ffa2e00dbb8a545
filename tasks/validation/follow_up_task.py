"""Coding a follow-up's answers, and comparing them with the first ones."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.kernel.digests import canonical_json
from tasks.kernel.errors import EndpointBusy
from tasks.records import Fence
from tasks.records.follow_up import FollowUp
from tasks.validation.drift import changed, drift_of
from tasks.validation.follow_up_view import AfterView, look_after


@task(
    name="compare follow-up",
    task_run_name="compare follow-up of {config.id}",
    cache_policy=NO_CACHE,
)
def compare_follow_up(config: RetirementConfig, fence: Fence) -> None:
    """Have a follow-up's answers coded, and compare them with the first ones. Safe to repeat.

    Raises:
        EndpointBusy: some answers are left; a later pass goes on with them.
        EndpointFault: a coder's endpoint refuses the calls as they stand.
    """
    from tasks.validation.task import have_coded  # numpy: 12 MB of every other pass

    busy: list[EndpointBusy] = []
    for coders in (config.validation.coders, (config.validation.adjudicator,)):
        view = _view(config)
        if view is None or view.after.codebook_changed:
            return
        fault = have_coded(config, fence, view.after, coders)
        busy += [fault] if fault else []
    if busy:
        raise busy[0]
    view = _view(config)
    if view is None or view.uncoded:
        return
    themes = view.before.themes
    drift = drift_of(
        {theme: view.before.held(theme) for theme in themes},
        {theme: view.after.held(theme) for theme in themes},
    )
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        row = writing.session.get_one(FollowUp, view.row.digest)
        row.drift, row.outcome, row.ended_at = canonical_json(drift).decode(), "compared", now
        row.simulated = row.simulated or view.after.simulated
        writing.put(row, "validation.drift" if changed(drift) else "validation.no_drift_shown")


def _view(config: RetirementConfig) -> AfterView | None:
    with wiring.book().reading() as session:
        return look_after(config, session, wiring.clock().now())
