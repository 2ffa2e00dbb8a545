"""`emeritus incidents` and `emeritus metrics` from a terminal, and the form: one act."""

import json
import urllib.request
from pathlib import Path

import pytest
import typer
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from configs.schema import RetirementConfig
from flows import metrics_acts
from flows.incident_acts import Closing, closing_statement
from flows.incident_commands import incidents
from flows.incident_forms import close_incident
from flows.metrics_commands import metrics
from tasks.candidate.opening import put_in_force
from tasks.kernel.errors import DecisionRefused, NotFound, SystemRefused
from tasks.monitoring.incidents.closing import INCIDENT_NAMESPACE
from tasks.monitoring.incidents.rows import raise_incident
from tasks.monitoring.incidents.task import tell_of_incidents
from tasks.records import Book, Fence
from tasks.records.incident import Incident
from tasks.records.retirement import Retirement
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement
from tests.fakes.readings import SOURCES, put, reading, unsafe
from tests.tasks.access.conftest import People

WORDS = "The filter was switched off by mistake; it is on again."


def run(app: typer.Typer, *arguments: str) -> str:
    """The command's output; its error is raised."""
    done = CliRunner().invoke(app, arguments, catch_exceptions=False, env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def signers(tmp_path: Path) -> People:
    folder = tmp_path / "signers"
    folder.mkdir()
    found = People(folder)
    found.add("alice")
    (folder / "revoked").touch()
    return found


@pytest.fixture
def config(signers: People, book: Book, fence: Fence, clock: FakeClock) -> RetirementConfig:
    found = retirement(
        access={
            "proposer": "paula",
            "allowed_signers": str(signers.allowed),
            "revoked_signers": str(signers.revoked),
        },
        monitoring={"alarms": {"contacts": ["ada@example.org"]}, "sources": SOURCES},
    )
    put_in_force(found, book, fence, clock.now())
    return found


@pytest.fixture
def incident(config: RetirementConfig, book: Book, fence: Fence, clock: FakeClock) -> Incident:
    with book.writing(clock.now(), fence=fence) as writing:
        row = raise_incident(
            writing,
            model_id="aster-1",
            kind="same_model",
            subject="weekly",
            began="2026-11-30",
            severity="high",
            summary="today's answers differ from the frozen ones",
            evidence={"p_value": 0.001},
            simulated=True,
            now=clock.now(),
        )
    tell_of_incidents.fn(config, fence)
    return row


def test_list_and_show_tell_what_was_found_and_who_was_told(incident: Incident):
    listed = run(incidents, "list", "aster-1")
    assert incident.id[:12] in listed
    assert "[SIMULATED] today's answers differ" in listed
    shown = run(incidents, "show", "aster-1", incident.id[:8])
    assert "told ada@example.org: sent on 2026-12-01 09:00 UTC" in shown
    assert '"p_value": 0.001' in shown
    values = json.loads(run(incidents, "show", "aster-1", incident.id, "--json"))
    assert (values["state"], values["simulated"]) == ("open", True)
    assert json.loads(run(incidents, "list", "aster-1", "--json")) == [values]


def test_a_person_closes_it_with_a_key_and_it_leaves_the_list(incident: Incident, signers: People):
    key = str(signers.folder / "alice")
    said = run(
        incidents,
        *("close", "aster-1", incident.id[:12], "--reason", "resolved", "--words", WORDS),
        *("--as", "alice", "--key", key),
    )
    assert said.startswith(f"[SIMULATED] alice closed incident {incident.id[:12]} of aster-1")
    assert "no incident is open" in run(incidents, "list", "aster-1")
    assert "resolved" in run(incidents, "list", "aster-1", "--all")
    assert WORDS in run(incidents, "show", "aster-1", incident.id).replace("\n", " ")


def test_what_statement_prints_can_be_signed_elsewhere(
    incident: Incident, signers: People, tmp_path: Path
):
    asked = (incident.id, "--reason", "accepted", "--words", WORDS)
    statement = run(incidents, "statement", "aster-1", *asked)
    file = tmp_path / "act.sig"
    file.write_text(signers.sign("alice", statement.encode(), INCIDENT_NAMESPACE))
    done = ("close", "aster-1", *asked, "--as", "alice", "--signature", str(file))
    assert "(accepted)" in run(incidents, *done)
    assert run(incidents, *done) == run(incidents, *done), "handed in again, nothing changes"


def test_the_form_first_gives_the_words_and_then_takes_the_signature(
    incident: Incident, config: RetirementConfig, signers: People, monkeypatch: pytest.MonkeyPatch
):
    made: list[str] = []
    monkeypatch.setattr(
        "flows.form_answers.create_markdown_artifact",
        lambda **values: made.append(values["markdown"]),
    )
    fields = {"person": "alice", "incident": incident.id, "reason": "resolved", "words": WORDS}
    first = close_incident.fn("aster-1", **fields)
    assert first.name == "To be signed"
    assert INCIDENT_NAMESPACE in made[0]
    statement = closing_statement(config, Closing(incident.id, "resolved", WORDS))
    signature = signers.sign("alice", statement, INCIDENT_NAMESPACE)
    bad = close_incident.fn("aster-1", **{**fields, "words": WORDS + " Yes."}, signature=signature)
    assert bad.name == "Refused"
    assert close_incident.fn("aster-1", **fields, signature=signature).name == "Recorded"


def test_mistakes_are_told_in_a_sentence(incident: Incident, signers: People):
    with pytest.raises(NotFound, match="emeritus incidents list aster-1"):
        run(incidents, "show", "aster-1", "ffff")
    asked = ("statement", "aster-1", incident.id, "--reason", "dull", "--words", WORDS)
    with pytest.raises(DecisionRefused, match="choose one of resolved"):
        run(incidents, *asked)


def test_numbers_are_printed_and_served_from_the_records_as_they_stand(
    incident: Incident, config: RetirementConfig, signers: People
):
    printed = run(metrics, "show", "aster-1")
    assert (
        'emeritus_incidents_open{model="aster-1",severity="high",simulated="true"} 1.0' in printed
    )
    server, thread = metrics_acts.start(0, "127.0.0.1")
    port = server.server_port

    def scraped() -> dict[str, float]:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            assert answer.headers["Content-Type"].startswith("text/plain")
            families = text_string_to_metric_families(answer.read().decode())
        return {
            one.name: one.value
            for family in families
            for one in family.samples
            if one.labels.get("severity", "high") == "high"
        }

    assert scraped()["emeritus_incidents_open"] == 1
    assert scraped()["emeritus_model_readable"] == 1
    key = str(signers.folder / "alice")
    asked = (incident.id, "--reason", "resolved", "--words", WORDS, "--as", "alice", "--key", key)
    run(incidents, "close", "aster-1", *asked)
    assert scraped()["emeritus_incidents_open"] == 0, "no restart is needed"
    with pytest.raises(SystemRefused, match="--port"):
        metrics_acts.start(port, "127.0.0.1")
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_model_that_can_not_be_read_says_so_and_keeps_no_other_back(
    config: RetirementConfig, book: Book, fence: Fence, clock: FakeClock
):
    with book.writing(clock.now(), fence=fence) as writing:
        row = writing.session.get_one(Retirement, "aster-1")
        other = Retirement(**{**row.model_dump(), "model_id": "birch-1", "config_json": "{}"})
        writing.put(other, "x")
    text = metrics_acts.metrics_text()
    assert 'emeritus_model_readable{model="birch-1",simulated="false"} 0.0' in text
    assert 'emeritus_model_readable{model="aster-1",simulated="false"} 1.0' in text
    assert 'emeritus_incidents_open{model="aster-1"' in text


def test_the_artifact_tells_the_same_numbers(config: RetirementConfig):
    numbers = metrics_acts.numbers_now(config)
    rows = metrics_acts.artifact_rows(numbers)
    assert [row["value"] for row in rows] == [one.value for one in numbers]


def test_signals_are_told_in_a_sentence_each(
    config: RetirementConfig, book: Book, clock: FakeClock
):
    assert "no source tells a signal" in run(incidents, "signals", "aster-1")
    put(book, reading(unsafe(*[2] * 30), clock.now(), simulated=True))
    said = run(incidents, "signals", "aster-1")
    assert said == (
        "[SIMULATED] unsafe answers (gateway): 30 of 90 days of the baseline are there\n"
    )
    (signal,) = json.loads(run(incidents, "signals", "aster-1", "--json"))["signals"]
    assert signal["state"] == "learning"
