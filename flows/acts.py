"""People's acts in one place: the Prefect forms and the CLI both end in these functions."""

from datetime import datetime
from pathlib import Path

from sqlmodel import col, select

from configs.schema import RetirementConfig
from flows.behaviour import behaviour_in_force
from tasks import wiring
from tasks.access.act import approve, open_packet
from tasks.access.core import APPROVAL_NAMESPACE, approval_statement
from tasks.adapters.ssh_signatures import sign
from tasks.essays.act import review, statement_to_sign
from tasks.essays.rows import slots_of
from tasks.essays.slot_record import Standing
from tasks.essays.statement import REVIEW_NAMESPACE, Act
from tasks.kernel.errors import NotFound, SignatureRefused
from tasks.kernel.instants import to_minute
from tasks.kernel.labels import labelled
from tasks.records.access import Packet
from tasks.records.decisions import needed
from tasks.records.essay import Review
from tasks.records.latest import is_simulated
from tasks.records.retirement import Retirement, config_of
from tasks.validation.act import enter
from tasks.validation.act import statement_to_sign as ledger_words
from tasks.validation.ledger import LEDGER_NAMESPACE, Entry, Ledger, ledger_of
from tasks.validation.report_pages import write_reports

__all__ = [
    "APPROVAL_NAMESPACE",
    "LEDGER_NAMESPACE",
    "REVIEW_NAMESPACE",
    "Act",
    "Entry",
    "access_statement",
    "approve_packet",
    "config_in_force",
    "enter_ledger",
    "essay_statement",
    "ledger_in_force",
    "ledger_statement",
    "models_in_force",
    "review_essay",
    "signed",
]


def config_in_force(model_id: str) -> RetirementConfig:
    """The configuration that the latest pass put in force.

    Raises:
        NotFound: no pass has opened this model's retirement.
        ConfigError: another version accepted it, and this one does not.
    """
    with wiring.book().reading() as session:
        row = session.get(Retirement, model_id)
        known = session.exec(select(Retirement.model_id).order_by(col(Retirement.model_id))).all()
    if row is None:
        hint = f"known are {', '.join(known)}" if known else "run `emeritus retire CONFIG` first"
        raise NotFound(f"{model_id!r}: no such retirement in the records; {hint}")
    return config_of(row)


def models_in_force() -> tuple[str, ...]:
    """Ids of all models whose retirement a pass opened."""
    with wiring.book().reading() as session:
        return tuple(session.exec(select(Retirement.model_id).order_by(col(Retirement.model_id))))


def access_statement(config: RetirementConfig) -> bytes:
    """The bytes that an approver signs with `APPROVAL_NAMESPACE`. Raises as `open_packet` does."""
    with wiring.book().reading() as session:
        packet = open_packet(session, config, wiring.clock().now())
    return approval_statement(config.id, packet.digest)


def essay_statement(config: RetirementConfig, act: Act, slot: str = "") -> bytes:
    """The bytes that a reviewer signs with `REVIEW_NAMESPACE`. Raises `DecisionRefused`."""
    return statement_to_sign(config, wiring.book(), act, slot_id=slot, now=wiring.clock().now())


def ledger_statement(config: RetirementConfig, entry: Entry) -> bytes:
    """The bytes that a person signs with `LEDGER_NAMESPACE`. Raises `DecisionRefused`."""
    return ledger_words(wiring.book(), config.id, entry)


def ledger_in_force(config: RetirementConfig) -> Ledger:
    """The verdicts, and what was entered of them. Reads only."""
    with wiring.book().reading() as session:
        return ledger_of(session, config.id)


def signed(statement: bytes, namespace: str, *, key: Path | None, file: Path | None) -> str:
    """A signature made now with a key, or read from a file.

    Raises:
        SignatureRefused: neither or both were named, or the one named can't be used.
    """
    if (key is None) == (file is None):
        raise SignatureRefused(
            "name one of --key (to sign now) and --signature (a file signed elsewhere)"
        )
    if key is not None:
        return sign(statement, key=key, namespace=namespace)
    assert file is not None
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise SignatureRefused(f"{file}: can't be read; name the .sig file") from None


def approve_packet(config: RetirementConfig, person: str, signature: str) -> str:
    """Record an approval of the open access packet; returns a sentence for the person.

    Raises:
        NotFound, DecisionRefused, SignatureRefused: see `tasks.access.act.approve`.
    """
    approval, count = approve(
        config,
        wiring.book(),
        wiring.signatures(config.access),
        person=person,
        signature=signature,
        now=wiring.clock().now(),
    )
    with wiring.book().reading() as session:
        packet = session.get_one(Packet, approval.packet_digest)
    missing = needed(packet) - count
    then = (
        f"{missing} more needed"
        if missing > 0
        else "the decision is made; the next pass makes the grants"
    )
    said = f"{person} approved access packet {packet.digest[:12]} of {config.id}; {then}"
    return _labelled(config, said)


def review_essay(
    config: RetirementConfig, person: str, act: Act, signature: str, slot: str = ""
) -> str:
    """Record a review of an essay; returns a sentence for the person.

    Raises:
        DecisionRefused, SignatureRefused: see `tasks.essays.act.review`.
    """
    now = wiring.clock().now()
    verifier = wiring.signatures(config.access)
    row = review(
        config,
        wiring.book(),
        verifier,
        act,
        slot_id=slot,
        person=person,
        signature=signature,
        now=now,
    )
    what = f"{row.action} of {row.slot_id} (text {row.draft_sha256[:12]})"
    until = f", until {to_minute(row.until)}" if row.until else ""
    return _labelled(config, f"{person} recorded {what}{until}; {_what_follows(config, row, now)}")


def _what_follows(config: RetirementConfig, row: Review, now: datetime) -> str:
    """What the slot came to by an act, and who or what is next."""
    with wiring.book().reading() as session:
        slot = next(s for s in slots_of(session, config.id, now) if s.draft.slot_id == row.slot_id)
    follows = {
        Standing.APPROVED: "the next pass publishes it",
        Standing.HALF_VETOED: "a second person has to veto too, or it can still be approved",
        Standing.HALF_WITHDRAWN: "a second person has to withdraw too; until then it stays public",
        Standing.CHANGE_ASKED: "the next pass shows your words to the model",
        Standing.WITHDRAWN: "the next pass takes it from the site",
        Standing.HELD: "then it comes back by itself",
    }
    return follows.get(slot.standing, f"it is {slot.standing}")


def enter_ledger(config: RetirementConfig, person: str, entry: Entry, signature: str) -> str:
    """Record what was decided of a stable preference; returns a sentence for the person.

    The report is written again, since it shows the ledger; it adds no record.

    Raises:
        DecisionRefused, SignatureRefused: see `tasks.validation.act.enter`.
    """
    row = enter(
        wiring.book(),
        wiring.signatures(config.access),
        model_id=config.id,
        entry=entry,
        person=person,
        signature=signature,
        now=wiring.clock().now(),
    )
    write_reports(config, behaviour_in_force(config))
    left = ledger_in_force(config).open
    then = f"still open: {', '.join(left)}" if left else "no stable preference is open"
    said = f"{row.person} entered {row.theme} of {config.id} as {row.outcome}; {then}"
    return _labelled(config, said)


def _labelled(config: RetirementConfig, said: str) -> str:
    with wiring.book().reading() as session:
        return labelled(said, is_simulated(session, config.id))
