"""Golden prompts asked: once each, resumed, within the ceiling, frozen as they came."""

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from configs.home import CHECKOUT
from configs.schema import RetirementConfig
from tasks import wiring
from tasks.kernel.errors import (
    BudgetExhausted,
    EndpointBusy,
    EndpointFault,
    FenceLost,
    MetadataMissing,
)
from tasks.kernel.stages import StageState
from tasks.ports.recorded_prompts import MOST_TRIES
from tasks.ports.respondent import Answer, Question
from tasks.preservation.golden_rows import golden_files, look
from tasks.preservation.golden_task import ask_golden
from tasks.preservation.preflight import preflight
from tasks.preservation.task import refuse_missing
from tasks.preservation.view import assess
from tasks.records import Book, Fence
from tasks.records.preservation import GoldenAnswer, Package, PreservationEvent, Replica
from tasks.simulation.planted import load_planted
from tasks.simulation.serve import running
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement
from tests.fakes.respondent import FakeRespondent, says

WORLD = CHECKOUT / "tasks" / "simulation" / "worlds" / "demo.yaml"
NAMES = ("add", "haiku", "sort")
SAMPLES = 4
CALLS = len(NAMES) * SAMPLES
CONCURRENCY = 3
YAML = "".join(f"  - id: {name}\n    text: Please do {name}.\n" for name in NAMES)


# what is left, and what is frozen: pure


@pytest.fixture
def prompts_file(home: Path) -> Path:
    path = home / "golden" / "aster-1.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(f"prompts:\n{YAML}")
    return path


def _config(base_url: str = "http://127.0.0.1:9", **golden: Any) -> RetirementConfig:
    asked = {"prompts_file": "golden/aster-1.yaml", "samples": SAMPLES, **golden}
    with_room = {"concurrency": CONCURRENCY}
    return retirement(base_url, endpoint=with_room, preservation={"golden_prompts": asked})


def _use(monkeypatch: pytest.MonkeyPatch, respondent: FakeRespondent) -> FakeRespondent:
    monkeypatch.setattr(wiring, "respondent", lambda _: respondent)
    return respondent


def _rows(book: Book) -> list[GoldenAnswer]:
    with book.reading() as session:
        return list(session.exec(select(GoldenAnswer)))


def _due(config: RetirementConfig, book: Book) -> int:
    with book.reading() as session:
        view = look(config, session)
    return len(view.left) if view else 0


def _files(config: RetirementConfig, book: Book) -> dict[str, bytes]:
    with book.reading() as session:
        return golden_files(config, session)


@pytest.fixture(scope="module")
def planted() -> Iterator[str]:
    with running(load_planted(WORLD)) as url:
        yield url


def _fault(url: str, **fault: Any) -> None:
    body = json.dumps(fault).encode()
    urllib.request.urlopen(f"{url}/_simulate/faults", body, timeout=10).close()


@pytest.mark.usefixtures("prompts_file")
def test_all_are_asked_once_over_http_and_frozen_the_same_each_time(
    planted: str, book: Book, fence: Fence
) -> None:
    config = _config(planted)
    assert _due(config, book) == CALLS
    ask_golden.fn(config, fence)
    rows = _rows(book)
    ask_golden.fn(config, fence)
    assert _rows(book) == rows
    assert len(rows) == CALLS
    assert _due(config, book) == 0
    assert {(r.outcome, r.tries, r.simulated) for r in rows} == {("answered", 1, True)}
    assert len({r.request_id for r in rows}) == CALLS
    for row in rows:
        assert row.raw_sha256 == hashlib.sha256(row.raw.encode()).hexdigest()
        assert json.loads(row.raw)["content"][0]["text"] == row.text
    assert book.verify_audit().problems == ()

    files = _files(config, book)
    assert _files(config, book) == files
    stack = json.loads(files["stack.json"])
    assert stack["simulated"]
    assert stack["title"].startswith("[SIMULATED]")
    (way,) = stack["asked"]
    assert (way["endpoint"], way["model"]) == (planted.removeprefix("http://"), "aster-1")
    assert "anthropic" in way["client"]
    assert files["answers.jsonl"].count(b"\n") == CALLS


