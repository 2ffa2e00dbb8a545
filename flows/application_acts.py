"""Acts on applications, as the forms and the CLI share them: each returns a sentence."""

from pathlib import Path

from configs.schema import RetirementConfig
from configs.schema.application import ApplicationForm
from tasks import wiring
from tasks.access.applications.act import decide, statement_to_sign, take_step
from tasks.access.applications.cases import cases_of, find_case, programme_in_force
from tasks.access.applications.clock import answer_clock
from tasks.access.applications.receive import form_from_file, receive
from tasks.access.applications.rules import APPLICATION_NAMESPACE
from tasks.access.applications.states import GRANTING, Act, Case, beside
from tasks.kernel.errors import DecisionRefused
from tasks.kernel.instants import to_minute
from tasks.kernel.labels import labelled
from tasks.records.application import ApplicationEvent

__all__ = [
    "APPLICATION_NAMESPACE",
    "DECISIONS",
    "Act",
    "act_of",
    "all_cases",
    "beside",
    "case_named",
    "decide_application",
    "decision_statement",
    "step_of_applicant",
    "submit",
    "submit_file",
]

#: What a person types -> the step that it is.
DECISIONS = {
    "ask": "asked",
    "accept": "accepted",
    "decline": "declined",
    "uphold": "upheld",
    "overturn": "overturned",
}


def act_of(decision: str, words: str, reasons: tuple[str, ...]) -> Act:
    """A decision as a person writes it; a reason may hold several ids, with commas between.

    Raises:
        DecisionRefused: no such decision.
    """
    if decision not in DECISIONS:
        raise DecisionRefused(f"{decision!r} is no decision; choose one of {', '.join(DECISIONS)}")
    named = [one.strip() for reason in reasons for one in reason.split(",")]
    return Act(DECISIONS[decision], words, tuple(one for one in named if one))


def all_cases(config: RetirementConfig) -> tuple[Case, ...]:
    """Every application for a model. Reads only."""
    with wiring.book().reading() as session:
        return cases_of(session, config.id)


def case_named(config: RetirementConfig, named: str) -> Case:
    """One application. Reads only. Raises `NotFound`."""
    with wiring.book().reading() as session:
        return find_case(session, config.id, named)


def submit_file(config: RetirementConfig, path: Path, entered_by: str) -> str:
    """Record an application from a YAML file; returns a sentence.

    Raises:
        ConfigError: the file can't be used.
        DecisionRefused: see `tasks.access.applications.receive.receive`.
    """
    return submit(config, form_from_file(path), source="cli", entered_by=entered_by)


def submit(config: RetirementConfig, form: ApplicationForm, *, source: str, entered_by: str) -> str:
    """Record an application; returns a sentence.

    Raises:
        DecisionRefused: see `tasks.access.applications.receive.receive`.
    """
    book, now = wiring.book(), wiring.clock().now()
    row, new = receive(config, book, form, source=source, entered_by=entered_by, now=now)
    case = case_named(config, row.id)
    if not new:
        then = f"received already, on {to_minute(row.received_at)}; it is {case.state}"
        if case.state in ("withdrawn", "superseded", "expired"):
            then += "; to apply again, say what has changed since"
        return labelled(f"application {row.id} of {config.id}: {then}", row.simulated)
    due = answer_clock(case, now).due_at
    with book.reading() as session:
        programme = programme_in_force(session, config.id, now)
    then = f"to be answered by {to_minute(due)}" if due else ""
    if programme is None:
        then += "; no access decision grants research now, so it can't be accepted yet"
    said = f"application {row.id} of {config.id} is received, {then}; the next pass tells them so"
    others = [one.application.id[:12] for one in beside(case, all_cases(config))]
    if others:
        said += (
            f"; for the same address there is {' and '.join(others)} too: what no longer holds is "
            f"closed by `emeritus applications withdraw {config.id} ID`"
        )
    return labelled(said, row.simulated)


def decision_statement(config: RetirementConfig, named: str, act: Act) -> bytes:
    """The bytes that a person signs with `APPLICATION_NAMESPACE`.

    Raises:
        NotFound, DecisionRefused: see `tasks.access.applications.act.statement_to_sign`.
    """
    return statement_to_sign(config, wiring.book(), named, act, wiring.clock().now())


def decide_application(
    config: RetirementConfig, named: str, act: Act, person: str, signature: str
) -> str:
    """Record a signed decision or question; returns a sentence.

    Raises:
        NotFound, DecisionRefused, SignatureRefused: see `tasks.access.applications.act.decide`.
    """
    row = decide(
        config,
        wiring.book(),
        wiring.signatures(config.access),
        named=named,
        act=act,
        person=person,
        signature=signature,
        now=wiring.clock().now(),
    )
    then = "the next pass tells the applicant"
    if row.kind in GRANTING:
        then = "the next pass makes the grant and tells the applicant"
    return _recorded(config, row, then)


def step_of_applicant(config: RetirementConfig, named: str, act: Act, typed_by: str) -> str:
    """Record an answer, an appeal or a withdrawal; returns a sentence.

    Raises:
        NotFound, DecisionRefused: see `tasks.access.applications.act.take_step`.
    """
    row = take_step(
        config,
        wiring.book(),
        named=named,
        act=act,
        person=typed_by,
        now=wiring.clock().now(),
    )
    return _recorded(config, row, "the next pass tells the applicant that it arrived")


def _recorded(config: RetirementConfig, row: ApplicationEvent, then: str) -> str:
    case = case_named(config, row.application_id)
    said = f"application {row.application_id[:12]} of {config.id} is {row.kind}, by {row.person}"
    return labelled(f"{said}; {then}", case.application.simulated)
