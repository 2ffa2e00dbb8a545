"""What goes wrong, and what a pass makes of it: told in a sentence, and no other stage stopped."""

import os
from pathlib import Path

import pytest

from flows import acts
from flows.preservation import repair_replicas
from flows.retire import retire
from tasks import wiring
from tasks.kernel.errors import (
    ChangeRefused,
    ConfigError,
    DecisionRefused,
    ReplicaDamaged,
    SignatureRefused,
)
from tests.flows.conftest import At
from tests.flows.place import MODEL, told_to_the_gateway
from tests.flows.refusing import refusing_server

pytestmark = pytest.mark.usefixtures("prefect_api", "quick_retries")

CONCURRENCY = 4
A_WAVE = 7  # two settings, three wordings, and a follow-up


def test_an_overloaded_endpoint_is_waited_for(at: At) -> None:
    place = at("new")
    place.fault(status=529, times=10_000, model=MODEL)
    told = place.run_pass()
    for stage in ("candidate", "interviews"):
        assert told[stage]["state"] == "waiting"
        assert "busy or failing (HTTP 529)" in told[stage]["reason"]
    for stage in ("preservation", "communication", "monitoring"):
        assert told[stage]["state"] == "done", told[stage]["reason"]
    assert place.calls() == 0

    place.clear_faults()
    told = place.run_pass()
    assert told["candidate"]["state"] == "done"
    assert "interview wave 2" in told["interviews"]["reason"]
    rows = place.rows("select id, outcome, attempts from conversation")
    assert len({row["id"] for row in rows}) == len(rows) == A_WAVE
    assert {row["outcome"] for row in rows} == {"answered"}
    assert sum(row["attempts"] > 1 for row in rows) <= CONCURRENCY
    assert place.calls() == A_WAVE
    assert place.problems() == ()


def test_overloaded_coders_are_waited_for(at: At) -> None:
    place = at("new")
    place.fault(status=529, times=10_000, model="coder-b")
    told = place.run_pass()
    assert told["validation"]["state"] == "waiting"
    assert "HTTP 529" in told["validation"]["reason"]
    assert told["interviews"]["reason"].startswith("interview wave 2")
    place.clear_faults()
    assert f"{A_WAVE} answers are coded" in place.run_pass()["validation"]["reason"]
    rows = place.rows("select conversation_id, coder from coding where coder != 'coder-c'")
    assert len(rows) == 2 * A_WAVE
    assert place.calls("coder-a") == A_WAVE


def test_an_overload_of_the_moment_is_not_even_noticed(at: At) -> None:
    place = at("wave 1")
    place.clock.advance(days=1)
    place.fault(status=503, times=2, model=MODEL)
    told = place.run_pass()
    assert "interview wave 3" in told["interviews"]["reason"]


def test_a_refused_key_blocks_with_a_sentence(at: At) -> None:
    place = at("new")
    with refusing_server() as url:
        place.base_url = url
        place.write_config()
        told = place.run_pass()
    assert told["interviews"]["state"] == "blocked"
    assert "HTTP 401" in told["interviews"]["reason"]
    assert "check the key" in told["interviews"]["reason"]
    assert told["preservation"]["state"] == "done"


