"""The retirement checklist: the form and the command end in these functions."""

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.kernel.digests import digest_of
from tasks.kernel.labels import labelled
from tasks.monitoring.checklist.act import Word, closable, close, line_statement, say
from tasks.monitoring.checklist.core import (
    CHECKLIST_NAMESPACE,
    CLOSING_NAMESPACE,
    closing_statement,
)
from tasks.monitoring.checklist.view import Checklist, checklist_of

__all__ = [
    "CHECKLIST_NAMESPACE",
    "CLOSING_NAMESPACE",
    "Word",
    "checklist_now",
    "close_retirement",
    "closing_words",
    "line_words",
    "say_of_line",
]


def checklist_now(config: RetirementConfig) -> Checklist:
    """Every line as it stands, the audit chain verified. Reads only."""
    book = wiring.book()
    audit = book.verify_audit()
    with book.reading() as session:
        return checklist_of(config, session, wiring.clock().now(), audit)


def line_words(config: RetirementConfig, word: Word) -> bytes:
    """The bytes that a person signs with `CHECKLIST_NAMESPACE`. Raises as `line_statement`."""
    return line_statement(config, wiring.book(), word, wiring.clock().now())


def say_of_line(config: RetirementConfig, person: str, word: Word, signature: str) -> str:
    """Record a person's word on a line; returns a sentence. Raises as `act.say`."""
    row = say(
        config,
        wiring.book(),
        wiring.signatures(config.access),
        word=word,
        person=person,
        signature=signature,
        now=wiring.clock().now(),
    )
    found = checklist_now(config)
    left = len(found.open)
    lines = "1 line is" if left == 1 else f"{left} lines are"
    said = f"{row.line}: {row.action.replace('_', ' ')} by {row.person}; {lines} open"
    return labelled(said, found.body["simulated"])


def closing_words(config: RetirementConfig) -> bytes:
    """The bytes that a person signs with `CLOSING_NAMESPACE`. Raises `DecisionRefused`."""
    found = closable(config, wiring.book(), wiring.clock().now())
    return closing_statement(found.body)


def close_retirement(config: RetirementConfig, person: str, signature: str) -> str:
    """Record a signature under the closing; returns a sentence. Raises as `act.close`."""
    found = close(
        config,
        wiring.book(),
        wiring.signatures(config.access),
        person=person,
        signature=signature,
        now=wiring.clock().now(),
    )
    if found.closing is not None:
        said = f"the retirement of {config.id} is closed, signed by {found.closing.people}"
    else:
        said = (
            f"{person} signed the closing of {config.id} (checklist "
            f"{digest_of(found.body)[:12]}): {len(found.signatures)} of {found.needed} signatures"
        )
    return labelled(said, found.body["simulated"])
