"""From what records tell and people say to how each line stands, and what a closing signs. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tasks.kernel.digests import canonical_json, digest_of
from tasks.monitoring.checklist.lines import Line, Told
from tasks.records.checklist import ChecklistAct

#: Namespaces of signatures: one made for another purpose does not count here.
CHECKLIST_NAMESPACE = "emeritus-checklist@v1"
CLOSING_NAMESPACE = "emeritus-closing@v1"

CONFIRM, NOT_APPLICABLE, REOPEN = "confirm", "not_applicable", "reopen"
ACTIONS = (CONFIRM, NOT_APPLICABLE, REOPEN)


class Known(StrEnum):
    """What the records tell of a line."""

    YES = "yes"
    NO = "no"
    NOT_KNOWN = "not_known"


@dataclass(frozen=True, slots=True)
class Finding:
    """What the records tell of one line.

    Attributes:
        known: whether it is done.
        said: the evidence for `yes`; else why not, or why it is not known. It holds nothing that
            changes by itself from day to day, since a closing signs it.
    """

    known: Known
    said: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How one line stands.

    Attributes:
        line: the line.
        open: whether it keeps the retirement from being closed.
        state: `shown` by records, `confirmed` or `not applicable` by a person, or `open`.
        evidence: what shows it; for an open line what is missing.
        person: who said so; empty where the records do.
    """

    line: Line
    state: str
    evidence: str
    person: str = ""

    @property
    def open(self) -> bool:
        """Whether it keeps the retirement from being closed."""
        return self.state == "open"


_STATES = {CONFIRM: "confirmed", NOT_APPLICABLE: "not applicable"}


def standings(
    lines: Sequence[Line], findings: Mapping[str, Finding], acts: Sequence[ChecklistAct]
) -> tuple[Standing, ...]:
    """How every line stands.

    Args:
        lines: all lines, in order.
        findings: line's id -> what the records tell; a line without one is not known.
        acts: people's words, oldest first; the latest of a line stands.
    """
    latest = {act.line: act for act in acts}
    return tuple(_standing(line, findings.get(line.id), latest.get(line.id)) for line in lines)


def _standing(line: Line, finding: Finding | None, act: ChecklistAct | None) -> Standing:
    finding = finding or Finding(Known.NOT_KNOWN, "nobody confirmed it yet")
    if line.told is not Told.PERSON and finding.known is Known.YES:
        return Standing(line, "shown", finding.said)
    if act is not None and act.action in _STATES and may_be_said(line, finding):
        return Standing(line, _STATES[act.action], act.evidence, act.person)
    if act is not None and act.action == REOPEN:
        return Standing(line, "open", act.evidence, act.person)
    return Standing(line, "open", finding.said)


def may_be_said(line: Line, finding: Finding | None) -> bool:
    """Whether a person's word counts: never against what the records tell."""
    if line.told is Told.PERSON:
        return True
    return line.told is Told.EITHER and (finding is None or finding.known is Known.NOT_KNOWN)


def act_statement(
    model_id: str, line: Line, action: str, evidence: str, *, after: str = ""
) -> bytes:
    """The bytes to sign with `CHECKLIST_NAMESPACE`: canonical JSON, UTF-8, and one line feed.

    Args:
        model_id: the model.
        line: what is told of.
        action: one of `ACTIONS`.
        evidence: where it can be seen.
        after: id of the line's act before, so that an old signature can't bring it back.
    """
    body = {
        "act": "checklist",
        "model_id": model_id,
        "line": line.id,
        "title": line.title,
        "action": action,
        "evidence": evidence,
        "after": after,
    }
    return canonical_json(body) + b"\n"


def closing_body(
    model_id: str, config_sha256: str, found: Sequence[Standing], *, simulated: bool
) -> dict[str, Any]:
    """What a closing is of: every line as it stands; the same lines give the same body."""
    return {
        "act": "close-retirement",
        "model_id": model_id,
        "config_sha256": config_sha256,
        "simulated": simulated,
        "lines": [
            {
                "id": one.line.id,
                "title": one.line.title,
                "state": one.state,
                "evidence": one.evidence,
                "person": one.person,
            }
            for one in found
        ],
    }


def closing_statement(body: Mapping[str, Any]) -> bytes:
    """The bytes to sign with `CLOSING_NAMESPACE`: canonical JSON, UTF-8, and one line feed."""
    told = {
        "act": "close-retirement",
        "model_id": body["model_id"],
        "checklist_sha256": digest_of(body),
    }
    return canonical_json(told) + b"\n"
