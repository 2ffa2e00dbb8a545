"""Holding a follow-up wave."""

import asyncio

from prefect import task
from prefect.cache_policies import NO_CACHE

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.interviews.asking import Job
from tasks.interviews.batch_rows import Place
from tasks.interviews.follow_up import NOT_REACHED, left_of
from tasks.interviews.follow_up_view import FollowUpView, endpoint_of, look_after
from tasks.interviews.holding import hold, is_held_up
from tasks.kernel.digests import canonical_json
from tasks.records import Fence
from tasks.records.follow_up import FollowUp
from tasks.records.interview import Conversation
from tasks.records.latest import is_simulated


@task(name="hold follow-up", task_run_name="hold follow-up of {config.id}", cache_policy=NO_CACHE)
def hold_follow_up(config: RetirementConfig, fence: Fence) -> None:
    """Register the follow-up that is due, and hold what is left of its conversations.

    Safe to repeat and resumable to the call. An endpoint that never answers is tried for
    `interviews.follow_up.reach_within_days`; then the follow-up is recorded as not reached.

    Raises:
        EndpointFault: the endpoint does not answer, or refuses the calls; a later pass tries again.
        ConfigError: the instrument can't be used.
    """
    settings, view = config.interviews.follow_up, _look(config)
    if settings is None or view is None or view.changed or not view.body:
        return
    if len(view.calls) > settings.max_calls:
        return  # the assessment tells how to mend it
    _register(config, fence, view)
    view = _look(config)
    assert view is not None, "it was there a moment ago"
    assert view.under_way is not None, "it was just registered"
    if view.over(settings, wiring.clock().now()):
        if not view.answered:
            _end(fence, view.under_way)
        return
    place = Place(config.id, view.digest, endpoint_of(config), fence)
    if asyncio.run(is_held_up(place)):
        return
    _open(config, fence, view)
    left = left_of(view.calls, view.conversations, settings.max_calls)
    jobs = [Job(call.id, view.question(call)) for call in left]
    asyncio.run(hold(place, int(view.body["wave"]), jobs))


def _look(config: RetirementConfig) -> FollowUpView | None:
    with wiring.book().reading() as session:
        return look_after(config, session, wiring.clock().now())


def _register(config: RetirementConfig, fence: Fence, view: FollowUpView) -> None:
    if view.due is None:
        return
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        row = FollowUp(
            digest=view.digest,
            model_id=config.id,
            number=view.due.number,
            design_digest=view.design_digest,
            body=canonical_json(view.body).decode(),
            due_at=view.due.at,
            registered_at=now,
            simulated=is_simulated(writing.session, config.id),
        )
        writing.put(row, "interviews.follow_up_registered")


def _end(fence: Fence, row: FollowUp) -> None:
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        kept = writing.session.get_one(FollowUp, row.digest)
        kept.outcome, kept.ended_at = NOT_REACHED, now
        writing.put(kept, "interviews.follow_up_not_reached")


def _open(config: RetirementConfig, fence: Fence, view: FollowUpView) -> None:
    """Write the conversations before the first goes out."""
    now = wiring.clock().now()
    new = [call for call in view.calls if call.id not in view.conversations]
    if not new:
        return
    rows = [
        Conversation(
            id=call.id,
            design_digest=view.digest,
            model_id=config.id,
            wave=call.wave,
            theme="",
            kind=call.kind,
            context=call.context,
            variant=call.variant,
            outcome="asked",
            attempts=0,
            asked_at=now,
            themes=canonical_json(list(call.asked_about)).decode(),
        )
        for call in new
    ]
    with wiring.book().writing(now, fence=fence) as writing:
        writing.put_all([(row, "interviews.follow_up_planned") for row in rows])