@pytest.mark.usefixtures("prompts_file")
def test_a_page_with_status_200_is_asked_again_in_two_later_passes_and_no_more(
    planted: str, book: Book, fence: Fence
) -> None:
    config = _config(planted, samples=1)
    _fault(planted, kind="html", times=1 + MOST_TRIES, model="aster-1")
    with pytest.raises(EndpointBusy, match=r"3 answers .* no messages"):
        ask_golden.fn(config, fence)  # 3 pages
    assert {(r.outcome, r.tries) for r in _rows(book)} == {("failed", 1)}
    assert "A proxy answered" in _rows(book)[0].raw
    with pytest.raises(EndpointBusy, match=r"1 answers"):
        ask_golden.fn(config, fence)  # the fourth page, and two messages
    said = sorted((r.outcome, r.tries) for r in _rows(book))
    assert said == [("answered", 2), ("answered", 2), ("failed", 2)]
    _fault(planted, kind="html", times=1, model="aster-1")
    ask_golden.fn(config, fence)
    ask_golden.fn(config, fence)
    assert ("failed", MOST_TRIES) in {(r.outcome, r.tries) for r in _rows(book)}
    assert _due(config, book) == 0
    assert json.loads(_files(config, book)["stack.json"])["outcomes"] == {
        "answered": 2,
        "failed": 1,
    }


@pytest.mark.usefixtures("prompts_file")
@pytest.mark.parametrize("without_weights", [False, True])
def test_a_prompt_that_was_never_answered_blocks_a_package_that_needs_it(
    planted: str, book: Book, fence: Fence, clock: FakeClock, without_weights: bool
) -> None:
    """Or what is kept of the model would be that a proxy stood in its place."""
    config = _config(planted, samples=1)
    if without_weights:
        needing = config.model_copy(
            update={"preservation": config.preservation.model_copy(update={"source_folder": None})}
        )
    else:
        required = {"required": ("model_version", "licence", "golden_prompts")}
        metadata = config.preservation.metadata.model_copy(update=required)
        needing = config.model_copy(
            update={"preservation": config.preservation.model_copy(update={"metadata": metadata})}
        )
    _fault(planted, kind="html", times=len(NAMES) * MOST_TRIES, model="aster-1")
    for _ in range(MOST_TRIES - 1):
        with pytest.raises(EndpointBusy):
            ask_golden.fn(needing, fence)
    ask_golden.fn(needing, fence)
    with pytest.raises(MetadataMissing, match="no answers to add, haiku, sort: every call"):
        refuse_missing(needing)
    found = assess(needing, book, clock.now())
    assert found.state is StageState.BLOCKED
    assert "no answers to add, haiku, sort" in found.reason
    (described,) = [check for check in preflight(needing) if check.name == "description"]
    assert (described.state, described.said.partition(":")[0]) == (
        "fail",
        "golden_prompts has no answers to add, haiku, sort",
    )
    refuse_missing(config)  # with weights it is the operator who says whether they are needed


@pytest.mark.usefixtures("prompts_file")
def test_an_overload_ends_the_task_and_loses_nothing(
    planted: str, book: Book, fence: Fence
) -> None:
    config = _config(planted)
    _fault(planted, status=529, times=1, model="aster-1")
    with pytest.raises(EndpointBusy, match="529"):
        ask_golden.fn(config, fence)
    before = {r.id: r.request_id for r in _rows(book) if r.outcome == "answered"}
    assert 0 < len(_rows(book)) <= CONCURRENCY
    assert len(before) == len(_rows(book)) - 1
    ask_golden.fn(config, fence)
    after = {r.id: r.request_id for r in _rows(book)}
    assert len(after) == CALLS
    assert before.items() <= after.items()


@pytest.mark.usefixtures("prompts_file")
@pytest.mark.parametrize("outcome", ["refused", "empty", "truncated"])
def test_what_is_no_answer_is_an_outcome_of_its_own_and_stays(
    book: Book, fence: Fence, monkeypatch: pytest.MonkeyPatch, outcome: str
) -> None:
    respondent = _use(monkeypatch, FakeRespondent(lambda _: Answer(outcome, "half a")))  # type: ignore[arg-type]
    ask_golden.fn(_config(), fence)
    ask_golden.fn(_config(), fence)
    assert len(respondent.asked) == CALLS
    assert {row.outcome for row in _rows(book)} == {outcome}


