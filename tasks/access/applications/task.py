"""Prefect task of applications: take in, grant, tell, publish."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from prefect import task
from prefect.cache_policies import NO_CACHE

from configs.plain_text import visible
from configs.schema import RetirementConfig
from tasks import wiring
from tasks.access import proof
from tasks.access.applications.cases import cases_of, find_case, programme_in_force
from tasks.access.applications.letters import Letter, letters_due
from tasks.access.applications.mail import letter_text
from tasks.access.applications.page import (
    PAGE,
    basis_of,
    contact_of,
    page_address,
    page_bytes,
    page_facts,
    page_is_stale,
    page_path,
)
from tasks.access.applications.proof import prove
from tasks.access.applications.receive import inbox, receive
from tasks.access.applications.rules import term_of
from tasks.access.applications.states import FILE, UNDELIVERED, Case
from tasks.access.applications.view import can_be_granted, has_lapsed
from tasks.access.gateway.grants import RESEARCH
from tasks.kernel.digests import sha256_hex, stable_id
from tasks.kernel.errors import AuditBroken, EmeritusError, FenceLost
from tasks.ports.notifier import ChannelDown, Message, RefusedForGood
from tasks.records import Fence
from tasks.records.access import Grant, Packet
from tasks.records.application import ApplicationEvent
from tasks.records.communication import Page
from tasks.records.decisions import approvals_of

logger = logging.getLogger("emeritus")
_LONGEST_FILE_NAME = 120


@contextmanager
def _collecting(failures: list[Exception]) -> Iterator[None]:
    """Keep a failure for later, so that it holds nothing else back, unless it would fail too."""
    try:
        yield
    except (FenceLost, ChannelDown):
        raise
    except (EmeritusError, OSError) as error:
        failures.append(error)


@task(
    name="advance applications",
    task_run_name="advance applications of {config.id}",
    cache_policy=NO_CACHE,
)
def advance_applications(config: RetirementConfig, fence: Fence) -> None:
    """Take in new files, grant what was accepted, tell who has to know, and publish the page.

    Safe to repeat: an application, a grant and a message have ids of their own. What fails for one
    application keeps no other back; the first failure is raised at the end.

    Raises:
        AuditBroken, SignatureRefused: a recorded decision does not hold; nothing came of it.
        ConfigError: a template can't be used.
        OSError: a message was not delivered, or the page not written; the next pass tries again.
    """
    failures: list[Exception] = []
    _take_in(config, fence, failures)
    _lapse(config, fence)
    doubted = _grant(config, fence, failures)
    _tell(config, fence, doubted, failures)
    with _collecting(failures):
        _publish(config, fence)
    if failures:
        raise failures[0]


def _take_in(config: RetirementConfig, fence: Fence, failures: list[Exception]) -> None:
    book = wiring.book()
    with book.reading() as session:
        found = inbox(config, session)
    for problem in found.broken:
        logger.warning("an application's file can't be used: %s", problem)
    for path, form in found.new:
        with _collecting(failures):
            receive(
                config,
                book,
                form,
                source=FILE,
                entered_by=visible(" ".join(path.name.split()))[:_LONGEST_FILE_NAME],
                now=wiring.clock().now(),
                fence=fence,
            )


def _lapse(config: RetirementConfig, fence: Fence) -> None:
    """Close what was asked and not answered in time."""
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        for case in cases_of(writing.session, config.id):
            if not has_lapsed(case, now):
                continue
            row = ApplicationEvent(
                id=stable_id(case.last_id, "expired"),
                model_id=config.id,
                application_id=case.application.id,
                kind="expired",
                person="emeritus",
                at=max(now, case.history[-1].at + timedelta(microseconds=1)),
            )
            writing.put(row, "access.application_expired")


def _grant(config: RetirementConfig, fence: Fence, failures: list[Exception]) -> set[str]:
    """Make the grants of what was accepted; returns ids of applications whose rows don't hold."""
    book, now = wiring.book(), wiring.clock().now()
    doubted: set[str] = set()
    with book.reading() as session:
        cases = cases_of(session, config.id)
    for case in cases:
        granted = can_be_granted(case, now) and not config.candidate.legal_hold
        letters = letters_due(
            case, config.access.applications, now, held=config.candidate.legal_hold
        )
        if not granted and not any(letter.of_step for letter in letters):
            continue
        doubted.add(case.application.id)
        with _collecting(failures):
            prove(case, wiring.signatures(config.access))
            if granted:
                _prove_packet(config, case)
                _make_grant(config, fence, case)
            doubted.discard(case.application.id)
    return doubted


