"""`emeritus checklist` from a terminal, and its forms: the same acts by the same functions."""

import json

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from typer.testing import CliRunner

from configs.schema import RetirementConfig
from flows.checklist_acts import CHECKLIST_NAMESPACE
from flows.checklist_commands import checklist
from flows.checklist_forms import check_line, close_a_retirement, show_checklist
from tasks.kernel.errors import DecisionRefused
from tests.tasks.access.conftest import People
from tests.tasks.monitoring.checklist.conftest import BY_HAND, clock, config, finished, people

__all__ = ["clock", "config", "finished", "people"]

WHERE = "ticket OPS-12, closed by the platform team"


def run(*arguments: str) -> tuple[int, str]:
    """Exit status and output; its error is raised."""
    done = CliRunner().invoke(checklist, arguments, catch_exceptions=False)
    return done.exit_code, done.output


def signing(people: People, name: str) -> tuple[str, ...]:
    return ("--as", name, "--key", str(people.folder / name))


def test_a_retirement_is_closed_from_a_terminal(finished: RetirementConfig, people: People) -> None:
    status, said = run("show", "aster-1")
    assert status == 1
    assert "aster-1: 5 of 19 lines are open; it can't be closed yet" in said
    with pytest.raises(DecisionRefused, match="5 lines are open"):
        run("close", "aster-1", *signing(people, "alice"))
    for line in BY_HAND[1:]:
        run("confirm", "aster-1", line, "--evidence", WHERE, *signing(people, "alice"))
    act = ("aster-1", BY_HAND[0], "--evidence", WHERE, *signing(people, "bob"))
    assert run("not-applicable", *act) == (
        0,
        "credentials: not applicable by bob; 0 lines are open\n",
    )
    told = json.loads(run("show", "aster-1", "--json")[1])
    assert (told["open"], told["signatures"], told["closed_at"]) == ([], [], None)
    status, said = run("close", "aster-1", *signing(people, "alice"))
    assert f"(checklist {told['checklist_sha256'][:12]}): 1 of 2 signatures" in said
    assert run("close", "aster-1", *signing(people, "bob")) == (
        0,
        "the retirement of aster-1 is closed, signed by alice, bob\n",
    )
    status, said = run("show", "aster-1")
    assert status == 0
    assert "closed on 2027-06-01 by alice, bob" in said


def test_the_forms_do_the_same(
    prefect_api: str, finished: RetirementConfig, people: People
) -> None:
    shown = show_checklist("aster-1", return_state=True)
    assert shown.name == "Open"
    fields = {"model": "aster-1", "person": "alice", "action": "confirm", "evidence": WHERE}
    for line in BY_HAND:
        asked = check_line(**fields, line=line, return_state=True)
        assert asked.name == "To be signed"
        signature = people.sign("alice", str(asked.message).encode(), CHECKLIST_NAMESPACE)
        said = check_line(**fields, line=line, signature=signature, return_state=True)
        assert said.name == "Recorded", said.message
    wrong = check_line(**{**fields, "evidence": "ok"}, line="dns", return_state=True)
    assert (wrong.name, "[EM410]" in str(wrong.message)) == ("Refused", True)
    for person, ended in (("alice", "1 of 2 signatures"), ("bob", "is closed, signed by alice")):
        asked = close_a_retirement("aster-1", person, return_state=True)
        signature = people.sign(person, str(asked.message).encode(), "emeritus-closing@v1")
        said = close_a_retirement("aster-1", person, signature, return_state=True)
        assert ended in str(said.message)
    with get_client(sync_client=True) as client:
        key = ArtifactFilter(key=ArtifactFilterKey(any_=["checklist-aster-1"]))
        assert client.read_artifacts(artifact_filter=key)