@pytest.mark.usefixtures("prompts_file")
def test_the_ceiling_holds_for_all_tries_and_for_earlier_wordings(
    book: Book, fence: Fence, prompts_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(_: Question) -> Answer:
        raise EndpointBusy("busy")

    config = _config(max_calls=CALLS + 1)
    tried = _use(monkeypatch, FakeRespondent(busy))
    for _ in range(2):
        with pytest.raises(EndpointBusy):
            ask_golden.fn(config, fence)
    respondent = _use(monkeypatch, FakeRespondent(lambda _: says("Yes.")))
    for _ in range(2):
        with pytest.raises(BudgetExhausted, match=r"max_calls \(13\).* 1 calls left"):
            ask_golden.fn(config, fence)
    assert len(tried.asked) + len(respondent.asked) == CALLS + 1
    assert _due(config, book) == 1
    prompts_file.write_text(f"prompts:\n{YAML.replace('add.', 'addition.')}")
    with pytest.raises(BudgetExhausted, match="12 calls left"):
        ask_golden.fn(config, fence)
    assert len(tried.asked) + len(respondent.asked) == CALLS + 1


@pytest.mark.usefixtures("prompts_file")
def test_never_more_calls_at_once_than_allowed(
    fence: Fence, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, most = 0, 0

    class Slow(FakeRespondent):
        async def ask(self, question: Question) -> Answer:
            nonlocal now, most
            now += 1
            most = max(most, now)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            now -= 1
            return await super().ask(question)

    respondent = _use(monkeypatch, Slow(lambda _: says("Yes.")))
    config = _config()
    ask_golden.fn(config, fence)
    assert most == CONCURRENCY
    assert {(q.turns, q.system) for q in respondent.asked} == {
        ((f"Please do {name}.",), "") for name in NAMES
    }


@pytest.mark.usefixtures("prompts_file")
def test_a_pass_that_lost_its_lease_asks_and_writes_nothing_more(
    book: Book, fence: Fence, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    later: list[Fence] = []

    def reply(_: Question) -> Answer:
        if not later:
            later.append(book.take_lease("aster-1", "", clock.advance(seconds=61)).fence)
        return says("Yes.")

    stale = _use(monkeypatch, FakeRespondent(reply))
    config = _config()
    with pytest.raises(FenceLost):
        ask_golden.fn(config, fence)
    assert len(stale.asked) <= CONCURRENCY
    assert {row.outcome for row in _rows(book)} == {"asked"}
    ask_golden.fn(config, later[0])
    assert len(stale.asked) <= CONCURRENCY + CALLS
    assert [row.outcome for row in _rows(book)] == ["answered"] * CALLS


@pytest.mark.usefixtures("prompts_file")
def test_a_refused_prompt_is_named(
    fence: Fence, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(question: Question) -> Answer:
        if "haiku" in question.turns[0]:
            raise EndpointFault("http://h (aster-1): HTTP 400: no poems")
        return says("Yes.")

    _use(monkeypatch, FakeRespondent(refuse))
    with pytest.raises(EndpointFault, match=r"golden prompt haiku: .*HTTP 400"):
        ask_golden.fn(_config(), fence)
    assert ("add", "answered") in {(row.prompt, row.outcome) for row in _rows(book)}


def test_changed_prompts_are_another_set(
    fence: Fence, book: Book, prompts_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _use(monkeypatch, FakeRespondent(lambda q: says(f"To: {q.turns[0]}")))
    ask_golden.fn(_config(), fence)
    prompts_file.write_text(f"prompts:\n{YAML.replace('add.', 'addition.')}")
    assert _due(_config(), book) == CALLS
    ask_golden.fn(_config(), fence)
    answers = _files(_config(), book)["answers.jsonl"].decode()
    assert answers.count("\n") == CALLS
    assert "Please do addition." in answers
    assert "Please do add." not in answers


@pytest.mark.usefixtures("prompts_file")
def test_credentials_in_an_address_are_not_frozen(
    fence: Fence, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = _config()
    config = config.model_copy(
        update={
            "endpoint": config.endpoint.model_copy(
                update={"base_url": "https://u:hidden@gate.example:8443/t/hidden?key=hidden"}
            )
        }
    )
    _use(monkeypatch, FakeRespondent(lambda _: says("Yes.")))
    ask_golden.fn(config, fence)
    files = _files(config, book)
    assert json.loads(files["stack.json"])["asked"][0]["endpoint"] == "gate.example:8443"
    assert b"hidden" not in b"".join(files.values())
    with book.reading() as session:
        assert "hidden" not in str(session.exec(select(PreservationEvent)).all())


@pytest.mark.usefixtures("prompts_file")
def test_once_packaged_nothing_is_asked(
    fence: Fence, book: Book, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now()
    package = Package(
        id="f" * 64,
        model_id="aster-1",
        manifest="",
        files=1,
        bytes=1,
        source_folder="golden prompts",
        created_at=now,
    )
    replica = Replica(
        package_id="f" * 64,
        name="a",
        model_id="aster-1",
        location="/a",
        state="verified",
        stamp="",
        verified_at=now,
    )
    with book.writing(now, fence=fence) as writing:
        writing.put(package, "test.package")
        writing.put(replica, "test.replica")
    respondent = _use(monkeypatch, FakeRespondent(lambda _: says("Yes.")))
    ask_golden.fn(_config(), fence)
    assert respondent.asked == []
    assert _due(_config(), book) == 0


def test_without_golden_prompts_there_is_nothing_to_do(fence: Fence, book: Book) -> None:
    ask_golden.fn(retirement(), fence)
    assert (_due(retirement(), book), _files(retirement(), book)) == (0, {})


@pytest.mark.usefixtures("prompts_file")
def test_prompts_alone_are_kept_where_no_answer_is_asked(book: Book, fence: Fence) -> None:
    ask_golden.fn(_config(samples=0), fence)
    assert list(_files(_config(samples=0), book)) == ["prompts.json"]


# a real process, killed in the middle of a call


class _Killing(BaseHTTPRequestHandler):
    """Answers; at the seventh request it kills the process that asks."""

    server: "_KillingServer"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        with self.server.lock:
            self.server.asked += 1
            number = self.server.asked
        if self.server.victim and number == 7:
            os.kill(self.server.victim, signal.SIGKILL)
            return
        message = {
            "model": "aster-1",
            "content": [{"type": "text", "text": f"Answer {number}"}],
            "stop_reason": "end_turn",
        }
        body = json.dumps(message).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.send_header("request-id", f"req_{number}")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class _KillingServer(ThreadingHTTPServer):
    asked = 0
    victim = 0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Killing)
        self.lock = threading.Lock()

    def handle_error(self, *_: object) -> None:
        pass  # a victim's sockets break


CHILD = """
import sys
from configs.schema import RetirementConfig
from tasks import wiring
from tasks.preservation.golden_task import ask_golden
config = RetirementConfig.model_validate_json(sys.stdin.read())
ask_golden.fn(config, wiring.book().take_lease(config.id, "", wiring.clock().now()).fence)
"""


@pytest.fixture
def killing() -> Iterator[_KillingServer]:
    server = _KillingServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.usefixtures("prompts_file")
def test_a_kill_loses_only_the_calls_under_way(killing: _KillingServer, book: Book) -> None:
    url = f"http://127.0.0.1:{killing.server_address[1]}"
    config = _config(url)
    child = subprocess.Popen([sys.executable, "-c", CHILD], stdin=subprocess.PIPE, cwd=CHECKOUT)
    killing.victim = child.pid
    child.communicate(config.model_dump_json().encode(), timeout=60)
    assert child.returncode == -signal.SIGKILL
    before = {row.id: row.request_id for row in _rows(book) if row.outcome == "answered"}
    assert 7 - CONCURRENCY <= len(before) < 7

    killing.victim = 0
    fence = book.take_lease("aster-1", "", datetime.now(UTC)).fence
    ask_golden.fn(config, fence)
    rows = _rows(book)
    assert [row.outcome for row in rows] == ["answered"] * CALLS
    assert before.items() <= {row.id: row.request_id for row in rows}.items()
    again = sum(row.tries for row in rows) - CALLS
    assert 1 <= again <= CONCURRENCY
    assert killing.asked <= CALLS + again
    assert book.verify_audit().problems == ()
