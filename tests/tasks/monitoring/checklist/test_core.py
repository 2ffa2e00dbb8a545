"""Records are never ticked by hand, people's lines never by themselves."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from configs.schema.checklist import ChecklistConfig, ChecklistLine
from tasks.kernel.digests import digest_of
from tasks.monitoring.checklist.core import (
    ACTIONS,
    Finding,
    Known,
    closing_body,
    closing_statement,
    standings,
)
from tasks.monitoring.checklist.lines import ALWAYS, Told, clashing, lines_of
from tasks.records.checklist import ChecklistAct

AT = datetime(2027, 6, 1, tzinfo=UTC)


def act(line: str, action: str) -> ChecklistAct:
    return ChecklistAct(
        id=f"{line}-{action}",
        model_id="aster-1",
        line=line,
        action=action,
        evidence="ticket OPS-12",
        person="alice",
        fingerprint="f",
        statement="",
        signature="",
        received_at=AT,
    )


@given(
    found=st.fixed_dictionaries(
        {line.id: st.one_of(st.none(), st.sampled_from(Known)) for line in ALWAYS}
    ),
    said=st.dictionaries(st.sampled_from([line.id for line in ALWAYS]), st.sampled_from(ACTIONS)),
)
def test_a_line_is_closed_by_whoever_can_tell_and_by_nobody_else(
    found: dict[str, Known | None], said: dict[str, str]
) -> None:
    findings = {name: Finding(known, "so") for name, known in found.items() if known}
    acts = [act(line, action) for line, action in said.items()]
    for one in standings(ALWAYS, findings, acts):
        known, word = found[one.line.id], said.get(one.line.id)
        spoken = word in ("confirm", "not_applicable")
        shown = known is Known.YES
        expected = {
            Told.RECORDS: shown,
            Told.EITHER: shown or (spoken and known is not Known.NO),
            Told.PERSON: spoken,
        }[one.line.told]
        assert one.open is not expected
        assert bool(one.person) <= (word is not None)


def test_the_latest_word_stands() -> None:
    (line,) = [one for one in ALWAYS if one.id == "dns"]
    for actions, state in (
        (("confirm",), "confirmed"),
        (("confirm", "reopen"), "open"),
        (("confirm", "reopen", "not_applicable"), "not applicable"),
    ):
        (found,) = standings([line], {}, [act("dns", action) for action in actions])
        assert (found.state, found.evidence, found.person) == (state, "ticket OPS-12", "alice")


def test_own_lines_come_last_and_are_a_persons() -> None:
    own = ChecklistLine(id="contract", title="The contract is ended")
    config = ChecklistConfig(lines=(own,))
    assert lines_of(config)[-1].id == "contract"
    assert lines_of(config)[-1].told is Told.PERSON
    assert clashing(config) == ""
    twice = ChecklistConfig(lines=(ChecklistLine(id="dns", title="Our own host names"),))
    assert clashing(twice) == "dns"


def test_what_is_signed_changes_with_any_line() -> None:
    lines = [line for line in ALWAYS if line.told is Told.PERSON]
    acts = [act(line.id, "confirm") for line in lines]
    body = closing_body("aster-1", "c", standings(lines, {}, acts), simulated=False)
    for at in range(len(acts)):
        other = [*acts[:at], act(lines[at].id, "not_applicable"), *acts[at + 1 :]]
        changed = closing_body("aster-1", "c", standings(lines, {}, other), simulated=False)
        assert closing_statement(changed) != closing_statement(body)
    assert digest_of(body) in closing_statement(body).decode()
