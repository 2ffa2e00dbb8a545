"""`emeritus applications` from a terminal, and the forms: the same acts, the same sentences."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.client.schemas.objects import State
from typer.testing import CliRunner

from configs.errors import EmeritusError
from flows.application_commands import applications
from flows.application_forms import (
    answer_question,
    appeal_application,
    apply_for_access,
    ask_applicant,
    decide_on_application,
    withdraw_application,
)
from tasks.access.applications.rules import APPLICATION_NAMESPACE
from tasks.candidate.opening import put_in_force
from tasks.kernel.errors import SystemRefused
from tests.tasks.access.applications.conftest import scene
from tests.tasks.access.applications.scene import REQUIRED, SAID, Scene
from tests.tasks.access.conftest import config, people

__all__ = ["config", "people", "scene"]  # fixtures


@pytest.fixture
def lab(scene: Scene) -> Scene:
    """A model in force, whose access decision admits researchers."""
    put_in_force(scene.config, scene.book, scene.fence, scene.clock.now())
    scene.open_programme()
    return scene


def run(*arguments: object, fails: bool = False) -> str:
    """The command's output; an error that it tells is raised."""
    words = list(map(str, arguments))
    done = CliRunner().invoke(applications, words, env={"COLUMNS": "200"}, catch_exceptions=False)
    assert (done.exit_code != 0) == fails, done.output
    return done.output


def key(lab: Scene, person: str) -> Path:
    return lab.people.folder / person


def submitted(lab: Scene, tmp_path: Path, **changed: object) -> str:
    file = tmp_path / "application.yaml"
    file.write_text(yaml.safe_dump({"schema_version": 1, **SAID, **changed}), encoding="utf-8")
    said = run("submit", "aster-1", file, "--typed-by", "olga")
    assert "is received, to be answered by 2026-12-15 09:00 UTC" in said
    return said.split()[1]


def test_a_life_from_a_terminal(lab: Scene, tmp_path: Path) -> None:
    named = submitted(lab, tmp_path)
    listed = run("list", "aster-1")
    assert "Rosa Lind (University of Example, Linguistics)" in listed
    asked = run(
        *("ask", "aster-1", named[:8], "--words", "Who reads them?"),
        *("--as", "alice", "--key", key(lab, "alice")),
    )
    assert asked.strip().endswith("is asked, by alice; the next pass tells the applicant")
    assert "clock stands" in run("list", "aster-1")
    run("answer", "aster-1", named, "--words", "Two of us.", "--typed-by", "olga")
    declined = run(
        *("decide", "aster-1", named, "decline", "--reason", "C-DATA", "--words", "No plan."),
        *("--as", "alice", "--key", key(lab, "alice")),
    )
    assert "is declined, by alice" in declined
    run("appeal", "aster-1", named, "--words", "There is one.", "--typed-by", "olga")
    reasons = ["--reason", ",".join(REQUIRED[:3]), "--reason", ", ".join(REQUIRED[3:])]
    decided = run(
        *("decide", "aster-1", named, "overturn", "--words", "There is.", *reasons),
        *("--as", "bob", "--key", key(lab, "bob")),
    )
    assert "the next pass makes the grant" in decided
    lab.run_pass()
    shown = run("show", "aster-1", named)
    for text in (
        "in force, 2026-12-01",
        "declined on",
        "for C-DATA",
        "  There is one.",
        "typed in",
    ):
        assert text in shown
    row = json.loads(run("show", "aster-1", named, "--json"))
    assert [step["kind"] for step in row["steps"]][-1] == "overturned"
    assert row["grant"]["state"] == "in_force"
    (same,) = json.loads(run("list", "aster-1", "--json"))["applications"]
    assert same == row


def test_a_statement_is_signed_elsewhere(lab: Scene, tmp_path: Path) -> None:
    named = submitted(lab, tmp_path)
    act = ("accept", "--words", "Fine.", *[w for one in REQUIRED for w in ("--reason", one)])
    statement = run("statement", "aster-1", named, *act)
    assert json.loads(statement)["decision"] == "accepted"
    file = tmp_path / "statement.sig"
    file.write_text(lab.people.sign("alice", statement.encode(), APPLICATION_NAMESPACE))
    said = run("decide", "aster-1", named, *act, "--as", "alice", "--signature", file)
    assert "is accepted, by alice" in said


def test_the_criteria_and_the_export(lab: Scene, tmp_path: Path) -> None:
    assert "C-PURPOSE (required): The research" in run("criteria", "aster-1")
    assert json.loads(run("criteria", "aster-1", "--json"))["answer_within_days"] == 14
    submitted(lab, tmp_path)
    out = tmp_path / "out.csv"
    said = run("export", "aster-1", "--csv", "--out", out)
    assert said.strip() == f"{out}: 1 application, without names"
    assert "Rosa" not in out.read_text()
    assert json.loads(run("export", "aster-1"))["figures"]["received"] == 1


