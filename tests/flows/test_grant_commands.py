"""`emeritus grants` from a terminal, and the forms that do the same."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from prefect.client.schemas.objects import State
from typer.testing import CliRunner

from flows import grant_forms
from flows.acts import config_in_force
from flows.grant_commands import grants
from tasks.adapters.ssh_signatures import sign
from tasks.candidate.opening import put_in_force
from tasks.kernel.errors import DecisionRefused, EmeritusError
from tasks.records import Book, Fence
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement
from tests.fakes.grants import MODEL, put_grants
from tests.tasks.access.conftest import People

ACT = ["--reason", "misuse", "--words", "Resold to others."]


@dataclass
class Scene:
    people: People
    ids: dict[str, str]
    home: Path


@pytest.fixture
def people(tmp_path: Path) -> People:
    folder = tmp_path / "people"
    folder.mkdir()
    found = People(folder)
    found.add("alice")
    return found


@pytest.fixture
def scene(book: Book, fence: Fence, clock: FakeClock, people: People, home: Path) -> Scene:
    revoked = people.folder / "revoked_signers"
    revoked.touch()
    access = {
        "proposer": "paula",
        "allowed_signers": str(people.allowed),
        "revoked_signers": str(revoked),
        "paid_users": ["acme"],
    }
    put_in_force(retirement(access=access), book, fence, clock.now())
    return Scene(people, put_grants(book, clock.now(), paid_users="", research="dr-roe"), home)


def run(*arguments: str) -> str:
    """The command's output; its error is raised."""
    done = CliRunner().invoke(grants, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_key_is_made_listed_and_closed(scene: Scene) -> None:
    said = run("key", MODEL, "0paid", "--holder", "acme", "--as", "olga")
    assert said.startswith("[SIMULATED] key ") or said.startswith("key ")
    (file,) = (scene.home / "keys-to-hand-over").iterdir()
    assert str(file) in said
    assert file.read_text().strip() not in said
    found = json.loads(run("list", MODEL, "--json"))
    (paid,) = [grant for grant in found["grants"] if grant["kind"] == "paid_users"]
    (key,) = paid["keys"]
    assert (paid["state"], key["holder"], key["issued_by"]) == ("in force", "acme", "olga")
    assert "SIMULATED" in run("list", MODEL)
    assert "is closed; the gateway knows" in run("close-key", MODEL, key["token_id"][:8])
    assert "1 live" not in run("list", MODEL)


def test_a_grant_is_revoked_by_a_signature_made_elsewhere(scene: Scene, tmp_path: Path) -> None:
    run("key", MODEL, "1research")
    statement = CliRunner().invoke(grants, ["statement", MODEL, "1research", *ACT]).stdout_bytes
    signature = tmp_path / "statement.sig"
    signature.write_text(
        sign(statement, key=scene.people.folder / "alice", namespace="emeritus-revocation@v1")
    )
    said = run("revoke", MODEL, "1research", *ACT, "--as", "alice", "--signature", str(signature))
    assert "alice revoked grant 1research000" in said
    assert "1 key closed; the gateway knows" in said
    body = json.loads((scene.home / "grants" / f"{MODEL}.json").read_bytes())
    (row,) = [grant for grant in body["grants"] if grant["kind"] == "research"]
    assert row["revoked_at"] is not None
    assert row["token_ids"] == []


def test_a_gateway_that_cannot_be_told_is_told_to_the_person(scene: Scene) -> None:
    scene.home.joinpath("grants").write_text("in the way")
    key = str(scene.people.folder / "alice")
    said = run("revoke", MODEL, "0paid", *ACT, "--as", "alice", "--key", key)
    assert "the gateway does not know yet" in said
    assert "every pass tries again" in said


def test_a_mistake_is_a_sentence(scene: Scene) -> None:
    with pytest.raises(DecisionRefused, match=r"name one who is \(acme\)"):
        run("key", MODEL, "0paid", "--holder", "mallory")
    with pytest.raises(EmeritusError, match="known are"):
        run("revoke", MODEL, "nonesuch", *ACT, "--as", "alice", "--key", "x")


def test_reconciling_tells_what_was_found(scene: Scene) -> None:
    assert "now it was told names, grants and the withdrawal's plan" in run("reconcile", MODEL)
    said = run("reconcile", MODEL)
    assert (
        "gateway and records agree: names, grants and the withdrawal's plan, and the keys" in said
    )
    path = scene.home / "grants" / f"{MODEL}.json"
    path.write_bytes(path.read_bytes() + b" ")
    told = run("reconcile", MODEL)
    assert "1 found: 1 mended" in told
    assert "mended: aster-1.json does not verify" in told
    assert json.loads(run("reconcile", MODEL, "--json"))["findings"] == []


def test_reconciling_does_not_call_agreed_what_it_did_not_look_at(
    scene: Scene, clock: FakeClock, book: Book, fence: Fence
) -> None:
    run("reconcile", MODEL)
    assert " ".join(run("list", MODEL).split()).endswith("it agreed with the records")
    config = config_in_force(MODEL)
    withdrawal = config.access.withdrawal.model_copy(update={"contact": "new@example.org"})
    access = config.access.model_copy(update={"withdrawal": withdrawal})
    put_in_force(config.model_copy(update={"access": access}), book, fence, clock.now())
    assert "now the gateway is to be told" in " ".join(run("list", MODEL).split())
    said = run("reconcile", MODEL)  # another plan stood there, signed and all
    assert "had been told otherwise" in said
    assert "agree" not in said
    assert "gateway and records agree" in run("reconcile", MODEL)


def test_before_anything_is_told_reconciling_says_that_nothing_was_compared(
    book: Book, clock: FakeClock
) -> None:
    config = retirement(id="birch-7b", candidate={"announced_on": "2026-12-20"})
    put_in_force(config, book, book.take_lease("birch-7b", "", clock.now()).fence, clock.now())
    said = run("reconcile", "birch-7b")
    assert "nothing was compared" in said
    assert "before the announcement on 2026-12-20" in said
    assert "agree" not in said


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Prefect's server: what would be an artifact is the answer alone."""
    monkeypatch.setattr("flows.form_answers.create_markdown_artifact", lambda **_: None)


@pytest.mark.usefixtures("ends")
def test_the_forms_do_the_same_and_refuse_in_words(scene: Scene, people: People) -> None:
    def said(state: State[str]) -> tuple[str | None, str]:
        return state.name, state.message or ""

    name, words = said(grant_forms.issue_key.fn(MODEL, "0paid", "olga", "acme"))
    assert (name, "keys-to-hand-over" in words) == ("Recorded", True)
    name, words = said(grant_forms.issue_key.fn(MODEL, "0paid", "olga", "mallory"))
    assert (name, "[EM410]" in words) == ("Refused", True)
    name, _ = said(grant_forms.reconcile_gateway.fn(MODEL))
    assert name == "Recorded"
    act = {"grant": "0paid", "reason": "misuse", "words": "Resold."}
    name, words = said(grant_forms.revoke_a_grant.fn(MODEL, person="alice", signature="x", **act))
    assert (name, "[EM400]" in words) == ("Refused", True)
    scene.home.joinpath("grants", f"{MODEL}.json").unlink()
    scene.home.joinpath("grants", f"{MODEL}.json").mkdir()
    name, words = said(grant_forms.reconcile_gateway.fn(MODEL))
    assert (name, "[EM730]" in words) == ("Refused", True)