def _prove_packet(config: RetirementConfig, case: Case) -> None:
    """Prove the access decision itself, under which the application was accepted."""
    assert case.programme is not None, "can_be_granted asks for it"
    digest = case.programme.packet_digest
    with wiring.book().reading() as session:
        packet = session.get(Packet, digest)
        approvals = approvals_of(session, packet) if packet else ()
    if packet is None or case.programme.kind not in json.loads(packet.body)["grants"]:
        raise AuditBroken(f"{config.id}: no access decision {digest[:12]} grants research")
    proof.prove(config, packet, approvals)


def _make_grant(config: RetirementConfig, fence: Fence, proven: Case) -> None:
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        case = find_case(writing.session, config.id, proven.application.id)
        if case.history != proven.history or not can_be_granted(case, now):
            return  # it changed since it was proven: the next pass proves it anew
        assert case.programme is not None, "can_be_granted asks for it"
        term = term_of(case, case.programme, now)
        assert term is not None, "can_be_granted asks for it"
        row = Grant(
            id=stable_id(RESEARCH, case.application.id),
            model_id=config.id,
            packet_digest=case.programme.packet_digest,
            kind=RESEARCH,
            starts_at=term[0],
            ends_at=term[1],
            holder=case.application.applicant,
            application_id=case.application.id,
        )
        writing.put(row, "access.granted")


def _tell(
    config: RetirementConfig, fence: Fence, doubted: set[str], failures: list[Exception]
) -> None:
    now = wiring.clock().now()
    with wiring.book().reading() as session:
        cases = cases_of(session, config.id)
    for case in cases:
        for letter in letters_due(
            case, config.access.applications, now, held=config.candidate.legal_hold
        ):
            if letter.of_step and case.application.id in doubted:
                continue
            try:
                with _collecting(failures):
                    _send(config, fence, case, letter, cases)
            except ChannelDown as error:  # no other message would leave either
                failures.append(error)
                return


def _send(
    config: RetirementConfig, fence: Fence, case: Case, letter: Letter, cases: tuple[Case, ...]
) -> None:
    """Intent first, receipt after: a kill in between sends under the same id again."""
    book, now = wiring.book(), wiring.clock().now()
    with book.writing(now, fence=fence) as writing:
        row = writing.session.get(ApplicationEvent, letter.id(case))
        if row is None:
            row = ApplicationEvent(
                id=letter.id(case),
                model_id=config.id,
                application_id=case.application.id,
                kind="told",
                person="emeritus",
                reasons=letter.topic,
                at=now,
            )
            writing.put(row, "access.application_message_intended")
        intended_at = row.at
    with book.reading() as session:
        programme = programme_in_force(session, config.id, now)
    subject, body = letter_text(
        config,
        case,
        letter,
        programme=programme,
        page=page_address(config),
        cases=cases,
        sent_at=now,
    )
    message = Message(
        id=letter.id(case),
        sender=config.communication.sender,
        to=contact_of(config) if letter.to_reviewers else case.application.contact,
        subject=subject,
        body=body,
        written_at=intended_at,
    )
    try:
        receipt = wiring.notifier(config.communication).send(message) or "delivered"
    except RefusedForGood as error:  # another try won't help: people have to know
        receipt = f"{UNDELIVERED} {error}"
    with book.writing(wiring.clock().now(), fence=fence) as writing:
        row = writing.session.get_one(ApplicationEvent, letter.id(case))
        row.receipt, row.at = receipt, now
        writing.put(row, "access.application_message_sent")


def _publish(config: RetirementConfig, fence: Fence) -> None:
    book, now = wiring.book(), wiring.clock().now()
    with book.reading() as session:
        cases = cases_of(session, config.id)
        if not page_is_stale(config, session, cases, now):
            return
        facts = page_facts(config, session, cases, now)
    publisher, data, path = (
        wiring.pages(config.communication),
        page_bytes(facts),
        page_path(config.id),
    )
    publisher.publish({path: data})
    with book.writing(now, fence=fence) as writing:
        row = writing.session.get(Page, (config.id, PAGE))
        if row is None:
            row = Page(model_id=config.id, name=PAGE, location="", sha256="", basis="", made_at=now)
        row.location, row.sha256 = publisher.location(path), sha256_hex(data)
        row.basis, row.made_at = basis_of(facts), now
        writing.put(row, "access.applications_page_made")
