"""`emeritus withdrawal` from a terminal, and its forms: the same act by the same function."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from configs.schema import RetirementConfig
from configs.schema.candidate import Owner
from flows.withdrawal_acts import withdrawal_statement
from flows.withdrawal_commands import withdrawal
from flows.withdrawal_forms import pause_withdrawal, resume_withdrawal
from tasks.access.withdrawal.act import WITHDRAWAL_NAMESPACE
from tasks.candidate.opening import put_in_force
from tasks.kernel.digests import canonical_json
from tasks.kernel.errors import DecisionRefused, SystemRefused
from tasks.records import Book, Fence
from tasks.records.access import Approval, Grant, Packet
from tests.fakes.clock import FakeClock
from tests.fakes.configs import endpoint, retirement
from tests.tasks.access.conftest import People, tell_all

REDIRECT = {
    "owner": "Search team",
    "callers": ["team_id:search"],
    "target": "aster-2",
    "starts_on": "2027-01-15",
    "consented_on": "2026-11-20",
    "consented_by": "Kim",
    "evidence": "mail 42",
}


def run(*arguments: str) -> str:
    """The command's output; its error is raised."""
    done = CliRunner().invoke(withdrawal, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def signers(tmp_path: Path) -> People:
    folder = tmp_path / "signers"
    folder.mkdir()
    found = People(folder)
    for name in ("alice", "bob"):
        found.add(name)
    (folder / "revoked").touch()
    return found


@pytest.fixture
def config(signers: People, book: Book, fence: Fence, clock: FakeClock) -> RetirementConfig:
    """Announced a month ago, three months to go; a pilot for paying users is decided."""
    owners = [
        {"name": "Search team", "contact": "search@example.org"},
        {"name": "Night jobs", "contact": "night@example.org"},
    ]
    found = retirement(
        endpoint={**endpoint("aster-1"), "simulated": True},
        candidate={"owners": owners},
        access={
            "proposer": "paula",
            "allowed_signers": str(signers.allowed),
            "revoked_signers": str(signers.folder / "revoked"),
            "paid_users": ["Acme", "Late Ltd"],
            "withdrawal": {
                "information_url": "https://example.org/aster-1",
                "brownout_series": {"days_before": [28, 7], "minutes": [10, 60]},
                "redirects": [REDIRECT],
            },
        },
    )
    now = clock.now()
    put_in_force(found, book, fence, now)
    tell_all(book, found, now)
    body: dict[str, Any] = {"approvals_needed": 2, "grants": ["paid_users"], "term_days": 180}
    body |= {"proposal": "limited_pilot", "simulated": True, "paid_users": ["Acme"]}
    with book.writing(now) as writing:
        packet = Packet(
            digest="p",
            model_id="aster-1",
            body=canonical_json(body).decode(),
            basis="b",
            proposed_at=now,
            expires_at=now,
        )
        writing.put(packet, "x")
        for name in ("alice", "bob"):
            approval = Approval(
                id=name,
                model_id="aster-1",
                packet_digest="p",
                person=name,
                fingerprint=name,
                signature="s",
                received_at=now,
            )
            writing.put(approval, "x")
        grant = Grant(
            id="g",
            model_id="aster-1",
            packet_digest="p",
            kind="paid_users",
            starts_at=now,
            ends_at=clock.advance(days=180),
        )
        writing.put(grant, "x")
    clock.advance(days=-180)
    return found


def _file(home: Path) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((home / "grants" / "aster-1.json").read_bytes())
    return body


def test_show_tells_what_holds_what_comes_and_who_is_let_go(config: RetirementConfig) -> None:
    said = run("show", "aster-1")
    assert said.startswith("[SIMULATED] Aster 1 (aster-1), surface api\nThe plan is in force.\n")
    assert "A caller without a grant is served now (2026-12-01 09:00 UTC)." in said
    assert "2027-01-15 00:00 UTC  Search team is redirected to aster-2  <- next" in said
    assert "2027-02-01 10:00 UTC  brownout of 10 min" in said
    assert "2027-03-02 00:00 UTC  end of service" in said
    assert "  Sunset: Tue, 02 Mar 2027 00:00:00 GMT\n" in said
    assert "paid_users, 0 keys, until 2027-05-30 09:00 UTC" in said
    assert "without a key yet, so refused like everybody else: Acme;" in said
    assert "no key is made: Late Ltd; two people sign" in said
    assert "Kim agreed on 2026-11-20: mail 42" in said
    assert re.search(r"Who is let go at the end of service:\n  Night jobs\n", said)


def test_show_for_programs(config: RetirementConfig) -> None:
    found = json.loads(run("show", "aster-1", "--json"))
    assert found["now"] == "served"
    assert found["next"]["at"] == "2027-01-15T00:00:00.000000Z"
    assert found["let_go"] == ["Night jobs"]
    assert found["paid_users_without_key"] == ["Acme"]
    assert found["paid_users_unsigned"] == ["Late Ltd"]
    assert found["plan"]["in_force"] is True


def test_a_brownout_that_not_every_owner_was_told_of_is_shown_as_none(
    config: RetirementConfig, book: Book, fence: Fence, clock: FakeClock
) -> None:
    owners = (*config.candidate.owners, Owner(name="Late lab", contact="late@example.org"))
    candidate = config.candidate.model_copy(update={"owners": owners})
    late = config.model_copy(update={"candidate": candidate})
    put_in_force(late, book, fence, clock.now())
    clock.advance(days=60)  # 2027-01-30
    said = run("show", "aster-1")
    assert "2027-02-01 10:00 UTC  brownout" not in said
    assert (
        "brownout of 2027-02-01 10:00 UTC, 10 min: does not begin; not told of it by 2027-01-18: "
        "Late lab" in said
    )
    assert "begins only if they are told of it by 2027-02-08: Late lab" in said
    assert "The plan is not in force: not every owner was told of that last day yet" in said
    assert "Not told of that last day, or told otherwise since: Late lab. `emeritus no" in said
    assert json.loads(run("show", "aster-1", "--json"))["owners_not_told"] == ["Late lab"]
    found = json.loads(run("show", "aster-1", "--json"))
    assert found["plan"]["brownouts"] == []
    assert [one["missed"] for one in found["brownouts_not_told"]] == [True, False]


def test_pause_and_resume_are_written_for_the_gateway_at_once(
    config: RetirementConfig, signers: People, home: Path
) -> None:
    key = ("--as", "alice", "--key", str(signers.folder / "alice"))
    said = run("pause", "aster-1", "--reason", "The successor is down.", *key)
    assert said.startswith("[SIMULATED] alice paused the withdrawal of aster-1; the gateway was")
    assert _file(home)["withdrawal"]["held_by"] == "paused"
    shown = run("show", "aster-1")
    assert "The plan is not in force: paused by alice" in shown
    assert "alice paused it on 2026-12-01 09:00 UTC: The successor is down." in shown
    run("resume", "aster-1", "--reason", "It is up.", *key)
    assert _file(home)["withdrawal"]["in_force"] is True


def test_an_act_that_did_not_reach_the_gateway_is_recorded_and_sent_again_without_a_signature(
    config: RetirementConfig, signers: People, home: Path
) -> None:
    (home / "grants").write_text("in the way")
    act = ("pause", "aster-1", "--reason", "Down.", "--as", "alice")
    with pytest.raises(SystemRefused, match="that is recorded, but the gateway could not be told"):
        run(*act, "--key", str(signers.folder / "alice"))
    (home / "grants").unlink()
    assert "paused already, by alice on 2026-12-01 09:00 UTC; the gateway was told" in run(*act)
    assert _file(home)["withdrawal"]["held_by"] == "paused"


def test_a_signature_made_elsewhere_counts_for_the_printed_statement(
    config: RetirementConfig, signers: People, tmp_path: Path
) -> None:
    printed = run("statement", "aster-1", "pause", "--reason", "Down.")
    file = tmp_path / "statement.sig"
    file.write_text(signers.sign("bob", printed.encode(), WITHDRAWAL_NAMESPACE))
    elsewhere = ("--as", "bob", "--signature", str(file))
    assert "bob paused" in run("pause", "aster-1", "--reason", "Down.", *elsewhere)
    with pytest.raises(DecisionRefused, match="paused already"):
        run("statement", "aster-1", "pause", "--reason", "Down.")


def test_snippets_are_printed_whole(config: RetirementConfig) -> None:
    assert "callbacks: [emeritus_withdrawal.withdrawal]" in run(
        "snippet", "aster-1", "--for", "litellm"
    )
    assert run("snippet", "aster-1", "--for", "nginx").count("return 410") == 3


def test_the_forms_end_as_recorded_or_refused(
    config: RetirementConfig, signers: People, home: Path, prefect_api: str
) -> None:
    statement = withdrawal_statement(config, "pause", "Down.")
    signature = signers.sign("alice", statement, WITHDRAWAL_NAMESPACE)
    wrong = pause_withdrawal("aster-1", "bob", "Down.", signature, return_state=True)
    assert (wrong.name, wrong.is_completed()) == ("Refused", True)
    state = pause_withdrawal("aster-1", "alice", "Down.", signature, return_state=True)
    assert state.name == "Recorded"
    assert _file(home)["withdrawal"]["held_by"] == "paused"
    early = resume_withdrawal("aster-1", "alice", "Up.", signature, return_state=True)
    assert early.name == "Refused"
