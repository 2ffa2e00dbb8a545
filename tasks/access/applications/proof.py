"""Proof from signatures alone that an application was decided as its rows say."""

from collections.abc import Iterator

from tasks.access.applications.rules import APPLICATION_NAMESPACE, check_person, decision_statement
from tasks.access.applications.states import (
    GRANTING,
    SIGNED,
    STEPS,
    Act,
    Case,
    application_id,
    truncated,
)
from tasks.kernel.digests import sha256_hex
from tasks.kernel.errors import AuditBroken, DecisionRefused, SignatureRefused
from tasks.ports.signatures import SignatureVerifier
from tasks.records.application import ApplicationEvent

_SAID = (
    "applicant",
    "contact",
    "affiliation",
    "affiliation_public",
    "purpose",
    "data_handling",
    "study_days",
    "renews",
)


def prove(case: Case, verifier: SignatureVerifier) -> None:
    """Check the application against its id, and every step against the one before it.

    Each signature is verified again at its time of receipt, so that a row written behind our back
    leads to nothing.

    Raises:
        AuditBroken, SignatureRefused: and what does not hold.
    """
    application = case.application
    said = {name: getattr(application, name) for name in _SAID}
    if application_id(application.model_id, said) != application.id:
        raise AuditBroken(f"{_name(case)} is not the one that was received")
    for event, found in _steps(case):
        if event.kind not in STEPS.get(found.state, ()):
            raise AuditBroken(f"{_name(case)} was {found.state} and can't have been {event.kind}")
        if event.kind in SIGNED:
            _prove_decision(found, event, verifier)


def _steps(case: Case) -> Iterator[tuple[ApplicationEvent, Case]]:
    """Each step, with the case as it was found before."""
    for event in case.history:
        yield event, truncated(case, event)


def _prove_decision(found: Case, event: ApplicationEvent, verifier: SignatureVerifier) -> None:
    reasons = tuple(event.reasons.split(",")) if event.reasons else ()
    statement = decision_statement(
        found, Act(event.kind, event.words, reasons), event.packet_digest
    )
    try:
        signer = verifier.verify(
            statement,
            event.signature,
            namespace=APPLICATION_NAMESPACE,
            person=event.person,
            at=event.at,
        )
    except SignatureRefused as error:
        raise SignatureRefused(f"{_name(found)} was not {event.kind} validly: {error}") from None
    altered = signer.fingerprint != event.fingerprint or event.id != sha256_hex(statement)[:24]
    lacking = event.kind in GRANTING and not set(found.terms.required) <= set(reasons)
    if altered or lacking:
        raise AuditBroken(f"{_name(found)}: the decision by {event.person!r} was altered")
    try:
        check_person(found, event.kind, signer.person, signer.fingerprint)
    except DecisionRefused as error:
        raise AuditBroken(f"{_name(found)}: a decision does not count: {error}") from None


def _name(case: Case) -> str:
    return f"{case.application.model_id}: application {case.application.id[:12]}"
