"""Prefect tasks of the essay stage."""

import asyncio
import logging

from prefect import task
from prefect.cache_policies import NO_CACHE

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.essays.act import review
from tasks.essays.act_files import act_files
from tasks.essays.core import plan
from tasks.essays.delivering import deliver, undelivered
from tasks.essays.drafting import draft_slot, record_given_up, record_missed, redraft_slot
from tasks.essays.publishing import make_pages, publish_again, publish_essay, withdraw_essay
from tasks.essays.reader_reports import read_reports
from tasks.essays.rows import slots_of
from tasks.essays.slot_record import Standing
from tasks.essays.view import situation
from tasks.kernel.errors import (
    DecisionRefused,
    EmeritusError,
    PublicationRefused,
    SignatureRefused,
)
from tasks.kernel.retry import is_transient
from tasks.records import Fence

_log = logging.getLogger("emeritus")


@task(
    name="draft due slots",
    task_run_name="draft due slots of {config.id}",
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
        todo = plan(config.id, config.essays, situation(config, session, now), now)
    record_missed(config, fence, todo.missed, now)
    record_given_up(config, fence, todo.given_up, now)
    try:
        for slot in todo.redraft:
            asyncio.run(redraft_slot(config, fence, slot))
        if todo.ask is not None:
            asyncio.run(draft_slot(config, fence, todo.ask))
    finally:
        make_pages(config, fence)


@task(
    name="publish approved essays",
    task_run_name="publish approved essays of {config.id}",
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
        found = situation(config, session, wiring.clock().now())
    refused: list[EmeritusError] = []
    for slot in found.slots:
        try:
            if slot.draft.slot_id in found.gone:
                publish_again(config, slot)
            if slot.standing is Standing.APPROVED:
                publish_essay(config, fence, slot.draft.slot_id)
            if slot.standing is Standing.WITHDRAWN:
                withdraw_essay(config, fence, slot.draft.slot_id)
        except (PublicationRefused, SignatureRefused) as error:
            refused.append(error)
    make_pages(config, fence)
    if refused:
        raise refused[0]


@task(
    name="take in what came as files",
    task_run_name="take in what came as files of {config.id}",
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=is_transient,
    cache_policy=NO_CACHE,
)
def take_in_files(config: RetirementConfig, fence: Fence) -> None:
    """Record reports of readers out of the inbox, and acts that were committed to git.

    Safe to repeat. A file that does not count is left where it is; `status` tells why.
    """
    read_reports(config, fence)
    book, verifier, now = wiring.book(), wiring.signatures(config.access), wiring.clock().now()
    with book.reading() as session:
        found = act_files(config, slots_of(session, config.id, now), verifier, now)
    for path, file in found.fresh:
        try:
            review(
                config,
                book,
                verifier,
                file.act(),
                slot_id=file.slot,
                person=file.person,
                signature=file.signature,
                now=wiring.clock().now(),
            )
        except (DecisionRefused, SignatureRefused) as error:  # such as undone by the file before
            _log.info("%s: %s", path.name, error)


@task(
    name="offer essays to other channels",
    task_run_name="offer essays to other channels of {config.id}",
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=is_transient,
    cache_policy=NO_CACHE,
)
def deliver_essays(config: RetirementConfig, fence: Fence) -> None:
    """Offer each published essay to each other channel once; one that is away stops no other.

    Raises:
        EmeritusError: the first refusal, once all were tried.
    """
    now = wiring.clock().now()
    with wiring.book().reading() as session:
        slots = slots_of(session, config.id, now)
        todo = undelivered(config, session, slots)
    refused: list[EmeritusError] = []
    for slot in slots:
        for slot_id, target in todo:
            if slot_id == slot.draft.slot_id:
                try:
                    deliver(config, fence, slot, target)
                except EmeritusError as error:
                    refused.append(error)
    if refused:
        raise refused[0]
