"""`emeritus` from a terminal: exit statuses, sentences, and never a traceback."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from configs.home import CHECKOUT
from flows import acts, cli
from flows.services import program
from tasks import wiring
from tests.flows.conftest import At
from tests.flows.place import MODEL, RECORDS
from tests.flows.story import Story

pytestmark = pytest.mark.usefixtures("prefect_api")

RATIONALE = "It names a person who never agreed to be named in it."


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str


Emeritus = Callable[..., Ended]


@pytest.fixture
def emeritus(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, prefect_home: Path
) -> Emeritus:
    """Run `emeritus ARGUMENTS` in this process: its clock is the test's."""

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["emeritus", *map(str, arguments)])
        monkeypatch.setattr(cli, "_log_to_stderr", lambda: None)
        monkeypatch.setenv("PREFECT_HOME", str(prefect_home))
        monkeypatch.setenv("COLUMNS", "200")
        capfdbinary.readouterr()
        status = 0
        try:
            cli.main()
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        said = capfdbinary.readouterr()
        result = Ended(status, said.out.decode(), said.err.decode())
        assert "Traceback" not in result.out + result.err
        return result

    return run


def _terminal(home: Path, *arguments: object) -> Ended:
    """Run `emeritus ARGUMENTS` as a person does: a process, with nothing of ours around it."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT", "EMERITUS"))}
    done = subprocess.run(
        [program("emeritus"), *map(str, arguments)],
        env={**environment, "EMERITUS_HOME": str(home)},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=60,
    )
    assert "Traceback" not in done.stdout + done.stderr
    assert "Warning" not in done.stderr
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("command", [["retire"], ["stage", "candidate"]])
def test_a_typo_is_told_with_its_line_and_writes_nothing(
    at: At, tmp_path: Path, command: list[str]
) -> None:
    place = at("new")
    text = place.config.read_text(encoding="utf-8").replace("legal_hold:", "legal_holt:")
    place.config.write_text(text, encoding="utf-8")
    line = next(n for n, words in enumerate(text.splitlines(), 1) if "legal_holt:" in words)
    home = tmp_path / "untouched"
    ended = _terminal(home, *command, place.config)
    assert ended.status == 2
    assert f"{place.config}:{line}: candidate.legal_holt: unknown field" in ended.err
    assert "did you mean 'legal_hold'" in ended.err
    assert not [path for path in home.rglob("*") if not path.is_dir()]


@pytest.mark.parametrize(
    "arguments",
    [
        ("status", "nobody"),
        ("approve", "nobody", "--as", "alice", "--key", "x"),
        ("review", "nobody", "approve", "--as", "erin", "--key", "x"),
        ("statement", "nobody"),
        ("repair", "nobody"),
        ("retire", "nowhere.yaml"),
    ],
)
def test_what_does_not_exist_is_told_with_status_2(
    at: At, emeritus: Emeritus, arguments: tuple[str, ...]
) -> None:
    at("packet open")
    ended = emeritus(*arguments)
    assert ended.status == 2, ended
    assert ended.err.startswith("error[EM1")
    assert len(ended.err.splitlines()) == 1


def test_a_pass_shows_the_table(at: At, emeritus: Emeritus) -> None:
    place = at("packet open")
    ended = emeritus("retire", place.config)
    assert ended.status == 0, ended
    assert "SIMULATED" in ended.out
    assert f"emeritus approve {MODEL} --as NAME --key PATH" in ended.out


def test_a_blocked_stage_is_an_exit_status(at: At, emeritus: Emeritus) -> None:
    place = at("packet open")
    (place.home / "usage.csv").unlink()
    ended = emeritus("retire", place.config)
    assert ended.status == 1
    assert "usage.csv is missing" in " ".join(ended.out.split())


def test_a_stage_of_its_own_answers_for_itself_alone(at: At, emeritus: Emeritus) -> None:
    place = at("packet open")
    (place.home / "usage.csv").unlink()
    ended = emeritus("stage", "preservation", place.config)
    assert ended.status == 0, ended
    assert "usage.csv is missing" in " ".join(ended.out.split()), "the table tells of all"
    assert emeritus("repair", MODEL).status == 0
    assert emeritus("stage", "monitoring", place.config).status == 1


def test_another_pass_under_way_is_an_exit_status(at: At, emeritus: Emeritus) -> None:
    place = at("packet open")
    wiring.book().take_lease(MODEL, "", place.clock.now())
    (place.home / "usage.csv").unlink()  # something to tell, so that the pass needs the lease
    ended = emeritus("retire", place.config)
    assert ended.status == 75
    assert "error[EM600]: aster-1: another pass is under way" in ended.err


def test_status_for_programs(at: At, emeritus: Emeritus) -> None:
    at("packet open")
    found = json.loads(emeritus("status", "--json").out)
    assert list(found) == ["models"]
    (model,) = found["models"]
    fields = {"model", "display_name", "simulated", "config_commit", "next", "stages"}
    assert set(model) == fields
    assert model["model"] == MODEL
    assert model["simulated"] is True
    assert datetime.fromisoformat(model["next"]).tzinfo is not None
    assert len(model["stages"]) == 8
    for stage in model["stages"]:
        assert set(stage) == {"stage", "state", "reason", "until", "command"}
        assert stage["state"] in {"done", "due", "waiting", "blocked"}
        assert stage["reason"]
        assert stage["until"] is None or datetime.fromisoformat(stage["until"])


def test_a_configuration_of_other_rules_is_one_sentence(at: At, emeritus: Emeritus) -> None:
    place = at("packet open")
    renamed = """update retirement set config_json = replace(config_json, '"waves"', '"rounds"')"""
    place.execute(renamed)
    shown = emeritus("status")
    assert shown.status == 0
    assert "configuration" in shown.out
    assert "aster-1: interviews.rounds: the configuration in force was accepted once" in shown.out
    ended = emeritus("statement", MODEL)
    assert ended.status != 0
    assert "mend the YAML and run a pass" in ended.err
    assert "Traceback" not in ended.err


def test_the_chain_is_verified(at: At, emeritus: Emeritus) -> None:
    place = at("packet open")
    whole = emeritus("audit", "verify")
    assert whole.status == 0
    head = whole.out.split("head: ")[1].split()[0]
    assert emeritus("audit", "verify", "--expect", head).status == 0
    assert emeritus("audit", "verify", "--expect", "0" * 64).status == 4
    place.execute("update conversation set text = 'I want nothing.' where rowid = 1")
    tampered = emeritus("audit", "verify")
    assert tampered.status == 4
    assert "conversation" in tampered.err


@pytest.mark.parametrize(
    "alter",
    [
        "update edition_file set data = cast('other' as blob) where path = 'RESTORE.md'",
        "delete from edition_file where path = 'manifest-sha256.txt'",
        "insert into edition_file select id, 'more.txt', 0, cast('1' as blob) from edition",
    ],
)
def test_altered_tag_files_are_told_of_though_they_stand_in_no_entry(
    at: At, emeritus: Emeritus, alter: str
) -> None:
    at("packet open").execute(alter)
    tampered = emeritus("audit", "verify")
    assert tampered.status == 4
    assert re.search(r"the tag files of edition [0-9a-f]{12} of '\S+' are not", tampered.err)
    assert len(tampered.err.splitlines()) == 1


@pytest.mark.parametrize(
    "alter",
    [
        "update edition set tags = 'nonsense'",
        "update edition set tags = replace(hex(zeroblob(100000)), '0', '[')",
        "update edition set tags = 'null'",
        "update edition set form = 'zip'",
        "update edition set form = cast(x'fffe' as text)",
        "update edition set made_at = 'yesterday'",
        "update edition set model_id = cast(x'fffe' as text)",
        "drop table edition",
        "drop table edition_file",
        "update edition_file set path = cast(x'fffe' as text) where path = 'RESTORE.md'",
        "update edition_file set data = cast(x'fffe' as blob) where path = 'manifest-sha256.txt'",
    ],
)
def test_a_row_that_no_version_wrote_hides_nothing_and_trips_nobody(
    at: At, emeritus: Emeritus, alter: str
) -> None:
    place = at("packet open")
    place.execute("update package set bag = 'x'")
    with closing(sqlite3.connect(place.home / RECORDS)) as connection, connection:
        connection.execute(alter)
    tampered = emeritus("audit", "verify")
    assert tampered.status == 4, tampered.err
    assert "of package is not as its last audit entry tells" in tampered.err
    assert re.search(r"tag files .* are not those|tag files can be checked", tampered.err)
    assert "Traceback" not in tampered.err
    checked = emeritus("fixity", MODEL)
    assert checked.status != 0
    assert "Traceback" not in checked.err + checked.out


@pytest.mark.parametrize(
    "statement",
    [
        "delete from audit_entry where seq = (select max(seq) from audit_entry)",
        "delete from audit_entry where seq = 5",
        "update audit_entry set actor = 'somebody' where seq = 5",
        "update audit_entry set action = 'x', digest = 'y' where seq = 5",
        "update audit_head set digest = 'x'",
        "delete from verdict where theme = 'keep_in_use'",
        "update stage_status set reason = 'all is well' where stage = 'access'",
        "update replica set state = 'damaged' where name = 'a'",
        "update package set manifest = manifest || ' '",
    ],
)
def test_no_row_is_changed_unseen(at: At, statement: str) -> None:
    place = at("packet open")
    assert place.problems() == ()
    place.execute(statement)
    assert place.problems()


def test_the_schema_is_the_file_for_editors(emeritus: Emeritus) -> None:
    said = emeritus("schema").out
    assert said == (CHECKOUT / "configs" / "retirement.schema.json").read_text(encoding="utf-8")
    assert json.loads(said)["additionalProperties"] is False
    of_fleet = emeritus("schema", "--fleet").out
    assert of_fleet == (CHECKOUT / "configs" / "fleet.schema.json").read_text(encoding="utf-8")


def test_a_statement_signed_elsewhere_counts(at: At, emeritus: Emeritus) -> None:
    place = at("packet open")
    statement = place.home / "statement.json"
    statement.write_bytes(emeritus("statement", MODEL).out.encode())
    command = ["ssh-keygen", "-Y", "sign", "-q", "-f", str(place.people / "alice")]
    subprocess.run([*command, "-n", acts.APPROVAL_NAMESPACE, str(statement)], check=True)
    signature = statement.with_name("statement.json.sig")
    first = emeritus("approve", MODEL, "--as", "alice", "--signature", signature)
    assert first.status == 0, first
    assert "1 more needed" in first.out
    as_bob = emeritus("approve", MODEL, "--as", "bob", "--signature", signature)
    assert as_bob.status == 3
    assert as_bob.err.startswith("error[EM400]")
    published = next(place.home.glob(f"pages/{MODEL}/access/*/statement.json"))
    assert published.read_bytes() == statement.read_bytes()


def test_the_same_approval_again_adds_nothing(at: At, emeritus: Emeritus) -> None:
    place = at("packet open")
    key = place.people / "alice"
    for _ in range(2):
        assert emeritus("approve", MODEL, "--as", "alice", "--key", key).status == 0
    assert len(place.rows("select * from approval")) == 1
    assert emeritus("approve", MODEL, "--as", "paula", "--key", place.people / "paula").status == 3
    assert emeritus("approve", MODEL, "--as", "bob", "--key", place.people / "none").status == 3
    assert emeritus("approve", MODEL, "--as", "bob").status == 3
    assert emeritus("approve", MODEL, "--as", "bob", "--key", place.people / "bob").status == 0
    after = emeritus("approve", MODEL, "--as", "erin", "--key", place.people / "erin")
    assert after.status == 3
    assert "decided already" in after.err


def test_a_hold_and_its_end(at: At, emeritus: Emeritus) -> None:
    place = at("in review")
    erin = ("--as", "erin", "--key", place.people / "erin")
    bob = ("--as", "bob", "--key", place.people / "bob")
    for wrong in ((), ("--reason", "dislike"), ("--reason", "privacy")):
        assert emeritus("review", MODEL, "hold", *erin, *wrong).status == 3
    assert emeritus("review", MODEL, "hold", *erin, "--reason", "legal_review").status == 0
    place.clock.advance(seconds=60)
    told = place.run_pass()["essays"]
    assert told["state"] == "waiting"
    assert "held by erin (legal_review)" in told["reason"]
    assert not place.rows("select * from publication")
    place.clock.advance(seconds=60)
    assert emeritus("review", MODEL, "approve", *bob).status == 0
    place.run_pass()
    assert len(place.rows("select * from publication")) == 1


def test_a_veto_takes_two_people_and_grounds(at: At, emeritus: Emeritus) -> None:
    place = at("in review")
    grounds = ("--reason", "privacy", "--rationale", RATIONALE)

    def veto(person: str, *words: str) -> int:
        key = ("--as", person, "--key", place.people / person)
        return emeritus("review", MODEL, "veto", *key, *words).status

    assert veto("erin", "--reason", "privacy") == 3
    assert veto("erin", "--reason", "privacy", "--rationale", "no") == 3
    assert veto("erin", "--reason", "dull", "--rationale", RATIONALE) == 3
    assert veto("erin", *grounds) == 0
    place.clock.advance(seconds=60)
    assert "second veto" in place.run_pass()["essays"]["reason"]
    assert veto("bob", *grounds) == 0
    place.clock.advance(seconds=60)
    place.run_pass()
    assert not place.rows("select * from publication")
    assert (
        emeritus(
            "review", MODEL, "approve", "--as", "alice", "--key", place.people / "alice"
        ).status
        == 3
    )
    index = next(place.home.glob("site/index.html")).read_text(encoding="utf-8")
    assert "vetoed" in index


def test_an_unknown_act_is_refused(at: At, emeritus: Emeritus) -> None:
    place = at("in review")
    key = ("--as", "erin", "--key", place.people / "erin")
    assert emeritus("review", MODEL, "publish", *key).status == 3
    assert emeritus("review", MODEL, "approve", *key, "--slot", "nowhere").status == 3
    assert emeritus("statement", MODEL, "publish").status == 3


def test_status_from_a_terminal(story: Story) -> None:
    home = story.place.home
    ended = _terminal(home, "status")
    assert ended.status == 0
    assert "SIMULATED" in ended.out


def test_a_prefect_server_that_is_not_there_is_one_sentence(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = at("new")
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    environment = {**os.environ, **place.environment()}
    command = [program("emeritus"), "retire", str(place.config)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 75
    assert ended.stderr.startswith("error[EM720]: Failed to reach API at http://127.0.0.1:9/api")
    assert "Traceback" not in ended.stderr