def test_an_export_says_where_it_went_and_makes_one_folder_at_most(
    lab: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    here = run("export", "aster-1", "--out", "out.json").strip()
    assert here == f"{tmp_path / 'out.json'}: 0 applications, without names"
    made = run("export", "aster-1", "--out", "new/out.json").strip()
    assert (
        made == f"{tmp_path / 'new/out.json'}: 0 applications, without names; its folder was made"
    )
    assert not run("export", "aster-1", "--out", "new/out.json").strip().endswith("was made")
    with pytest.raises(SystemRefused, match=f"{tmp_path / 'slip'}: no such folder; make it"):
        run("export", "aster-1", "--out", "slip/of-the-pen/out.json")
    assert not (tmp_path / "slip").exists()
    with pytest.raises(SystemRefused, match="name another file"):
        run("export", "aster-1", "--out", tmp_path)


def test_several_for_one_address_are_told_wherever_people_look(lab: Scene, tmp_path: Path) -> None:
    first = submitted(lab, tmp_path)
    assert "THIS ADDRESS" not in run("show", "aster-1", first)
    file = tmp_path / "application.yaml"
    other = {"schema_version": 1, **SAID, "applicant": "Rosa B. Lind", "study_days": 90}
    file.write_text(yaml.safe_dump(other), encoding="utf-8")
    said = run("submit", "aster-1", file, "--typed-by", "mallory")
    second = said.split()[1]
    assert f"for the same address there is {first[:12]} too" in said
    shown = run("show", "aster-1", first)
    assert "2 APPLICATIONS STAND FOR THIS ADDRESS. Beside this one:" in shown
    assert f"  {second[:12]}  Rosa B. Lind, received, received 2026-12-01" in shown
    assert "received; 1 more for this address" in run("list", "aster-1")
    row = json.loads(run("show", "aster-1", first, "--json"))
    assert row["also_open_for_this_address"] == [second]
    run("withdraw", "aster-1", second, "--words", "It was not me.", "--typed-by", "olga")
    assert "THIS ADDRESS" not in run("show", "aster-1", first)


def test_what_was_handed_in_before_says_how_it_stands(lab: Scene, tmp_path: Path) -> None:
    named = submitted(lab, tmp_path)
    run("withdraw", "aster-1", named, "--typed-by", "olga")
    said = run("submit", "aster-1", tmp_path / "application.yaml", "--typed-by", "olga")
    assert "received already" in said
    assert "it is withdrawn; to apply again, say what has changed since" in said


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("show", "aster-1", "0123456789"), "no such application"),
        (("show", "aster-9", "0123456789"), "no such retirement"),
        (("submit", "aster-1", "/nowhere.yaml"), "no such file"),
        (("statement", "aster-1", "0123456789", "approve"), "'approve' is no decision"),
    ],
)
def test_a_mistake_is_one_sentence(lab: Scene, arguments: tuple[str, ...], problem: str) -> None:
    with pytest.raises(EmeritusError, match=problem):
        run(*arguments)


def test_nothing_has_come_in(lab: Scene) -> None:
    assert run("list", "aster-1").strip() == "aster-1: no application has come in"


def test_hostile_words_are_shown_as_they_are(lab: Scene) -> None:
    """As a row written elsewhere could hold them; ours refuses them at the door."""
    row = lab.submit(applicant="[bold]Rosa[/bold] [link=x]y[/link]")
    with lab.book.writing(lab.clock.now()) as writing:
        row.purpose = "Ab\u202ecd\x1b[31m ef"
        writing.put(row, "x")
    shown = run("show", "aster-1", row.id)
    assert "[bold]Rosa[/bold] [link=x]y[/link]" in shown
    assert "Ab[U+202E]cd[U+001B][31m ef" in shown
    assert "[bold]Rosa[/bold]" in run("list", "aster-1")


# forms


def _form(flow: Any, **fields: object) -> tuple[str, str]:
    state: State[str] = flow(model="aster-1", **fields, return_state=True)
    assert state.is_completed()
    return str(state.name), str(state.message)


TYPED: dict[str, Any] = {**{k: v for k, v in SAID.items() if k != "model"}, "study_days": "60"}


@pytest.mark.usefixtures("prefect_api")
def test_a_life_by_forms(lab: Scene) -> None:
    name, said = _form(apply_for_access, **TYPED, typed_by="olga")
    assert name == "Recorded"
    named = said.split()[1]
    assert lab.case(named).application.source == "form"

    def sign(decision: str, person: str, words: str, reasons: tuple[str, ...] = ()) -> str:
        statement = lab.statement(named, lab.act(decision, words, reasons))
        return lab.people.sign(person, statement, APPLICATION_NAMESPACE)

    question = "Who reads them?"
    asked = sign("ask", "alice", question)
    about = {"application": named}
    assert _form(ask_applicant, **about, person="alice", question=question, signature=asked)[0] == (
        "Recorded"
    )
    assert _form(answer_question, **about, answer="Two.", typed_by="olga")[0] == "Recorded"
    no = {"decision": "decline", "words": "No.", "reasons": "C-DATA, C-HARM"}
    signed = sign("decline", "alice", "No.", ("C-DATA", "C-HARM"))
    assert _form(decide_on_application, **about, person="alice", signature=signed, **no)[0] == (
        "Recorded"
    )
    assert _form(appeal_application, **about, grounds="It is.", typed_by="olga")[0] == "Recorded"
    name, said = _form(withdraw_application, **about, typed_by="olga")
    assert (name, "is withdrawn, by olga" in said) == ("Recorded", True)
    assert [e.kind for e in lab.case(named).history] == [
        *("asked", "answered", "declined", "appealed", "withdrawn")
    ]


@pytest.mark.usefixtures("prefect_api")
def test_a_form_s_mistake_is_refused_with_every_reason(lab: Scene) -> None:
    wrong = {**TYPED, "study_days": "two months", "contact": "rosa"}
    name, said = _form(apply_for_access, **wrong, typed_by="olga")
    assert name == "Refused"
    assert "contact: is no e-mail address" in said
    assert "study_days: should be a valid integer" in said
    assert said.endswith("[EM100]")
    assert _form(apply_for_access, **TYPED, typed_by=" ")[0] == "Refused"
    assert lab.cases() == ()
    named = lab.submit().id
    name, said = _form(
        decide_on_application,
        application=named,
        person="alice",
        decision="accept",
        words="",
        signature="not one",
        reasons=",".join(REQUIRED),
    )
    assert (name, said.endswith("[EM400]")) == ("Refused", True)
