"""Lifting a legal hold: the form and the CLI both end in these functions."""

from tasks import wiring
from tasks.candidate.act import HOLD_NAMESPACE, record, statement_to_sign
from tasks.kernel.labels import labelled
from tasks.records.latest import is_simulated
from tasks.records.retirement import Retirement, config_of

__all__ = ["HOLD_NAMESPACE", "hold_statement", "lift_hold"]


def hold_statement(model_id: str, words: str) -> bytes:
    """The bytes that a person signs with `HOLD_NAMESPACE`. Raises `DecisionRefused`, `NotFound`."""
    return statement_to_sign(wiring.book(), model_id, words)


def lift_hold(model_id: str, person: str, words: str, signature: str) -> str:
    """Record that a legal hold is lifted; returns a sentence. Changes no configuration.

    Raises:
        DecisionRefused, NotFound, SignatureRefused: see `tasks.candidate.act.record`.
    """
    book = wiring.book()
    hold_statement(model_id, words)  # before a list of signers is asked for: is there one to lift?
    with book.reading() as session:
        access = config_of(session.get_one(Retirement, model_id)).access
        simulated = is_simulated(session, model_id)
    row = record(
        book,
        wiring.signatures(access),
        model_id=model_id,
        person=person,
        words=words,
        signature=signature,
        now=wiring.clock().now(),
    )
    said = (
        f"{row.person} lifted the legal hold of {model_id}; it stands until candidate.legal_hold "
        "is false in its YAML and a pass puts that in force"
    )
    return labelled(said, simulated)
