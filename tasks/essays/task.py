"""Prefect tasks of the essay stage."""

import asyncio

from prefect import task
from prefect.cache_policies import NO_CACHE

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.essays.core import Standing, plan
from tasks.essays.drafting import draft_slot, record_missed
from tasks.essays.publishing import make_pages, publish_again, publish_essay
from tasks.essays.view import situation
from tasks.kernel.errors import PublicationRefused, SignatureRefused
from tasks.kernel.retry import is_transient
from tasks.records import Fence


@task(
    name="draft due slots",
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=is_transient,
    cache_policy=NO_CACHE,
)
def draft_due_slots(config: RetirementConfig, fence: Fence) -> None:
    """Ask for the essay of the slot that is open, write off those that passed, make review pages.

    Safe to repeat: a slot that has an outcome is never asked again.

    Raises:
        EndpointBusy: no words came; the next try, or the next pass, asks again.
        EndpointFault: the endpoint refuses the call as it stands.
    """
    now = wiring.clock().now()
    with wiring.book().reading() as session:
        todo = plan(config.id, config.essays, situation(config, session), now)
    record_missed(config, fence, todo.missed, now)
    try:
        if todo.ask is not None:
            asyncio.run(draft_slot(config, fence, todo.ask))
    finally:
        make_pages(config, fence)


@task(
    name="publish approved essays",
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=is_transient,
    cache_policy=NO_CACHE,
)
def publish_approved(config: RetirementConfig, fence: Fence) -> None:
    """Publish every approved draft, then bring site and review pages up to date.

    Safe to repeat: what is public stays as it is. One draft that is refused stops no other.

    Raises:
        PublicationRefused: a draft is not what was approved.
        SignatureRefused: an approval's signature does not count.
    """
    with wiring.book().reading() as session:
        found = situation(config, session)
    slots = found.slots
    for slot in slots:
        if slot.draft.slot_id in found.gone:
            publish_again(config, slot)
    refused: list[PublicationRefused | SignatureRefused] = []
    for slot in slots:
        if slot.standing is Standing.APPROVED:
            try:
                publish_essay(config, fence, slot.draft.slot_id)
            except (PublicationRefused, SignatureRefused) as error:
                refused.append(error)
    make_pages(config, fence)
    if refused:
        raise refused[0]