def test_an_unset_key_blocks_and_names_the_variable(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = at("new")
    monkeypatch.delenv("EMERITUS_TEST_KEY")
    told = place.run_pass()
    assert told["interviews"]["state"] == "blocked"
    assert "EMERITUS_TEST_KEY" in told["interviews"]["reason"]


def test_a_page_in_place_of_an_answer_is_no_answer(at: At) -> None:
    place = at("new")
    place.fault(kind="html", times=10_000, model=MODEL)
    place.run_pass()
    rows = place.rows("select outcome, problem, text from conversation")
    assert "answered" not in {row["outcome"] for row in rows}
    assert "empty" not in {row["outcome"] for row in rows}
    failed = [row for row in rows if row["outcome"] == "failed"]
    assert all("not a message" in row["problem"] and not row["text"] for row in failed)
    assert not place.rows("select * from coding")


def test_odd_endings_are_outcomes_of_their_own(at: At) -> None:
    place = at("new")
    for kind in ("empty", "truncated", "refusal"):
        place.fault(kind=kind, times=1, model=MODEL)
    place.run_pass()
    outcomes = [row["outcome"] for row in place.rows("select outcome from conversation")]
    for outcome in ("empty", "truncated", "refused"):
        assert outcomes.count(outcome) == 1, outcomes
    assert outcomes.count("answered") == A_WAVE - 3


def test_a_changed_byte_is_named_and_repaired(at: At) -> None:
    place = at("packet open")
    place.run_pass()
    bag = next(bag for bag in place.bags() if bag.parent.name == "b")
    _flip(bag / "data" / "config.json")
    told = place.run_pass()
    assert told["preservation"]["state"] == "blocked"
    assert "replica b" in told["preservation"]["reason"]
    assert "altered: data/config.json" in told["preservation"]["reason"]
    assert place.stages()["preservation"]["command"] == f"emeritus repair {MODEL}"

    (aside,) = repair_replicas(MODEL)
    assert Path(aside).is_dir()
    assert place.run_pass()["preservation"]["state"] == "done"


def test_the_repair_that_status_offers_works_as_typed(at: At) -> None:
    """What `status` offers to type must work as it is typed."""
    from typer.testing import CliRunner

    from flows.cli import app

    place = at("packet open")
    place.run_pass()
    _flip(place.bags()[1] / "data" / "config.json")
    place.run_pass()
    words = place.stages()["preservation"]["command"].split()
    result = CliRunner().invoke(app, words[1:])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert place.run_pass()["preservation"]["state"] == "done"


def test_no_good_copy_left_overwrites_nothing(at: At) -> None:
    place = at("packet open")
    for folder in [*(bag / "data" for bag in place.bags()), place.home / "models" / MODEL]:
        _flip(folder / "config.json")
    told = place.run_pass()
    assert "no replica verifies" in told["preservation"]["reason"]
    before = {p: p.read_bytes() for p in (place.home / "replicas").rglob("*") if p.is_file()}
    with pytest.raises(ReplicaDamaged):
        repair_replicas(MODEL)
    after = {p: p.read_bytes() for p in (place.home / "replicas").rglob("*") if p.is_file()}
    assert after == before


def test_a_changed_design_is_refused_and_names_the_setting(at: At) -> None:
    place = at("wave 1")
    place.write_config(interviews={"seed": 99})
    place.clock.advance(days=1)
    before = place.dump()
    with pytest.raises(ChangeRefused, match=r"interviews\.seed: .*CH-DESIGN"):
        retire(place.config)
    assert place.dump() == before
    place.write_config(interviews={"seed": 0})
    assert place.run_pass()["interviews"]["state"] != "blocked"
    assert len(place.rows("select id from conversation")) > A_WAVE


@pytest.mark.parametrize("station", ["packet open", "signed once", "decided"])
def test_a_legal_hold_knocks_access_out(at: At, station: str) -> None:
    place = at(station)
    place.write_config(candidate={"legal_hold": True})
    told = place.run_pass()
    assert told["access"]["state"] == "blocked"
    assert "KO-HOLD" in told["access"]["reason"]
    assert not place.rows('select * from "grant"')
    assert told_to_the_gateway(place.home) == []


def test_one_key_under_two_names_is_refused(at: At) -> None:
    place = at("signed once")
    key = " ".join((place.people / "alice.pub").read_text().split()[:2])
    signers = place.home / "allowed_signers"
    signers.write_text(f"alice {key}\nbob {key}\n")
    with pytest.raises(ConfigError, match="share one key"):
        place.approve("bob", key="alice", signers=signers)
    assert len(place.rows("select person from approval")) == 1


@pytest.mark.parametrize(
    "line",
    [
        'alice namespaces="emeritus-access@v1,x ssh-ed25519 AAAA" {key}',
        "alice,alicia {key}",
        'alice,"alicia" {key}',
        "alice {key}\nALICE {key}",
        "alice {key}\n# a comment\n\tbob\t{key}\n",
        "alice {key}\r\nbob {key}\r\n",
    ],
)
def test_tricks_with_the_list_make_nobody_two(at: At, line: str) -> None:
    place = at("signed once")
    signers = place.home / "allowed_signers"
    key = " ".join((place.people / "alice.pub").read_text().split()[:2])
    signers.write_text(line.replace("{key}", key) + f"\nbobby {key}\n", newline="")
    for name in ("bobby", "bob", "alicia", "ALICE", '"alicia"'):
        with pytest.raises((ConfigError, DecisionRefused, SignatureRefused)):
            place.approve(name, key="alice", signers=signers)
    assert len(place.rows("select person from approval")) == 1


@pytest.mark.parametrize("name", ["paula", "Paula", "PAULA"])
def test_the_proposer_does_not_count(at: At, name: str) -> None:
    place = at("packet open")
    with pytest.raises(DecisionRefused, match="proposed this packet"):
        place.approve(name, key="paula")
    with pytest.raises(SignatureRefused):
        place.approve("alice", key="paula")
    with pytest.raises(SignatureRefused):
        place.approve("mallory", key="alice")


def test_a_signature_for_another_act_does_not_count(at: At) -> None:
    place = at("packet open")
    config = acts.config_in_force(MODEL)
    statement = acts.access_statement(config)
    for namespace, text in (
        (acts.REVIEW_NAMESPACE, statement),
        ("file", statement),
        (acts.APPROVAL_NAMESPACE, statement.replace(b"approve", b"APPROVE")),
        (acts.APPROVAL_NAMESPACE, statement.rstrip()),
    ):
        with pytest.raises(SignatureRefused):
            acts.approve_packet(config, "alice", place.sign(text, namespace, "alice"))
    assert not place.rows("select * from approval")


@pytest.mark.parametrize(
    ("station", "statement"),
    [
        (
            "decided",
            """update packet set body = replace(body, '"term_days":180', '"term_days":999')""",
        ),
        ("decided", "update approval set signature = (select signature from approval limit 1)"),
        ("decided", "update approval set person = 'erin' where person = 'bob'"),
        ("decided", "update approval set fingerprint = 'SHA256:x' where person = 'bob'"),
    ],
)
def test_what_was_written_behind_our_back_grants_nothing(
    at: At, station: str, statement: str
) -> None:
    place = at(station)
    place.execute(statement)
    told = place.run_pass()
    assert told["access"]["state"] == "blocked", told["access"]["reason"]
    assert not place.rows('select * from "grant"')
    assert told_to_the_gateway(place.home) == []
    assert place.problems()


@pytest.mark.parametrize("fewer", [0, 1])
def test_a_packet_that_asks_for_fewer_than_two_people_still_needs_two(at: At, fewer: int) -> None:
    place = at("signed once")
    place.execute(f"update packet set body = replace(body, 'needed\":2', 'needed\":{fewer}')")
    told = place.run_pass()
    assert told["access"]["state"] == "waiting"
    assert "signature 2 of 2" in told["access"]["reason"]
    assert not place.rows('select * from "grant"')
    assert place.problems()


def test_a_second_pass_at_once_is_turned_away(at: At) -> None:
    place = at("wave 1")
    place.clock.advance(days=1)
    book = wiring.book()
    fence = book.take_lease(MODEL, "", place.clock.now()).fence
    before = place.dump()
    skipped = retire(place.config, return_state=True)
    assert skipped.name == "Skipped"
    assert "another pass is under way" in (skipped.message or "")
    assert place.dump() == before
    book.keep_lease(fence, place.clock.now(), free=True)
    place.run_pass()


def test_troubles_stop_no_other_stage(at: At) -> None:
    place = at("new")
    usage, link, outbox = (
        place.home / "usage.csv",
        place.home / "models" / MODEL / "link",
        place.home / "outbox",
    )
    whole = usage.read_bytes()
    usage.unlink()
    link.symlink_to("/etc/passwd")
    outbox.write_text("a file stands in the way")
    told = place.run_pass()
    for stage, word in {
        "monitoring": "usage.csv is missing",
        "preservation": "'link': is a link",
        "communication": "outbox",
    }.items():
        assert told[stage]["state"] == "blocked"
        assert word in told[stage]["reason"]
    assert told["candidate"]["state"] == "done"
    assert f"{A_WAVE} answers are coded" in told["validation"]["reason"]
    assert place.bags() == []

    usage.write_bytes(whole)
    link.unlink()
    outbox.unlink()
    told = place.run_pass()
    for stage in ("monitoring", "preservation", "communication"):
        assert told[stage]["state"] == "done", told[stage]["reason"]
    assert len(place.letters()) == 1


def test_reports_that_cannot_be_written_stop_no_pass(at: At) -> None:
    place = at("new")
    (place.home / "reports").write_text("a file stands in the way")
    told = place.run_pass()
    assert told["monitoring"]["state"] == "blocked"
    assert told["communication"]["state"] == "done"
    assert f"{A_WAVE} answers are coded" in told["validation"]["reason"]


def _flip(file: Path) -> None:
    """Change one byte, and put the time of its last change back."""
    seen = file.stat()
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.chmod(0o600)
    file.write_bytes(data)
    os.utime(file, ns=(seen.st_atime_ns, seen.st_mtime_ns))
